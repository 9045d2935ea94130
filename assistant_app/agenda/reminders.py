"""What rings when: the alerts of events, alarms and to-dos, and the timers.

Events, reminders and alarms ring by the wall clock, where their files say so (VALARM); timers by
the time that passes (`clocks`). `look` notes what has fallen due since the last look, whoever looked,
so nothing is lost while no program runs and nothing rings twice. It knows no sound and no thread.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from assistant_app.agenda.clocks import Clocks
from assistant_app.agenda.events import Event, EventDraft, Occurrence, as_datetime
from assistant_app.agenda.ring_state import Kind, Ring, RingState, Timer
from assistant_app.agenda.store import CalendarStore
from assistant_app.agenda.tasks import TaskLists
from assistant_app.errors import InputError

REMINDER = "REMINDER"
ALARM = "ALARM"
"""The categories of events that are made only to ring."""
ALARM_CALENDAR = "alarms"
ALARM_LENGTH = timedelta(minutes=5)
SNOOZE = timedelta(minutes=10)
LATE_SECONDS = 60.0
"""What is found to have been due longer ago than this fell due while nobody watched."""
_LONGEST_LEAD = timedelta(days=31)
"""How long before an event its alert may lie; one further ahead is not rung."""
_ALARMS_AHEAD = timedelta(days=183)
_HORIZON_SECONDS = 26 * 3600
_SLACK_SECONDS = 1.0
_NOTED_EVERY_SECONDS = 60.0
_SMALLEST_TIMER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Due:
    """Something that will ring."""

    at: float
    """Seconds since 1970."""
    key: str
    kind: Kind
    uid: str
    title: str


class Reminders:
    """Safe to use from several threads and processes."""

    def __init__(self, store: CalendarStore, tasks: TaskLists, state: RingState, clocks: Clocks) -> None:
        self.store = store
        self.tasks = tasks
        self._state = state
        self._clocks = clocks
        self._planned: list[Due] = []
        self._planned_span: tuple[float, float] = (0.0, 0.0)
        self._planned_for: object = None
        self._offset = clocks.wall() - clocks.elapsed()
        self._seen: float | None = None
        self._checked_for: object = None

    def close(self) -> None:
        self._state.close()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clocks.wall(), self.store.zone)

    # Ringing

    def begin(self) -> None:
        """Before the first look: whatever is set from now on will be found by it."""
        if self._state.seen_until is None:
            self._state.set_seen_until(self._clocks.wall())

    def look(self) -> None:
        """Note what has fallen due since the last look. The first look ever finds nothing."""
        now = self._clocks.wall()
        self._follow_the_wall(now)
        noted = self._state.seen_until
        seen = max((moment for moment in (noted, self._seen) if moment is not None), default=now)
        if seen > now + _SLACK_SECONDS:  # the clock was set back: what rang already is known by its key
            seen = now
        due = self._newest_of_late(self._due(seen, now), now)
        gone = self._gone()
        # Written rarely: what is noted twice is known by its key.
        to_note = noted is None or not 0 <= now - noted < _NOTED_EVERY_SECONDS
        if due or self._ended() or self._woken(now) or gone or to_note:
            with self._state.changing():
                for item in due:
                    late = now - item.at > LATE_SECONDS
                    self._state.add_ring(item.key, item.kind, item.uid, item.title, item.at, late=late)
                for timer in self._ended():
                    at = now + self.left(timer)
                    key, late = f"timer|{timer.id}", now - at > LATE_SECONDS
                    self._state.add_ring(key, "timer", "", timer_title(timer), at, late=late)
                    self._state.remove_timer(timer.id)
                for ring in self._woken(now):
                    self._state.set_ring(ring.id, "ringing", ring.rings_at)
                for ring in gone:
                    self._state.set_ring(ring.id, "dismissed", ring.rings_at)
                self._state.set_seen_until(now)
        self._seen = now

    def seconds_to_next(self) -> float | None:
        """Until something rings that is known today; None where nothing is. Never negative."""
        now = self._clocks.wall()
        moments = [due.at - now for due in self._plan(now) if due.at > now]
        moments += [self.left(timer) for timer in self._state.timers() if not timer.paused]
        moments += [ring.rings_at - now for ring in self._state.rings("snoozed")]
        return max(0.0, min(moments)) if moments else None

    def ringing(self) -> list[Ring]:
        """What rings now and waits for "snooze" or "stop", the earliest first."""
        return self._state.rings("ringing")

    def snoozed(self) -> list[Ring]:
        return self._state.rings("snoozed")

    def snooze(self, rings: Sequence[Ring], until: datetime | None = None) -> datetime:
        """Let them ring again later: at `until`, or in ten minutes."""
        at = until.timestamp() if until else self._clocks.wall() + SNOOZE.total_seconds()
        if at <= self._clocks.wall():
            raise InputError("snooze_past", "That time is over already. Say when it should ring again.")
        with self._state.changing():
            for ring in rings:
                self._state.set_ring(ring.id, "snoozed", at)
        return datetime.fromtimestamp(at, self.store.zone)

    def dismiss(self, rings: Sequence[Ring]) -> None:
        """Stop them for good; a repeating alarm rings again on its next day."""
        with self._state.changing():
            for ring in rings:
                self._state.set_ring(ring.id, "dismissed", ring.rings_at)

    def announced(self, ring: Ring, *, announced: bool = True) -> None:
        """It has been shown and sounded, or must be once more."""
        self._state.mark_announced(ring.id, announced=announced)

    # What will ring

    def coming(self, span: timedelta = timedelta(days=7)) -> list[Due]:
        """Everything but timers that rings within `span` from now, in order."""
        now = self._clocks.wall()
        return self._due(now, now + span.total_seconds())

    def alarms(self) -> list[tuple[Event, datetime]]:
        """The alarms of the coming half year with the next time each rings, in that order."""
        now = self.now()
        first: dict[str, tuple[Event, datetime]] = {}
        for occurrence in self.store.between(now, now + _ALARMS_AHEAD):
            start = as_datetime(occurrence.start, self.store.zone)
            if ALARM in occurrence.event.categories and start > now:
                first.setdefault(occurrence.event.uid, (occurrence.event, start))
        return sorted(first.values(), key=lambda found: found[1])

    def set_alarm(self, at: datetime, *, title: str = "", recurrence: str = "") -> Event:
        """An event in the calendar "alarms" that rings when it begins; its time stays free."""
        return self.store.add(
            EventDraft(
                title=title or "Alarm",
                start=at,
                end=at + ALARM_LENGTH,
                calendar=ALARM_CALENDAR,
                recurrence=recurrence,
                reminder_minutes=(0,),
                categories=(ALARM,),
                busy=False,
            )
        )

    # Timers

    def timers(self) -> list[Timer]:
        """Those that run or are paused, the next to end first."""
        return sorted(self._state.timers(), key=self.left)

    def left(self, timer: Timer) -> float:
        """Seconds until it ends; negative once it has."""
        if timer.left_s is not None:
            return timer.left_s
        if timer.run == self._clocks.run:
            return timer.ends_elapsed - self._clocks.elapsed()
        return timer.ends_wall - self._clocks.wall()

    def start_timer(self, length: timedelta, name: str = "") -> Timer:
        seconds = length.total_seconds()
        if seconds < _SMALLEST_TIMER_SECONDS:
            raise InputError("timer_length", "A timer needs a length, such as ten minutes.")
        wall, elapsed = self._clocks.wall(), self._clocks.elapsed()
        number = self._state.add_timer(name, seconds, elapsed + seconds, self._clocks.run, wall + seconds)
        return self.timer(number)

    def timer(self, number: int) -> Timer:
        """`InputError` where there is none."""
        for timer in self._state.timers():
            if timer.id == number:
                return timer
        raise InputError("timer_unknown", f"There is no timer {number}. List the timers to see them.")

    def pause(self, timer: Timer) -> Timer:
        with self._state.changing():
            timer = self.timer(timer.id)
            if not timer.paused:
                self._state.put_timer(dataclasses.replace(timer, left_s=max(0.0, self.left(timer))))
        return self.timer(timer.id)

    def resume(self, timer: Timer) -> Timer:
        with self._state.changing():
            timer = self.timer(timer.id)
            if timer.left_s is not None:
                self._state.put_timer(self._ending_in(timer, timer.left_s))
        return self.timer(timer.id)

    def lengthen(self, timer: Timer, by: timedelta) -> Timer:
        """Add time, or take it off where `by` is negative; what is left cannot fall below nothing."""
        with self._state.changing():
            timer = self.timer(timer.id)
            left = max(0.0, self.left(timer) + by.total_seconds())
            timer = dataclasses.replace(timer, length_s=max(0.0, timer.length_s + by.total_seconds()))
            paused = timer.left_s is not None
            changed = dataclasses.replace(timer, left_s=left) if paused else self._ending_in(timer, left)
            self._state.put_timer(changed)
        return self.timer(timer.id)

    def cancel_timer(self, timer: Timer) -> None:
        self._state.remove_timer(timer.id)

    def _ending_in(self, timer: Timer, seconds: float) -> Timer:
        return dataclasses.replace(
            timer,
            left_s=None,
            ends_elapsed=self._clocks.elapsed() + seconds,
            run=self._clocks.run,
            ends_wall=self._clocks.wall() + seconds,
        )

    def _follow_the_wall(self, now: float) -> None:
        """Timers of an earlier run go by the wall clock and are taken over into this run; when the clock is set,
        the wall time at which a running one ends moves along."""
        offset = now - self._clocks.elapsed()
        moved = abs(offset - self._offset) > _SLACK_SECONDS
        timers = [t for t in self._state.timers() if not t.paused and (moved or t.run != self._clocks.run)]
        if timers:
            with self._state.changing():
                for timer in timers:
                    self._state.put_timer(self._ending_in(timer, self.left(timer)))
        self._offset = offset

    # Within

    def _ended(self) -> list[Timer]:
        return [timer for timer in self._state.timers() if not timer.paused and self.left(timer) <= 0]

    def _woken(self, now: float) -> list[Ring]:
        return [ring for ring in self._state.rings("snoozed") if ring.rings_at <= now]

    def _newest_of_late(self, due: Sequence[Due], now: float) -> list[Due]:
        """Of an alarm that rang daily while nobody was there, the last time only."""
        late = {item.uid: item for item in due if now - item.at > LATE_SECONDS}
        return [item for item in due if now - item.at <= LATE_SECONDS or late[item.uid] is item]

    def _gone(self) -> list[Ring]:
        """What rings or will ring again though it has been deleted or ticked off."""
        stamp = self.store.generation()
        if stamp == self._checked_for:
            return []
        self._checked_for = stamp
        return [ring for ring in self._state.rings("ringing", "snoozed") if ring.uid and not self._exists(ring)]

    def _exists(self, ring: Ring) -> bool:
        """Whether what rings has not been deleted, nor the to-do ticked off."""
        if ring.kind == "task":
            return any(task.uid == ring.uid for task in self.tasks.tasks())
        try:
            self.store.get(ring.uid)
        except InputError:
            return False
        return True

    def _due(self, after: float, until: float) -> list[Due]:
        """What the calendar files make ring in (after, until]."""
        planned = self._plan(until)
        if self._planned_span[0] <= after and until <= self._planned_span[1]:
            return [due for due in planned if after < due.at <= until]
        return sorted(self._from_files(after, until), key=lambda due: due.at)

    def _plan(self, now: float) -> list[Due]:
        """What rings in the next hours, read anew when the files have changed."""
        stamp = self.store.generation()
        first, last = self._planned_span
        inside = first <= now <= last - _HORIZON_SECONDS / 2
        if not inside or stamp != self._planned_for:
            span = (now - 2 * LATE_SECONDS, now + _HORIZON_SECONDS)
            self._planned = sorted(self._from_files(*span), key=lambda due: due.at)
            self._planned_span, self._planned_for = span, stamp
        return self._planned

    def _from_files(self, after: float, until: float) -> Iterator[Due]:
        zone = self.store.zone
        first, last = datetime.fromtimestamp(after, zone), datetime.fromtimestamp(until, zone)
        for occurrence in self.store.between(first - timedelta(days=1), last + _LONGEST_LEAD):
            event = occurrence.event
            for minutes in event.reminder_minutes:
                start = as_datetime(occurrence.start, zone)
                at = start.timestamp() - minutes * 60
                if after < at <= until:
                    key = f"{event.uid}|{start.astimezone(UTC):%Y%m%dT%H%M%SZ}|{minutes}"
                    yield Due(at, key, _kind_of(event), event.uid, _title_of(occurrence))
        for task in self.tasks.tasks():
            for alarm in task.alarms:
                if after < alarm.timestamp() <= until:
                    key = f"{task.uid}|{alarm.astimezone(UTC):%Y%m%dT%H%M%SZ}"
                    yield Due(alarm.timestamp(), key, "task", task.uid, task.title)


def timer_title(timer: Timer) -> str:
    return timer.name or "Timer"


def _title_of(occurrence: Occurrence) -> str:
    return occurrence.event.title or "An event without a title"


def _kind_of(event: Event) -> Literal["alarm", "reminder", "event"]:
    if ALARM in event.categories:
        return "alarm"
    return "reminder" if REMINDER in event.categories else "event"
