"""Whatever lies in the calendar folder or is imported, the program goes on, and the other files are shown."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant_app.agenda import files
from assistant_app.agenda.event_files import read_events
from assistant_app.agenda.events import EventDraft, Moment
from assistant_app.agenda.folders import CalendarFolders
from assistant_app.agenda.occasions import Window
from assistant_app.agenda.store import CalendarStore
from assistant_app.errors import AssistantError
from tests.agenda.conftest import BERLIN
from tests.agenda.test_other_programs import PROGRAMS, sample

START = datetime(2026, 12, 1, 9, 0, tzinfo=BERLIN)
WIDE = START - timedelta(days=400), START + timedelta(days=400)
WINDOW = Window(int(WIDE[0].timestamp()), int(WIDE[1].timestamp()))
READ, CHANGED = 200, 25
"""Mutations of each sample that are only read, and that are changed in the calendar, too."""
SEED = 2445

NAMES = (
    *("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "UID", "SUMMARY", "SEQUENCE"),
    *("STATUS", "TRANSP", "CATEGORIES", "TRIGGER", "COLOR", "LOCATION", "X-WR-TIMEZONE", "TZID", "TZOFFSETTO"),
    *("TZOFFSETFROM", "BEGIN", "END", "ATTACH", "ALTREP"),
)
PARAMETERS = (
    "",
    ";VALUE=DATE",
    ";VALUE=DATE-TIME",
    ";VALUE=PERIOD",
    ";TZID=Europe/Berlin",
    ";TZID=Nowhere/Land",
    ';TZID="',
    ";TZID=",
    ";RANGE=THISANDFUTURE",
    ";RELATED=END",
    ";=;;",
)
VALUES = (
    "20261201",
    "20261201T090000",
    "20261201T090000Z",
    "20261301T250000",
    "00000000",
    "99991231T235959Z",
    "00010101T000000",
    "20261201/P1D",
    "PT0S",
    "-P9999999W",
    "P1D",
    "FREQ=DAILY",
    "FREQ=SECONDLY",
    "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=WEEKLY;COUNT=99999999999",
    "FREQ=DAILY;INTERVAL=0",
    "FREQ=DAILY;INTERVAL=-1;COUNT=-5",
    "FREQ=MONTHLY;BYDAY=9MO;BYSETPOS=400",
    "FREQ=YEARLY;BYWEEKNO=54;BYYEARDAY=367",
    "FREQ=HOURLY;UNTIL=99991231T000000Z",
    "FREQ=;UNTIL=;",
    "FREQ=DAILY;UNTIL=20261210;COUNT=3",
    "RRULE",
    "VEVENT",
    "VCALENDAR",
    "VALARM",
    "+9999",
    "-1",
    "",
    "\\",
    "\\n" * 50,
    "x" * 5000,
    "\x00\x01",
    "😀\u2028\x85",
    "a,b;c:d\"e'",
)


def survives(store: CalendarStore, data: bytes) -> None:
    """The file is read (or named as a problem) where it lies, and imported or refused in words."""
    file = store.root / "personal" / "strange.ics"
    file.write_bytes(data)
    found = store.between(*WIDE)
    assert any(occasion.event.title == "Good" for occasion in found)
    for occasion in found:
        assert occasion.end >= occasion.start or not isinstance(occasion.start, datetime)
    store.next_after(START)
    store.search("good strange 牙")
    strange = next((o for o in found if o.event.title != "Good"), None)
    if strange is not None:
        change_in_part(store, strange.event.uid, strange.recurrence_id)
    file.unlink()
    done_and_undone(store, lambda: store.import_ics(data))


def change_in_part(store: CalendarStore, uid: str, which: Moment | None) -> None:
    for act in (
        lambda: store.edit(uid, title="Edited"),
        lambda: store.move(uid, START, scope="one" if which else "all", occurrence=which),
        lambda: store.delete(uid, scope="following" if which else "all", occurrence=which),
    ):
        done_and_undone(store, act)


def done_and_undone(store: CalendarStore, act: Callable[[], Any]) -> None:
    """It is done, or an error for people says why not."""
    before = store.generation()
    try:
        act()
    except AssistantError as error:
        if not error.message:
            pytest.fail("an error without words")
    if store.generation() != before:
        store.export_ics()
        store.undo()


@pytest.fixture
def with_a_good_one(store: CalendarStore, monkeypatch: pytest.MonkeyPatch) -> CalendarStore:
    monkeypatch.setattr(files.os, "fsync", lambda _descriptor: None)  # thousands of writes; no power is cut here
    store.add(EventDraft("Good", START, START + timedelta(hours=1)))
    return store


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A calendar file with one to four things wrong with it."""
    lines = data.split(b"\r\n")
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines))
        kind = chance.randrange(8)
        if kind == 0:
            del lines[at : at + chance.randint(1, 6)]
        elif kind == 1:
            lines.insert(at, lines[chance.randrange(len(lines))] if lines else b"")
        elif kind == 2:
            lines.insert(at, _line(chance))
        elif kind == 3:
            name = lines[at].split(b":")[0].split(b";")[0] if at < len(lines) else b""
            lines[at : at + 1] = [name + chance.choice(PARAMETERS).encode() + b":" + chance.choice(VALUES).encode()]
        elif kind == 4:
            lines[at] = bytes(byte ^ (chance.random() < 0.1) * chance.randrange(256) for byte in lines[at])
        elif kind == 5:
            lines = lines[:at] or [b""]
        elif kind == 6:
            lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
        else:
            other = chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        lines = lines or [b""]
    return chance.choice((b"\r\n", b"\r\n", b"\n", b"\r")).join(lines)


