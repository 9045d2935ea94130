"""Passwords lie in a keyring that keeps them secret, or nowhere."""

from __future__ import annotations

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.backends.null import Keyring as NullKeyring
from keyring.errors import KeyringLocked

from assistant_app.agenda.sync import passwords
from assistant_app.errors import InputError, NetworkError
from assistant_app.settings import CalendarAccount

ACCOUNT = CalendarAccount("my-work", "https://dav.example.org/", user="ann")


class MemoryKeyring(KeyringBackend):
    """A keyring that forgets at the end of the test."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class LockedKeyring(MemoryKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("the collection is locked")


class PlaintextKeyring(MemoryKeyring):
    """As keyrings.alt has one."""


def use(backend: KeyringBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)


def test_a_password_is_kept_found_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = MemoryKeyring()
    use(ring, monkeypatch)
    passwords.keep_password(ACCOUNT, "s3cret")
    assert ring.kept == {("assistant calendar", "ann at https://dav.example.org/"): "s3cret"}
    assert passwords.password_of(ACCOUNT) == "s3cret"
    assert passwords.forget_password(ACCOUNT)
    assert not passwords.forget_password(ACCOUNT)
    with pytest.raises(NetworkError, match="assistant calendar accounts password my-work"):
        passwords.password_of(ACCOUNT)


def test_the_environment_gives_it_for_one_run_without_any_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    use(NoKeyring(), monkeypatch)
    monkeypatch.setenv("ASSISTANT_CALENDAR_PASSWORD_MY_WORK", "from outside")
    assert passwords.password_of(ACCOUNT) == "from outside"


def test_without_a_keyring_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    use(NoKeyring(), monkeypatch)
    for attempt in (lambda: passwords.password_of(ACCOUNT), lambda: passwords.keep_password(ACCOUNT, "s3cret")):
        with pytest.raises(NetworkError) as caught:
            attempt()
        assert caught.value.code == "keyring_missing"
        assert "ASSISTANT_CALENDAR_PASSWORD_MY_WORK" in caught.value.message
    assert not passwords.forget_password(ACCOUNT)


@pytest.mark.parametrize("backend", [PlaintextKeyring, NullKeyring])
def test_a_keyring_that_keeps_no_secret_is_refused(
    backend: type[KeyringBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(backend(), monkeypatch)
    with pytest.raises(NetworkError) as caught:
        passwords.keep_password(ACCOUNT, "s3cret")
    assert caught.value.code == "keyring_plaintext"


def test_keyrings_alt_is_refused_whatever_it_calls_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = type("Keyring", (MemoryKeyring,), {"__module__": "keyrings.alt.file"})()
    use(ring, monkeypatch)
    with pytest.raises(NetworkError, match=r"keyrings\.alt\.file\.Keyring"):
        passwords.keyring_in_use()


def test_of_several_keyrings_the_safe_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    unsafe, safe = PlaintextKeyring(), MemoryKeyring()
    monkeypatch.setattr(ChainerBackend, "backends", [unsafe, safe])
    use(ChainerBackend(), monkeypatch)
    passwords.keep_password(ACCOUNT, "s3cret")
    assert unsafe.kept == {}
    assert list(safe.kept.values()) == ["s3cret"]


def test_a_locked_keyring_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    use(LockedKeyring(), monkeypatch)
    with pytest.raises(NetworkError, match="Unlock it"):
        passwords.password_of(ACCOUNT)


def test_an_empty_password_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = MemoryKeyring()
    use(ring, monkeypatch)
    with pytest.raises(InputError):
        passwords.keep_password(ACCOUNT, "")
    assert ring.kept == {}
