"""Where overlapping events go side by side, and which occurrence lies on which day.

Plain values, no widgets: events become columns in minutes of a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from assistant_app.agenda.events import Occurrence

MINUTES_OF_A_DAY = 24 * 60
_SHORTEST_MINUTES = 20
"""An event is drawn at least this long, so overlaps are judged by what is drawn."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An occurrence on one day."""

    occurrence: Occurrence
    start_minute: int
    end_minute: int
    column: int
    """From the left, 0 first."""
    span: int
    """Columns it covers."""
    columns: int
    """Columns of its cluster."""
    cluster: int
    """Number of the group of events that overlap, on that day."""


def local_day(moment: date | datetime, zone: ZoneInfo) -> date:
    """The day a moment lies on."""
    return moment.astimezone(zone).date() if isinstance(moment, datetime) else moment


def touches(occurrence: Occurrence, day: date, zone: ZoneInfo) -> bool:
    """Whether any of it lies on `day`."""
    first = local_day(occurrence.start, zone)
    if isinstance(occurrence.end, datetime):
        # The end is exclusive: an event until midnight does not touch the day that begins there.
        last = local_day(occurrence.end - timedelta(microseconds=1), zone)
    else:
        last = occurrence.end - timedelta(days=1)
    return first <= day <= max(first, last)


def in_strip(occurrence: Occurrence) -> bool:
    """Whether it goes above the hours: all-day, or a day long and longer."""
    start, end = occurrence.start, occurrence.end
    if isinstance(start, datetime) and isinstance(end, datetime):
        return end - start >= timedelta(days=1)
    return True


def place_day(occurrences: Iterable[Occurrence], day: date, zone: ZoneInfo) -> list[Placed]:
    """Columns of a day's timed events: first fit by start, longer first, then widened to the right."""
    midnight = datetime.combine(day, time(), tzinfo=zone)
    rows: list[tuple[int, int, Occurrence]] = []
    for occurrence in occurrences:
        if in_strip(occurrence) or not touches(occurrence, day, zone):
            continue
        start = _minute(occurrence.start, midnight, zone)
        end = _minute(occurrence.end, midnight, zone)
        rows.append((start, max(end, start + _SHORTEST_MINUTES), occurrence))
    rows.sort(key=lambda row: (row[0], -(row[1] - row[0]), row[2].event.title))
    placed: list[Placed] = []
    cluster: list[tuple[int, int, Occurrence]] = []
    cluster_end = -1
    number = 0
    for row in rows:
        if cluster and row[0] >= cluster_end:
            placed += _place_cluster(cluster, number)
            number += 1
            cluster = []
            cluster_end = -1
        cluster.append(row)
        cluster_end = max(cluster_end, row[1])
    return placed + _place_cluster(cluster, number)


def _minute(moment: date | datetime, midnight: datetime, zone: ZoneInfo) -> int:
    assert isinstance(moment, datetime)
    local = moment.astimezone(zone)
    if local.date() < midnight.date():
        return 0
    if local.date() > midnight.date():
        return MINUTES_OF_A_DAY
    return local.hour * 60 + local.minute


def _place_cluster(cluster: Sequence[tuple[int, int, Occurrence]], number: int) -> list[Placed]:
    ends: list[int] = []
    column_of: list[int] = []
    for start, end, _occurrence in cluster:
        for column, last_end in enumerate(ends):
            if last_end <= start:
                ends[column] = end
                column_of.append(column)
                break
        else:
            ends.append(end)
            column_of.append(len(ends) - 1)
    columns = len(ends)
    result = []
    for index, (start, end, occurrence) in enumerate(cluster):
        span = 1
        for column in range(column_of[index] + 1, columns):
            hit = any(
                column_of[other] == column and cluster[other][0] < end and cluster[other][1] > start
                for other in range(len(cluster))
            )
            if hit:
                break
            span += 1
        result.append(Placed(occurrence, start, end, column_of[index], span, columns, number))
    return result
