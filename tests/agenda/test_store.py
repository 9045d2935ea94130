"""The calendar folder: what is written, what other programs see, what survives."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from assistant_app.agenda.events import EventDraft
from assistant_app.agenda.store import CalendarStore
from assistant_app.errors import InputError, StorageError

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=BERLIN)


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


DENTIST = EventDraft(
    "Dentist; Dr. Pätel, 牙医",
    at(26, 15, 30),
    at(26, 16, 15),
    location="12 High Street",
    notes="Bring the card\nand the X-ray",
    reminder_minutes=(15, 60),
    categories=("health", "a,b"),
)

FOREIGN = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Other//Program//EN\r\nX-WR-CALNAME:Home\r\n"
    b"BEGIN:VEVENT\r\nUID:foreign-1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20261127T090000\r\n"
    b"DTEND;TZID=Europe/Berlin:20261127T100000\r\nSUMMARY:Standup\r\n"
    b'X-OTHER-PROGRAM;X-Y="a:b":keep  this exactly \r\n'
    b"DESCRIPTION:A long text that the other program has folded in its own plac\r\n e\\, not in ours\r\n"
    b"BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT5M\r\nX-SOUND:bell\r\nEND:VALARM\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n"
)


def place(store: CalendarStore, name: str, data: bytes, calendar: str = "personal") -> Path:
    file = store.root / calendar / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def test_every_field_of_an_event_survives_the_file(store: CalendarStore) -> None:
    event = store.get(store.add(DENTIST).uid)
    for name in ("title", "start", "end", "location", "notes", "reminder_minutes", "categories"):
        assert getattr(event, name) == getattr(DENTIST, name), name
    assert event.calendar == "personal"
    assert event.file.parent == store.root / "personal"


def test_a_new_file_is_proper_icalendar_with_its_zone(store: CalendarStore) -> None:
    data = store.add(DENTIST).file.read_bytes()
    for piece in (
        b"PRODID:",
        b"DTSTAMP:",
        b"SEQUENCE:0",
        b"BEGIN:VTIMEZONE",
        b"DTSTART;TZID=Europe/Berlin:20261126T153000",
    ):
        assert piece in data
    assert data.count(b"\r\n") == data.count(b"\n")


@pytest.mark.parametrize("name", ["UTC", "Etc/UTC"])
def test_times_of_a_user_in_utc_are_written_without_a_zone_of_their_own(tmp_path: Path, name: str) -> None:
    store = CalendarStore(tmp_path, index_file=tmp_path / "i", journal_file=tmp_path / "j", zone=ZoneInfo(name))
    start = datetime(2026, 12, 3, 15, 30, tzinfo=ZoneInfo(name))
    data = store.add(EventDraft("Call", start, start + timedelta(minutes=45))).file.read_bytes()
    store.close()
    assert b"DTSTART:20261203T153000Z" in data
    assert b"VTIMEZONE" not in data


def test_between_gives_what_overlaps_in_order(store: CalendarStore) -> None:
    store.add(DENTIST)
    store.add(EventDraft("Trip", date(2026, 11, 25), date(2026, 11, 28)))
    store.add(EventDraft("Night shift", at(25, 22), at(26, 6)))
    store.add(EventDraft("Elsewhere", at(28, 9), at(28, 10)))
    found = store.between(at(26, 0), at(27, 0))
    assert [o.event.title for o in found] == ["Trip", "Night shift", DENTIST.title]
    assert found[0].all_day


def test_a_weekly_event_keeps_its_wall_time_across_the_clock_change(store: CalendarStore) -> None:
    store.add(EventDraft("Choir", at(18, 19, month=10), at(18, 20, month=10), recurrence="FREQ=WEEKLY;COUNT=3"))
    found = store.between(at(1, 0, month=10), at(30, 0))
    assert [o.start.strftime("%d %H:%M %z") for o in found if isinstance(o.start, datetime)] == [
        "18 19:00 +0200",
        "25 19:00 +0100",
        "01 19:00 +0100",
    ]


def test_a_rule_ends_on_the_day_it_names(store: CalendarStore) -> None:
    store.add(EventDraft("Course", at(24, 18), at(24, 19), recurrence="FREQ=WEEKLY;UNTIL=20261208"))
    assert [o.start.day for o in store.between(NOW, at(31, 0, month=12))] == [24, 1, 8]


def test_khal_lists_what_we_wrote(store: CalendarStore, tmp_path: Path) -> None:
    khal = Path(sys.executable).with_name("khal")
    if not khal.exists():
        pytest.skip("khal is not installed beside this Python")
    store.add(DENTIST)
    store.add(EventDraft("Run", at(24, 7), at(24, 8), recurrence="FREQ=DAILY;COUNT=5"))
    config = tmp_path / "khal.conf"
    config.write_text(
        f"[calendars]\n[[all]]\npath = {store.root}/*\ntype = discover\n"
        f"[sqlite]\npath = {tmp_path}/khal.db\n"
        "[locale]\nlocal_timezone = Europe/Berlin\ndefault_timezone = Europe/Berlin\n"
        "timeformat = %H:%M\ndateformat = %d.%m.%Y\nlongdateformat = %d.%m.%Y\n"
        "datetimeformat = %d.%m.%Y %H:%M\nlongdatetimeformat = %d.%m.%Y %H:%M\n"
    )
    environment = os.environ | {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    environment |= {"LC_ALL": "C.UTF-8"}
    command = [str(khal), "-c", str(config), "list", "--format", "{start-time}-{end-time} {title}", "26.11.2026", "1d"]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert f"15:30-16:15 {DENTIST.title}" in result.stdout
    assert "07:00-08:00 Run" in result.stdout


def test_what_another_program_wrote_survives_an_edit_byte_for_byte(store: CalendarStore) -> None:
    file = place(store, "foreign.ics", FOREIGN)
    store.edit("foreign-1", title="Daily standup")
    changed = {b"SUMMARY", b"DTSTAMP"}
    before = [line for line in FOREIGN.split(b"\r\n") if line.split(b":")[0] not in changed]
    after = file.read_bytes().split(b"\r\n")
    assert [line for line in after if line in before] == before
    assert store.get("foreign-1").title == "Daily standup"


def test_moving_keeps_the_length_and_the_kind_of_time(store: CalendarStore) -> None:
    file = place(store, "floating.ics", FOREIGN.replace(b";TZID=Europe/Berlin", b""))
    moved = store.move("foreign-1", at(30, 14))
    assert (moved.start, moved.end) == (at(30, 14), at(30, 15))
    assert b"DTSTART:20261130T140000\r\n" in file.read_bytes()


def test_moving_a_series_takes_its_exceptions_along(store: CalendarStore) -> None:
    extra = b"RRULE:FREQ=DAILY;COUNT=4\r\nEXDATE;TZID=Europe/Berlin:20261128T090000\r\nEND:VEVENT"
    place(store, "series.ics", FOREIGN.replace(b"END:VEVENT", extra, 1))
    store.move("foreign-1", at(28, 11))
    starts = [o.start for o in store.between(NOW, at(31, 0, month=12))]
    assert starts == [at(28, 11), at(30, 11), at(1, 11, month=12)]


def test_an_edit_changes_the_fields_given_and_no_other(store: CalendarStore) -> None:
    event = store.add(DENTIST)
    edited = store.edit(event.uid, location="3 Low Road", calendar="family")
    assert edited.location == "3 Low Road"
    assert edited.file.parent.name == "family"
    assert not event.file.exists()
    assert (edited.title, edited.notes, edited.reminder_minutes) == (event.title, event.notes, event.reminder_minutes)


def test_undo_works_after_a_restart_and_redo_brings_it_back(open_store: Callable[[], CalendarStore]) -> None:
    first = open_store()
    event = first.add(DENTIST)
    first.move(event.uid, at(27, 9))
    first.delete(event.uid)
    first.close()
    again = open_store()
    kinds = []
    while change := again.undo():
        kinds.append(change.kind)
    assert kinds == ["event_deleted", "event_moved", "event_added"]
    assert again.between(NOW, at(30, 0)) == []
    redone = again.redo()
    assert redone is not None
    assert redone.after == event
    assert again.get(event.uid).start == DENTIST.start


def test_undo_refuses_where_another_program_changed_the_file(store: CalendarStore) -> None:
    event = store.add(DENTIST)
    event.file.write_bytes(event.file.read_bytes().replace(b"12 High Street", b"13 High Street"))
    with pytest.raises(StorageError, match="Another program has changed") as caught:
        store.undo()
    assert caught.value.code == "undo_changed_since"
    assert b"13 High Street" in event.file.read_bytes()


def test_a_deleted_event_lies_in_the_bin(store: CalendarStore, tmp_path: Path) -> None:
    event = store.add(DENTIST)
    data = event.file.read_bytes()
    store.delete(event.uid)
    assert not event.file.exists()
    assert [file.read_bytes() for file in (tmp_path / "data" / "bin").iterdir()] == [data]


@pytest.mark.parametrize("damaged", [b"", b"\xff\xfe\x00garbage", FOREIGN[:200], b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT"])
def test_a_corrupt_file_is_skipped_named_and_kept(store: CalendarStore, damaged: bytes) -> None:
    good = store.add(DENTIST)
    bad = place(store, "bad.ics", damaged)
    assert [o.event.uid for o in store.between(NOW, at(30, 0))] == [good.uid]
    (problem,) = store.problems()
    assert problem.file == bad
    assert problem.reason
    assert bad.read_bytes() == damaged


@pytest.mark.parametrize("spoil", ["delete", "garbage"])
def test_the_index_is_rebuilt_from_the_files(
    open_store: Callable[[], CalendarStore], tmp_path: Path, spoil: str
) -> None:
    first = open_store()
    event = first.add(DENTIST)
    first.close()
    for file in (tmp_path / "cache").iterdir():
        if spoil == "delete":
            file.unlink()
        else:
            file.write_bytes(b"this is no database" * 300)
    assert open_store().get(event.uid) == event


def test_a_damaged_journal_is_kept_aside(
    open_store: Callable[[], CalendarStore], tmp_path: Path, expected_warnings: list[str]
) -> None:
    expected_warnings.append("the undo journal is damaged")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "journal.sqlite").write_bytes(b"no database" * 500)
    store = open_store()
    store.add(DENTIST)
    assert store.undo() is not None
    assert any(".bad-" in file.name for file in (tmp_path / "data").iterdir())


def test_another_process_is_seen_at_the_next_call(open_store: Callable[[], CalendarStore]) -> None:
    window, command_line = open_store(), open_store()
    event = command_line.add(DENTIST)
    assert window.get(event.uid) == event
    assert window.refresh()
    assert not window.refresh()
    window.move(event.uid, at(27, 9))
    assert command_line.get(event.uid).start == at(27, 9)
    assert not window.refresh()
    change = command_line.undo()
    assert change is not None
    assert change.kind == "event_moved"


def test_files_overwritten_in_place_are_noticed_by_refresh(store: CalendarStore) -> None:
    event = store.add(DENTIST)
    event.file.write_bytes(event.file.read_bytes().replace(b"12 High Street", b"Somewhere else"))
    assert store.refresh()
    assert store.get(event.uid).location == "Somewhere else"


@pytest.mark.parametrize(
    "words", ["dentist appointment", "DENTIST", "dr patel", "pätel", "dentst", "high street", "牙医", "x ray"]
)
def test_search_forgives(store: CalendarStore, words: str) -> None:
    event = store.add(DENTIST)
    store.add(EventDraft("Lunch with Ana", at(25, 12), at(25, 13)))
    assert [o.event.uid for o in store.search(words)] == [event.uid]


def test_search_puts_the_next_occasion_first_and_finds_nothing_for_strange_words(store: CalendarStore) -> None:
    store.add(EventDraft("Yoga", at(3, 18), at(3, 19)))
    store.add(EventDraft("Yoga class", at(17, 18), at(17, 19), recurrence="FREQ=WEEKLY"))
    assert [o.start for o in store.search("yoga")] == [at(24, 18), at(3, 18)]
    assert [o.start for o in store.search("yoga", after=NOW)] == [at(24, 18)]
    assert store.search("submarine") == []
    assert store.search("the") == []


def test_next_after_skips_what_has_begun_and_looks_years_ahead(store: CalendarStore) -> None:
    store.add(EventDraft("Running", at(24, 9), at(24, 11)))
    far = store.add(
        EventDraft("Far away", datetime(2033, 1, 1, 9, tzinfo=BERLIN), datetime(2033, 1, 1, 10, tzinfo=BERLIN))
    )
    found = store.next_after(NOW)
    assert found is not None
    assert found.event.uid == far.uid
    assert store.next_after(datetime(2034, 1, 1, tzinfo=BERLIN)) is None


def test_conflicts_ignore_the_event_itself_and_all_day_ones(store: CalendarStore) -> None:
    event = store.add(DENTIST)
    store.add(EventDraft("Holiday", date(2026, 11, 26), date(2026, 11, 27)))
    assert [o.event.uid for o in store.conflicts(at(26, 16), at(26, 17))] == [event.uid]
    assert store.conflicts(at(26, 16, 15), at(26, 17)) == []
    assert store.conflicts(at(26, 16), at(26, 17), ignore_uid=event.uid) == []


def test_free_slots_lie_between_events_within_the_hours(store: CalendarStore) -> None:
    store.add(EventDraft("A", at(25, 9), at(25, 12)))
    store.add(EventDraft("B", at(25, 11), at(25, 13)))
    slots = store.free_slots(timedelta(hours=1), at(25, 0), at(26, 0), day_starts_hour=8, day_ends_hour=18)
    assert [(s.start, s.end) for s in slots] == [(at(25, 8), at(25, 9)), (at(25, 13), at(25, 18))]


def test_export_and_import_carry_everything_over(store: CalendarStore, tmp_path: Path) -> None:
    event = store.add(DENTIST)
    place(store, "foreign.ics", FOREIGN)
    exported = store.export_ics()
    other = CalendarStore(
        tmp_path / "other", index_file=tmp_path / "o.db", journal_file=tmp_path / "oj" / "j.db", zone=BERLIN
    )
    found = other.import_ics(exported)
    assert {e.uid for e in found} == {event.uid, "foreign-1"}
    assert other.get(event.uid).notes == DENTIST.notes
    assert b'X-OTHER-PROGRAM;X-Y="a:b":keep  this exactly ' in other.get("foreign-1").file.read_bytes()
    other.import_ics(exported)
    assert len(other.between(NOW, at(30, 0))) == 2
    assert other.undo() is not None
    change = other.undo()
    assert change is not None
    assert change.count == 2
    assert other.between(NOW, at(30, 0)) == []
    other.close()


def test_events_without_a_uid_are_imported_and_stay_editable(store: CalendarStore) -> None:
    nameless = FOREIGN.replace(b"UID:foreign-1\r\n", b"")
    first, second = store.import_ics(nameless)[0], store.import_ics(nameless)[0]
    assert first.uid != second.uid
    assert store.edit(first.uid, title="Named").title == "Named"
    assert store.get(second.uid).title == "Standup"


def test_nonsense_is_not_imported(store: CalendarStore) -> None:
    with pytest.raises(InputError, match="Nothing was added"):
        store.import_ics("hello")


def test_impossible_requests_are_refused_in_words(store: CalendarStore) -> None:
    with pytest.raises(InputError, match="end after it starts"):
        store.add(EventDraft("Backwards", at(26, 16), at(26, 15)))
    with pytest.raises(InputError, match="cannot be the name of a calendar"):
        store.add(EventDraft("Outside", at(26, 15), at(26, 16), calendar="../elsewhere"))
    with pytest.raises(InputError, match="no recurrence rule"):
        store.add(EventDraft("Odd", at(26, 15), at(26, 16), recurrence="FREQ=SOMETIMES"))
    with pytest.raises(InputError, match="no event"):
        store.get("unknown")
    assert store.between(NOW, at(30, 0)) == []


def test_calendars_name_the_default_before_it_exists(store: CalendarStore) -> None:
    assert store.calendars() == ["personal"]
    store.add(EventDraft("Plan", at(26, 15), at(26, 16), calendar="work"))
    assert store.calendars() == ["personal", "work"]


def test_two_threads_can_use_the_store(store: CalendarStore) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(lambda n: store.add(EventDraft(f"E{n}", at(25, 9), at(25, 10))), range(12)))
        found = list(pool.map(lambda event: store.get(event.uid).title, added))
    assert found == [f"E{n}" for n in range(12)]
