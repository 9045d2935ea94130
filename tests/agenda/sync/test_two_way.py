"""Two-way sync against a real server: what goes where, and that nothing is lost on the way."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from assistant_app.agenda.events import EventDraft
from assistant_app.agenda.sync import two_way
from assistant_app.agenda.sync.caldav_server import CaldavServer
from assistant_app.agenda.sync.progress import Progress
from assistant_app.errors import InputError, TurnCancelled
from assistant_app.turn import Cancel
from tests.agenda.sync.conftest import BERLIN, Desk, Radicale, event

LUNCH = EventDraft(
    "Lunch with Zoë, 午饭",
    datetime(2026, 11, 26, 12, 0, tzinfo=BERLIN),
    datetime(2026, 11, 26, 13, 0, tzinfo=BERLIN),
    notes="Bring; the, list",
)
FOREIGN = b'X-OTHER-PROGRAM;X-Y="a:b":keep  this exactly \r\nX-LONG:' + b"a" * 60 + b"\r\n b\r\n"


def test_an_event_goes_there_and_a_change_of_it_comes_back(
    desk: Desk, new_desk: Callable[..., Desk], calendar: str
) -> None:
    lunch = desk.store.add(LUNCH)
    assert desk.synced().tally.sent == 1
    other = new_desk(calendar)
    assert other.synced().tally.fetched == 1
    assert other.store.get(lunch.uid).title == LUNCH.title
    assert other.store.get(lunch.uid).notes == LUNCH.notes
    other.store.edit(lunch.uid, title="Late lunch", start=LUNCH.start + timedelta(hours=1))
    assert other.synced().tally.sent == 1
    assert desk.synced().tally.fetched == 1
    changed = desk.store.get(lunch.uid)
    assert (changed.title, changed.start) == ("Late lunch", LUNCH.start + timedelta(hours=1))
    assert desk.synced().tally == other.synced().tally


def test_a_second_sync_without_changes_moves_nothing(desk: Desk, radicale: Radicale, calendar: str) -> None:
    radicale.put(calendar, "a.ics", event("a", "Theirs"))
    desk.store.add(LUNCH)
    desk.synced()
    before = {name: desk.file(name).read_bytes() for name in desk.files()}
    tally = desk.synced().tally
    assert (tally.fetched, tally.sent, tally.removed, tally.deleted) == (0, 0, 0, 0)
    assert {name: desk.file(name).read_bytes() for name in desk.files()} == before


def test_what_is_deleted_on_one_side_goes_on_the_other(desk: Desk, radicale: Radicale, calendar: str) -> None:
    radicale.put(calendar, "a.ics", event("a", "Theirs"))
    radicale.put(calendar, "b.ics", event("b", "Stays"))
    lunch = desk.store.add(LUNCH)
    desk.synced()
    radicale.delete(calendar, "a.ics")
    desk.store.delete(lunch.uid)
    tally = desk.synced().tally
    assert (tally.removed, tally.deleted) == (1, 1)
    assert desk.files() == radicale.names(calendar) == {"b.ics"}


def test_an_event_removed_by_the_server_lies_in_the_bin(desk: Desk, radicale: Radicale, calendar: str) -> None:
    radicale.put(calendar, "a.ics", event("a", "Theirs"))
    desk.synced()
    data = desk.file("a.ics").read_bytes()
    radicale.delete(calendar, "a.ics")
    desk.synced()
    assert not desk.file("a.ics").exists()
    assert data in [file.read_bytes() for file in (desk.folder / "data" / "bin").iterdir()]


def test_other_programs_properties_survive_an_edit_here(desk: Desk, radicale: Radicale, calendar: str) -> None:
    radicale.put(calendar, "a.ics", event("a", "Theirs", extra=FOREIGN))
    desk.synced()
    fetched = desk.file("a.ics").read_bytes()
    assert b'X-OTHER-PROGRAM;X-Y="a:b":keep  this exactly \r\n' in fetched
    desk.store.edit("a", title="Renamed")
    edited = desk.file("a.ics").read_bytes()
    desk.synced()
    assert desk.file("a.ics").read_bytes() == edited, "sending must not touch our own file"
    there = radicale.get(calendar, "a.ics").replace(b"\r\n", b"\n")
    assert b'X-OTHER-PROGRAM;X-Y="a:b":keep  this exactly \n' in there
    assert b"a" * 60 + b"b" in there.replace(b"\n ", b"")
    assert b"SUMMARY:Renamed\n" in there


def test_undo_after_a_sync_is_a_change_that_is_sent(desk: Desk, radicale: Radicale, calendar: str) -> None:
    lunch = desk.store.add(LUNCH)
    desk.synced()
    desk.store.edit(lunch.uid, title="Dinner")
    desk.synced()
    desk.store.undo()
    desk.synced()
    assert b"SUMMARY:Lunch" in radicale.get(calendar, f"{lunch.uid}.ics")
    desk.store.delete(lunch.uid)
    desk.synced()
    assert radicale.names(calendar) == set()
    desk.store.undo()
    desk.synced()
    assert radicale.names(calendar) == {f"{lunch.uid}.ics"}
    desk.store.undo()
    desk.synced()
    assert radicale.names(calendar) == set()


def test_undo_does_not_take_back_what_the_server_did(desk: Desk, radicale: Radicale, calendar: str) -> None:
    radicale.put(calendar, "a.ics", event("a", "Theirs"))
    desk.synced()
    assert desk.store.undo() is None
    assert desk.titles() == {"Theirs"}


def test_changes_made_while_the_server_is_away_wait_and_are_sent(tmp_path: Path, new_desk: Callable[..., Desk]) -> None:
    pytest.importorskip("radicale", reason="the CalDAV server Radicale is not installed (extra: test)")
    (tmp_path / "server").mkdir()
    server = Radicale(tmp_path / "server")
    server.start()
    try:
        calendar = server.new_calendar()
        server.put(calendar, "a.ics", event("a", "Theirs"))
        desk = new_desk(calendar)
        desk.synced()
        server.stop()
        lunch = desk.store.add(LUNCH)
        desk.store.delete("a")
        error = desk.sync().error
        assert error is not None
        assert error.code == "server_unreachable"
        assert "wait" in error.message
        (status,) = desk.syncing.status()
        assert (status.waiting, status.error) == (2, error.message)
        server.start()
        desk.synced()
        assert server.names(calendar) == {f"{lunch.uid}.ics"}
        (status,) = desk.syncing.status()
        assert (status.waiting, status.error) == (0, "")
    finally:
        server.stop()


def test_a_wrong_password_is_said_and_nothing_is_touched(
    radicale: Radicale, calendar: str, new_desk: Callable[..., Desk]
) -> None:
    desk = new_desk(calendar, password="wrong")
    desk.store.add(LUNCH)
    error = desk.sync().error
    assert error is not None
    assert error.code == "password_wrong"
    assert "assistant calendar accounts password home" in error.message
    assert desk.titles() == {LUNCH.title}
    desk.password = "s3cret, wörd"
    assert desk.synced().tally.sent == 1


def test_an_expired_token_costs_a_listing_and_nothing_else(
    desk: Desk, radicale: Radicale, calendar: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="assistant_app.agenda.sync")
    for name in ("a", "b", "c"):
        radicale.put(calendar, f"{name}.ics", event(name, name))
    desk.synced()
    radicale.forget_tokens(calendar)
    radicale.delete(calendar, "a.ics")
    radicale.put(calendar, "b.ics", event("b", "changed"))
    lunch = desk.store.add(LUNCH)
    tally = desk.synced().tally
    assert "token of work has expired" in caplog.text
    assert (tally.fetched, tally.removed, tally.sent, tally.conflicts) == (1, 1, 1, 0)
    assert desk.files() == {"b.ics", "c.ics", f"{lunch.uid}.ics"} == radicale.names(calendar)


def test_a_server_without_sync_tokens_is_compared_by_etags(
    desk: Desk, radicale: Radicale, calendar: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CaldavServer, "changes", lambda self, address, _token: self._listed(address))
    for name in ("a", "b"):
        radicale.put(calendar, f"{name}.ics", event(name, name))
    desk.synced()
    radicale.delete(calendar, "a.ics")
    radicale.put(calendar, "b.ics", event("b", "changed"))
    radicale.put(calendar, "c.ics", event("c", "new"))
    tally = desk.synced().tally
    assert (tally.fetched, tally.removed) == (2, 1)
    assert desk.titles() == {"changed", "new"}


def test_a_big_calendar_that_is_cut_off_goes_on_where_it_was(radicale: Radicale, new_desk: Callable[..., Desk]) -> None:
    size = 300
    desk = new_desk(radicale.new_calendar_of(size))
    cancel = Cancel()
    seen: list[Progress] = []

    def stop_on_the_way(progress: Progress) -> None:
        seen.append(progress)
        if progress.stage == "fetching" and progress.done >= 2 * two_way.BATCH:
            cancel.set()

    with pytest.raises(TurnCancelled):
        desk.syncing.sync(report=stop_on_the_way, cancel=cancel)
    assert len(desk.files()) == 2 * two_way.BATCH
    assert [(p.done, p.total) for p in seen if p.stage == "fetching"] == [(0, 300), (50, 300), (100, 300)]
    tally = desk.synced().tally
    assert tally.fetched == size - 2 * two_way.BATCH
    assert len(desk.files()) == size
    assert desk.synced().tally.fetched == 0


def test_sending_that_is_cut_off_neither_repeats_nor_forgets(desk: Desk, radicale: Radicale, calendar: str) -> None:
    for number in range(14):
        desk.store.import_ics(event(f"e{number}", f"Event {number}"))
    cancel = Cancel()

    def stop(progress: Progress) -> None:
        if progress.stage == "sending" and progress.done >= 10:
            cancel.set()

    with pytest.raises(TurnCancelled):
        desk.syncing.sync(report=stop, cancel=cancel)
    assert len(radicale.names(calendar)) == 10
    tally = desk.synced().tally
    assert (tally.sent, tally.conflicts) == (4, 0)
    assert len(radicale.names(calendar)) == 14 == len(desk.files())


def test_a_lost_sync_state_neither_doubles_nor_deletes(desk: Desk, radicale: Radicale, calendar: str) -> None:
    radicale.put(calendar, "a.ics", event("a", "Theirs"))
    lunch = desk.store.add(LUNCH)
    desk.synced()
    for file in (desk.folder / "data").glob("sync.sqlite*"):
        file.unlink()
    tally = desk.synced().tally
    assert (tally.fetched, tally.sent, tally.conflicts) == (0, 0, 0)
    assert desk.files() == radicale.names(calendar) == {"a.ics", f"{lunch.uid}.ics"}
    desk.store.delete("a")
    desk.synced()
    assert radicale.names(calendar) == {f"{lunch.uid}.ics"}


def test_a_calendar_folder_that_is_gone_deletes_nothing_there(desk: Desk, radicale: Radicale, calendar: str) -> None:
    radicale.put(calendar, "a.ics", event("a", "Theirs"))
    desk.synced()
    desk.file("a.ics").unlink()
    (desk.store.root / "work").rmdir()
    error = desk.sync().error
    assert error is not None
    assert error.code == "folder_missing"
    assert radicale.names(calendar) == {"a.ics"}


@pytest.mark.parametrize("side", ["here", "there"])
def test_a_calendar_that_was_emptied_as_a_whole_is_asked_about(
    side: str, desk: Desk, radicale: Radicale, calendar: str
) -> None:
    names = {f"e{number}.ics" for number in range(two_way.MOST_AT_ONCE)}
    for name in names:
        radicale.put(calendar, name, event(name[:-4], name))
    desk.synced()
    for name in names:
        if side == "here":
            desk.file(name).unlink()
        else:
            radicale.delete(calendar, name)
    error = desk.sync().error
    assert error is not None
    assert error.code == "calendar_emptied"
    assert (radicale.names(calendar) if side == "here" else desk.files()) == names
    assert desk.sync(allow_emptied=True).error is None
    assert radicale.names(calendar) == desk.files() == set()


def test_a_file_of_several_events_is_not_sent_but_named(desk: Desk, radicale: Radicale, calendar: str) -> None:
    one, two = event("a", "One"), event("b", "Two")
    both = one[: one.index(b"END:VCALENDAR")] + two[two.index(b"BEGIN:VEVENT") :]
    desk.file("both.ics").parent.mkdir(parents=True)
    desk.file("both.ics").write_bytes(both)
    assert desk.synced().tally.refused == 1
    (status,) = desk.syncing.status()
    ((name, reason),) = status.refused
    assert name == "both.ics"
    assert "2 events" in reason
    assert desk.file("both.ics").read_bytes() == both
    assert radicale.names(calendar) == set()


def test_two_events_of_one_file_name_both_arrive(desk: Desk, radicale: Radicale, calendar: str) -> None:
    desk.file("x.ics").parent.mkdir(parents=True)
    desk.file("x.ics").write_bytes(event("mine", "Mine"))
    radicale.put(calendar, "x.ics", event("theirs", "Theirs"))
    desk.synced()
    assert desk.titles() == {"Mine", "Theirs"}
    assert len(radicale.names(calendar)) == 2


def test_an_account_that_is_off_is_not_asked(desk: Desk) -> None:
    desk.account = dataclasses.replace(desk.account, switched_on=False, address="https://nowhere.invalid/")
    assert desk.syncing.sync() == []
    with pytest.raises(InputError, match="switched off"):
        desk.syncing.sync(["home"])


def test_two_syncs_at_once_are_one_too_many(desk: Desk) -> None:
    codes: list[str] = []

    def again(progress: Progress) -> None:
        if progress.stage == "listing":
            with pytest.raises(InputError) as caught:
                desk.syncing.sync()
            codes.append(caught.value.code)

    desk.syncing.sync(report=again)
    assert codes == ["sync_running"]
