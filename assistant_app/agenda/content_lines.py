"""Changes single properties of an iCalendar file and leaves every other byte as it was.

So what other programs wrote (unknown properties, order, folding, line ends) survives an edit. It
knows lines and components, not what a property means; reading values is `icalendar`'s work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One content line: a physical line and its folded continuations."""

    raw: bytes
    """With folding and line end."""
    name: bytes
    """Upper case, without parameters."""

    @property
    def value(self) -> str:
        """Unfolded, what stands after the first colon (good for names and UIDs, which have no quoted colon before)."""
        return self.unfolded.partition(b":")[2].decode("utf-8", "replace").strip()

    @property
    def parts(self) -> tuple[bytes, bytes]:
        """Unfolded: name with parameters, and value. A colon within quotes is no border."""
        line = self.unfolded
        quoted = False
        for at, byte in enumerate(line):
            if byte == 0x22:
                quoted = not quoted
            elif byte == 0x3A and not quoted:
                return line[:at], line[at + 1 :]
        return line, b""

    @property
    def unfolded(self) -> bytes:
        return (
            self.raw.replace(b"\r\n ", b"")
            .replace(b"\r\n\t", b"")
            .replace(b"\n ", b"")
            .replace(b"\n\t", b"")
            .rstrip(b"\r\n")
        )


@dataclass(frozen=True, slots=True)
class Component:
    """Where a component stands: lines[start] is its BEGIN, lines[end - 1] its END."""

    kind: str
    start: int
    end: int
    uid: str
    is_override: bool
    """It carries a RECURRENCE-ID."""
    tzid: str
    """Of a VTIMEZONE."""


def split_lines(data: bytes) -> list[Line]:
    """The content lines of a file."""
    lines: list[Line] = []
    for physical in data.splitlines(keepends=True):
        if physical[:1] in (b" ", b"\t") and lines:
            lines[-1] = Line(lines[-1].raw + physical, lines[-1].name)
            continue
        head = physical.split(b":", 1)[0].split(b";", 1)[0]
        lines.append(Line(physical, head.strip().upper()))
    return lines


def join_lines(lines: Sequence[Line]) -> bytes:
    return b"".join(line.raw for line in lines)


def components(lines: Sequence[Line]) -> Iterator[Component]:
    """The components directly inside VCALENDAR, in order."""
    depth = start = 0
    uid = tzid = kind = ""
    is_override = False
    for number, line in enumerate(lines):
        if line.name == b"BEGIN":
            depth += 1
            if depth == 2:
                start, kind, uid, tzid, is_override = number, line.value.upper(), "", "", False
        elif line.name == b"END":
            if depth == 2:
                yield Component(kind, start, number + 1, uid, is_override, tzid)
            depth -= 1
        elif depth == 2:
            if line.name == b"UID":
                uid = line.value
            elif line.name == b"TZID":
                tzid = line.value
            elif line.name == b"RECURRENCE-ID":
                is_override = True


def _line_end(lines: Sequence[Line]) -> bytes:
    return b"\n" if lines and not lines[0].raw.endswith(b"\r\n") else b"\r\n"


def _with_end(data: bytes, end: bytes) -> list[Line]:
    return split_lines(data.replace(b"\r\n", b"\n").replace(b"\n", end))


def own_lines(lines: Sequence[Line], component: Component, name: bytes) -> list[Line]:
    """The content lines of one property of a component, without those of components inside it."""
    found: list[Line] = []
    depth = 0
    for line in lines[component.start + 1 : component.end - 1]:
        depth += (line.name == b"BEGIN") - (line.name == b"END")
        if depth == 0 and line.name == name:
            found.append(line)
    return found


def set_properties(
    lines: Sequence[Line],
    component: Component,
    properties: dict[bytes, bytes],
    *,
    alarms: bytes | None = None,
    staying_alarms: Sequence[bool] = (),
) -> list[Line]:
    """Give a component new properties: name -> content lines (empty removes the property).

    `alarms` replaces its VALARM components where it is not None, except those that `staying_alarms` says stay.
    """
    end = _line_end(lines)
    waiting = dict(properties)
    staying = list(staying_alarms)
    body: list[Line] = []
    depth = 0
    skipping = False
    insert_at: int | None = None
    for line in lines[component.start + 1 : component.end - 1]:
        if line.name == b"BEGIN":
            if depth == 0 and insert_at is None:
                insert_at = len(body)
            depth += 1
            if depth == 1:
                skipping = alarms is not None and line.value.upper() == "VALARM"
                skipping = skipping and not (staying and staying.pop(0))
        if depth == 0 and line.name in properties:
            if line.name in waiting:
                body += _with_end(waiting.pop(line.name), end)
            continue
        if not (depth and skipping):
            body.append(line)
        if line.name == b"END":
            depth -= 1
    new = [line for text in waiting.values() for line in _with_end(text, end)]
    at = len(body) if insert_at is None else min(insert_at, len(body))
    body[at:at] = new
    body += _with_end(alarms or b"", end)
    return [*lines[: component.start + 1], *body, *lines[component.end - 1 :]]


def map_properties(
    lines: Sequence[Line], component: Component, names: set[bytes], change: Callable[[bytes], bytes]
) -> list[Line]:
    """Rewrite the named properties of a component (given and returned unfolded, without line end)."""
    end = _line_end(lines)
    changed = list(lines)
    for number in range(component.start, component.end):
        if changed[number].name in names:
            changed[number] = Line(folded(change(changed[number].unfolded), end), changed[number].name)
    return changed


def insert_after(lines: Sequence[Line], component: Component, data: bytes) -> list[Line]:
    """Put a component behind another one, with the line ends of the file."""
    return [*lines[: component.end], *_with_end(data, _line_end(lines)), *lines[component.end :]]


def folded(line: bytes, end: bytes) -> bytes:
    """Values we fold here are ASCII times, so cutting between bytes is safe."""
    pieces = [line[:75]] + [line[at : at + 74] for at in range(75, len(line), 74)]
    return (end + b" ").join(pieces) + end


def insert_before_first_component(lines: Sequence[Line], data: bytes) -> list[Line]:
    """Put a component (a VTIMEZONE) in front of the others."""
    first = next(iter(components(lines)), None)
    at = first.start if first else max(len(lines) - 1, 0)
    return [*lines[:at], *_with_end(data, _line_end(lines)), *lines[at:]]


def keep(lines: Sequence[Line], wanted: Callable[[Component], bool]) -> list[Line]:
    """Leave out the components that are not wanted."""
    kept = list(lines)
    for component in reversed(list(components(lines))):
        if not wanted(component):
            del kept[component.start : component.end]
    return kept
