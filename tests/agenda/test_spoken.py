"""Times in words."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from assistant_app.agenda.spoken import spoken_duration, spoken_recurrence, spoken_time, written_range

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 11, 26, 15, 30, tzinfo=ZONE), "Thursday 26 November at half past three"),
        (datetime(2026, 11, 25, 8, 45, tzinfo=ZONE), "tomorrow at quarter to nine"),
        (datetime(2026, 11, 24, 12, 0, tzinfo=ZONE), "today at noon"),
        (datetime(2026, 11, 24, 20, 0, tzinfo=ZONE), "today at eight in the evening"),
        (datetime(2027, 1, 2, 14, 0, tzinfo=ZONE), "Saturday 2 January 2027 at two o'clock"),
        (datetime(2026, 11, 26, 15, 7, tzinfo=ZONE), "Thursday 26 November at three oh seven"),
        (date(2026, 11, 30), "Monday 30 November"),
    ],
)
def test_a_time_is_said_as_people_say_it(moment: datetime | date, words: str) -> None:
    assert spoken_time(moment, NOW) == words


def test_chinese_is_said_in_chinese() -> None:
    assert spoken_time(datetime(2026, 11, 25, 15, 30, tzinfo=ZONE), NOW, "zh") == "明天下午三点半"


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(45, "forty five minutes"), (90, "an hour and a half"), (60, "an hour"), (30, "half an hour"), (2880, "two days")],
)
def test_a_length_is_said(minutes: int, words: str) -> None:
    assert spoken_duration(timedelta(minutes=minutes)) == words


def test_a_range_is_written_for_the_eye() -> None:
    start = datetime(2026, 11, 26, 15, 30, tzinfo=ZONE)
    assert written_range(start, start + timedelta(minutes=45), NOW) == "Thursday 26 November, 15:30 to 16:15"
    assert written_range(date(2026, 11, 30), date(2026, 12, 2), NOW) == "Monday 30 November to Tuesday 1 December"
    assert written_range(date(2026, 11, 25), date(2026, 11, 26), NOW) == "tomorrow"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=WEEKLY;BYDAY=MO,TH", "every Monday and Thursday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;UNTIL=20270301", "every other Monday until 1 March 2027"),
        ("FREQ=MONTHLY;BYDAY=1FR", "the first Friday of every month"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every weekday"),
        ("FREQ=DAILY", "every day"),
        ("FREQ=MONTHLY;INTERVAL=3;COUNT=4", "every three months, 4 times"),
    ],
)
def test_a_rule_is_said(rule: str, words: str) -> None:
    assert spoken_recurrence(rule) == words
