"""Takes calendar files apart and puts them together, component by component, each byte as it was.

It knows files' contents, not where they lie.
"""

from __future__ import annotations

from collections.abc import Iterable

from assistant_app.agenda.content_lines import components, join_lines, keep, split_lines
from assistant_app.agenda.event_files import PRODUCT_ID


def alone(data: bytes, uid: str, kind: str = "VEVENT") -> bytes:
    """The file with just one of its events (or its to-dos, VTODO), and the zones."""
    return join_lines(
        keep(split_lines(data), lambda c: c.kind == "VTIMEZONE" or (c.kind == kind and c.uid in (uid, "")))
    )


def to_do_uids(data: bytes) -> list[str]:
    """The UIDs of the to-dos in a file."""
    return list(dict.fromkeys(c.uid for c in components(split_lines(data)) if c.kind == "VTODO" and c.uid))


def without(data: bytes, uid: str) -> bytes | None:
    """The file without one of its events; None where nothing else is in it."""
    rest = keep(split_lines(data), lambda c: c.kind == "VTIMEZONE" or c.uid not in (uid, ""))
    others = any(component.kind != "VTIMEZONE" for component in components(rest))
    return join_lines(rest) if others else None


def replaced(data: bytes, uid: str, alone_: bytes) -> bytes:
    """The file with one of its events as another file, which holds nothing else, has it; the other events stay."""
    rest = without(data, uid)
    if rest is None:
        return alone_
    lines, new = split_lines(rest), split_lines(alone_)
    known = {component.tzid for component in components(lines) if component.kind == "VTIMEZONE"}
    wanted = keep(new, lambda component: component.tzid not in known or component.kind != "VTIMEZONE")
    texts = [join_lines(wanted[component.start : component.end]) for component in components(wanted)]
    end = max(number for number, line in enumerate(lines) if line.name == b"END")
    return join_lines(lines[:end]) + b"".join(texts) + join_lines(lines[end:])


def joined(files: Iterable[bytes]) -> bytes:
    """One file with every component of the files, each zone once."""
    zones: dict[str, bytes] = {}
    others: list[bytes] = []
    for data in files:
        lines = split_lines(data)
        for component in components(lines):
            text = join_lines(lines[component.start : component.end])
            if component.kind == "VTIMEZONE":
                zones.setdefault(component.tzid, text)
            else:
                others.append(text)
    head = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{PRODUCT_ID}\r\n".encode()
    body = b"".join([*zones.values(), *others]).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return head + body + b"END:VCALENDAR\r\n"
