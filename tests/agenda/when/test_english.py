"""English words for times, read on Tuesday 24 November 2026 at ten in the morning."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_app.agenda.when import find_times, parse_when

ZONES = ("Europe/Berlin", "America/Los_Angeles", "Asia/Shanghai", "Australia/Lord_Howe")


def now_in(zone: str) -> datetime:
    return datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo(zone))


NOW = now_in("Europe/Berlin")

POINTS = [
    ("tomorrow 3pm", "2026-11-25 15:00"),
    ("tomorrow at three thirty", "2026-11-25 15:30"),
    ("next Thursday at half past three", "2026-12-03 15:30"),
    ("this Friday at quarter to nine", "2026-11-27 08:45"),
    ("half past four tomorrow", "2026-11-25 16:30"),
    ("noon", "2026-11-24 12:00"),
    ("at midnight", "2026-11-25 00:00"),
    ("at 3", "2026-11-24 15:00"),
    ("tomorrow at 9", "2026-11-25 09:00"),
    ("tomorrow at 9 in the evening", "2026-11-25 21:00"),
    ("15h", "2026-11-24 15:00"),
    ("5 o'clock in the afternoon", "2026-11-24 17:00"),
    ("on 11/26 at 3.30 p.m.", "2026-11-26 15:30"),
    ("2026-12-01 1630", "2026-12-01 16:30"),
    ("26 November at 15:30", "2026-11-26 15:30"),
    ("Nov 26th, 9 a.m.", "2026-11-26 09:00"),
    ("in half an hour", "2026-11-24 10:30"),
    ("an hour from now", "2026-11-24 11:00"),
    ("twenty minutes ago", "2026-11-24 09:40"),
    ("tonight at 8", "2026-11-24 20:00"),
    ("Saturday morning at 7", "2026-11-28 07:00"),
    ("ten to five tomorrow", "2026-11-25 16:50"),
    ("move the dentist to four", "2026-11-24 16:00"),
    ("3", "2026-11-24 15:00"),
    ("half eight", "2026-11-24 20:30"),
    ("this time tomorrow", "2026-11-25 10:00"),
    ("breakfast with Ana at 8", "2026-11-25 08:00"),
    ("dinner at 8", "2026-11-24 20:00"),
    ("wake me at 6", "2026-11-25 06:00"),
    ("lunch with Bob on Friday at one", "2026-11-27 13:00"),
    ("0830 hours tomorrow", "2026-11-25 08:30"),
    ("1630", "2026-11-24 16:30"),
    ("tomorrow at six forty-three", "2026-11-25 18:43"),
    ("set an alarm for 6 : 30 am", "2026-11-25 06:30"),
    ("set an alarm for 640", "2026-11-25 06:40"),
    ("two hours after noon", "2026-11-24 14:00"),
    ("ten minutes before 4 pm tomorrow", "2026-11-25 15:50"),
    ("October 14 for 8:00:31 am", "2027-10-14 08:00:31"),
    ("the first Monday of next month at 9", "2026-12-07 09:00"),
]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("text", "start"), POINTS)
def test_a_moment_is_read(zone: str, text: str, start: str) -> None:
    reading = parse_when(text, now=now_in(zone))
    assert reading is not None
    assert reading.start == datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    assert reading.end is None
    assert not reading.all_day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", "2026-11-24"),
        ("the day after tomorrow", "2026-11-26"),
        ("on Monday", "2026-11-30"),
        ("Thursday week", "2026-12-03"),
        ("next Thursday", "2026-12-03"),
        ("this Thursday", "2026-11-26"),
        ("last Thursday", "2026-11-19"),
        ("the 3rd", "2026-12-03"),
        ("26 November", "2026-11-26"),
        ("the twenty sixth of November", "2026-11-26"),
        ("March 3", "2027-03-03"),
        ("2027-02-14", "2027-02-14"),
        ("11/26", "2026-11-26"),
        ("in two weeks", "2026-12-08"),
        ("three days ago", "2026-11-21"),
        ("the last Tuesday of March", "2027-03-30"),
        ("first Friday of next month", "2026-12-04"),
        ("Friday the 27th", "2026-11-27"),
        ("Tuesday of next week", "2026-12-01"),
        ("two days after Friday", "2026-11-29"),
        ("two Fridays from now", "2026-12-04"),
        ("a week from Friday", "2026-12-04"),
        ("past Thursday", "2026-11-19"),
        ("this Friday (Nov-27)", "2026-11-27"),
        ("Friday 11-27", "2026-11-27"),
        ("last Sunday, 11/22", "2026-11-22"),
        ("on 12.24", "2026-12-24"),
        ("September-2027-23", "2027-09-23"),
        ("May twenty nine", "2027-05-29"),
        ("fifteen August nineteen hundred ninety three", "1993-08-15"),
        ("the second Tuesday", "2026-12-08"),
        ("the last day of March", "2027-03-31"),
        ("next week on Monday", "2026-11-30"),
        ("Monday two weeks from now", "2026-12-07"),
    ],
)
def test_a_day_is_read(text: str, day: str) -> None:
    reading = parse_when(text, now=NOW)
    assert reading is not None
    assert reading.start == datetime.fromisoformat(day).replace(tzinfo=NOW.tzinfo)
    assert reading.end is None
    assert reading.all_day
    assert reading.grain == "day"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("from 3 to 5 tomorrow", "2026-11-25 15:00", "2026-11-25 17:00"),
        ("9-11 tomorrow", "2026-11-25 09:00", "2026-11-25 11:00"),
        ("between 11 and 1pm on Friday", "2026-11-27 11:00", "2026-11-27 13:00"),
        ("Monday 2:00 - 2:30 pm", "2026-11-30 14:00", "2026-11-30 14:30"),
        ("from 10pm to 2am", "2026-11-24 22:00", "2026-11-25 02:00"),
        ("tomorrow afternoon", "2026-11-25 12:00", "2026-11-25 16:00"),
        ("Mon-Wed", "2026-11-30", "2026-12-02"),
        ("next week", "2026-11-30", "2026-12-07"),
        ("this weekend", "2026-11-28", "2026-11-30"),
        ("next month", "2026-12-01", "2027-01-01"),
        ("in March 2027", "2027-03-01", "2027-04-01"),
        ("2027", "2027-01-01", "2028-01-01"),
        ("the next three days", "2026-11-25", "2026-11-28"),
        ("tomorrow at 9 for forty five minutes", "2026-11-25 09:00", "2026-11-25 09:45"),
        ("for an hour and a half tomorrow at noon", "2026-11-25 12:00", "2026-11-25 13:30"),
        ("after 2 pm tomorrow", "2026-11-25 14:00", None),
        ("until Friday", None, "2026-11-27"),
        ("before 4", None, "2026-11-24 16:00"),
        ("from October 1 to December 7", "2026-10-01", "2026-12-07"),
        ("from October to February 2027", "2026-10-01", "2027-02-01"),
        ("from November to February", "2026-11-01", "2027-02-01"),
        ("from the 27th to the 3rd of April", "2027-03-27", "2027-04-03"),
        ("from 4-23 of next month", "2026-12-04", "2026-12-23"),
        ("between the end of 2027 and the middle of 2029", "2028-01-01", "2029-07-02"),
        ("between now and Friday", "2026-11-24", "2026-11-27"),
        ("2027 through May 2nd 2028", "2027-01-01", "2028-05-02"),
        ("more than two weeks ago", None, "2026-11-10"),
        ("more than two weeks from now", "2026-12-08", None),
        ("less than three days after tomorrow", "2026-11-25", "2026-11-28"),
        ("the last 5 minutes", "2026-11-24 09:55", "2026-11-24 10:00"),
        ("the next hour", "2026-11-24 10:00", "2026-11-24 11:00"),
        ("for 3 hours from 2 pm tomorrow", "2026-11-25 14:00", "2026-11-25 17:00"),
        ("the last 3 months and 2 days", "2026-08-22", "2026-11-24"),
        ("later today", "2026-11-24 12:00", "2026-11-25 00:00"),
        ("mid morning tomorrow", "2026-11-25 09:00", "2026-11-25 11:00"),
        ("the first Monday evening of next month", "2026-12-07 16:00", "2026-12-07 20:00"),
        ("after dinner tomorrow", "2026-11-25 20:00", None),
        (">= 2027", "2027-01-01", None),
    ],
)
def test_an_interval_is_read(text: str, start: str | None, end: str | None) -> None:
    reading = parse_when(text, now=NOW)
    assert reading is not None
    for found, wanted in ((reading.start, start), (reading.end, end)):
        assert found == (datetime.fromisoformat(wanted).replace(tzinfo=NOW.tzinfo) if wanted else None)


@pytest.mark.parametrize(
    ("text", "rule", "start"),
    [
        ("every Monday at 9", "FREQ=WEEKLY;BYDAY=MO", "2026-11-30 09:00"),
        ("daily", "FREQ=DAILY", "2026-11-24"),
        ("every other week", "FREQ=WEEKLY;INTERVAL=2", "2026-11-24"),
        ("every three months", "FREQ=MONTHLY;INTERVAL=3", "2026-11-24"),
        ("every weekday at 8 am", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "2026-11-25 08:00"),
        ("first Friday of each month", "FREQ=MONTHLY;BYDAY=1FR", "2026-12-04"),
        ("every Tuesday and Thursday at noon", "FREQ=WEEKLY;BYDAY=TU,TH", "2026-11-24 12:00"),
        ("Mondays", "FREQ=WEEKLY;BYDAY=MO", "2026-11-30"),
        ("every other Monday at 9 until March 1", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;UNTIL=20270301", "2026-11-30 09:00"),
        ("every weekday at quarter past eight", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "2026-11-25 08:15"),
        ("every first Monday of the month at 10", "FREQ=MONTHLY;BYDAY=1MO", "2026-12-07 10:00"),
        ("every year on March 1", "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1", "2027-03-01"),
        ("every month on the 15th", "FREQ=MONTHLY;BYMONTHDAY=15", "2026-12-15"),
    ],
)
def test_a_repetition_is_read_as_a_rule(text: str, rule: str, start: str) -> None:
    reading = parse_when(text, now=NOW)
    assert reading is not None
    assert reading.recurrence == rule
    assert reading.start == datetime.fromisoformat(start).replace(tzinfo=NOW.tzinfo)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("for forty five minutes", 45),
        ("an hour and a half", 90),
        ("half an hour", 30),
        ("two and a half hours", 150),
        ("1 hour 15 minutes", 75),
        ("a couple of hours", 120),
        ("three quarters of an hour", 45),
        ("one year and a quarter", 60 * 24 * 456.25),
        ("for two nights", 2880),
        ("10 more minutes", 10),
        ("a hundred days", 144000),
        ("1 second", 1 / 60),
    ],
)
def test_a_length_is_read(text: str, minutes: float) -> None:
    reading = parse_when(text, now=NOW)
    assert reading is not None
    assert reading.duration == timedelta(minutes=minutes)
    assert reading.start is None


@pytest.mark.parametrize(
    "text",
    [
        "may I ask you something",
        "I want a second opinion",
        "monitor the server",
        "call Mark",
        "he sat in the sun",
        "march on",
        "the temperature is 37.1 degrees",
        "I paid $12 for 3 people",
        "ring 138-2010-2015",
        "version 2.10.3",
        "6.45 percent",
        "thanks a lot",
        "good morning",
        "let us have lunch together",
        "this may take a while",
        "the first week was hard",
        "a second opinion",
        "what is 3/4 of 18",
        "1785 minus 334",
        "deliver 2000 pieces of toys",
        "divide 30 by 2",
        "more than one card",
        "at one of your locations",
        "declined by two separate machines",
        "it is date night",
        "a w-2 form",
        "3D printing",
        "apr on my card",
        "set the volume to 4",
        "my pin is wrong, change it to 1234",
        "partner of the week",
        "flip a quarter",
        "a last minute change",
        "keep me up to date",
        "my 30th birthday party",
        "table for 4",
        "",
    ],
)
def test_nothing_is_found_where_no_time_is_meant(text: str) -> None:
    assert find_times(text, now=NOW) == []
    assert parse_when(text, now=NOW) is None


def test_the_pieces_of_one_request_are_put_together() -> None:
    text = "Schedule a dentist appointment with Doctor Patel next Thursday at half past three for forty five minutes"
    reading = parse_when(text, now=NOW)
    assert reading is not None
    assert reading.start == datetime(2026, 12, 3, 15, 30, tzinfo=NOW.tzinfo)
    assert reading.end == datetime(2026, 12, 3, 16, 15, tzinfo=NOW.tzinfo)
    assert reading.duration == timedelta(minutes=45)


def test_pieces_apart_are_put_together_with_their_places() -> None:
    text = "at half past three I see the dentist on Friday for 20 minutes"
    reading = parse_when(text, now=NOW)
    assert reading is not None
    assert (reading.start, reading.end) == (
        datetime(2026, 11, 27, 15, 30, tzinfo=NOW.tzinfo),
        datetime(2026, 11, 27, 15, 50, tzinfo=NOW.tzinfo),
    )
    assert [text[start:end] for start, end in reading.spans] == ["at half past three", "on Friday for 20 minutes"]


def test_a_length_beside_a_week_is_kept_for_finding_a_free_time() -> None:
    reading = parse_when("find an hour for the gym this week", now=NOW)
    assert reading is not None
    assert reading.duration == timedelta(hours=1)
    assert reading.grain == "week"


def test_the_full_stop_of_the_sentence_is_not_part_of_the_time() -> None:
    (friday,) = find_times("I am off on Fri.", now=NOW)
    (morning,) = find_times("I start at 9 a.m.", now=NOW)
    assert (friday.text, morning.text) == ("on Fri", "at 9 a.m.")


def test_several_times_in_a_sentence_are_found_in_order() -> None:
    found = find_times("Meet Ana tomorrow at 9 and Bob on Friday at noon", now=NOW)
    assert [r.start and r.start.strftime("%d %H:%M") for r in found] == ["25 09:00", "27 12:00"]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("next week Mon, Wed or Fri", ["30 00:00", "02 00:00", "04 00:00"]),
        ("Monday or Tuesday next week", ["30 00:00", "01 00:00"]),
        ("Monday or next Tuesday", ["30 00:00", "01 00:00"]),
        ("the 2nd, 3rd or 11th of March", ["02 00:00", "03 00:00", "11 00:00"]),
        ("March 17th, 18th, or 19th for an hour", ["17 00:00", "18 00:00", "19 00:00"]),
        ("Wednesday or Thursday morning", ["25 08:00", "26 08:00"]),
        ("Wednesday or Thursday from 10-4", ["25 10:00", "26 10:00"]),
        ("next week Monday at 9 am or 1 pm", ["30 09:00", "30 13:00"]),
        ("tomorrow at 3 or 4 pm", ["25 15:00", "25 16:00"]),
        ("Friday this week or next week", ["27 00:00", "04 00:00"]),
    ],
)
def test_the_members_of_a_list_share_what_one_of_them_names(text: str, times: list[str]) -> None:
    assert [r.start and r.start.strftime("%d %H:%M") for r in find_times(text, now=NOW)] == times


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tomorrow at half past three", "tomorrow at half past three"),
        ("after 2 pm tomorrow", "from tomorrow at two o'clock on"),
        ("until Friday", "until Friday 27 November"),
        ("before Friday", "before Friday 27 November"),
        ("next week", "Monday 30 November to Sunday 6 December"),
        ("every other Monday at 9", "every other Monday, from Monday 30 November at nine o'clock"),
        ("weekdays except Wednesday", "every weekday except Wednesday, from today"),
        ("an hour and a half", "an hour and a half"),
    ],
)
def test_a_reading_says_itself_in_words(text: str, words: str) -> None:
    reading = parse_when(text, now=NOW)
    assert reading is not None
    assert reading.words == words


def test_dates_in_the_names_of_files_are_read() -> None:
    (reading,) = find_times("the file is sales_report-2002-10-09.xlsx", now=NOW)
    assert reading.start == datetime(2002, 10, 9, tzinfo=NOW.tzinfo)


def test_a_range_of_days_says_that_its_last_day_is_meant() -> None:
    reading = parse_when("from Monday to Wednesday", now=NOW)
    assert reading is not None
    assert reading.includes_end_day
    next_week = parse_when("next week", now=NOW)
    assert next_week is not None
    assert not next_week.includes_end_day


def test_hours_that_pass_are_counted_over_a_clock_change() -> None:
    before = datetime(2026, 10, 25, 1, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    reading = parse_when("in two hours", now=before)
    assert reading is not None
    assert reading.start is not None
    assert reading.start.isoformat() == "2026-10-25T02:30:00+01:00"


def test_days_are_counted_by_the_calendar_over_a_clock_change() -> None:
    before = datetime(2026, 10, 24, 9, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    reading = parse_when("tomorrow at 9 am", now=before)
    assert reading is not None
    assert reading.start is not None
    assert reading.start.isoformat() == "2026-10-25T09:00:00+01:00"


def test_days_that_do_not_exist_are_no_reading() -> None:
    assert all(reading.start is None or reading.start.day != 30 for reading in find_times("February 30", now=NOW))


_WORDS = [text for text, _ in POINTS] + [
    "call",
    "Mark",
    "every Monday",
    "👋",
    "明天",
    "for an hour",
    ",",
    "26",
    "may",
    "to",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), max_size=8).map(" ".join))
def test_places_always_point_at_the_words(text: str) -> None:
    readings = find_times(text, now=NOW)
    for reading in readings:
        ((start, end),) = reading.spans
        assert text[start:end] == reading.text
        assert reading.text.strip() == reading.text
    ends = [0]
    for reading in readings:
        assert reading.spans[0][0] >= ends[-1]
        ends.append(reading.spans[0][1])


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_survived_and_spans_lie_inside_it(text: str) -> None:
    whole = parse_when(text, now=NOW)
    for reading in [*find_times(text, now=NOW), *([whole] if whole else [])]:
        assert all(0 <= start < end <= len(text) for start, end in reading.spans)


def test_a_very_long_text_is_read() -> None:
    text = "tomorrow at 9 " * 2000
    assert len(find_times(text, now=NOW)) >= 1000


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("on Friday at one", datetime(2026, 12, 4, 13, tzinfo=NOW.tzinfo)),
        ("Friday at 9 am", datetime(2026, 12, 4, 9, tzinfo=NOW.tzinfo)),
        ("Friday afternoon", datetime(2026, 12, 4, 12, tzinfo=NOW.tzinfo)),
        ("Friday at eleven pm", datetime(2026, 11, 27, 23, tzinfo=NOW.tzinfo)),
        ("today at one", datetime(2026, 11, 27, 13, tzinfo=NOW.tzinfo)),
    ],
)
def test_a_weekday_whose_hour_is_over_is_the_one_to_come(text: str, start: datetime) -> None:
    late_on_a_friday = datetime(2026, 11, 27, 21, 22, tzinfo=NOW.tzinfo)
    reading = parse_when(text, now=late_on_a_friday)
    assert reading is not None
    assert reading.start == start
