"""Events changed on both sides: both versions are kept, shown, and the user's choice is carried out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest

from assistant_app.agenda.sync.service import Conflict
from assistant_app.errors import InputError
from tests.agenda.sync.conftest import Desk, Radicale, event


@pytest.fixture
def split(desk: Desk, radicale: Radicale, calendar: str) -> Desk:
    """A desk whose event `a` has been renamed on both sides and synced since."""
    radicale.put(calendar, "a.ics", event("a", "First"))
    desk.synced()
    desk.store.edit("a", title="Ours")
    radicale.put(calendar, "a.ics", event("a", "Theirs", day=27))
    assert desk.synced().tally.conflicts == 1
    return desk


def only(desk: Desk) -> Conflict:
    (conflict,) = desk.syncing.conflicts()
    return conflict


def test_both_versions_are_kept_and_shown(split: Desk, radicale: Radicale, calendar: str) -> None:
    conflict = only(split)
    assert conflict.mine is not None
    assert conflict.theirs is not None
    assert (conflict.calendar, conflict.uid, conflict.title) == ("work", "a", "Ours")
    shown = {d.name: (d.mine, d.theirs) for d in conflict.differences}
    assert shown["SUMMARY"] == ("Ours", "Theirs")
    assert shown["DTSTART"] == ("20261126T090000Z", "20261127T090000Z")
    assert split.titles() == {"Ours"}
    assert b"SUMMARY:Theirs" in radicale.get(calendar, "a.ics")


def test_an_open_conflict_stays_through_further_syncs_and_follows_both_sides(
    split: Desk, radicale: Radicale, calendar: str
) -> None:
    split.store.edit("a", title="Ours again")
    radicale.put(calendar, "a.ics", event("a", "Theirs again"))
    radicale.put(calendar, "b.ics", event("b", "Another"))
    tally = split.synced().tally
    assert (tally.conflicts, tally.fetched) == (1, 1)
    conflict = only(split)
    assert b"SUMMARY:Ours again" in (conflict.mine or b"")
    assert b"SUMMARY:Theirs again" in (conflict.theirs or b"")


@pytest.mark.parametrize(("keep", "title"), [("mine", "Ours"), ("theirs", "Theirs")])
def test_one_version_is_chosen_and_both_sides_get_it(
    keep: Literal["mine", "theirs"], title: str, split: Desk, radicale: Radicale, calendar: str
) -> None:
    split.syncing.resolve(only(split).id, keep)
    assert split.syncing.conflicts() == []
    assert split.synced().tally.conflicts == 0
    assert split.titles() == {title}
    assert f"SUMMARY:{title}".encode() in radicale.get(calendar, "a.ics")


def test_both_versions_become_two_events(
    split: Desk, radicale: Radicale, calendar: str, new_desk: Callable[..., Desk]
) -> None:
    split.syncing.resolve(only(split).id, "both")
    split.synced()
    other = new_desk(calendar)
    other.synced()
    assert split.titles() == other.titles() == {"Ours", "Theirs"}
    assert other.store.get("a").title == "Theirs"


def test_a_choice_can_be_undone(split: Desk, radicale: Radicale, calendar: str) -> None:
    split.syncing.resolve(only(split).id, "theirs")
    split.synced()
    split.store.undo()
    assert split.titles() == {"Ours"}
    split.synced()
    assert b"SUMMARY:Ours" in radicale.get(calendar, "a.ics")


def test_taking_the_own_change_back_ends_the_conflict(split: Desk) -> None:
    split.store.undo()
    tally = split.synced().tally
    assert tally.conflicts == 0
    assert split.titles() == {"Theirs"}


def test_the_same_change_on_both_sides_is_no_conflict(desk: Desk, radicale: Radicale, calendar: str) -> None:
    radicale.put(calendar, "a.ics", event("a", "First"))
    desk.synced()
    desk.store.edit("a", title="Same")
    radicale.put(calendar, "a.ics", desk.file("a.ics").read_bytes())
    assert desk.synced().tally.conflicts == 0
    assert desk.titles() == {"Same"}


@pytest.mark.parametrize("keep", ["mine", "theirs"])
def test_deleted_here_and_changed_there(
    keep: Literal["mine", "theirs"], desk: Desk, radicale: Radicale, calendar: str
) -> None:
    radicale.put(calendar, "a.ics", event("a", "First"))
    desk.synced()
    desk.store.delete("a")
    radicale.put(calendar, "a.ics", event("a", "Theirs"))
    assert desk.synced().tally.conflicts == 1
    conflict = only(desk)
    assert conflict.mine is None
    assert conflict.title == "Theirs"
    with pytest.raises(InputError, match="no two versions"):
        desk.syncing.resolve(conflict.id, "both")
    desk.syncing.resolve(conflict.id, keep)
    desk.synced()
    expected = set() if keep == "mine" else {"a.ics"}
    assert desk.files() == radicale.names(calendar) == expected


@pytest.mark.parametrize("keep", ["mine", "theirs"])
def test_changed_here_and_deleted_there(
    keep: Literal["mine", "theirs"], desk: Desk, radicale: Radicale, calendar: str
) -> None:
    radicale.put(calendar, "a.ics", event("a", "First"))
    desk.synced()
    desk.store.edit("a", title="Ours")
    radicale.delete(calendar, "a.ics")
    assert desk.synced().tally.conflicts == 1
    conflict = only(desk)
    assert conflict.theirs is None
    assert desk.titles() == {"Ours"}
    desk.syncing.resolve(conflict.id, keep)
    desk.synced()
    assert desk.files() == radicale.names(calendar) == ({"a.ics"} if keep == "mine" else set())
    if keep == "theirs":
        desk.store.undo()
        desk.synced()
        assert radicale.names(calendar) == {"a.ics"}


def test_one_event_imported_on_both_sides_in_two_versions_is_one_conflict(
    desk: Desk, radicale: Radicale, calendar: str
) -> None:
    desk.store.import_ics(event("a", "Ours"))
    radicale.put(calendar, "from-elsewhere.ics", event("a", "Theirs"))
    assert desk.synced().tally.conflicts == 1
    assert desk.files() == {"a.ics"}
    desk.syncing.resolve(only(desk).id, "mine")
    desk.synced()
    assert b"SUMMARY:Ours" in radicale.get(calendar, "from-elsewhere.ics")
    assert radicale.names(calendar) == {"from-elsewhere.ics"}


def test_a_change_there_between_listing_and_sending_is_a_conflict(
    desk: Desk, radicale: Radicale, calendar: str
) -> None:
    radicale.put(calendar, "a.ics", event("a", "First"))
    desk.synced()
    desk.store.edit("a", title="Ours")

    def change(progress: object) -> None:
        if getattr(progress, "stage", "") == "sending":
            radicale.put(calendar, "a.ics", event("a", "Theirs"))

    (result,) = desk.syncing.sync(report=change)
    assert (result.error, result.tally.sent, result.tally.conflicts) == (None, 0, 1)
    assert b"SUMMARY:Theirs" in radicale.get(calendar, "a.ics")
    assert desk.titles() == {"Ours"}


def test_an_unknown_conflict_is_said_so(desk: Desk) -> None:
    with pytest.raises(InputError, match="There is no conflict 7"):
        desk.syncing.resolve(7, "mine")
