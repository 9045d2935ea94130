"""The CalDAV requests that keeping calendars in step needs, and nothing of what is done with the answers.

RFC 4918 (WebDAV), 4791 (CalDAV), 6578 (sync-collection), 6764 (finding the calendars, by
`/.well-known/caldav`). The `caldav` library is not used: it rewrites what it fetches, where
other programs' properties must stay as they are, and one of its dependencies replaces an installed
package at every start of Python.
"""

from __future__ import annotations

import logging
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urljoin, urlsplit
from xml.sax.saxutils import escape

from assistant_app.agenda.sync.transport import Answer, Transport
from assistant_app.errors import NetworkError

log = logging.getLogger(__name__)

_D = "{DAV:}"
_C = "{urn:ietf:params:xml:ns:caldav}"
_CS = "{http://calendarserver.org/ns/}"
_APPLE = "{http://apple.com/ns/ical/}"
_SPACES = (
    'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/" '
    'xmlns:A="http://apple.com/ns/ical/"'
)
_XML = {"Content-Type": 'application/xml; charset="utf-8"'}
_CALENDAR = "text/calendar; charset=utf-8"


@dataclass(frozen=True, slots=True)
class RemoteCalendar:
    """A calendar that a server offers."""

    name: str
    address: str
    colour: str = ""
    """As the server gives it, `#rrggbb` or `#rrggbbaa`; empty where it gives none."""
    writable: bool = True
    kinds: tuple[str, ...] = ("VEVENT",)
    """Components it takes: VEVENT, VTODO, VJOURNAL."""


@dataclass(frozen=True, slots=True)
class RemoteChanges:
    """What differs on a server."""

    etags: dict[str, str]
    """Of the objects that are new or changed (or of all, see `complete`), by path."""
    removed: frozenset[str]
    token: str
    """What to ask with next time; empty where the server has no sync tokens."""
    complete: bool
    """`etags` names every object there is, so that what is not in it has been removed."""


@dataclass(frozen=True, slots=True)
class RemoteObject:
    href: str
    """The path on the server, percent-encoded as the server writes it."""
    etag: str
    data: bytes


class TokenExpired(Exception):
    """The server no longer knows the sync token; everything has to be listed."""


class ChangedMeanwhile(Exception):
    """The object on the server is not the one we knew (or, for a new one, there is one already)."""


class Refused(Exception):
    """The server does not take this object; its text says why."""


