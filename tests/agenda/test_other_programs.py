"""Calendar files as other programs write them (samples of our own, in their manner), and broken ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from assistant_app.agenda import calendar_text
from assistant_app.agenda.events import Occurrence
from assistant_app.agenda.store import CalendarStore
from tests.agenda.conftest import BERLIN

SAMPLES = Path(__file__).with_name("samples")
PROGRAMS = ("google", "outlook", "apple", "thunderbird")
DECEMBER = datetime(2026, 12, 1, tzinfo=BERLIN), datetime(2027, 5, 1, tzinfo=BERLIN)

OCCASIONS = {
    "google": [
        "01.12. 18:00-19:30 Choir 🎵",
        "08.12. 10:00-10:30 Call with Boston",
        "08.12. 18:00-19:30 Choir 🎵",
        "23.12. 19:00-20:30 Choir, last before the holidays",
        "24.12.-27.12. Away",
        "29.12. 18:00-19:30 Choir 🎵",
    ],
    "outlook": [
        "02.12. 10:00-11:00 Monthly review",
        "03.12. 23:00-01:30 Server room",
        "05.12.-06.12. Firmenlauf",
        "03.03. 10:00-11:00 Monthly review",
        "07.04. 10:00-11:00 Monthly review",
    ],
    "apple": [
        "03.12.-04.12. Ida’s birthday",
        "07.12. 10:30-11:30 Exhibition",
        "10.12. 07:00-07:45 Run",
        "11.12. 07:00-07:45 Run",
        "12.12. 07:00-07:45 Run",
        "14.12. 21:00-22:00 Concerts",
        "16.12. 21:00-22:00 Concerts",
        "19.12. 18:00-19:00 Concerts",
    ],
    "thunderbird": [
        "03.12. 14:00-14:40 Physiotherapy",
        "08.12. 12:00-12:00 Moment",
        "17.12. 14:00-14:40 Physiotherapy",
    ],
}
"""What a person in Berlin sees of each sample."""

CHANGED_BY_AN_EDIT = {b"SUMMARY", b"DTSTAMP", b"LAST-MODIFIED", b"SEQUENCE"}


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.ics").read_bytes()


def shown(occurrence: Occurrence) -> str:
    start, end, title = occurrence.start, occurrence.end, occurrence.event.title
    if isinstance(start, datetime):
        return f"{start:%d.%m. %H:%M}-{end:%H:%M} {title}"
    return f"{start:%d.%m.}-{end:%d.%m.} {title}"


def seen(store: CalendarStore) -> list[str]:
    return [shown(occurrence) for occurrence in store.between(*DECEMBER)]


def lines(data: bytes) -> Counter[bytes]:
    """The content lines, unfolded, but for the frame around the components."""
    unfolded = re.sub(rb"\r?\n[ \t]", b"", data).splitlines()
    components = unfolded[next(n for n, line in enumerate(unfolded) if line == b"BEGIN:VTIMEZONE") :]
    return Counter(components)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_file_of_another_program_is_read_where_it_lies(store: CalendarStore, program: str) -> None:
    folder = store.root / "personal"
    folder.mkdir(parents=True)
    (folder / "theirs.ics").write_bytes(sample(program))
    assert seen(store) == OCCASIONS[program]
    assert store.problems() == ()


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_imported_and_exported_again_has_every_line(
    open_store: Callable[[], CalendarStore], tmp_path: Path, program: str
) -> None:
    store = open_store()
    store.import_ics(sample(program))
    assert seen(store) == OCCASIONS[program]
    exported = store.export_ics()
    assert lines(exported) == lines(sample(program))
    other = CalendarStore(
        tmp_path / "other", index_file=tmp_path / "other-index", journal_file=tmp_path / "other-journal", zone=BERLIN
    )
    other.import_ics(exported)
    assert seen(other) == OCCASIONS[program]
    other.close()


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_edit_changes_no_line_but_those_of_what_was_edited(store: CalendarStore, program: str) -> None:
    for event in store.import_ics(sample(program)):
        before = event.file.read_bytes()
        edited = store.edit(event.uid, title="Another title")
        assert edited.title == "Another title"
        gone, new = lines(before) - lines(edited.file.read_bytes()), lines(edited.file.read_bytes()) - lines(before)
        names = {re.split(rb"[;:]", line, maxsplit=1)[0] for line in (*gone, *new)}
        assert names <= CHANGED_BY_AN_EDIT, names - CHANGED_BY_AN_EDIT
        store.undo()
        assert event.file.read_bytes() == before
    assert seen(store) == OCCASIONS[program]


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_series_of_another_program_can_be_moved_cut_and_cancelled_in_part(
    store: CalendarStore, program: str
) -> None:
    store.import_ics(sample(program))
    changed = 0
    for occurrence in store.between(*DECEMBER):
        if occurrence.recurrence_id is None:
            continue
        uid, which = occurrence.event.uid, occurrence.recurrence_id
        for act in (
            lambda uid=uid, which=which, start=occurrence.start: store.move(
                uid, start + timedelta(days=1), scope="one", occurrence=which
            ),
            lambda uid=uid, which=which: store.edit(uid, title="From then on", scope="following", occurrence=which),
            lambda uid=uid, which=which: store.delete(uid, scope="one", occurrence=which),
            lambda uid=uid, which=which: store.delete(uid, scope="following", occurrence=which),
        ):
            act()
            assert seen(store) != OCCASIONS[program]
            assert store.problems() == ()
            store.undo()
            assert seen(store) == OCCASIONS[program]
            changed += 1
    assert changed >= 8


@pytest.mark.parametrize("program", PROGRAMS)
def test_importing_again_what_lies_in_one_file_keeps_the_others_in_it(store: CalendarStore, program: str) -> None:
    folder = store.root / "personal"
    folder.mkdir(parents=True)
    file = folder / "theirs.ics"
    file.write_bytes(sample(program))
    single = store.between(*DECEMBER)[-1].event.uid
    newer = calendar_text.alone(sample(program), single).replace(b"SUMMARY", b"X-NEW:1\r\nSUMMARY")
    store.import_ics(newer)
    assert seen(store) == OCCASIONS[program]
    assert b"X-NEW:1" in file.read_bytes()
    store.import_ics(sample(program))
    assert seen(store) == OCCASIONS[program]
    assert lines(file.read_bytes()) == lines(sample(program))
    store.undo()
    store.undo()
    assert file.read_bytes() == sample(program)


def test_to_dos_in_an_imported_file_are_taken_over(store: CalendarStore) -> None:
    store.import_ics(sample("thunderbird"))
    assert b"SUMMARY:Return the books" in b"".join(
        (store.root / path).read_bytes() for path in store.files_without_events()
    )
    store.undo()
    assert store.files_without_events() == {}


def test_their_reminders_and_free_time_are_understood(store: CalendarStore) -> None:
    for program in PROGRAMS:
        store.import_ics(sample(program))
    reminders = {event.title: event.reminder_minutes for event in (o.event for o in store.between(*DECEMBER))}
    assert reminders["Choir 🎵"] == (30,)
    assert reminders["Monthly review"] == (15,)
    assert reminders["Exhibition"][0] == 60
    assert reminders["Physiotherapy"] == (10, -40)
    free = {o.event.title for o in store.between(*DECEMBER) if not o.event.busy}
    assert free == {"Away", "Firmenlauf", "Ida’s birthday"}


def test_a_zone_that_only_the_file_knows_is_used(store: CalendarStore) -> None:
    data = sample("outlook").replace(b"W. Europe Standard Time", b"Our office")
    store.import_ics(data)
    assert seen(store) == OCCASIONS["outlook"]
    event = next(o.event for o in store.between(*DECEMBER) if o.event.title == "Monthly review")
    store.move(event.uid, datetime(2026, 12, 2, 12, tzinfo=ZoneInfo("Europe/Berlin")))
    assert "02.12. 12:00-13:00 Monthly review" in seen(store)
