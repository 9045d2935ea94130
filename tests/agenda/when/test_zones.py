"""Clock times said in another time zone, read on Tuesday 24 November 2026 at ten in the morning."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from assistant_app.agenda.when import find_times, parse_when
from assistant_app.agenda.when.zones import country_of, zone_names, zone_of


@pytest.mark.parametrize(
    ("text", "here", "zone", "start"),
    [
        ("3 pm London time", "Europe/Berlin", "Europe/London", "2026-11-24 16:00"),
        ("3 pm London time", "America/New_York", "Europe/London", "2026-11-25 10:00"),
        ("call at 9:30 PST tomorrow", "Europe/Berlin", "America/Los_Angeles", "2026-11-25 18:30"),
        ("meeting 14:00 Tokyo time on Friday", "Europe/Berlin", "Asia/Tokyo", "2026-11-27 06:00"),
        ("noon UTC+2 tomorrow", "UTC", "+02:00", "2026-11-25 10:00"),
        ("11.30 pm utc -05:30", "UTC", "-05:30", "2026-11-25 05:00"),
        ("tomorrow at 8 eastern", "Europe/London", "America/New_York", "2026-11-25 13:00"),
        ("3 pm pacific on June 26", "UTC", "America/Los_Angeles", "2027-06-26 22:00"),
        ("4pm India time on Monday", "Asia/Shanghai", "Asia/Kolkata", "2026-11-30 18:30"),
        ("伦敦时间明天下午三点", "Asia/Shanghai", "Europe/London", "2026-11-25 23:00"),
    ],
)
def test_a_time_elsewhere_is_told_in_the_zone_here(text: str, here: str, zone: str, start: str) -> None:
    now = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo(here))
    reading = parse_when(text, now=now, language="en" if text.isascii() else "zh")
    assert reading is not None
    assert reading.start is not None
    assert reading.zone == zone
    assert reading.start.tzinfo is now.tzinfo
    if here == "America/New_York":
        assert reading.start.strftime("%H:%M") == "10:00"  # today's is just now, or tomorrow's
    else:
        assert reading.start == datetime.fromisoformat(start).replace(tzinfo=now.tzinfo)


def test_a_range_has_one_zone_for_both_ends() -> None:
    now = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    reading = parse_when("between 9 and 10:30 am ET tomorrow", now=now)
    assert reading is not None
    assert reading.start == datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
    assert reading.end == datetime(2026, 11, 25, 15, 30, tzinfo=UTC)


def test_a_part_of_the_day_elsewhere_is_read() -> None:
    reading = parse_when("Thursday morning EST", now=datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    assert reading is not None
    assert reading.start == datetime(2026, 11, 26, 13, 0, tzinfo=UTC)


def test_the_reading_says_what_time_it_is_there() -> None:
    now = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    reading = parse_when("3 pm London time", now=now)
    assert reading is not None
    assert reading.words == "today at four o'clock (15:00 London)"


@pytest.mark.parametrize("text", ["dinner at 7 in Berlin", "meet at 3 pm in London", "at 5 we get food"])
def test_a_place_alone_is_no_time_zone(text: str) -> None:
    (reading,) = find_times(text, now=datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    assert reading.zone is None


def test_every_zone_that_has_a_name_exists() -> None:
    names = zone_names()
    assert len(names) > 500
    for name in set(names.values()):
        assert zone_of(name).utcoffset(datetime(2026, 1, 1)) is not None


def test_a_zone_lies_in_a_country() -> None:
    assert country_of(ZoneInfo("Europe/Berlin")) == "DE"
    assert country_of(ZoneInfo("UTC")) is None
