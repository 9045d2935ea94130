"""The thread that lets things ring on time, and the rule that only one process does.

Whoever holds the profile's lock rings: it looks what has fallen due, sounds the bell, and shows
notices on the desktop. The others only follow what rings, and take over when the owner ends; the
system lets the lock of a killed process go. What the user answers, in whichever process, is seen
within half a second. It knows no window, no loudspeaker and no notification server: a bell and a
notice board come in from outside.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import filelock

from assistant_app.agenda.reminders import SNOOZE, Reminders
from assistant_app.agenda.ring_state import Ring
from assistant_app.agenda.spoken import spoken_day
from assistant_app.errors import AssistantError

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
"""How soon an answer in another process, a changed clock and the end of the machine's sleep are noticed."""
_PREPARE_SECONDS = 60.0
_BELL_EVERY_SECONDS = 4.0
_LOUD_SECONDS = {"alarm": 300.0, "timer": 300.0}
_LOUD_OTHERWISE_SECONDS = 5.0
"""A reminder sounds twice and then waits in silence."""
_MOST_NOTICES = 3
"""More than these that fell due while nobody was there are told in one notice."""
_AFTER_FAILURE_SECONDS = 10.0


class Bell(Protocol):
    """Something to be heard."""

    def ring(self) -> None:
        """Sound once and return at once. Without a loudspeaker it does nothing."""

    def silence(self) -> None:
        """Stop sounding."""

    def close(self) -> None:
        """Give the device back."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is shown of one ring, or of several that were missed."""

    id: str
    title: str
    body: str
    rings: tuple[Ring, ...]


class NoticeBoard(Protocol):
    """The desktop's notifications, with the buttons "Snooze" and "Done"."""

    def prepare(self) -> None:
        """Something will ring within a minute: load and connect, without making the caller wait."""

    def show(self, notice: Notice, on_snooze: Callable[[], None], on_done: Callable[[], None]) -> bool:
        """Whether it is shown with its buttons. The callbacks come from another thread."""

    def take_down(self, notice_id: str) -> None:
        """Remove a notice; one that is gone already does not matter."""

    def close(self) -> None:
        """Remove all of them and let the connection go."""


@dataclass(frozen=True, slots=True)
class Ringing:
    """What rings now, for a window or a terminal to show."""

    notices: tuple[Notice, ...]
    owner: bool
    """This process rings; another one does otherwise."""
    on_desktop: bool
    """All of it is shown on the desktop already, with buttons."""


