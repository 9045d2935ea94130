"""A talk with the whole assistant about time, over a router that knows no context.

The routes in the tests are those that the released router gives these sentences by themselves, wrong ones included.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from assistant_app.agenda.events import Event
from assistant_app.agenda.reminders import Reminders
from assistant_app.agenda.ring_state import RingState
from assistant_app.agenda.store import CalendarStore
from assistant_app.agenda.tasks import TaskLists
from assistant_app.skills.api import Understanding
from assistant_app.skills.scheduling import Scheduling
from assistant_app.turn import Cancel, Route, SkillReply, Turn
from tests.agenda.fake_clocks import FakeClocks
from tests.fakes import BERLIN, TUESDAY_MORNING, FakeClock, FakeRouter, FakeSkill, make_assistant, make_context
from tests.skills.test_scheduling import at, route


class Conversation:
    """Turns with the whole assistant; it is Tuesday 24 November 2026, half past nine."""

    def __init__(self, folder: Path, router: Understanding | None = None) -> None:
        self.store = CalendarStore(
            folder / "calendars",
            index_file=folder / "index.sqlite3",
            journal_file=folder / "journal.sqlite3",
            zone=BERLIN,
            clock=FakeClock(),
        )
        self.clocks = FakeClocks(TUESDAY_MORNING)
        self.reminders = Reminders(self.store, TaskLists(self.store), RingState(folder / "rings.sqlite3"), self.clocks)
        self.reminders.begin()
        self.router = FakeRouter()
        """What `__call__` teaches; another router is asked in its place where one is given."""
        context = make_context(
            calendar=self.store, reminders=self.reminders, router=router or self.router, now=self.reminders.now
        )
        self.assistant = make_assistant(Scheduling(), FakeSkill("dialogue", SkillReply("Talk.")), context=context)

    def __call__(self, text: str, intent: str = "", **slots: str) -> str:
        """Say it. Without an intent the router takes it for talk; "dialogue/deny" names another skill's."""
        if "/" in intent:
            self.router.routes[text] = Route(*intent.split("/"), 0.9)
        elif intent:
            self.router.routes[text] = route(text, intent, **slots)
        self.turn: Turn = self.assistant.run_turn(text, emit=lambda _event: None, cancel=Cancel())
        assert self.turn.reply is not None
        return self.turn.reply.text

    @property
    def asks(self) -> bool:
        return self.assistant.pending is not None

    def events(self) -> list[Event]:
        found = self.store.between(at(1, 0), datetime(2027, 6, 1, tzinfo=BERLIN))
        return list({occurrence.event.uid: occurrence.event for occurrence in found}.values())

    @property
    def event(self) -> Event:
        (only,) = self.events()
        return only

    def days(self, until: datetime) -> list[str]:
        return [f"{o.start:%a %H:%M}" for o in self.store.between(at(24, 0), until)]

    def close(self) -> None:
        self.reminders.close()
        self.store.close()