class CaldavServer:
    """One account's server."""

    def __init__(self, transport: Transport, name: str) -> None:
        self._transport = transport
        self._name = name

    # Finding

    def calendars(self, address: str) -> list[RemoteCalendar]:
        """Every calendar the user can reach, from whatever address of the server is given."""
        for start in (address, urljoin(address, "/.well-known/caldav"), urljoin(address, "/")):
            answer = self._propfind(start, 0, "<current-user-principal/><resourcetype/><C:calendar-home-set/>")
            if answer.status == 207:
                found = self._calendars_from(answer)
                if found is not None:
                    return found
        raise NetworkError(
            "no_caldav_server", f"There is no CalDAV server at {address}. Check the address, or add it with --web."
        )

    def _calendars_from(self, answer: Answer) -> list[RemoteCalendar] | None:
        answers = list(self._responses(answer))
        homes = [href for response in answers for href in _hrefs(response, f"{_C}calendar-home-set")]
        base = answer.address
        if not homes:
            principal = next((h for r in answers for h in _hrefs(r, f"{_D}current-user-principal")), None)
            if principal is None:
                is_calendar = any(
                    response.find(f".//{_D}resourcetype/{_C}calendar") is not None for response in answers
                )
                return self._collections(base, 0) if is_calendar else None
            second = self._propfind(urljoin(base, principal), 0, "<C:calendar-home-set/>")
            base = second.address
            if second.status == 207:
                homes = [h for r in self._responses(second) for h in _hrefs(r, f"{_C}calendar-home-set")]
        if not homes:
            return None
        return [calendar for home in homes for calendar in self._collections(urljoin(base, home), 1)]

    def _collections(self, address: str, depth: int) -> list[RemoteCalendar]:
        answer = self._propfind(
            address,
            depth,
            "<resourcetype/><displayname/><A:calendar-color/><current-user-privilege-set/>"
            "<C:supported-calendar-component-set/>",
        )
        if answer.status != 207:
            raise self._odd(answer)
        found = []
        for response in self._responses(answer):
            if response.find(f".//{_D}resourcetype/{_C}calendar") is None:
                continue
            href = response.findtext(f"{_D}href", "")
            privileges = {one.tag for one in response.iterfind(f".//{_D}privilege/*")}
            writes = {f"{_D}{name}" for name in ("all", "write", "write-content", "bind")}
            kinds = tuple(one.get("name", "") for one in response.iterfind(f".//{_C}comp"))
            path = unquote(urlsplit(href).path).rstrip("/")
            found.append(
                RemoteCalendar(
                    name=(response.findtext(f".//{_D}displayname") or "").strip() or path.rpartition("/")[2],
                    address=urljoin(answer.address, href),
                    colour=(response.findtext(f".//{_APPLE}calendar-color") or "").strip(),
                    writable=not privileges or bool(privileges & writes),
                    kinds=kinds or ("VEVENT",),
                )
            )
        return found

    # Reading

    def changes(self, address: str, token: str) -> RemoteChanges:
        """What changed since `token`; with an empty one, all there is. `TokenExpired` where the server forgot it."""
        etags: dict[str, str] = {}
        removed: set[str] = set()
        complete = not token
        while True:
            body = (
                f"<sync-collection {_SPACES}><sync-token>{escape(token)}</sync-token>"
                "<sync-level>1</sync-level><prop><getetag/></prop></sync-collection>"
            )
            answer = self._transport.ask("REPORT", address, body=_document(body), headers=_XML)
            if answer.status != 207:
                if token:
                    raise TokenExpired
                return self._listed(address)
            root = self._root(answer)
            truncated = False
            for response in root.iterfind(f"{_D}response"):
                href = _path(response.findtext(f"{_D}href", ""))
                status = _status(response.findtext(f"{_D}status"))
                if status == 507:
                    truncated = True
                elif status == 404:
                    removed.add(href)
                    etags.pop(href, None)
                elif href.rstrip("/") != _path(address).rstrip("/") and (
                    etag := _etag(_text(response, f"{_D}getetag"))
                ):
                    etags[href] = etag
                    removed.discard(href)
            following = root.findtext(f"{_D}sync-token") or ""
            if not truncated or not following or following == token:
                return RemoteChanges(etags, frozenset(removed), following, complete)
            token = following

    def _listed(self, address: str) -> RemoteChanges:
        """For servers without sync-collection: every object's etag."""
        answer = self._propfind(address, 1, "<getetag/><resourcetype/>")
        if answer.status == 404:
            raise NetworkError(
                "calendar_gone",
                f"The calendar {address} is no longer on the server of {self._name}. Your events stay here. "
                f"Choose another with: assistant calendar accounts choose {self._name}",
            )
        if answer.status != 207:
            raise self._odd(answer)
        etags = {}
        for response in self._responses(answer):
            is_folder = response.find(f".//{_D}resourcetype/{_D}collection") is not None
            if not is_folder and (etag := _etag(_text(response, f"{_D}getetag"))):
                etags[_path(response.findtext(f"{_D}href", ""))] = etag
        return RemoteChanges(etags, frozenset(), "", complete=True)

    def fetch(self, address: str, hrefs: Sequence[str]) -> Iterator[RemoteObject]:
        """The objects, as far as they are still there."""
        body = (
            f"<C:calendar-multiget {_SPACES}><prop><getetag/><C:calendar-data/></prop>"
            + "".join(f"<href>{escape(href)}</href>" for href in hrefs)
            + "</C:calendar-multiget>"
        )
        answer = self._transport.ask("REPORT", address, body=_document(body), headers={**_XML, "Depth": "1"})
        if answer.status != 207:
            for href in hrefs:
                if found := self.get(address, href):
                    yield found
            return
        missing = set(hrefs)
        for response in self._responses(answer):
            href = _path(response.findtext(f"{_D}href", ""))
            data, etag = _text(response, f"{_C}calendar-data"), _etag(_text(response, f"{_D}getetag"))
            missing.discard(href)
            if data and etag:
                # XML knows a line end as LF alone; RFC 5545 writes CRLF.
                yield RemoteObject(href, etag, data.replace("\r\n", "\n").replace("\n", "\r\n").encode())
        for href in missing & set(hrefs):
            if found := self.get(address, href):
                yield found

    def get(self, address: str, href: str) -> RemoteObject | None:
        """One object; None where it is gone."""
        answer = self._transport.ask("GET", urljoin(address, href), headers={"Accept": "text/calendar"})
        if answer.status in (404, 410):
            return None
        if answer.status != 200:
            raise self._odd(answer)
        return RemoteObject(href, _etag(answer.headers.get("etag", "")), answer.body)

    # Writing

    def put(self, address: str, href: str, data: bytes, *, etag: str) -> str:
        """Store an object in place of the one with `etag` (empty: a new one); its new etag, empty if not told."""
        condition = {"If-Match": etag} if etag else {"If-None-Match": "*"}
        answer = self._transport.ask(
            "PUT", urljoin(address, href), body=data, headers={"Content-Type": _CALENDAR, **condition}
        )
        self._written(answer)
        return _etag(answer.headers.get("etag", ""))

    def delete(self, address: str, href: str, *, etag: str) -> None:
        """Remove the object with this etag; that it is gone already is all right."""
        answer = self._transport.ask("DELETE", urljoin(address, href), headers={"If-Match": etag} if etag else {})
        if answer.status not in (404, 410):
            self._written(answer)

    def _written(self, answer: Answer) -> None:
        if answer.status in (412, 404, 410):
            raise ChangedMeanwhile
        if answer.status in (200, 201, 202, 204):
            return
        if 400 <= answer.status < 500 or answer.status in (501, 507):
            raise Refused(_refusal(answer))
        raise self._odd(answer)

    # Within

    def _propfind(self, address: str, depth: int, properties: str) -> Answer:
        body = _document(f"<propfind {_SPACES}><prop>{properties}</prop></propfind>")
        return self._transport.ask("PROPFIND", address, body=body, headers={**_XML, "Depth": str(depth)})

    def _root(self, answer: Answer) -> ElementTree.Element:
        # A document type is never sent by a server and could blow up or reach out.
        if b"<!DOCTYPE" in answer.body or b"<!ENTITY" in answer.body:
            raise self._odd(answer)
        try:
            return ElementTree.fromstring(answer.body)
        except ElementTree.ParseError as error:
            raise self._odd(answer) from error

    def _responses(self, answer: Answer) -> Iterable[ElementTree.Element]:
        return self._root(answer).iterfind(f"{_D}response")

    def _odd(self, answer: Answer) -> NetworkError:
        return NetworkError(
            "server_answer",
            f"The server of {self._name} answered {urlsplit(answer.address).path} with HTTP {answer.status} and "
            "nothing that can be used. Check the address of the account.",
        )


