"""One occasion of a series, it and all later ones, or the series: what is written, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import pytest

from assistant_app.agenda.events import Event, EventDraft, Occurrence
from assistant_app.agenda.store import CalendarStore
from assistant_app.errors import InputError

BERLIN = ZoneInfo("Europe/Berlin")


def at(day: int, hour: int, minute: int = 0, month: int = 11, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN)


OTHERS = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Other//Program//EN\r\nX-WR-CALNAME:Home\r\n"
    b"BEGIN:VTIMEZONE\r\nTZID:W. Europe Standard Time\r\n"
    b"BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
    b"RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n"
    b"BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"
    b"RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
    b"BEGIN:VEVENT\r\nUID:series-1\r\nDTSTAMP:20260101T000000Z\r\n"
    b'DTSTART;TZID="W. Europe Standard Time":20261123T090000\r\n'
    b'DTEND;TZID="W. Europe Standard Time":20261123T091500\r\n'
    b"SUMMARY:Standup\r\nRRULE:FREQ=DAILY;COUNT=10\r\n"
    b'X-OTHER-PROGRAM;X-Y="a:b":keep  this exactly \r\n'
    b"DESCRIPTION:A long text that the other program has folded in its own plac\r\n e\\, not in ours\r\n"
    b"BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT5M\r\nX-SOUND:bell\r\nEND:VALARM\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n"
)


@pytest.fixture
def series(store: CalendarStore) -> Event:
    """Mondays at nine, five times from 30 November on."""
    return store.add(EventDraft("Standup", at(30, 9), at(30, 9, 30), recurrence="FREQ=WEEKLY;BYDAY=MO;COUNT=5"))


@pytest.fixture
def others(store: CalendarStore) -> Path:
    """A daily series of another program, whose zone has another program's name."""
    file = store.root / "personal" / "others.ics"
    file.parent.mkdir(parents=True)
    file.write_bytes(OTHERS)
    return file


def shown(store: CalendarStore) -> list[str]:
    found = store.between(at(1, 0, month=10), at(1, 0, month=6, year=2027))
    return [f"{o.event.title} {o.start:%d.%m. %H:%M}" for o in found]


def occasions(store: CalendarStore) -> list[Occurrence]:
    return store.between(at(1, 0, month=10), at(1, 0, month=6, year=2027))


MONDAYS = ["30.11.", "07.12.", "14.12.", "21.12.", "28.12."]


def test_each_occasion_of_a_series_says_which_it_is(store: CalendarStore, series: Event) -> None:
    store.add(EventDraft("Once", at(26, 9), at(26, 10)))
    assert [o.recurrence_id for o in occasions(store)] == [
        None,
        *(at(30, 9) + timedelta(weeks=week) for week in range(5)),
    ]


def test_moving_one_occasion_leaves_the_others(store: CalendarStore, series: Event) -> None:
    moved = store.move(series.uid, at(8, 14, month=12), scope="one", occurrence=at(7, 9, month=12))
    assert (moved.start, moved.end) == (at(8, 14, month=12), at(8, 14, 30, month=12))
    assert shown(store) == [
        "Standup 30.11. 09:00",
        "Standup 08.12. 14:00",
        *(f"Standup {day} 09:00" for day in MONDAYS[2:]),
    ]
    assert occasions(store)[1].recurrence_id == at(7, 9, month=12)
    again = store.edit(series.uid, scope="one", occurrence=at(7, 9, month=12), title="Review")
    assert (again.title, again.start) == ("Review", at(8, 14, month=12))
    assert series.file.read_bytes().count(b"BEGIN:VEVENT") == 2


@pytest.mark.parametrize(
    "named", [date(2026, 12, 7), at(7, 9, month=12), at(7, 8, month=12).astimezone(ZoneInfo("UTC"))]
)
def test_an_occasion_is_named_by_its_day_or_its_start(
    store: CalendarStore, series: Event, named: date | datetime
) -> None:
    if isinstance(named, datetime) and named.hour == 7:
        named += timedelta(hours=1)
    store.delete(series.uid, scope="one", occurrence=named)
    assert [day[8:14] for day in shown(store)] == [MONDAYS[0], *MONDAYS[2:]]


def test_a_day_without_an_occasion_is_refused_in_words(store: CalendarStore, series: Event) -> None:
    with pytest.raises(InputError, match="does not take place on 2026-12-08") as caught:
        store.delete(series.uid, scope="one", occurrence=date(2026, 12, 8))
    assert caught.value.code == "occurrence_unknown"
    with pytest.raises(InputError, match="Say which occasion") as caught:
        store.move(series.uid, at(1, 10), scope="following")
    assert caught.value.code == "occurrence_missing"
    assert len(shown(store)) == 5


