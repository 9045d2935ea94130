"""One HTTP exchange with a server of the user's, and every way it can fail in words a person can act on.

The password goes to the account's own site alone and never over an unencrypted line that the user
did not allow. It knows no calendar.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from assistant_app import __version__
from assistant_app.errors import NetworkError
from assistant_app.turn import Cancel

if TYPE_CHECKING:
    # Imported where it is used: most commands on the calendar never ask a server.
    import requests

log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
MOST_BYTES = 200_000_000
"""No calendar is larger; what is, is no calendar."""
_MOST_REDIRECTS = 6


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in any case."""
    body: bytes
    address: str
    """Where the answer came from in the end."""


class Transport:
    """Talks to one account's server. One thread at a time."""

    def __init__(
        self,
        name: str,
        *,
        user: str = "",
        password: str = "",
        allow_http: bool = False,
        site: str = "",
        cancel: Cancel | None = None,
    ) -> None:
        import requests
        from requests.auth import HTTPBasicAuth, HTTPDigestAuth

        self._name = name
        self._allow_http = allow_http
        self._site = urlsplit(site).hostname or ""
        self._cancel = cancel or Cancel()
        self._has_password = bool(user or password)
        self._digest = HTTPDigestAuth(user, password)
        basic = HTTPBasicAuth(user.encode(), password.encode())
        # Without a password something has to stand there, or requests looks into ~/.netrc.
        self._auth: Callable[[requests.PreparedRequest], requests.PreparedRequest] = (
            basic if self._has_password else lambda request: request
        )
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"desk-assistant/{__version__}"

    def close(self) -> None:
        self._session.close()

    def ask(self, method: str, address: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """Send one request, following redirects. Answers of any status but 401 and 5xx are returned."""
        for _ in range(_MOST_REDIRECTS):
            self._cancel.check()
            self._check_address(address)
            answer = self._once(method, address, body, headers or {})
            if answer.status in (301, 302, 303, 307, 308) and "location" in answer.headers:
                address = urljoin(address, answer.headers["location"])
                continue
            return self._checked(answer)
        raise self._odd("it redirects in a circle")

    def _once(self, method: str, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        answer = self._send(method, address, body, headers)
        challenge = answer.headers.get("www-authenticate", "").lower()
        if answer.status == 401 and self._has_password and "digest" in challenge and self._auth is not self._digest:
            self._auth = self._digest
            answer = self._send(method, address, body, headers)
        return answer

    def _send(self, method: str, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        import requests

        try:
            with self._session.request(
                method,
                address,
                data=body or None,
                headers=dict(headers),
                auth=self._auth,
                timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                pieces: list[bytes] = []
                size = 0
                for piece in response.iter_content(1 << 16):
                    self._cancel.check()
                    size += len(piece)
                    if size > MOST_BYTES:
                        raise self._odd("its answer is larger than any calendar")
                    pieces.append(piece)
                return Answer(response.status_code, response.headers, b"".join(pieces), address)
        except requests.exceptions.SSLError as error:
            raise NetworkError(
                "tls_failed",
                f"The server of {self._name} cannot prove who it is ({_cause(error)}), so nothing was sent. "
                "Check the address and this machine's date.",
            ) from error
        except (requests.exceptions.Timeout, requests.exceptions.ConnectionError) as error:
            raise NetworkError(
                "server_unreachable",
                f"The server of {self._name} ({urlsplit(address).netloc}) cannot be reached. "
                "Your changes wait here and are sent with the next sync.",
            ) from error
        except requests.exceptions.RequestException as error:
            raise self._odd(_cause(error)) from error

    def _checked(self, answer: Answer) -> Answer:
        if answer.status == 401:
            if not self._has_password:
                raise NetworkError(
                    "password_missing",
                    f"The address of {self._name} asks for a name and a password. Add it with --user.",
                )
            raise NetworkError(
                "password_wrong",
                f"The server of {self._name} refuses the user name or the password. Give it anew with: "
                f"assistant calendar accounts password {self._name}",
            )
        if answer.status == 429 or (answer.status >= 500 and answer.status not in (501, 507)):
            raise NetworkError(
                "server_failed",
                f"The server of {self._name} has a problem of its own (HTTP {answer.status}). "
                "Your changes wait here and are sent with the next sync.",
            )
        return answer

    def _check_address(self, address: str) -> None:
        parts = urlsplit(address)
        host = parts.hostname or ""
        if parts.scheme != "https" and not (parts.scheme == "http" and (self._allow_http or _is_this_machine(host))):
            raise NetworkError(
                "address_not_encrypted",
                f"{self._name} would be asked without encryption ({parts.scheme}://{host}), so it was not. "
                "Use an https address, or add the account with --allow-http if it is in your own house.",
            )
        if self._has_password and self._site and not _same_site(host, self._site):
            raise NetworkError(
                "server_elsewhere",
                f"The server of {self._name} sends us to {host}, which is another site, so the password was not sent. "
                f"If that is right, add the account with an address of {host}.",
            )

    def _odd(self, why: str) -> NetworkError:
        return NetworkError("server_answer", f"The answer of {self._name}'s server cannot be used: {why}.")


def _cause(error: BaseException) -> str:
    """The innermost reason, without addresses and memory positions."""
    inner: BaseException = error
    while inner.__cause__ or inner.__context__:
        inner = inner.__cause__ or inner.__context__ or inner
    return str(inner).strip(".") or type(inner).__name__


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _same_site(host: str, site: str) -> bool:
    """The same host, one below it, or one beside it (p42-caldav.icloud.com for caldav.icloud.com)."""
    if host == site or host.endswith(f".{site}"):
        return True
    labels = site.split(".")[1:]
    registry = len(labels) == 2 and len(labels[0]) <= 3 and len(labels[1]) == 2  # co.uk, com.au
    return len(labels) >= 2 and not registry and host.endswith("." + ".".join(labels))
