"""Where account passwords lie: in the keyring of the operating system, never in a file of ours.

A keyring backend that writes plain text is refused. It knows accounts' names and addresses, no protocol.
"""

from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING, Any

from assistant_app.errors import InputError, NetworkError
from assistant_app.settings import CalendarAccount

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

log = logging.getLogger(__name__)

SERVICE = "assistant calendar"
"""Under which the keyring's own programs show our entries."""
_UNSAFE_MODULES = ("keyrings.alt", "keyring.backends.null")
"""They keep passwords readable for everyone who reads the file, or not at all."""
_ABSENT_MODULE = "keyring.backends.fail"


def environment_variable(account: CalendarAccount) -> str:
    """The variable that gives the password for one run, where there is no keyring."""
    return "ASSISTANT_CALENDAR_PASSWORD_" + re.sub(r"\W", "_", account.name).upper()


def password_of(account: CalendarAccount) -> str:
    """The account's password; `NetworkError` says what to do where there is none."""
    given = os.environ.get(environment_variable(account))
    if given:
        return given
    try:
        found = _keyring(account).get_password(SERVICE, _entry(account))
    except NetworkError:
        raise
    except Exception as error:
        raise _failed(account, error) from error
    if found is None:
        raise NetworkError(
            "password_missing",
            f"The password of the account {account.name} is not known. Give it once with: "
            f"assistant calendar accounts password {account.name}",
        )
    return found


def keep_password(account: CalendarAccount, password: str) -> None:
    """Put the password into the keyring; `NetworkError` where no safe one is there."""
    if not password:
        raise InputError("password_empty", "The password is empty, so nothing was kept.")
    try:
        _keyring(account).set_password(SERVICE, _entry(account), password)
    except NetworkError:
        raise
    except Exception as error:
        raise _failed(account, error) from error


def forget_password(account: CalendarAccount) -> bool:
    """Take the password out of the keyring; False where none was in it or no keyring is there."""
    try:
        ring = _keyring(account)
        if ring.get_password(SERVICE, _entry(account)) is None:
            return False
        ring.delete_password(SERVICE, _entry(account))
    except Exception as error:  # noqa: BLE001  (an account must go even where its keyring has gone first)
        log.info("the password of %s could not be taken out of the keyring: %s", account.name, error)
        return False
    return True


def keyring_in_use() -> str:
    """The name of the keyring that would be used; `NetworkError` where there is no safe one."""
    return str(_keyring(None).name)


def _entry(account: CalendarAccount) -> str:
    return f"{account.user} at {account.address}"


def _keyring(account: CalendarAccount | None) -> KeyringBackend:
    import keyring

    chosen: Any = keyring.get_keyring()
    candidates = list(getattr(chosen, "backends", ())) or [chosen]
    refused = ""
    for backend in candidates:
        module = type(backend).__module__
        if module.startswith(_UNSAFE_MODULES) or "plaintext" in type(backend).__name__.lower():
            refused = f"{module}.{type(backend).__name__}"
        elif not module.startswith(_ABSENT_MODULE):
            safe: KeyringBackend = backend
            return safe
    variable = environment_variable(account) if account else "ASSISTANT_CALENDAR_PASSWORD_NAME"
    instead = (
        "Start one (GNOME Keyring, KWallet or KeePassXC's secret service), "
        f"or set the environment variable {variable} for each run; that is not stored."
    )
    if refused:
        raise NetworkError(
            "keyring_plaintext",
            f"The only keyring here ({refused}) would not keep the password secret, so it is not used. {instead}",
        )
    raise NetworkError("keyring_missing", f"This machine offers no keyring to keep a password in. {instead}")


def _failed(account: CalendarAccount, error: Exception) -> NetworkError:
    return NetworkError(
        "keyring_failed",
        f"The keyring did not answer ({type(error).__name__}: {error}). Unlock it and try again, or set "
        f"{environment_variable(account)} for this run.",
    )
