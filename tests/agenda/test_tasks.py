"""To-do lists: VTODO files in calendar folders, shared with other programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import icalendar
import pytest

from assistant_app.agenda.store import CalendarStore
from assistant_app.agenda.tasks import DEFAULT_LIST, TaskLists, plain_name, tidy_name
from assistant_app.errors import InputError, StorageError
from tests.agenda.conftest import BERLIN

STRANGERS = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Other//Tasks//EN\r
BEGIN:VTODO\r
UID:strange-1\r
DTSTAMP:20261101T080000Z\r
SUMMARY:Water the plants\r
X-OTHER-COLOUR:green\r
DUE;VALUE=DATE:20261126\r
PRIORITY:1\r
BEGIN:VALARM\r
ACTION:DISPLAY\r
TRIGGER;VALUE=DATE-TIME:20261126T070000Z\r
X-OTHER-SOUND:drip\r
END:VALARM\r
END:VTODO\r
END:VCALENDAR\r
"""


@pytest.fixture
def tasks(store: CalendarStore) -> TaskLists:
    return TaskLists(store)


def put_strangers_file(store: CalendarStore) -> Path:
    file = store.root / "home" / "strange.ics"
    file.parent.mkdir(parents=True)
    file.write_bytes(STRANGERS)
    return file


def test_task_is_a_todo_file_that_rings_when_it_is_due(tasks: TaskLists) -> None:
    (task,) = tasks.add(["Hand in the report"], "work", datetime(2026, 11, 27, 17, tzinfo=BERLIN))
    (todo,) = icalendar.Calendar.from_ical(task.file.read_bytes()).walk("VTODO")
    assert (str(todo["SUMMARY"]), str(todo["STATUS"])) == ("Hand in the report", "NEEDS-ACTION")
    assert todo["DUE"].dt == datetime(2026, 11, 27, 17, tzinfo=BERLIN)
    (alarm,) = todo.walk("VALARM")
    assert alarm["TRIGGER"].params["RELATED"] == "END"
    assert task.alarms == (datetime(2026, 11, 27, 17, tzinfo=BERLIN),)
    assert b"BEGIN:VTIMEZONE" in task.file.read_bytes()


def test_task_due_on_a_day_does_not_ring(tasks: TaskLists) -> None:
    (task,) = tasks.add(["Tax"], "", date(2026, 12, 1))
    assert (task.due, task.alarms, task.list_name) == (date(2026, 12, 1), (), DEFAULT_LIST)


def test_next_due_comes_first_and_the_rest_as_it_was_added(tasks: TaskLists) -> None:
    tasks.add(["Milk", "Eggs", "Bread"], "shopping")
    tasks.add(["Later"], "shopping", date(2026, 12, 1))
    tasks.add(["Sooner"], "shopping", datetime(2026, 11, 30, 9, tzinfo=BERLIN))
    assert [task.title for task in tasks.tasks("shopping")] == ["Sooner", "Later", "Milk", "Eggs", "Bread"]


def test_ticking_off_leaves_every_other_byte_of_another_programs_file(store: CalendarStore, tasks: TaskLists) -> None:
    file = put_strangers_file(store)
    (task,) = tasks.tasks()
    assert (task.title, task.due) == ("Water the plants", date(2026, 11, 26))
    assert task.alarms == (datetime(2026, 11, 26, 8, tzinfo=BERLIN),)
    tasks.complete(["strange-1"])
    lines = file.read_bytes().splitlines()
    kept = [line for line in STRANGERS.splitlines() if not line.startswith(b"DTSTAMP")]
    assert [line for line in kept if line not in lines] == []
    assert {b"STATUS:COMPLETED", b"PERCENT-COMPLETE:100"} <= set(lines)
    assert tasks.tasks() == []
    tasks.complete(["strange-1"], done=False)
    assert b"COMPLETED" not in file.read_bytes()


