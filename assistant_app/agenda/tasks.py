"""To-do lists: a list is a folder of the calendar, a to-do a VTODO file in it.

Other programs (Thunderbird, Nextcloud Tasks, todoman) read and write the same files. Changes go
through the calendar's journal, so that "undo" takes them back too. It knows no words for times and
no window.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from assistant_app.agenda import word_search
from assistant_app.agenda.events import ChangeKind, Moment, as_datetime
from assistant_app.agenda.files import read_or_none
from assistant_app.agenda.journal import FileChange
from assistant_app.agenda.store import CalendarStore
from assistant_app.agenda.task_files import Task, edited_task, new_task_file, read_tasks, without_task
from assistant_app.errors import InputError

DEFAULT_LIST = "to-do"
_LIST_WORDS = re.compile(r"(\b(the|my|our)\b|\blists?\b|清单|列表|名单|的)", re.IGNORECASE)
_LATEST = date(9999, 12, 31)


class TaskLists:
    """The to-dos among the files of a calendar store."""

    def __init__(self, store: CalendarStore) -> None:
        self.store = store
        self._read: dict[str, tuple[object, list[Task]]] = {}

    # Reading

    def tasks(self, list_name: str | None = None, *, done: bool | None = False) -> list[Task]:
        """Of one list, or of all: the next due first, then as they were added. `done` None: both kinds."""
        found = [t for t in self._everything() if list_name in (None, t.list_name) and done in (None, t.done)]
        return sorted(found, key=self._order)

    def get(self, uid: str) -> Task:
        """The to-do; `InputError` where there is none."""
        for task in self._everything():
            if task.uid == uid:
                return task
        raise InputError("task_unknown", f"There is no to-do {uid}. List them to see what there is.")

    def search(self, words: str, list_name: str | None = None, *, done: bool | None = False) -> list[Task]:
        """The to-dos whose title holds the words best; one that is called just that counts alone."""
        candidates = self.tasks(list_name, done=done)
        exact = [task for task in candidates if word_search.fold(task.title) == word_search.fold(words)]
        return exact or word_search.best([(task, task.title) for task in candidates], words)

    def lists(self) -> list[str]:
        """Names of the folders that hold to-dos, and of empty ones made to hold them."""
        names = {task.list_name for task in self._everything()}
        names |= {name for name in self.store.calendars() if (self.store.root / name / _MARK).is_file()}
        return sorted(names)

    def list_called(self, words: str) -> str | None:
        """The list that a person calls so: "my shopping list", "to do", "todos"; None where there is none."""
        wanted = plain_name(words)
        for name in self.lists():
            if plain_name(name) == wanted:
                return name
        return None

    # Changing

    def add(self, titles: Sequence[str], list_name: str = "", due: Moment | None = None) -> list[Task]:
        """Put things on a list, which is made where it is new. Several are one step for undo."""
        name = self.list_called(list_name) if list_name else None
        name = name or tidy_name(list_name) or DEFAULT_LIST
        due = as_datetime(due, self.store.zone) if isinstance(due, datetime) else due
        changes, uids = [], []
        for place, title in enumerate(titles):
            uid = str(uuid.uuid4())
            path = self.store.path_in(name, f"{uid}.ics")
            changes.append(FileChange(path, None, new_task_file(uid, title, due, self.store.now(), place=place)))
            uids.append(uid)
        if not uids:
            raise InputError("task_missing", "Say what to put on the list.")
        self.store.replace_files("task_added", tuple(uids), changes)
        return [self.get(uid) for uid in uids]

    def complete(self, uids: Sequence[str], *, done: bool = True) -> list[Task]:
        """Tick off, or with `done` False take the tick back."""
        now = self.store.now()
        self._change("task_completed", uids, lambda data, uid: edited_task(data, uid, {"done": done}, now))
        return [self.get(uid) for uid in uids]

    def edit(self, uid: str, **fields: Any) -> Task:
        """Change the title or when it is due (None: no longer at any time)."""
        if unknown := fields.keys() - {"title", "due"}:
            raise TypeError(f"a to-do has no {', '.join(sorted(unknown))}")
        if isinstance(fields.get("due"), datetime):
            fields["due"] = as_datetime(fields["due"], self.store.zone)
        now = self.store.now()
        self._change("task_edited", [uid], lambda data, uid: edited_task(data, uid, fields, now))
        return self.get(uid)

    def remove(self, uids: Sequence[str]) -> list[Task]:
        """Take to-dos off their lists; their files go to the bin."""
        removed = [self.get(uid) for uid in uids]
        self._change("task_deleted", uids, without_task)
        return removed

    def make_list(self, words: str) -> str:
        """A new, empty list; the name of the one there is, if it is there already."""
        known = self.list_called(words)
        name = known or tidy_name(words)
        if not name:
            raise InputError("list_name", "What should the list be called?")
        if not known:
            mark = self.store.path_in(name, _MARK)
            self.store.replace_files("list_added", (name,), [FileChange(mark, None, f"{name}\n".encode())])
        return name

    # Within

    def _change(self, kind: ChangeKind, uids: Sequence[str], edit: Callable[[bytes, str], bytes | None]) -> None:
        """One step for undo, though several files change."""
        before: dict[str, bytes] = {}
        after: dict[str, bytes | None] = {}
        for uid in dict.fromkeys(uids):
            task = self.get(uid)
            path = task.file.relative_to(self.store.root).as_posix()
            if path not in before:
                before[path] = read_or_none(task.file) or b""
            data = after.get(path, before[path])
            after[path] = edit(data, uid) if data else data
        changes = [FileChange(path, before[path], after[path]) for path in before]
        self.store.replace_files(kind, tuple(uids), changes)

    def _everything(self) -> list[Task]:
        files = self.store.files_without_events()
        for gone in self._read.keys() - files.keys():
            del self._read[gone]
        found: list[Task] = []
        for path, stamp in files.items():
            known = self._read.get(path)
            if known is None or known[0] != stamp:
                known = self._read[path] = (stamp, self._tasks_in(self.store.root / path))
            found += known[1]
        return found

    def _tasks_in(self, file: Path) -> list[Task]:
        data = read_or_none(file)
        try:
            return read_tasks(data, file, file.parent.name, self.store.zone) if data else []
        except ValueError:  # it changed while it was read: the index will say so at the next look
            return []

    def _order(self, task: Task) -> tuple[date, datetime, float, str]:
        zone = self.store.zone
        day = _LATEST if task.due is None else task.due.date() if isinstance(task.due, datetime) else task.due
        due = datetime.max.replace(tzinfo=UTC) if task.due is None else as_datetime(task.due, zone)
        return day, due, task.order, task.title


_MARK = "displayname"
"""A vdir's metadata file with the folder's name for people; an empty folder that has one is a list."""


def plain_name(words: str) -> str:
    """A list's name without what does not tell it from others: "My To-Do List" and "todo" are one."""
    plain = re.sub(r"[\s_\-–]+", "", _LIST_WORDS.sub("", words.casefold()))
    return "todo" if plain in ("todos", "tasks", "task", "待办", "待办事项", "") else plain


def tidy_name(words: str) -> str:
    """A folder's name for a list that a person named: "my Shopping list" is "shopping"."""
    name = " ".join(_LIST_WORDS.sub(" ", words).split()).strip("-_. ")
    if plain_name(words) == "todo":
        return DEFAULT_LIST
    return name.casefold() if name.isascii() else name