def test_cancelling_one_occasion_can_be_undone(store: CalendarStore, series: Event) -> None:
    before = series.file.read_bytes()
    gone = store.delete(series.uid, scope="one", occurrence=date(2026, 12, 14))
    assert (gone.start, gone.recurrence) == (at(14, 9, month=12), "")
    assert b"EXDATE;TZID=Europe/Berlin:20261214T090000" in series.file.read_bytes()
    assert len(shown(store)) == 4
    change = store.undo()
    assert change is not None
    assert change.kind == "event_deleted"
    assert series.file.read_bytes() == before


def test_a_changed_occasion_can_be_cancelled(store: CalendarStore, series: Event) -> None:
    store.move(series.uid, at(8, 14, month=12), scope="one", occurrence=at(7, 9, month=12))
    store.delete(series.uid, scope="one", occurrence=date(2026, 12, 8))
    assert [day[8:14] for day in shown(store)] == [MONDAYS[0], *MONDAYS[2:]]
    assert series.file.read_bytes().count(b"BEGIN:VEVENT") == 1


def test_the_last_occasion_takes_the_event_along(store: CalendarStore) -> None:
    event = store.add(EventDraft("Twice", at(30, 9), at(30, 10), recurrence="FREQ=DAILY;COUNT=2"))
    store.delete(event.uid, scope="one", occurrence=at(30, 9))
    store.delete(event.uid, scope="one", occurrence=at(1, 9, month=12))
    assert not event.file.exists()
    assert shown(store) == []


def test_this_and_following_begin_a_series_of_their_own(store: CalendarStore, series: Event) -> None:
    store.edit(series.uid, scope="one", occurrence=at(21, 9, month=12), title="Party")
    later = store.move(series.uid, at(15, 10, month=12), scope="following", occurrence=at(14, 9, month=12))
    assert later.uid != series.uid
    assert shown(store) == [
        "Standup 30.11. 09:00",
        "Standup 07.12. 09:00",
        "Standup 15.12. 10:00",
        "Party 22.12. 10:00",
        "Standup 29.12. 10:00",
    ]
    assert set(later.recurrence.split(";")) == {"FREQ=WEEKLY", "BYDAY=TU", "COUNT=3"}
    assert "COUNT" not in store.get(series.uid).recurrence
    change = store.undo()
    assert change is not None
    assert change.count == 2
    assert [day.split(" ", 1)[1] for day in shown(store)] == [f"{day} 09:00" for day in MONDAYS]


def test_ending_a_series_deletes_this_and_all_following(store: CalendarStore, series: Event) -> None:
    store.delete(series.uid, scope="following", occurrence=at(14, 9, month=12))
    assert [day[8:14] for day in shown(store)] == MONDAYS[:2]
    assert "UNTIL=20261214T075959Z" in store.get(series.uid).recurrence


def test_following_from_the_first_occasion_is_the_whole_series(store: CalendarStore, series: Event) -> None:
    moved = store.move(series.uid, at(30, 11), scope="following", occurrence=at(30, 9))
    assert moved.uid == series.uid
    assert {day[15:] for day in shown(store)} == {"11:00"}
    store.delete(series.uid, scope="following", occurrence=at(30, 11))
    assert not series.file.exists()


def test_all_moves_by_as_much_as_the_occasion_that_was_moved(store: CalendarStore, series: Event) -> None:
    store.move(series.uid, at(16, 10, month=12), scope="all", occurrence=at(14, 9, month=12))
    assert shown(store) == [f"Standup {day} 10:00" for day in ("02.12.", "09.12.", "16.12.", "23.12.", "30.12.")]


def test_a_change_to_all_reaches_changed_occasions_unless_they_differ_there(
    store: CalendarStore, series: Event
) -> None:
    store.edit(series.uid, scope="one", occurrence=at(7, 9, month=12), location="Attic")
    store.edit(series.uid, scope="one", occurrence=at(14, 9, month=12), title="Review")
    store.edit(series.uid, title="Daily", location="Cellar")
    store.move(series.uid, at(30, 10))
    found = {f"{o.start:%d.%m. %H}": (o.event.title, o.event.location) for o in occasions(store)}
    assert found == {
        "30.11. 10": ("Daily", "Cellar"),
        "07.12. 10": ("Daily", "Attic"),
        "14.12. 10": ("Review", "Cellar"),
        "21.12. 10": ("Daily", "Cellar"),
        "28.12. 10": ("Daily", "Cellar"),
    }


