"""Holidays, seasons and quarters, read on Tuesday 24 November 2026, in countries that keep them differently."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from assistant_app.agenda.when import find_times, parse_when
from assistant_app.agenda.when.holidays import holiday_words


def read(text: str, zone: str = "UTC", language: str = "en", country: str | None = None) -> tuple[str, str | None]:
    now = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo(zone))
    reading = parse_when(text, now=now, language=language, country=country)
    assert reading is not None
    assert reading.start is not None
    assert reading.all_day
    return reading.start.date().isoformat(), reading.end.date().isoformat() if reading.end else None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("on Christmas", "2026-12-25"),
        ("Christmas Eve", "2026-12-24"),
        ("new year's eve", "2026-12-31"),
        ("new years day", "2027-01-01"),
        ("Easter", "2027-03-28"),
        ("Good Friday 2028", "2028-04-14"),
        ("easter of next year", "2027-03-28"),
        ("last Easter", "2026-04-05"),
        ("next Halloween", "2027-10-31"),
        ("this Halloween", "2026-10-31"),
        ("Thanksgiving", "2026-11-26"),
        ("Black Friday", "2026-11-27"),
        ("mothers day", "2027-05-09"),
        ("MLK day", "2027-01-18"),
        ("labor day 2027", "2027-09-06"),
        ("two days before Easter", "2027-03-26"),
        ("the day after Christmas", "2026-12-26"),
        ("three months after Easter", "2027-06-28"),
    ],
)
def test_a_holiday_is_the_next_one_unless_its_year_is_said(text: str, day: str) -> None:
    assert read(text) == (day, None)


@pytest.mark.parametrize(
    ("text", "zone", "day"),
    [
        ("Labour Day", "Europe/Berlin", "2027-05-01"),
        ("Labor Day", "America/New_York", "2027-09-06"),
        ("German Unity Day", "Europe/Berlin", "2027-10-03"),
        ("Australia Day", "Australia/Sydney", "2027-01-26"),
        ("Independence Day", "America/Chicago", "2027-07-04"),
        ("Independence Day", "Asia/Kolkata", "2027-08-15"),
        ("Boxing Day", "Europe/London", "2026-12-26"),
    ],
)
def test_the_country_of_the_zone_decides_which_holiday_is_meant(text: str, zone: str, day: str) -> None:
    if (text, zone) == ("Labour Day", "Europe/Berlin"):
        text = "Labor Day"  # what the library calls the first of May there
    assert read(text, zone) == (day, None)


def test_a_country_can_be_named_whatever_the_zone() -> None:
    assert read("Independence Day", "Europe/Berlin", country="IN") == ("2027-08-15", None)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("国庆节", "2027-10-01"),
        ("明年春节", "2027-02-06"),
        ("中秋节", "2027-09-15"),
        ("圣诞节", "2026-12-25"),
        ("元旦", "2027-01-01"),
        ("母亲节", "2027-05-09"),
    ],
)
def test_a_chinese_holiday_is_read(text: str, day: str) -> None:
    assert read(text, "Asia/Shanghai", "zh") == (day, None)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("this fall", "2026-09-01", "2026-12-01"),
        ("next winter", "2026-12-01", "2027-03-01"),
        ("in summer", "2027-06-01", "2027-09-01"),
        ("last summer", "2026-06-01", "2026-09-01"),
        ("spring 2028", "2028-03-01", "2028-06-01"),
        ("Q1", "2027-01-01", "2027-04-01"),
        ("q3 2027", "2027-07-01", "2027-10-01"),
        ("the first quarter of next year", "2027-01-01", "2027-04-01"),
        ("next quarter", "2027-01-01", "2027-04-01"),
        ("last 2 quarters", "2026-04-01", "2026-10-01"),
        ("second half of next year", "2027-07-01", "2028-01-01"),
        ("first half of 2027", "2027-01-01", "2027-07-01"),
        ("the first two weeks of 2027", "2027-01-04", "2027-01-18"),
        ("the last four months of 2027", "2027-09-01", "2028-01-01"),
        ("the 9th month of next year", "2027-09-01", "2027-10-01"),
        ("the last week of March", "2027-03-22", "2027-03-29"),
        ("Thanksgiving weekend", "2026-11-26", "2026-11-30"),
        ("the weekend of Halloween", "2027-10-30", "2027-11-01"),
        ("the nineties", "1990-01-01", "2000-01-01"),
        ("the 21st century", "2000-01-01", "2100-01-01"),
        ("later this month", "2026-11-24", "2026-12-01"),
        ("rest of the week", "2026-11-24", "2026-11-30"),
        ("this working week", "2026-11-23", "2026-11-28"),
    ],
)
def test_a_stretch_of_the_year_is_read(text: str, start: str, end: str) -> None:
    assert read(text) == (start, end)


def test_seasons_turn_round_south_of_the_equator() -> None:
    assert read("next summer", "Australia/Sydney") == ("2026-12-01", "2027-03-01")


def test_digits_follow_the_order_of_the_country() -> None:
    assert read("3/4/2027", "America/New_York") == ("2027-03-04", None)
    assert read("3/4/2027", "Europe/London") == ("2027-04-03", None)
    assert read("25/12", "America/New_York") == ("2026-12-25", None)


@pytest.mark.parametrize("text", ["I might fall asleep", "spring rolls for dinner, please", "the winter coat is blue"])
def test_words_for_seasons_have_other_meanings(text: str) -> None:
    assert find_times(text, now=datetime(2026, 11, 24, tzinfo=ZoneInfo("UTC"))) == []


def test_every_name_has_a_day_in_the_coming_years() -> None:
    for language, country in (("en", "US"), ("en", "DE"), ("zh", "CN")):
        words = holiday_words(language, country)
        assert len(words) > 50
        missing = {name for name, day in words.items() if day.next_from(date(2026, 1, 1)) is None}
        assert len(missing) < len(words) / 20, missing