class Ringer:
    """Rings, until closed."""

    def __init__(
        self,
        reminders: Reminders,
        *,
        lock_file: Path,
        bell: Bell,
        board: NoticeBoard,
        tell: Callable[[Ringing], None] = lambda _ringing: None,
    ) -> None:
        """`tell` is called from this thread whenever what rings has changed."""
        self.reminders = reminders
        self._lock = filelock.FileLock(str(lock_file), thread_local=False)
        self._bell = bell
        self._board = board
        self._tell = tell
        self._awake = threading.Event()
        self._ends = False
        self._hushed = False
        self._told: Ringing | None = None
        self._shown: dict[str, bool] = {}
        """Notices on the desktop, and whether it took them."""
        self._next_bell = 0.0
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="ringing", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Look now: something was set, snoozed or dismissed."""
        self._awake.set()

    def hush(self, hushed: bool) -> None:
        """No sound while the microphone listens."""
        self._hushed = hushed
        if hushed:
            self._bell.silence()
        self.wake()

    def close(self, seconds: float = 2.0) -> None:
        self._ends = True
        self.wake()
        if self._thread.is_alive():
            self._thread.join(seconds)

    @property
    def owner(self) -> bool:
        return self._lock.is_locked

    def _run(self) -> None:
        while not self._ends:
            self._awake.clear()
            try:
                wait = self.step()
                self._failing = False
            except AssistantError as error:
                if not self._failing:
                    log.warning("reminders cannot ring: %s", error.message)
                self._failing, wait = True, _AFTER_FAILURE_SECONDS
            except Exception:
                if not self._failing:
                    log.exception("reminders cannot ring")
                self._failing, wait = True, _AFTER_FAILURE_SECONDS
            self._awake.wait(wait)
        self._bell.close()
        self._board.close()
        self._lock.release()
        self.reminders.close()
        self.reminders.store.close()

    def step(self) -> float:
        """Ring what is to ring now; the seconds until the next step."""
        owner = self._own()
        if owner:
            self.reminders.look()
        rings = self.reminders.ringing()
        notices = notices_of(rings, self.reminders.now())
        if owner:
            self._sound(rings)
            self._show(notices)
        ringing = Ringing(notices, owner, owner and bool(notices) and all(self._shown.values()))
        if self._told != ringing and (notices or self._told is not None):
            self._told = ringing
            self._tell(ringing)
        upcoming = self.reminders.seconds_to_next() if owner else None
        if upcoming is not None and upcoming < _PREPARE_SECONDS:
            self._board.prepare()
        return min(_POLL_SECONDS, upcoming) if upcoming is not None else _POLL_SECONDS

    def _own(self) -> bool:
        if self._lock.is_locked:
            return True
        try:
            Path(self._lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(blocking=False)
        except filelock.Timeout:
            return False
        except OSError as error:
            raise AssistantError(
                "ringing_lock", f"The lock {self._lock.lock_file} cannot be used ({error})."
            ) from error
        for ring in self.reminders.ringing():  # shown by a process that has ended
            self.reminders.announced(ring, announced=False)
        return True

    def _show(self, notices: Sequence[Notice]) -> None:
        """New notices go up, those of what has been answered come down."""
        present = {notice.id for notice in notices}
        for gone in [shown for shown in self._shown if shown not in present]:
            self._board.take_down(gone)
            del self._shown[gone]
        for notice in notices:
            if notice.id not in self._shown:
                snooze, done = partial(self._snooze, notice.rings), partial(self._done, notice.rings)
                self._shown[notice.id] = self._board.show(notice, snooze, done)

    def _sound(self, rings: Sequence[Ring]) -> None:
        now = self.reminders.now().timestamp()
        fresh = [ring for ring in rings if not ring.announced]
        for ring in fresh:
            self.reminders.announced(ring)
        loud = [ring for ring in rings if not ring.late and -1 < now - ring.rings_at < _loud_seconds(ring)]
        if not rings:
            self._bell.silence()
            self._next_bell = 0.0
        elif not self._hushed and (fresh or (loud and not 0 < self._next_bell - now <= _BELL_EVERY_SECONDS)):
            self._bell.ring()
            self._next_bell = now + _BELL_EVERY_SECONDS

    def _snooze(self, rings: Sequence[Ring]) -> None:
        self._answer(lambda: self.reminders.snooze(rings))

    def _done(self, rings: Sequence[Ring]) -> None:
        self._answer(lambda: self.reminders.dismiss(rings))

    def _answer(self, change: Callable[[], object]) -> None:
        try:
            change()
        except AssistantError as error:
            log.warning("the answer to a notice could not be kept: %s", error.message)
        self.wake()


def _loud_seconds(ring: Ring) -> float:
    return _LOUD_SECONDS.get(ring.kind, _LOUD_OTHERWISE_SECONDS)


def notices_of(rings: Sequence[Ring], now: datetime) -> tuple[Notice, ...]:
    """One notice a ring; many that were missed share one."""
    late = [ring for ring in rings if ring.late]
    together = late if len(late) > _MOST_NOTICES else []
    single = [ring for ring in rings if ring not in together]
    zone = now.tzinfo
    assert isinstance(zone, ZoneInfo)
    notices = [Notice(f"{r.id}@{r.rings_at:.0f}", ring_title(r), ring_body(r, now, zone), (r,)) for r in single]
    if together:
        lines = [f"{ring.title}, {due_words(ring, now, zone)}" for ring in together]
        name = "missed " + " ".join(str(ring.id) for ring in together)
        title = f"{len(together)} reminders were due while the program was closed"
        notices.append(Notice(name, title, "\n".join(lines), tuple(together)))
    return tuple(notices)


def ring_title(ring: Ring) -> str:
    """ "Call mum", "Pasta timer"."""
    if ring.kind == "timer":
        return "The timer is over" if ring.title == "Timer" else f"{ring.title} timer is over"
    return ring.title


def ring_body(ring: Ring, now: datetime, zone: ZoneInfo) -> str:
    """ "Reminder, 15:20"; with the day where it was missed."""
    kind = {"event": "Coming up", "task": "To-do"}.get(ring.kind, ring.kind.capitalize())
    return f"{kind}, {due_words(ring, now, zone)}"


def due_words(ring: Ring, now: datetime, zone: ZoneInfo) -> str:
    due = datetime.fromtimestamp(ring.due, zone)
    return f"{due:%H:%M}" if due.date() == now.date() else f"{spoken_day(due.date(), now.date())}, {due:%H:%M}"


def snooze_minutes() -> int:
    """What "Snooze" means where nothing else is said."""
    return SNOOZE // timedelta(minutes=1)