def test_one_occasion_put_into_another_calendar_leaves_its_series(store: CalendarStore, series: Event) -> None:
    single = store.edit(series.uid, scope="one", occurrence=at(7, 9, month=12), calendar="work", title="Visit")
    assert (single.calendar, single.recurrence, single.title) == ("work", "", "Visit")
    assert sorted(shown(store)) == sorted(
        ["Visit 07.12. 09:00", *(f"Standup {day} 09:00" for day in (MONDAYS[0], *MONDAYS[2:]))]
    )


def test_a_series_told_not_to_repeat_happens_once(store: CalendarStore, series: Event) -> None:
    store.edit(series.uid, scope="one", occurrence=at(7, 9, month=12), title="Review")
    store.delete(series.uid, scope="one", occurrence=at(14, 9, month=12))
    store.edit(series.uid, recurrence="")
    assert shown(store) == ["Standup 30.11. 09:00"]


def test_moving_a_series_takes_its_last_day_along(store: CalendarStore) -> None:
    event = store.add(
        EventDraft("Course", at(24, 18), at(24, 19), recurrence="FREQ=WEEKLY;BYDAY=TU;UNTIL=20261208T170000Z")
    )
    store.move(event.uid, at(25, 20))
    assert shown(store) == ["Course 25.11. 20:00", "Course 02.12. 20:00", "Course 09.12. 20:00"]


def test_a_series_can_become_all_day_and_timed_again(store: CalendarStore, series: Event) -> None:
    store.delete(series.uid, scope="one", occurrence=at(7, 9, month=12))
    store.edit(series.uid, start=date(2026, 11, 30), end=date(2026, 12, 1))
    found = occasions(store)
    assert [o.start for o in found] == [date(2026, 11, 30), date(2026, 12, 14), date(2026, 12, 21), date(2026, 12, 28)]
    store.edit(series.uid, start=at(30, 16), end=at(30, 17))
    assert shown(store) == [f"Standup {day} 16:00" for day in (MONDAYS[0], *MONDAYS[2:])]


def test_further_dates_stand_beside_the_rule(store: CalendarStore) -> None:
    extra = (at(28, 9), at(2, 15, month=12))
    event = store.add(EventDraft("Choir", at(24, 19), at(24, 20), recurrence="FREQ=WEEKLY;COUNT=2", extra_dates=extra))
    assert store.get(event.uid).extra_dates == extra
    assert shown(store) == ["Choir 24.11. 19:00", "Choir 28.11. 09:00", "Choir 01.12. 19:00", "Choir 02.12. 15:00"]
    store.delete(event.uid, scope="one", occurrence=extra[0])
    store.edit(event.uid, extra_dates=(at(28, 9), at(5, 15, month=12)))
    assert shown(store) == ["Choir 24.11. 19:00", "Choir 01.12. 19:00", "Choir 05.12. 15:00"]
    store.delete(event.uid, scope="following", occurrence=date(2026, 12, 1))
    assert shown(store) == ["Choir 24.11. 19:00"]


def test_an_occasion_changed_elsewhere_keeps_every_byte_that_was_not_changed(
    store: CalendarStore, others: Path
) -> None:
    store.move("series-1", at(27, 15), scope="one", occurrence=date(2026, 11, 26))
    data = others.read_bytes()
    start, end = data.rindex(b"BEGIN:VEVENT"), data.rindex(b"END:VCALENDAR")
    assert data[:start] + data[end:] == OTHERS
    override = data[start:end]
    for kept in (
        b'X-OTHER-PROGRAM;X-Y="a:b":keep  this exactly \r\n',
        b"DESCRIPTION:A long text that the other program has folded in its own plac\r\n e\\, not in ours\r\n",
        b"BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT5M\r\nX-SOUND:bell\r\nEND:VALARM\r\n",
        b'RECURRENCE-ID;TZID="W. Europe Standard Time":20261126T090000\r\n',
        b'DTSTART;TZID="W. Europe Standard Time":20261127T150000\r\n',
        b'DTEND;TZID="W. Europe Standard Time":20261127T151500\r\n',
    ):
        assert kept in override
    assert b"RRULE" not in override
    first = override
    store.edit("series-1", scope="one", occurrence=date(2026, 11, 26), location="Roof")
    second = others.read_bytes()[start:]
    changed = (b"DTSTAMP", b"LAST-MODIFIED", b"SEQUENCE", b"LOCATION")
    kept_lines = [line for line in first.split(b"\r\n") if line and not line.startswith(changed)]
    assert [line for line in second.split(b"\r\n") if line in kept_lines] == kept_lines