def _line(chance: random.Random) -> bytes:
    return f"{chance.choice(NAMES)}{chance.choice(PARAMETERS)}:{chance.choice(VALUES)}".encode()


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_damage_to_a_calendar_file_stops_the_program(with_a_good_one: CalendarStore, program: str) -> None:
    chance = random.Random(f"{SEED} {program}")
    for number in range(READ + CHANGED):
        data = mutated(sample(program), chance)
        try:
            read(data)
            if number < CHANGED:
                survives(with_a_good_one, data)
        except BaseException:
            print(f"mutation {number} of {program}:", data.decode("utf-8", "replace"), sep="\n")  # noqa: T201
            raise


@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(NAMES), st.sampled_from(PARAMETERS), st.sampled_from(VALUES)),
            st.tuples(st.sampled_from(NAMES), st.sampled_from(PARAMETERS), st.text(max_size=30)),
        ),
        max_size=12,
    )
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_any_properties_make_events_or_a_reason(found: list[tuple[str, str, str]]) -> None:
    body = "\r\n".join(f"{name}{parameters}:{value}" for name, parameters, value in found)
    text = (
        f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20261201T090000Z\r\n{body}\r\nEND:VEVENT\r\nEND:VCALENDAR"
    )
    read(text.encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_bytes_make_events_or_a_reason(data: bytes) -> None:
    read(data)
    read(b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20261201\r\n" + data + b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")


def read(data: bytes) -> None:
    """As `CalendarFolders` reads a file, which takes an error as the problem with it."""
    try:
        events = read_events(data, Path("strange.ics"), "personal", WINDOW)
    except (RecursionError, MemoryError, AssertionError):
        raise
    except Exception:  # noqa: BLE001
        return
    for event in events:
        assert all(occasion.start_s <= occasion.end_s for occasion in event.expansion.occasions)


def test_reading_never_lets_an_error_through(tmp_path: Path) -> None:
    (tmp_path / "personal").mkdir()
    (tmp_path / "personal" / "deep.ics").write_bytes(b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 30_000)
    (tmp_path / "personal" / "long.ics").write_bytes(b"BEGIN:VCALENDAR\r\nX:" + b"a\r\n " * 50_000)
    folders = CalendarFolders(tmp_path, tmp_path / "index.sqlite", lambda: START, lambda _done, _of: None)
    assert len(folders.problems()) == 2
    folders.close()
