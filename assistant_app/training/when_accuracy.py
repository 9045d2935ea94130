"""How often words are read as the right time, on tables of sentences with their readings.

    python -m assistant_app.training.when_accuracy DIR [--wrong]

DIR holds any `*.jsonl.gz`, a sentence a line: `text`, `reference` (now), `spec` and
`results` (type and possible values). An expression is right when a reading of its sentence has
the start and end (or length) of one of its values; a sentence without times is right when nothing
is found. Values that name no time ("not resolved") are not counted. Beside every expression of a
sentence (`find_times`), `en/single` counts the one reading of the sentences that hold just one
(`parse_when`, what `assistant when` prints). Values said in a time zone are compared in that zone.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from assistant_app.agenda.when import WhenReading, find_times, parse_when
from assistant_app.agenda.when.zones import zone_of
from assistant_app.training.examples import read_rows

_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Judged:
    """One expression of one row."""

    names: tuple[str, ...]
    """The figures it counts for: `en`, `en/English/DateTimeModel`, `en:date`, ..."""
    row: Mapping[str, Any]
    wanted: Mapping[str, Any] | None
    """None: the text has no time in it."""
    found: Sequence[WhenReading]
    right: bool


def evaluate(folder: Path, on_judged: Callable[[Judged], None] = lambda _one: None) -> dict[str, float]:
    """Fractions by language and table: `en`, `en/English/DateTimeModel`, ..., `en/nothing`."""
    right: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    for one in judged(folder):
        on_judged(one)
        for name in one.names:
            total[name] += 1
            right[name] += one.right
    return {name: right[name] / total[name] for name in sorted(total)}


def judged(folder: Path) -> Iterator[Judged]:
    """Every expression of every `*.jsonl.gz` in `folder`; the language is that of a row's own table."""
    for row in (row for file in sorted(folder.glob("*.jsonl.gz")) for row in read_rows(file)):
        if row.get("reference") is None:
            continue
        language = "zh" if "Chinese" in row["spec"] else "en"
        now = datetime.fromisoformat(row["reference"]).replace(tzinfo=_ZONE)
        found = find_times(row["text"], now=now, language=language)
        if not row["results"]:
            yield Judged((f"{language}/nothing",), row, None, found, not found)
        for result in row["results"]:
            values = [v for v in result.get("values") or [] if _countable(v)]
            if values:
                kind = values[0]["type"]
                right = any(_agrees(reading, value) for reading in found for value in values)
                yield Judged((language, f"{language}/{row['spec']}", f"{language}:{kind}"), row, result, found, right)
                if len(row["results"]) == 1:
                    one = parse_when(row["text"], now=now, language=language)
                    right = one is not None and any(_agrees(one, value) for value in values)
                    yield Judged((f"{language}/single",), row, result, [one] if one else [], right)


def _countable(value: dict[str, Any]) -> bool:
    named = value.get("value") != "not resolved" and ("value" in value or "start" in value or "end" in value)
    return bool(named) and value["type"] != "timezone"


def _agrees(reading: WhenReading, value: dict[str, Any]) -> bool:
    kind = value["type"]
    if kind == "duration":
        return reading.duration is not None and abs(reading.duration.total_seconds() - float(value["value"])) < 1
    clock_only = kind in ("time", "timerange")
    start, end = value.get("start", value.get("value")), value.get("end")
    if reading.recurrence is not None and kind != "set":
        return False
    zone = zone_of(reading.zone) if reading.zone else _ZONE
    return _same(reading.start, start, clock_only, zone) and (
        kind == "set" or _same(reading.end, end, clock_only, zone)
    )


def _same(moment: datetime | None, text: str | None, clock_only: bool, zone: tzinfo) -> bool:
    if text is None or moment is None:
        return text is None and moment is None
    moment = moment.astimezone(zone)
    if clock_only:
        return moment.strftime("%H:%M:%S") == text
    return moment.replace(tzinfo=None, microsecond=0) == datetime.fromisoformat(text)


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0])
    if "--wrong" in arguments:
        shown: set[tuple[str, str | None]] = set()
        for one in judged(folder):
            about = one.row["text"], one.wanted["text"] if one.wanted else None
            if not one.right and about not in shown:
                shown.add(about)
                ours = [(r.text, str(r.start), str(r.end), str(r.duration), r.recurrence) for r in one.found]
                wanted = one.wanted and (one.wanted["text"], one.wanted["values"])
                sys.stdout.write(f"{one.row['reference']} {one.row['text']!r}\n   wanted {wanted}\n   found  {ours}\n")
    for name, share in evaluate(folder).items():
        sys.stdout.write(f"{share:7.1%}  {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