def test_a_series_of_another_program_is_cut_in_two_with_all_that_it_holds(store: CalendarStore, others: Path) -> None:
    later = store.edit("series-1", scope="following", occurrence=date(2026, 11, 26), title="Later")
    new = later.file.read_bytes()
    for kept in (
        b'X-OTHER-PROGRAM;X-Y="a:b":keep  this exactly \r\n',
        b"X-SOUND:bell\r\n",
        b"X-WR-CALNAME:Home\r\n",
        b"TZID:W. Europe Standard Time\r\n",
        b'DTSTART;TZID="W. Europe Standard Time":20261126T090000\r\n',
        b"RRULE:FREQ=DAILY;COUNT=7\r\n",
    ):
        assert kept in new
    assert len(shown(store)) == 10
    assert b"COUNT" not in others.read_bytes()


def test_alarms_of_other_programs_stay_when_ours_change(store: CalendarStore, others: Path) -> None:
    assert store.get("series-1").reminder_minutes == (5,)
    store.edit("series-1", reminder_minutes=(5, 30))
    assert b"X-SOUND:bell" in others.read_bytes()
    assert store.get("series-1").reminder_minutes == (5, 30)
    store.edit("series-1", reminder_minutes=(30,))
    assert b"X-SOUND:bell" not in others.read_bytes()


@pytest.mark.parametrize(
    ("trigger", "minutes"),
    [
        (b"TRIGGER;RELATED=END:-PT20M", 5),
        (b"TRIGGER;VALUE=DATE-TIME:20261123T073000Z", 30),
        (b"TRIGGER:PT0S", 0),
        (b"TRIGGER:-P1D", 1440),
    ],
)
def test_an_alarm_is_read_however_it_says_its_time(
    store: CalendarStore, others: Path, trigger: bytes, minutes: int
) -> None:
    others.write_bytes(OTHERS.replace(b"TRIGGER:-PT5M", trigger))
    assert store.get("series-1").reminder_minutes == (minutes,)


def test_colour_and_free_time_are_kept_in_the_file(store: CalendarStore) -> None:
    event = store.add(EventDraft("Holiday", at(25, 9), at(25, 17), colour="teal", busy=False))
    component = icalendar.Calendar.from_ical(event.file.read_bytes()).walk("VEVENT")[0]
    assert (component["COLOR"], component["TRANSP"]) == ("teal", "TRANSPARENT")
    assert (event.colour, event.busy) == ("teal", False)
    assert store.conflicts(at(25, 10), at(25, 11)) == []
    slots = store.free_slots(timedelta(hours=9), at(25, 0), at(26, 0), day_starts_hour=8, day_ends_hour=18)
    assert len(slots) == 1
    store.edit(event.uid, busy=True)
    assert len(store.conflicts(at(25, 10), at(25, 11))) == 1


def test_an_occasion_that_its_organiser_cancelled_is_not_shown(store: CalendarStore, others: Path) -> None:
    store.edit("series-1", scope="one", occurrence=date(2026, 11, 26), location="x")
    data = others.read_bytes()
    others.write_bytes(data.replace(b"LOCATION:x\r\n", b"STATUS:CANCELLED\r\n"))
    store.refresh()
    assert "Standup 26.11. 09:00" not in shown(store)
    assert len(shown(store)) == 9


def test_conflicts_are_found_for_every_repetition(store: CalendarStore, series: Event) -> None:
    found = store.conflicts(at(25, 9), at(25, 10), recurrence="FREQ=DAILY", days=20)
    assert [o.start for o in found] == [at(30, 9), at(7, 9, month=12), at(14, 9, month=12)]
    assert store.conflicts(at(25, 10), at(25, 11), recurrence="FREQ=DAILY", days=20) == []


def test_calendars_show_the_names_and_colours_of_their_folders(store: CalendarStore) -> None:
    event = store.add(EventDraft("Plan", at(26, 15), at(26, 16), calendar="work"))
    (event.file.parent / "displayname").write_text("Office\n", encoding="utf-8")
    (event.file.parent / "color").write_text("#ff8800", encoding="utf-8")
    assert [(i.name, i.title, i.colour) for i in store.calendar_infos()] == [
        ("personal", "personal", ""),
        ("work", "Office", "#ff8800"),
    ]


@pytest.mark.parametrize("scope", ["one", "following", "all"])
def test_every_scope_survives_a_restart_and_is_undone_in_one_step(
    open_store: Callable[[], CalendarStore], scope: str
) -> None:
    first = open_store()
    event = first.add(EventDraft("Standup", at(30, 9), at(30, 10), recurrence="FREQ=WEEKLY;COUNT=4"))
    before = event.file.read_bytes()
    first.edit(event.uid, scope=scope, occurrence=date(2026, 12, 7), title="Else")  # type: ignore[arg-type]
    expected = shown(first)
    first.close()
    again = open_store()
    assert shown(again) == expected
    assert again.undo() is not None
    assert [file.read_bytes() for file in event.file.parent.iterdir()] == [before]
