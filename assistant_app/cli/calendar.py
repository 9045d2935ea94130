"""`assistant calendar ...`: the calendar folder from the terminal. Needs no weights.

Times are ISO ("2026-11-26T15:30", "2026-11-26") or words ("next Thursday at half past three").
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from assistant_app.agenda.events import Event, EventDraft, FileProblem, Moment, Occurrence, Scope, as_datetime
from assistant_app.agenda.spoken import written_range
from assistant_app.agenda.store import CalendarStore
from assistant_app.cli import calendar_accounts, calendar_sync
from assistant_app.cli.calendar_times import interval_of_arguments, minutes_of, moment_of, times_of
from assistant_app.cli.invocation import DONE, Invocation, add_clock, add_json, add_profile, confirm, print_json, say
from assistant_app.errors import InputError, StorageError
from assistant_app.skills.scheduling_words import iso

_DAYS_LISTED = 30


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("calendar", help="list and change events")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, run: Callable[[argparse.Namespace, Invocation, CalendarStore], int], help: str) -> Any:
        made = actions.add_parser(name, help=help)
        made.set_defaults(act=run)
        add_json(made)
        add_clock(made)
        add_profile(made)
        return made

    add = action("add", _add, "put an event into the calendar")
    add.add_argument("title")
    add.add_argument("when", nargs="*", metavar="WHEN", help="start in words, instead of --start")
    add.add_argument("--start", metavar="WHEN")
    _fields(add)
    listing = action("list", _list, f"events of the next {_DAYS_LISTED} days, or of the time named")
    listing.add_argument("when", nargs="*", metavar="WHEN", help="a day, a week, ... in words or ISO")
    listing.add_argument("--from", dest="start", metavar="WHEN")
    listing.add_argument("--to", dest="end", metavar="WHEN")
    listing.add_argument("--search", metavar="WORDS", help="only what holds these words, whenever it is")
    listing.add_argument("--calendar", metavar="NAME")
    action("show", _show, "all there is to know of an event").add_argument("uid")
    edit = action("edit", _edit, "change parts of an event")
    edit.add_argument("uid")
    edit.add_argument("--title")
    edit.add_argument("--start", metavar="WHEN")
    _fields(edit)
    _part(edit)
    move = action("move", _move, "give an event another start; it keeps its length")
    move.add_argument("uid")
    move.add_argument("when", nargs="+", metavar="WHEN")
    _part(move)
    delete = action("delete", _delete, "delete events; asks first")
    delete.add_argument("uid", nargs="+")
    _part(delete)
    delete.add_argument("--yes", action="store_true", help="do not ask")
    free = action("free", _free, "when there is time")
    free.add_argument("when", nargs="*", metavar="WHEN", help="in which day, week, ...; else the coming week")
    free.add_argument("--from", dest="start", metavar="WHEN")
    free.add_argument("--to", dest="end", metavar="WHEN")
    free.add_argument("--minutes", type=minutes_of, metavar="N", help="at least this long")
    action("undo", _undo, "take the latest change back")
    imported = action("import", _import, "take over the events of .ics files")
    imported.add_argument("file", nargs="+", type=Path)
    export = action("export", _export, "write all events as one .ics file")
    export.add_argument("file", nargs="?", type=Path, help="else standard output")
    export.add_argument("--calendar", metavar="NAME", help="of this calendar only")
    calendar_sync.add_actions(action)
    calendar_accounts.add_actions(actions)


def _fields(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--end", metavar="WHEN")
    parser.add_argument("--minutes", type=minutes_of, metavar="N", help="length, instead of --end")
    parser.add_argument("--calendar", metavar="NAME")
    parser.add_argument("--location")
    parser.add_argument("--notes")
    parser.add_argument("--repeat", metavar="RRULE", help="such as FREQ=WEEKLY;BYDAY=MO")
    parser.add_argument("--remind", type=int, action="append", metavar="MINUTES", help="alert before the start")


def _part(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--occurrence", metavar="WHEN", help="of an event that repeats: the day or start of which one")
    parser.add_argument(
        "--scope", choices=get_args(Scope), help="only that occurrence (the usual), it and all following, or all"
    )


def _which(args: argparse.Namespace, invocation: Invocation) -> dict[str, Any]:
    """What `--occurrence` and `--scope` say, as the store takes it."""
    if args.occurrence is None:
        if args.scope in ("one", "following"):
            raise InputError(
                "occurrence_missing", "Say which occurrence is meant, for example --occurrence 2026-11-30."
            )
        return {}
    scope: Scope = args.scope or "one"
    return {"scope": scope, "occurrence": moment_of(args.occurrence, invocation)}


def run(args: argparse.Namespace) -> int:
    from assistant_app.app import build_calendar

    invocation = Invocation(args)
    store = build_calendar(invocation.settings, invocation.paths, now=invocation.clock)
    try:
        status: int = args.act(args, invocation, store)
        if not args.json:
            for problem in store.problems():
                say(f"Not read, and left as it is: {problem.file} ({problem.reason})")
        return status
    finally:
        store.close()


def _add(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    words = args.start or " ".join(args.when)
    if not words:
        raise InputError("time_missing", "When is it? Give a start, for example --start 2026-11-26T15:30.")
    start, end, recurrence = times_of(words, invocation, args.minutes)
    if args.end:
        end = moment_of(args.end, invocation)
    recurrence = args.repeat or recurrence
    conflicts = store.conflicts(start, end, recurrence=recurrence) if isinstance(start, datetime) else []
    event = store.add(
        EventDraft(
            title=args.title,
            start=start,
            end=end,
            calendar=args.calendar or "",
            location=args.location or "",
            notes=args.notes or "",
            recurrence=recurrence,
            reminder_minutes=tuple(args.remind or ()),
        )
    )
    if args.json:
        print_json({**_one(event, invocation), "conflicts": [_occurrence_json(o, invocation) for o in conflicts]})
        return DONE
    _print_event("Added", event, invocation)
    for occurrence in conflicts:
        print(f"  overlaps with {occurrence.event.title}")
    return DONE


def _list(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    start, end = interval_of_arguments(args, invocation, timedelta(days=_DAYS_LISTED))
    if args.search is not None:
        after = start if args.when or args.start else None
        found = store.search(args.search, after=after, limit=200)
    else:
        found = store.between(start, end)
    found = [o for o in found if not args.calendar or o.event.calendar == args.calendar]
    if args.json:
        events = [_occurrence_json(occurrence, invocation) for occurrence in found]
        print_json({"events": events, "problems": [_problem_json(problem) for problem in store.problems()]})
        return DONE
    for occurrence in found:
        when = written_range(*_local(occurrence, invocation), invocation.now())
        place = f" @ {occurrence.event.location}" if occurrence.event.location else ""
        print(f"{when}  {occurrence.event.title}{place}  [{occurrence.event.uid}]")
    if not found:
        say("Nothing is in the calendar there.")
    return DONE


def _show(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    event = store.get(args.uid)
    if args.json:
        print_json(_one(event, invocation))
    else:
        for name, value in event_json(event, invocation).items():
            if value not in ("", [], None):
                print(f"{name}: {value}")
    return DONE


def _edit(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    which = _which(args, invocation)
    names = ("title", "calendar", "location", "notes")
    changes: dict[str, Any] = {name: value for name in names if (value := getattr(args, name)) is not None}
    if args.repeat is not None:
        changes["recurrence"] = args.repeat
    if args.remind is not None:
        changes["reminder_minutes"] = tuple(args.remind)
    if args.start:
        changes["start"] = moment_of(args.start, invocation)
    if args.end:
        changes["end"] = moment_of(args.end, invocation)
    elif args.minutes:
        now = store.occurrence(args.uid, which["occurrence"]) if which else store.get(args.uid)
        start = as_datetime(changes.get("start", now.start), invocation.zone)
        changes |= {"start": start, "end": start + timedelta(minutes=args.minutes)}
    if not changes:
        raise InputError("nothing_to_change", "Say what to change, for example --title or --start.")
    return _changed("Changed", store.edit(args.uid, **which, **changes), args, invocation)


def _move(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    start = moment_of(" ".join(args.when), invocation)
    return _changed("Moved", store.move(args.uid, start, **_which(args, invocation)), args, invocation)


def _delete(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    which = _which(args, invocation)
    events = [store.get(uid) for uid in dict.fromkeys(args.uid)]
    names = ", ".join(_named(event, which, invocation, store) for event in events)
    count = f"these {len(events)} events: {names}" if len(events) > 1 else names
    if not confirm(f"Delete {count}?", yes=args.yes, as_json=args.json):
        say("Nothing was deleted.")
        return DONE
    deleted = [store.delete(event.uid, **which) for event in events]
    if args.json:
        print_json({"deleted": [event_json(event, invocation) for event in deleted]})
    for event in () if args.json else deleted:
        _print_event("Deleted", event, invocation)
    return DONE


def _named(event: Event, which: dict[str, Any], invocation: Invocation, store: CalendarStore) -> str:
    """An event, and how much of it is meant, before it is deleted."""
    title = event.title or event.uid
    if not event.repeats:
        return title
    if which.get("scope", "all") == "all":
        return f"{title} and all its repeats"
    occurrence = store.occurrence(event.uid, which["occurrence"])
    when = written_range(*_local(occurrence, invocation), invocation.now())
    return f"{title}, {when}" + (" and all following" if which["scope"] == "following" else "")


def _free(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    start, end = interval_of_arguments(args, invocation, timedelta(days=7))
    hours = invocation.settings.calendar
    slots = store.free_slots(
        timedelta(minutes=args.minutes or hours.event_minutes),
        max(start, invocation.now()),
        end,
        day_starts_hour=hours.day_starts_hour,
        day_ends_hour=hours.day_ends_hour,
    )
    if args.json:
        print_json({"free": [_span_json(slot.start, slot.end, invocation) for slot in slots]})
        return DONE
    for slot in slots:
        print(written_range(slot.start, slot.end, invocation.now()))
    if not slots:
        say("There is no room in that time.")
    return DONE


def _undo(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    change = store.undo()
    if change is None:
        raise InputError("nothing_to_undo", "There is nothing to undo.")
    event = change.before or change.after
    if args.json:
        print_json({"undone": change.kind, "event": event and event_json(event, invocation)})
    elif event is not None:
        _print_event(f"Undone ({change.kind.removeprefix('event_')})", event, invocation)
    return DONE


def _import(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    taken: list[Event] = []
    for file in args.file:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise InputError("file_unreadable", f"{file} cannot be read ({error.strerror}).") from error
        taken += store.import_ics(data)
    if args.json:
        print_json({"events": [event_json(event, invocation) for event in taken]})
    for event in () if args.json else taken:
        _print_event("Imported", event, invocation)
    return DONE


def _export(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    data = store.export_ics(args.calendar)
    if args.file is None:
        if args.json:
            print_json({"ics": data.decode("utf-8", "replace")})
        else:
            sys.stdout.write(data.decode("utf-8", "replace"))
        return DONE
    from assistant_app.agenda.files import write_whole

    try:
        write_whole(args.file, data)
    except StorageError as error:
        raise StorageError("export_not_written", f"{args.file} cannot be written. Choose another place.") from error
    if args.json:
        print_json({"file": str(args.file), "events": data.count(b"BEGIN:VEVENT")})
    else:
        print(f"Written: {args.file}")
    return DONE


def event_json(event: Event, invocation: Invocation) -> dict[str, Any]:
    """An event with local ISO times, days for all-day ones."""
    return {
        "uid": event.uid,
        "title": event.title,
        **_span_json(event.start, event.end, invocation),
        "all_day": event.all_day,
        "calendar": event.calendar,
        "location": event.location,
        "notes": event.notes,
        "recurrence": event.recurrence,
        "reminder_minutes": list(event.reminder_minutes),
        "categories": list(event.categories),
        "file": str(event.file),
    }


def _one(event: Event, invocation: Invocation) -> dict[str, Any]:
    return {"event": event_json(event, invocation)}


def _occurrence_json(occurrence: Occurrence, invocation: Invocation) -> dict[str, Any]:
    which = occurrence.recurrence_id
    return {
        **event_json(occurrence.event, invocation),
        **_span_json(occurrence.start, occurrence.end, invocation),
        "occurrence": None if which is None else iso(which, invocation.zone),
    }


def _span_json(start: Moment, end: Moment, invocation: Invocation) -> dict[str, str]:
    return {"start": iso(start, invocation.zone), "end": iso(end, invocation.zone)}


def _problem_json(problem: FileProblem) -> dict[str, str]:
    return {"file": str(problem.file), "reason": problem.reason}


def _changed(done: str, event: Event, args: argparse.Namespace, invocation: Invocation) -> int:
    if args.json:
        print_json(_one(event, invocation))
    else:
        _print_event(done, event, invocation)
    return DONE


def _print_event(done: str, event: Event, invocation: Invocation) -> None:
    when = written_range(*_local(event, invocation), invocation.now())
    print(f"{done}: {event.title}, {when}  [{event.uid}]")


def _local(event: Event | Occurrence, invocation: Invocation) -> tuple[Moment, Moment]:
    start, end = event.start, event.end
    if isinstance(start, datetime) and isinstance(end, datetime):
        return start.astimezone(invocation.zone), end.astimezone(invocation.zone)
    return start, end
