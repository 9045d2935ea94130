"""`assistant remind ...`: reminders, alarms, timers, and what rings, from the terminal. Needs no weights.

Times are ISO or words ("in twenty minutes", "every weekday at 6:30"). Things ring in the window, in
`assistant chat`, and in `assistant remind watch`; whichever runs first rings for all.
"""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from assistant_app.agenda.events import EventDraft, as_datetime
from assistant_app.agenda.reminders import REMINDER, Reminders, timer_title
from assistant_app.agenda.ring_state import Ring, Timer
from assistant_app.agenda.ringing import Ringing
from assistant_app.agenda.spoken import spoken_time
from assistant_app.agenda.when import parse_when
from assistant_app.agenda.when.reading import WhenReading
from assistant_app.assistant import language_of
from assistant_app.cli.invocation import DONE, Invocation, add_clock, add_json, add_profile, print_json, say
from assistant_app.errors import InputError
from assistant_app.skills.scheduling_alarms import in_the_morning
from assistant_app.skills.scheduling_create import REMINDER_LENGTH
from assistant_app.skills.scheduling_timers import lengths_in, spoken_length
from assistant_app.skills.scheduling_words import CLOCK_GRAINS, iso
from assistant_app.turn import Utterance

_DAYS_LISTED = 30


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("remind", help="reminders, alarms, timers, and what rings")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, run: Callable[[argparse.Namespace, Invocation, Reminders], int], help: str) -> Any:
        made = actions.add_parser(name, help=help)
        made.set_defaults(act=run)
        add_json(made)
        add_clock(made)
        add_profile(made)
        return made

    add = action("add", _add, "remind me of something")
    add.add_argument("title")
    add.add_argument("when", nargs="+", metavar="WHEN", help="such as: in twenty minutes")
    alarm = action("alarm", _alarm, "set an alarm")
    alarm.add_argument("when", nargs="+", metavar="WHEN", help="such as: every weekday at 6:30")
    alarm.add_argument("--title", default="")
    timer = action("timer", _timer, "start a timer")
    timer.add_argument("length", nargs="+", metavar="LENGTH", help="such as: ten minutes")
    timer.add_argument("--name", default="")
    action("list", _list, f"what rings now, timers, alarms, and reminders of the next {_DAYS_LISTED} days")
    snooze = action("snooze", _snooze, "let what rings ring again later")
    snooze.add_argument("when", nargs="*", metavar="WHEN", help="how long, or until when; else ten minutes")
    snooze.add_argument("--id", action="append", metavar="ID", help="only this one (see list)")
    dismiss = action("dismiss", _dismiss, "stop what rings")
    dismiss.add_argument("id", nargs="*", metavar="ID", help="only these (see list)")
    cancel = action("cancel", _cancel, "cancel reminders, alarms and timers; undo brings back all but timers")
    cancel.add_argument("id", nargs="+", metavar="ID")
    for name, help in (("pause", "let a timer stand still"), ("resume", "let it go on")):
        action(name, _pause_or_resume, help).add_argument("id", metavar="ID", help="of the timer, or its name")
    extend = action("extend", _extend, "add time to a timer; with - in front, take it off")
    extend.add_argument("id", metavar="ID", help="of the timer, or its name")
    extend.add_argument("length", nargs="+", metavar="LENGTH", help="such as: one minute")
    action("watch", _watch, "stay and ring, until Ctrl-C")


def run(args: argparse.Namespace) -> int:
    from assistant_app.app import build_calendar, build_reminders

    invocation = Invocation(args)
    if args.act is _watch:
        return _watch_on(args, invocation)
    store = build_calendar(invocation.settings, invocation.paths, now=invocation.clock)
    reminders = build_reminders(invocation.paths, store, now=invocation.clock)
    try:
        reminders.look()
        status: int = args.act(args, invocation, reminders)
        return status
    finally:
        reminders.close()
        store.close()


def _add(args: argparse.Namespace, invocation: Invocation, reminders: Reminders) -> int:
    start, recurrence = _moment(args.when, invocation)
    over = start <= invocation.now() and not recurrence
    event = reminders.store.add(
        EventDraft(
            title=args.title,
            start=start,
            end=start + REMINDER_LENGTH,
            recurrence=recurrence,
            reminder_minutes=(0,),
            categories=(REMINDER,),
            busy=False,
        )
    )
    return _set("reminder", event.uid, event.title, start, recurrence, args, invocation, over=over)


def _alarm(args: argparse.Namespace, invocation: Invocation, reminders: Reminders) -> int:
    start, recurrence = _moment(args.when, invocation, in_the_morning)
    over = start <= invocation.now() and not recurrence
    event = reminders.set_alarm(start, title=args.title, recurrence=recurrence)
    return _set("alarm", event.uid, event.title, start, recurrence, args, invocation, over=over)


def _set(
    kind: str,
    uid: str,
    title: str,
    at: datetime,
    recurrence: str,
    args: argparse.Namespace,
    invocation: Invocation,
    *,
    over: bool,
) -> int:
    if args.json:
        print_json({kind: _coming_json(kind, uid, title, at, invocation) | {"recurrence": recurrence or None}})
    else:
        repeats = f", {recurrence}" if recurrence else ""
        print(f"Set: {title}, {spoken_time(at, invocation.now())}{repeats}  [{uid}]")
    if over:
        say("That time is over already, so it will not ring.")
    return DONE


