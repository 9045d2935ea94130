"""How often words are read as the right time, on tables of sentences with their readings.

    python -m assistant_app.training.when_accuracy DIR [--wrong]

DIR holds `en.jsonl.gz` and `zh.jsonl.gz`, a sentence a line: `text`, `reference` (now), `spec` and
`results` (type and possible values). An expression is right when a reading of its sentence has
the start and end (or length) of one of its values; a sentence without times is right when nothing
is found. Values that name no time ("not resolved") are not counted. Beside every expression of a
sentence (`find_times`), `en/single` counts the one reading of the sentences that hold just one
(`parse_when`, what `assistant when` prints). Values said in a time zone are compared in that zone.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from assistant_app.agenda.when import WhenReading, find_times, parse_when
from assistant_app.agenda.when.zones import zone_of

_ZONE = ZoneInfo("UTC")


def evaluate(folder: Path) -> dict[str, float]:
    """Fractions by language and table: `en`, `en/English/DateTimeModel`, ..., `en/nothing`."""
    right: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    for key, _, _, is_right in _judged(folder):
        for name in key:
            total[name] += 1
            right[name] += is_right
    return {name: right[name] / total[name] for name in sorted(total)}


def _judged(folder: Path) -> Iterator[tuple[tuple[str, ...], dict[str, Any], dict[str, Any] | None, bool]]:
    for language in ("en", "zh"):
        file = folder / f"{language}.jsonl.gz"
        if not file.is_file():
            continue
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if row["reference"] is None:
                    continue
                now = datetime.fromisoformat(row["reference"]).replace(tzinfo=_ZONE)
                found = find_times(row["text"], now=now, language=language)
                if not row["results"]:
                    yield (f"{language}/nothing",), row, None, not found
                for result in row["results"]:
                    values = [v for v in result.get("values") or [] if _countable(v)]
                    if values:
                        kind = values[0]["type"]
                        right = any(_agrees(reading, value) for reading in found for value in values)
                        yield (language, f"{language}/{row['spec']}", f"{language}:{kind}"), row, result, right
                        if len(row["results"]) == 1:
                            one = parse_when(row["text"], now=now, language=language)
                            right = one is not None and any(_agrees(one, value) for value in values)
                            yield (f"{language}/single",), row, result, right


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
        for _, row, result, right in _judged(folder):
            if not right and (row["text"], result and result["text"]) not in shown:
                shown.add((row["text"], result and result["text"]))
                found = find_times(
                    row["text"],
                    now=datetime.fromisoformat(row["reference"]).replace(tzinfo=_ZONE),
                    language="zh" if "Chinese" in row["spec"] else "en",
                )
                ours = [(r.text, str(r.start), str(r.end), str(r.duration), r.recurrence) for r in found]
                wanted = result and (result["text"], result["values"])
                sys.stdout.write(f"{row['reference']} {row['text']!r}\n   wanted {wanted}\n   found  {ours}\n")
    for name, share in evaluate(folder).items():
        sys.stdout.write(f"{share:7.1%}  {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
