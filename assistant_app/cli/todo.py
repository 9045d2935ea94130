"""`assistant todo ...`: to-do and shopping lists from the terminal. Needs no weights."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from assistant_app.agenda.events import Moment
from assistant_app.agenda.spoken import spoken_time
from assistant_app.agenda.task_files import Task
from assistant_app.agenda.tasks import TaskLists
from assistant_app.agenda.when import parse_when
from assistant_app.assistant import language_of
from assistant_app.cli.invocation import DONE, Invocation, add_clock, add_json, add_profile, print_json, say
from assistant_app.errors import InputError
from assistant_app.skills.scheduling_lists import due_of
from assistant_app.skills.scheduling_words import iso


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("todo", help="to-do and shopping lists")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, run: Callable[[argparse.Namespace, Invocation, TaskLists], int], help: str) -> Any:
        made = actions.add_parser(name, help=help)
        made.set_defaults(act=run)
        add_json(made)
        add_clock(made)
        add_profile(made)
        return made

    add = action("add", _add, "put things on a list")
    add.add_argument("title", nargs="+")
    add.add_argument("--list", dest="list_name", metavar="NAME", default="", help="else the to-do list")
    add.add_argument("--due", metavar="WHEN", help="a day or a time, in words or ISO; at a clock time it rings")
    listing = action("list", _list, "what is on the lists")
    listing.add_argument("list_name", nargs="?", metavar="NAME", default="", help="of this list only")
    listing.add_argument("--all", action="store_true", help="what is done as well")
    action("lists", _lists, "which lists there are")
    for name, run, help in (
        ("done", _done, "tick things off"),
        ("reopen", _reopen, "take the tick back"),
        ("remove", _remove, "take things off their list; undo brings them back"),
    ):
        made = action(name, run, help)
        made.add_argument("what", nargs="+", metavar="WHAT", help="the id, or words of the title")
        made.add_argument("--list", dest="list_name", metavar="NAME", default="")
    due = action("due", _set_due, "change when something is due")
    due.add_argument("what", metavar="WHAT", help="the id, or words of the title")
    due.add_argument("when", nargs="+", metavar="WHEN", help='a day or a time, or "never"')
    due.add_argument("--list", dest="list_name", metavar="NAME", default="")


def run(args: argparse.Namespace) -> int:
    from assistant_app.app import build_calendar, build_reminders

    invocation = Invocation(args)
    store = build_calendar(invocation.settings, invocation.paths, now=invocation.clock)
    reminders = build_reminders(invocation.paths, store, now=invocation.clock)
    try:
        status: int = args.act(args, invocation, reminders.tasks)
        return status
    finally:
        reminders.close()
        store.close()


def _add(args: argparse.Namespace, invocation: Invocation, tasks: TaskLists) -> int:
    due = _due(args.due, invocation) if args.due else None
    return _told("Added", tasks.add(args.title, args.list_name, due), args, invocation)


def _list(args: argparse.Namespace, invocation: Invocation, tasks: TaskLists) -> int:
    found = tasks.tasks(_name(args, tasks), done=None if args.all else False)
    if args.json:
        print_json({"tasks": [_json(task, invocation) for task in found]})
        return DONE
    for task in found:
        print(_line(task, invocation))
    if not found:
        say("Nothing is on the list." if args.list_name else "Nothing is on any list.")
    return DONE


def _lists(args: argparse.Namespace, invocation: Invocation, tasks: TaskLists) -> int:
    counted = [(name, len(tasks.tasks(name)), len(tasks.tasks(name, done=True))) for name in tasks.lists()]
    if args.json:
        print_json({"lists": [{"name": name, "open": left, "done": done} for name, left, done in counted]})
        return DONE
    for name, left, done in counted:
        print(f"{name}: {left} open, {done} done")
    if not counted:
        say("There is no list yet.")
    return DONE


def _done(args: argparse.Namespace, invocation: Invocation, tasks: TaskLists) -> int:
    found = _found(args.what, args, tasks, done=False)
    return _told("Done", tasks.complete([task.uid for task in found]), args, invocation)


def _reopen(args: argparse.Namespace, invocation: Invocation, tasks: TaskLists) -> int:
    found = _found(args.what, args, tasks, done=True)
    return _told("Open again", tasks.complete([task.uid for task in found], done=False), args, invocation)


def _remove(args: argparse.Namespace, invocation: Invocation, tasks: TaskLists) -> int:
    found = _found(args.what, args, tasks, done=None)
    return _told("Removed", tasks.remove([task.uid for task in found]), args, invocation)


def _set_due(args: argparse.Namespace, invocation: Invocation, tasks: TaskLists) -> int:
    task = _found([args.what], args, tasks, done=False)[0]
    words = " ".join(args.when)
    due = None if words == "never" else _due(words, invocation)
    return _told("Changed", [tasks.edit(task.uid, due=due)], args, invocation)


def _told(what: str, changed: Sequence[Task], args: argparse.Namespace, invocation: Invocation) -> int:
    if args.json:
        print_json({"tasks": [_json(task, invocation) for task in changed]})
    for task in () if args.json else changed:
        print(f"{what}: {_line(task, invocation)}")
    return DONE


def _found(words: Sequence[str], args: argparse.Namespace, tasks: TaskLists, *, done: bool | None) -> list[Task]:
    """One to-do for each of the words; `InputError` where one fits none or several."""
    name = _name(args, tasks)
    found = []
    for word in words:
        fitting = [t for t in tasks.tasks(name, done=None) if t.uid == word] or tasks.search(word, name, done=done)
        if not fitting:
            raise InputError("task_unknown", f"There is nothing called {word!r} on a list. Nothing was changed.")
        if len(fitting) > 1:
            names = ", ".join(f"{task.title} [{task.uid}]" for task in fitting)
            raise InputError("task_ambiguous", f"{word!r} may be any of: {names}. Give the id. Nothing was changed.")
        found.append(fitting[0])
    return found


def _name(args: argparse.Namespace, tasks: TaskLists) -> str | None:
    if not args.list_name:
        return None
    name = tasks.list_called(args.list_name)
    if name is None:
        known = ", ".join(tasks.lists()) or "none yet"
        raise InputError("list_unknown", f"There is no list {args.list_name!r}. There are: {known}.")
    return name


def _due(text: str, invocation: Invocation) -> Moment:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-11-24") else datetime.fromisoformat(text)
    except ValueError:
        reading = parse_when(text, now=invocation.now(), language=language_of(text))
        due = due_of(reading) if reading is not None else None
        if due is None:
            example = "Say for example: friday at noon."
            raise InputError("time_unclear", f"{text!r} is no time that can be understood. {example}") from None
        return due


def _line(task: Task, invocation: Invocation) -> str:
    due = f", due {spoken_time(task.due, invocation.now())}" if task.due else ""
    mark = "[x]" if task.done else "[ ]"
    return f"{mark} {task.title}{due}  ({task.list_name})  [{task.uid}]"


def _json(task: Task, invocation: Invocation) -> dict[str, Any]:
    return {
        "id": task.uid,
        "title": task.title,
        "list": task.list_name,
        "due": iso(task.due, invocation.zone) if task.due else None,
        "done": task.done,
        "notes": task.notes,
        "file": str(task.file),
    }