def _timer(args: argparse.Namespace, invocation: Invocation, reminders: Reminders) -> int:
    timer = reminders.start_timer(_length(args.length, invocation), args.name)
    return _timer_told(timer, args, invocation, reminders)


def _timer_told(timer: Timer, args: argparse.Namespace, invocation: Invocation, reminders: Reminders) -> int:
    if args.json:
        print_json({"timer": _timer_json(timer, invocation, reminders)})
    else:
        _print_timer(timer, reminders)
    return DONE


def _list(args: argparse.Namespace, invocation: Invocation, reminders: Reminders) -> int:
    ringing, snoozed, timers = reminders.ringing(), reminders.snoozed(), reminders.timers()
    coming = reminders.coming(timedelta(days=_DAYS_LISTED))
    alarms = reminders.alarms()
    others = [due for due in coming if due.kind != "alarm"]
    if args.json:
        print_json(
            {
                "ringing": [_ring_json(ring, invocation) for ring in ringing],
                "snoozed": [_ring_json(ring, invocation) for ring in snoozed],
                "timers": [_timer_json(timer, invocation, reminders) for timer in timers],
                "alarms": [
                    _coming_json("alarm", event.uid, event.title, at, invocation)
                    | {"recurrence": event.recurrence or None}
                    for event, at in alarms
                ],
                "reminders": [
                    _coming_json(due.kind, due.uid, due.title, _local(due.at, invocation), invocation) for due in others
                ],
            }
        )
        return DONE
    now = invocation.now()
    for ring in ringing:
        print(f"rings now: {ring.title}, due {spoken_time(_local(ring.due, invocation), now)}  [{ring.id}]")
    for ring in snoozed:
        print(f"snoozed: {ring.title}, until {spoken_time(_local(ring.rings_at, invocation), now)}  [{ring.id}]")
    for timer in timers:
        _print_timer(timer, reminders)
    for event, at in alarms:
        repeats = f", {event.recurrence}" if event.recurrence else ""
        print(f"alarm: {event.title}, {spoken_time(_local(at.timestamp(), invocation), now)}{repeats}  [{event.uid}]")
    for due in others:
        print(f"{due.kind}: {due.title}, {spoken_time(_local(due.at, invocation), now)}  [{due.uid}]")
    if not (ringing or snoozed or timers or alarms or others):
        say("Nothing is set.")
    return DONE


def _snooze(args: argparse.Namespace, invocation: Invocation, reminders: Reminders) -> int:
    until = None
    if args.when:
        lengths = _lengths(args.when, invocation)
        until = invocation.now() + lengths[0] if lengths else _moment(args.when, invocation)[0]
    rings = _rings(args.id or (), reminders)
    again = reminders.snooze(rings, until)
    if args.json:
        print_json({"snoozed": [_ring_json(r, invocation) for r in reminders.snoozed() if r.id in _ids(rings)]})
    else:
        print(f"Again {spoken_time(again, invocation.now())}: {', '.join(ring.title for ring in rings)}")
    return DONE


def _dismiss(args: argparse.Namespace, invocation: Invocation, reminders: Reminders) -> int:
    rings = _rings(args.id, reminders, snoozed_too=bool(args.id))
    reminders.dismiss(rings)
    if args.json:
        print_json({"dismissed": [_ring_json(ring, invocation) for ring in rings]})
    else:
        print(f"Stopped: {', '.join(ring.title for ring in rings)}")
    return DONE


def _cancel(args: argparse.Namespace, invocation: Invocation, reminders: Reminders) -> int:
    cancelled = []
    for number in dict.fromkeys(args.id):
        timer = _timer_called(number, reminders)
        if timer is not None:
            reminders.cancel_timer(timer)
            cancelled.append({"kind": "timer", "id": str(timer.id), "title": timer_title(timer)})
        else:
            event = reminders.store.delete(number)
            cancelled.append({"kind": "reminder", "id": event.uid, "title": event.title})
    if args.json:
        print_json({"cancelled": cancelled})
    else:
        print(f"Cancelled: {', '.join(item['title'] for item in cancelled)}")
    return DONE


def _pause_or_resume(args: argparse.Namespace, invocation: Invocation, reminders: Reminders) -> int:
    timer = _timer_of(args.id, reminders)
    timer = reminders.pause(timer) if args.action == "pause" else reminders.resume(timer)
    return _timer_told(timer, args, invocation, reminders)


def _extend(args: argparse.Namespace, invocation: Invocation, reminders: Reminders) -> int:
    words = " ".join(args.length)
    length = _length([words.removeprefix("-")], invocation)
    timer = reminders.lengthen(_timer_of(args.id, reminders), -length if words.startswith("-") else length)
    return _timer_told(timer, args, invocation, reminders)


def _watch(args: argparse.Namespace, invocation: Invocation, reminders: Reminders) -> int:
    raise AssertionError("it has a thread and files of its own: see _watch_on")


