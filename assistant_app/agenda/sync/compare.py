"""Whether two versions of a calendar object say the same, and in what they differ.

Servers reorder properties, fold lines anew and stamp what they store; that is no difference. It
compares text and knows neither servers nor folders.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from assistant_app.agenda.content_lines import Line, components, join_lines, split_lines

_BOOKKEEPING = {b"DTSTAMP", b"LAST-MODIFIED", b"CREATED", b"SEQUENCE", b"PRODID", b"VERSION", b"CALSCALE", b"METHOD"}
_SHOWN = ("SUMMARY", "DTSTART", "DTEND", "DURATION", "DUE", "RRULE", "LOCATION", "DESCRIPTION", "STATUS", "CATEGORIES")


@dataclass(frozen=True, slots=True)
class Difference:
    """One property in which two versions differ. Empty: that version does not have it."""

    name: str
    mine: str
    theirs: str


def digest(data: bytes) -> str:
    """By which a changed file is told."""
    return hashlib.sha256(data).hexdigest()


def same(one: bytes, other: bytes) -> bool:
    """Do both say the same, apart from order, folding, line ends, time stamps and unused zones?"""
    return one == other or _essence(one) == _essence(other)


def uids_of(data: bytes) -> tuple[str, ...]:
    """The UIDs in a file, each once, in order (empty ones left out)."""
    found = (c.uid for c in components(split_lines(data)) if c.kind != "VTIMEZONE" and c.uid)
    return tuple(dict.fromkeys(found))


def differences(mine: bytes, theirs: bytes) -> list[Difference]:
    """What a person would want to see of the two versions, property by property."""
    ours, others = _values(mine), _values(theirs)
    names = [name for name in _SHOWN if ours.get(name) != others.get(name)]
    names += sorted(
        name
        for name in ours.keys() | others.keys()
        if name not in _SHOWN and ours.get(name) != others.get(name) and name.encode() not in _BOOKKEEPING
    )
    return [Difference(name, ours.get(name, ""), others.get(name, "")) for name in names]


def title_of(data: bytes) -> str:
    return _values(data).get("SUMMARY", "")


def with_uid(data: bytes, old: str, new: str) -> bytes:
    """The same object under another UID, every other byte as it was."""
    lines = [
        Line(_line(b"UID:" + new.encode(), line.raw), b"UID") if line.name == b"UID" and line.value == old else line
        for line in split_lines(data)
    ]
    return join_lines(lines)


def split_calendar(data: bytes) -> dict[str, bytes]:
    """A file of many events as one file for each UID, each with the zones it uses; events without a UID get one.

    Every content line stays as it was.
    """
    lines = split_lines(data.removeprefix(b"\xef\xbb\xbf"))
    found = list(components(lines))
    zones = {c.tzid: lines[c.start : c.end] for c in found if c.kind == "VTIMEZONE"}
    first = min((c.start for c in found), default=len(lines))
    head = [line for line in lines[:first] if line.name != b"METHOD"]
    tail = lines[-1:] if lines and lines[-1].name == b"END" else [Line(b"END:VCALENDAR\r\n", b"END")]
    groups: dict[str, list[Sequence[Line]]] = {}
    for component in found:
        body: list[Line] = list(lines[component.start : component.end])
        if component.kind in ("VTIMEZONE", "VFREEBUSY"):
            continue
        uid = component.uid
        if not uid:
            uid = digest(join_lines(body))[:32]
            body.insert(1, Line(_line(b"UID:" + uid.encode(), body[0].raw), b"UID"))
        groups.setdefault(uid, []).append(body)
    files = {}
    for uid, bodies in groups.items():
        text = b"".join(join_lines(body) for body in bodies)
        needed = [zone for tzid, zone in zones.items() if f"TZID={tzid}".encode() in _unquoted(text)]
        pieces = [join_lines(head), *(join_lines(zone) for zone in needed), text, join_lines(tail)]
        files[uid] = b"".join(pieces)
    return files


def _unquoted(text: bytes) -> bytes:
    for fold in (b"\r\n ", b"\r\n\t", b"\n ", b"\n\t"):
        text = text.replace(fold, b"")
    return text.replace(b'"', b"")


def _line(content: bytes, like: bytes) -> bytes:
    return content + (b"\r\n" if like.endswith(b"\r\n") else b"\n")


def _essence(data: bytes) -> Counter[tuple[bytes, ...]]:
    """Each component's properties as a multiset, with the path of the components they are in."""
    found: Counter[tuple[bytes, ...]] = Counter()
    path: list[bytes] = []
    group: list[bytes] = []
    for line in split_lines(data):
        if line.name == b"BEGIN":
            path.append(line.value.upper().encode())
            if len(path) >= 2 and path[1] != b"VTIMEZONE":
                found[(*path, b"BEGIN")] += 1
        elif line.name == b"END":
            if len(path) == 2 and path[1] != b"VTIMEZONE":
                # What belongs to one occasion must not be mistaken for another's.
                found[tuple(sorted(group))] += 1
                group = []
            path = path[:-1]
        elif len(path) >= 2 and path[1] != b"VTIMEZONE" and line.name not in _BOOKKEEPING:
            group.append(b"/".join(path) + b" " + _normal(line))
    return found


def _normal(line: Line) -> bytes:
    head, value = _split(line.unfolded)
    name, *parameters = _parameters(head)
    kept = sorted(p.replace(b'"', b"") for p in parameters)
    if line.name in (b"CATEGORIES", b"EXDATE", b"RDATE"):
        value = b",".join(sorted(value.split(b",")))
    return b";".join([name.strip().upper(), *kept]) + b":" + value.rstrip()


def _split(line: bytes) -> tuple[bytes, bytes]:
    """Name with parameters, and value, at the first colon outside quotes."""
    quoted = False
    for at, byte in enumerate(line):
        if byte == 0x22:
            quoted = not quoted
        elif byte == 0x3A and not quoted:
            return line[:at], line[at + 1 :]
    return line, b""


def _parameters(head: bytes) -> list[bytes]:
    pieces: list[bytes] = [b""]
    quoted = False
    for byte in head:
        if byte == 0x22:
            quoted = not quoted
        if byte == 0x3B and not quoted:
            pieces.append(b"")
        else:
            pieces[-1] += bytes((byte,))
    return pieces


def _values(data: bytes) -> dict[str, str]:
    """Properties of the first component (the series itself where there is one) as plain text."""
    lines = split_lines(data)
    found = [c for c in components(lines) if c.kind != "VTIMEZONE"]
    if not found:
        return {}
    main = next((c for c in found if not c.is_override), found[0])
    values: dict[str, str] = {}
    depth = 0
    for line in lines[main.start + 1 : main.end - 1]:
        if line.name == b"BEGIN":
            depth += 1
        elif line.name == b"END":
            depth -= 1
        elif not depth:
            text = _split(line.unfolded)[1].decode("utf-8", "replace").strip()
            for escaped, plain in (("\\n", "\n"), ("\\N", "\n"), ("\\,", ","), ("\\;", ";"), ("\\\\", "\\")):
                text = text.replace(escaped, plain)
            name = line.name.decode("ascii", "replace")
            values[name] = f"{values[name]}, {text}" if name in values else text
    return values
