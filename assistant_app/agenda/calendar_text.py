"""Takes calendar files apart and puts them together, component by component, each byte as it was.

It knows files' contents, not where they lie.
"""

from __future__ import annotations

from collections.abc import Iterable

from assistant_app.agenda.content_lines import components, join_lines, keep, split_lines
from assistant_app.agenda.event_files import PRODUCT_ID


def alone(data: bytes, uid: str) -> bytes:
    """The file with just one of its events, and the zones."""
    return join_lines(
        keep(split_lines(data), lambda c: c.kind == "VTIMEZONE" or (c.kind == "VEVENT" and c.uid in (uid, "")))
    )


def without(data: bytes, uid: str) -> bytes | None:
    """The file without one of its events; None where nothing else is in it."""
    rest = keep(split_lines(data), lambda c: c.kind == "VTIMEZONE" or c.uid not in (uid, ""))
    others = any(component.kind != "VTIMEZONE" for component in components(rest))
    return join_lines(rest) if others else None


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