def _watch_on(args: argparse.Namespace, invocation: Invocation) -> int:
    from assistant_app.app import build_ringer

    known: set[str] = set()

    def tell(ringing: Ringing) -> None:
        for notice in ringing.notices:
            if notice.id not in known:
                known.add(notice.id)
                if args.json:
                    print_json({"ringing": [_ring_json(ring, invocation) for ring in notice.rings]})
                else:
                    print(f"{notice.title} ({notice.body})", flush=True)

    ringer = build_ringer(invocation.settings, invocation.paths, tell, now=invocation.clock)
    ringer.start()
    say("Watching. Stop what rings with: assistant remind dismiss")
    try:
        threading.Event().wait()
    finally:
        ringer.close()
    return DONE


def _moment(
    words: Sequence[str],
    invocation: Invocation,
    understood: Callable[[WhenReading, datetime], WhenReading] = lambda reading, _now: reading,
) -> tuple[datetime, str]:
    """The start that the words name, and the rule by which it repeats."""
    text = " ".join(words)
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        reading = parse_when(text, now=invocation.now(), language=language_of(text))
        reading = reading and understood(reading, invocation.now())
        return _start_of(reading, text, invocation), (reading.recurrence or "") if reading else ""
    if "T" not in text and ":" not in text:
        raise InputError("time_missing", f"At what time on {text}? Give it as well, for example {text}T09:00.")
    return as_datetime(given, invocation.zone), ""


def _start_of(reading: WhenReading | None, text: str, invocation: Invocation) -> datetime:
    if reading is not None and reading.start is None and reading.duration is not None:
        return invocation.now() + reading.duration
    if reading is None or (reading.start is None and reading.end is None):
        example = "Say for example: in ten minutes."
        raise InputError("time_unclear", f"{text!r} is no time that can be understood. {example}")
    start = reading.start or reading.end
    if start is None or reading.grain not in CLOCK_GRAINS:
        raise InputError("time_missing", f"At what time? {text!r} names a day; add a clock time.")
    return start


def _lengths(words: Sequence[str], invocation: Invocation) -> list[timedelta]:
    text = " ".join(words)
    return lengths_in(Utterance(text, "typed", language_of(text)), invocation.now())


def _length(words: Sequence[str], invocation: Invocation) -> timedelta:
    lengths = _lengths(words, invocation)
    if not lengths:
        raise InputError("length_unclear", f"{' '.join(words)!r} is no length of time. Say for example: ten minutes.")
    return lengths[0]


def _rings(numbers: Sequence[str], reminders: Reminders, *, snoozed_too: bool = False) -> list[Ring]:
    rings = [*reminders.ringing(), *(reminders.snoozed() if snoozed_too else ())]
    wanted = [ring for ring in rings if not numbers or str(ring.id) in numbers]
    if not wanted:
        raise InputError("nothing_rings", "Nothing of that number rings." if numbers else "Nothing is ringing.")
    return wanted


def _ids(rings: Sequence[Ring]) -> set[int]:
    return {ring.id for ring in rings}


def _timer_called(name: str, reminders: Reminders) -> Timer | None:
    timers = reminders.timers()
    named = [t for t in timers if t.name and t.name.casefold() == name.casefold()]
    return next(iter([t for t in timers if str(t.id) == name] or named), None)


def _timer_of(name: str, reminders: Reminders) -> Timer:
    timer = _timer_called(name, reminders)
    if timer is None:
        raise InputError("timer_unknown", f"There is no timer {name!r}. `assistant remind list` shows them.")
    return timer


def _print_timer(timer: Timer, reminders: Reminders) -> None:
    left = spoken_length(timedelta(seconds=max(0.0, reminders.left(timer))))
    print(f"timer: {timer_title(timer)}, {left} left{', paused' if timer.paused else ''}  [{timer.id}]")


def _local(wall: float, invocation: Invocation) -> datetime:
    return datetime.fromtimestamp(wall, invocation.zone)


def _seconds(wall: float, invocation: Invocation) -> str:
    return _local(wall, invocation).replace(tzinfo=None).isoformat(timespec="seconds")


def _coming_json(kind: str, uid: str, title: str, at: datetime, invocation: Invocation) -> dict[str, Any]:
    return {"kind": kind, "id": uid, "title": title, "at": iso(at, invocation.zone)}


def _timer_json(timer: Timer, invocation: Invocation, reminders: Reminders) -> dict[str, Any]:
    return {
        "id": str(timer.id),
        "name": timer.name,
        "seconds": round(timer.length_s, 1),
        "left_seconds": round(max(0.0, reminders.left(timer)), 1),
        "paused": timer.paused,
        "ends": None if timer.paused else _seconds(timer.ends_wall, invocation),
    }


def _ring_json(ring: Ring, invocation: Invocation) -> dict[str, Any]:
    return {
        "id": str(ring.id),
        "kind": ring.kind,
        "title": ring.title,
        "due": _seconds(ring.due, invocation),
        "rings_at": _seconds(ring.rings_at, invocation),
        "missed": ring.late,
        "uid": ring.uid or None,
    }