def href_for(address: str, file_name: str) -> str:
    """Where a new object of a calendar goes."""
    return _path(urljoin(address.rstrip("/") + "/", quote(file_name, safe="@-._~")))


def _document(body: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>{body}'.encode()


def _path(href: str) -> str:
    """Servers name the same object with or without host and differ in what they encode."""
    segments = urlsplit(href.strip()).path.split("/")
    return "/".join(quote(unquote(segment), safe="@-._~:!$&'()*+,;=") for segment in segments)


def _etag(text: str) -> str:
    """Proxies that compress weaken the etag on its way; If-Match needs the strong one."""
    return text.strip().removeprefix("W/").replace('-gzip"', '"')


def _status(line: str | None) -> int:
    parts = (line or "").split()
    return int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else 0


def _text(response: ElementTree.Element, name: str) -> str:
    """A property of a response, where the server says it is there."""
    for propstat in response.iterfind(f"{_D}propstat"):
        found = propstat.findtext(f"{_D}prop/{name}")
        if found and _status(propstat.findtext(f"{_D}status")) in (0, 200):
            return found
    return ""


def _hrefs(response: ElementTree.Element, name: str) -> Iterator[str]:
    for href in response.iterfind(f".//{name}/{_D}href"):
        if href.text:
            yield href.text.strip()


def _refusal(answer: Answer) -> str:
    try:
        error = ElementTree.fromstring(answer.body) if b"<!" not in answer.body else None
    except ElementTree.ParseError:
        error = None
    reason = next((child.tag.rpartition("}")[2] for child in error), "") if error is not None else ""
    words = {403: "it may not be changed", 413: "it is too large", 415: "it takes no such entries", 507: "it is full"}
    return f"{words.get(answer.status, f'HTTP {answer.status}')}{f' ({reason})' if reason else ''}"
