"""A program that changes a calendar until it is killed; run as `python -m tests.agenda.killed_program FOLDER`.

The modules are loaded once; each line on standard input, "NAME SEED COPIES", starts a copy of the program,
one of so many at a time, that works on titles of its own. It announces each change before it makes it, and
acknowledges it afterwards:

    {"name", "title", "before", "after"}    what the occasions of that title are, and are about to be
    {"name", "done": true}
    {"name", "ended": true}                 the copy is gone
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from assistant_app.agenda.events import EventDraft, Occurrence, Scope
from assistant_app.agenda.store import CalendarStore

ZONE = ZoneInfo("Europe/Berlin")
FIRST = datetime(2026, 11, 2, 9, 0, tzinfo=ZONE)
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ZONE)
SPAN = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
MOST_TITLES = 12

State = list[str]
"""The occasions of one title, as "calendar start", in order."""


def open_store(folder: Path) -> CalendarStore:
    return CalendarStore(
        folder / "calendars",
        index_file=folder / "cache" / "index.sqlite",
        journal_file=folder / "data" / "journal.sqlite",
        zone=ZONE,
        clock=lambda: NOW,
    )


def states(store: CalendarStore) -> dict[str, State]:
    """Every title with its occasions."""
    found: dict[str, State] = {}
    for occasion in store.between(*SPAN):
        start = cast(datetime, occasion.start)
        found.setdefault(occasion.event.title, []).append(f"{occasion.event.calendar} {start:%Y-%m-%dT%H:%M}")
    return found


class Worker:
    """One copy of the program, with titles that begin with its name."""

    def __init__(self, folder: Path, name: str, seed: int, *, alone: bool) -> None:
        self.store = open_store(folder)
        self.name = name
        self.random = random.Random(seed)
        self.seed = seed
        self.added = 0
        self.alone = alone
        """The latest change is its own, so that it may undo."""
        self.own = {title: state for title, state in states(self.store).items() if title.startswith(name)}

    def run(self) -> None:
        while True:
            few = len(self.own) < MOST_TITLES
            if not self.own or (few and self.random.random() < 0.35):
                self.add()
            else:
                self.change(self.random.choice(sorted(self.own)))

    def add(self) -> None:
        self.added += 1
        title = f"{self.name} {self.seed}-{self.added}"
        start = FIRST + timedelta(days=self.random.randrange(60), hours=self.random.randrange(8))
        rule = self.random.choice(("", "FREQ=DAILY;COUNT=4", "FREQ=WEEKLY;COUNT=5"))
        step = timedelta(days=1 if "DAILY" in rule else 7)
        times = [start + step * n for n in range(int(rule[-1]) if rule else 1)]
        draft = EventDraft(title, start, start + timedelta(hours=1), notes="x" * 3000, recurrence=rule)
        self.make(title, [_line("personal", time) for time in times], lambda: self.store.add(draft))
        if self.alone and self.random.random() < 0.5:
            self.make(title, [], self.store.undo)

    def change(self, title: str) -> None:
        """Move or delete one occasion, it and the following, or all; or put the event into the other calendar."""
        lines = self.own[title]
        occasions = [self._occasion(title, line) for line in lines]
        number = self.random.randrange(len(lines))
        which = occasions[number]
        start = cast(datetime, which.start)
        uid, occurrence = which.event.uid, which.recurrence_id
        what = self.random.choice(("move", "move", "delete", "calendar"))
        scopes = ("one", "following", "all") if occurrence else ("all",)
        if what == "move" and _has_own_time(which):
            scopes = ("one",)
        scope = cast(Scope, self.random.choice(scopes))
        # A series that was cut in two is two events of one title.
        same = [n for n, occasion in enumerate(occasions) if occasion.event.uid == uid]
        touched = {"one": [number], "following": [n for n in same if n >= number], "all": same}[scope]
        named: dict[str, Any] = {"scope": scope, "occurrence": occurrence} if occurrence else {}
        if what == "delete":
            after = [line for n, line in enumerate(lines) if n not in touched]
            self.make(title, after, lambda: self.store.delete(uid, **named))
        elif what == "move":
            shift = timedelta(minutes=self.random.choice((5, 10, 15)))
            moved = [n for n in touched if n == number or not _has_own_time(occasions[n])]
            after = [_shifted(line, shift) if n in moved else line for n, line in enumerate(lines)]
            self.make(title, after, lambda: self.store.move(uid, start + shift, **named))
        else:
            other = "work" if which.event.calendar == "personal" else "personal"
            after = [f"{other} {line.split()[1]}" if n in touched else line for n, line in enumerate(lines)]
            self.make(title, after, lambda: self.store.edit(uid, calendar=other, **named))

    def _occasion(self, title: str, line: str) -> Occurrence:
        at = datetime.fromisoformat(line.split()[1]).replace(tzinfo=ZONE)
        found = self.store.between(at, at + timedelta(minutes=1))
        return next(o for o in found if o.event.title == title and o.start == at)

    def make(self, title: str, after: State, act: Any) -> None:
        before = self.own.get(title, [])
        after = sorted(after, key=lambda line: line.split()[1])
        say({"name": self.name, "title": title, "before": before, "after": after})
        act()
        say({"name": self.name, "done": True})
        if after:
            self.own[title] = after
        else:
            self.own.pop(title, None)


def _has_own_time(occasion: Occurrence) -> bool:
    """It was moved by itself; where its series goes it does not follow."""
    return occasion.recurrence_id not in (None, occasion.start)


def _line(calendar: str, start: datetime) -> str:
    return f"{calendar} {start:%Y-%m-%dT%H:%M}"


def _shifted(line: str, shift: timedelta) -> str:
    calendar, start = line.split()
    return _line(calendar, datetime.fromisoformat(start) + shift)


def say(message: dict[str, Any]) -> None:
    """One whole line, at once."""
    os.write(1, json.dumps(message).encode() + b"\n")


def main() -> None:
    folder = Path(sys.argv[1])
    say({"ready": True})
    for line in sys.stdin:
        name, seed, copies = line.split()
        copy = os.fork()
        if copy == 0:
            try:
                say({"name": name, "pid": os.getpid()})
                Worker(folder, name, int(seed), alone=copies == "1").run()
            except BaseException as error:  # noqa: BLE001  (the test wants to know, whatever it was)
                say({"name": name, "failed": repr(error)})
            os._exit(1)
        threading.Thread(target=_wait, args=(copy, name), daemon=True).start()


def _wait(copy: int, name: str) -> None:
    os.waitpid(copy, 0)
    say({"name": name, "ended": True})


if __name__ == "__main__":
    main()
