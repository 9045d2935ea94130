"""Words for repetitions as rules, read on Tuesday 24 November 2026 at ten in the morning, in several zones."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from assistant_app.agenda.when import find_times, parse_when

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Shanghai", "Pacific/Auckland")
ENGLISH = [
    ("every other Monday at 9 until March", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;UNTIL=20270228", "2026-11-30 09:00"),
    ("first Friday of each month", "FREQ=MONTHLY;BYDAY=1FR", "2026-12-04"),
    ("monthly on the first Monday", "FREQ=MONTHLY;BYDAY=1MO", "2026-12-07"),
    ("every last Friday of the month", "FREQ=MONTHLY;BYDAY=-1FR", "2026-11-27"),
    ("weekdays except Wednesday", "FREQ=WEEKLY;BYDAY=MO,TU,TH,FR", "2026-11-24"),
    ("every day but Sunday at 8", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA", "2026-11-25 08:00"),
    ("every evening at 7 except weekends", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "2026-11-24 19:00"),
    ("every Monday, Wednesday and Friday at 7am", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "2026-11-25 07:00"),
    ("every Monday to Friday at half past eight", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "2026-11-25 08:30"),
    ("every two weeks on Friday at noon", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-11-27 12:00"),
    ("weekly on Thursdays", "FREQ=WEEKLY;BYDAY=TH", "2026-11-26"),
    ("on alternate Thursdays", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", "2026-11-26"),
    ("every third day", "FREQ=DAILY;INTERVAL=3", "2026-11-24"),
    ("every half hour", "FREQ=MINUTELY;INTERVAL=30", "2026-11-24 10:00"),
    ("the last day of every month", "FREQ=MONTHLY;BYMONTHDAY=-1", "2026-11-30"),
    ("on the 1st and 15th of every month", "FREQ=MONTHLY;BYMONTHDAY=1,15", "2026-12-01"),
    ("every day for two weeks", "FREQ=DAILY;UNTIL=20261207", "2026-11-24"),
    ("every Monday 10 times", "FREQ=WEEKLY;BYDAY=MO;COUNT=10", "2026-11-30"),
    ("every day next week at 9", "FREQ=DAILY;UNTIL=20261206", "2026-11-30 09:00"),
    ("every Monday in March", "FREQ=WEEKLY;BYDAY=MO;UNTIL=20270331", "2027-03-01"),
    ("every Monday from March 1 to June 1", "FREQ=WEEKLY;BYDAY=MO;UNTIL=20270601", "2027-03-01"),
    ("every Sunday through December", "FREQ=WEEKLY;BYDAY=SU;UNTIL=20261231", "2026-11-29"),
    ("starting in January, every Sunday at 10", "FREQ=WEEKLY;BYDAY=SU", "2027-01-03 10:00"),
    ("every January", "FREQ=YEARLY;BYMONTH=1", "2027-01-01"),
    ("every Christmas", "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25", "2026-12-25"),
    ("every Thanksgiving", "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "2026-11-26"),
]
CHINESE = [
    ("每隔一周周一上午九点", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "2026-11-30 09:00"),
    ("每两周的周五", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-11-27"),
    ("隔天", "FREQ=DAILY;INTERVAL=2", "2026-11-24"),
    ("每小时", "FREQ=HOURLY", "2026-11-24 10:00"),
    ("每周一、三、五早上8点", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "2026-11-25 08:00"),
    ("每周一到周五上午九点", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "2026-11-25 09:00"),
    ("每月第一个周五", "FREQ=MONTHLY;BYDAY=1FR", "2026-12-04"),
    ("每月15号", "FREQ=MONTHLY;BYMONTHDAY=15", "2026-12-15"),
    ("每月最后一天", "FREQ=MONTHLY;BYMONTHDAY=-1", "2026-11-30"),
    ("每年3月1日", "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1", "2027-03-01"),
    ("每天除了周日", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA", "2026-11-24"),
    ("从下周开始每周一", "FREQ=WEEKLY;BYDAY=MO", "2026-11-30"),
    ("每周一直到明年三月", "FREQ=WEEKLY;BYDAY=MO;UNTIL=20270228", "2026-11-30"),
]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("language", "text", "rule", "start"), [("en", *row) for row in ENGLISH] + [("zh", *row) for row in CHINESE]
)
def test_words_become_a_rule_and_its_first_time(zone: str, language: str, text: str, rule: str, start: str) -> None:
    now = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo(zone))
    reading = parse_when(text, now=now, language=language)
    assert reading is not None
    assert reading.recurrence == rule
    assert reading.start == datetime.fromisoformat(start).replace(tzinfo=now.tzinfo)
    assert [r.text for r in find_times(text, now=now, language=language)] == [text]


@pytest.mark.parametrize(
    ("language", "text"), [("en", row[0]) for row in ENGLISH] + [("zh", row[0]) for row in CHINESE]
)
def test_the_first_time_is_one_of_the_rule(language: str, text: str) -> None:
    now = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("UTC"))
    reading = parse_when(text, now=now, language=language)
    assert reading is not None
    assert reading.start is not None
    start = reading.start.replace(tzinfo=None)
    times = rrulestr(f"RRULE:{reading.recurrence}", dtstart=start).between(start, start + timedelta(days=400), inc=True)
    assert times[0] == start


def test_hours_of_a_repetition_have_an_end() -> None:
    now = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("UTC"))
    reading = parse_when("9-5 on weekdays", now=now)
    assert reading is not None
    assert reading.recurrence == "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
    assert (reading.start, reading.end) == (now.replace(day=25, hour=9), now.replace(day=25, hour=17))