def test_due_date_is_changed_and_taken_away(tasks: TaskLists) -> None:
    (task,) = tasks.add(["Report"], "work", date(2026, 11, 27))
    changed = tasks.edit(task.uid, due=datetime(2026, 11, 28, 9, tzinfo=BERLIN), title="Long report")
    assert (changed.title, len(changed.alarms)) == ("Long report", 1)
    assert tasks.edit(task.uid, due=None).due is None
    assert b"VALARM" not in task.file.read_bytes()


def test_several_things_are_one_step_for_undo(store: CalendarStore, tasks: TaskLists) -> None:
    tasks.add(["Milk", "Eggs"], "shopping")
    change = store.undo()
    assert change is not None
    assert (change.kind, change.title, change.count) == ("task_added", "Milk", 2)
    assert tasks.tasks() == []
    store.redo()
    assert len(tasks.tasks()) == 2


def test_removed_things_are_in_the_bin_and_come_back(store: CalendarStore, tasks: TaskLists) -> None:
    added = tasks.add(["Milk", "Eggs"], "shopping")
    tasks.remove([task.uid for task in added])
    assert tasks.tasks() == []
    assert len(store.bin()) == 2
    store.undo()
    assert [task.title for task in tasks.tasks()] == ["Milk", "Eggs"]


def test_tasks_are_no_events_and_events_no_tasks(store: CalendarStore, tasks: TaskLists) -> None:
    tasks.add(["Report"], "work", datetime(2026, 11, 27, 17, tzinfo=BERLIN))
    assert store.between(datetime(2026, 11, 1, tzinfo=BERLIN), datetime(2026, 12, 31, tzinfo=BERLIN)) == []
    assert store.problems() == ()


def test_new_list_is_there_before_anything_is_on_it(store: CalendarStore, tasks: TaskLists) -> None:
    assert tasks.make_list("my packing list") == "packing"
    assert tasks.make_list("Packing") == "packing"
    assert tasks.lists() == ["packing"]
    store.undo()
    assert tasks.lists() == []


def test_another_process_sees_what_was_added(open_store: Callable[[], CalendarStore], tasks: TaskLists) -> None:
    other = TaskLists(open_store())
    assert other.tasks() == []
    tasks.add(["Milk"], "shopping")
    assert [task.title for task in other.tasks()] == ["Milk"]


def test_search_forgives_what_is_said_beside_the_name(tasks: TaskLists) -> None:
    tasks.add(["Milk", "Oat milk", "Call the plumber"], "shopping")
    assert [task.title for task in tasks.search("milk")] == ["Milk"]
    assert [task.title for task in tasks.search("the plumber")] == ["Call the plumber"]
    assert tasks.search("tea") == []


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("my shopping list", "shopping"),
        ("Shopping", "shopping"),
        ("the hardware store list", "hardware store"),
        ("to do list", DEFAULT_LIST),
        ("todos", DEFAULT_LIST),
        ("购物清单", "购物"),
        ("待办", DEFAULT_LIST),
    ],
)
def test_list_is_called_as_people_call_it(tasks: TaskLists, said: str, name: str) -> None:
    assert tidy_name(said) == name
    tasks.add(["Something"], said)
    assert tasks.list_called(said) == name
    assert plain_name(said) == plain_name(name)


@pytest.mark.parametrize("name", ["../elsewhere", "a/b"])
def test_list_cannot_lie_outside_its_folder(tasks: TaskLists, name: str) -> None:
    with pytest.raises(InputError, match="name"):
        tasks.add(["Milk"], name)


def test_task_that_another_program_changed_meanwhile_is_not_overwritten(
    store: CalendarStore, tasks: TaskLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put_strangers_file(store)
    changed = STRANGERS.replace(b"Water", b"Feed")
    real = store.replace_files

    def after_another_program(*arguments: object) -> None:
        file.write_bytes(changed)
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "replace_files", after_another_program)
    with pytest.raises(StorageError):
        tasks.complete(["strange-1"])
    assert file.read_bytes() == changed


def test_unknown_task_is_told(tasks: TaskLists) -> None:
    with pytest.raises(InputError, match="no to-do"):
        tasks.complete(["nowhere"])
