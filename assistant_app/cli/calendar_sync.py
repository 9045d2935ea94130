"""`assistant calendar sync` and `conflicts`: keeping in step with the accounts, and what needs a choice.

Nothing connects to the network but `sync`, and that only to accounts that are switched on.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from assistant_app.agenda.store import CalendarStore
from assistant_app.agenda.sync.progress import Progress
from assistant_app.agenda.sync.service import CalendarStatus, Conflict, SyncResult
from assistant_app.cli.invocation import DONE, NOT_DONE, Invocation, error_object, print_json, say
from assistant_app.errors import InputError

Run = Callable[[argparse.Namespace, Invocation, CalendarStore], int]


def add_actions(action: Callable[[str, Run, str], Any]) -> None:
    """The actions of this file, made by `assistant calendar`'s own way to make one."""
    sync = action("sync", _sync, "keep the chosen calendars in step with their accounts")
    sync.add_argument("account", nargs="*", help="else all that are switched on")
    sync.add_argument("--status", action="store_true", help="only say how things stand; asks no server")
    sync.add_argument("--every", type=int, metavar="MINUTES", help="go on until stopped, at this interval")
    sync.add_argument(
        "--allow-emptied", action="store_true", help="go on where all events are gone from one side of a calendar"
    )
    conflicts = action("conflicts", _conflicts, "events changed on both sides; choose a version")
    conflicts.add_argument("id", nargs="?", type=int)
    conflicts.add_argument("--keep", choices=("mine", "theirs", "both"), help="end the conflict")


def _sync(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    from assistant_app.app import build_sync

    syncing = build_sync(invocation.settings, invocation.paths, store)
    if args.status:
        return _status(args, invocation, syncing.status())
    if not syncing.accounts:
        raise InputError(
            "no_accounts", "No account is connected. Add one: assistant calendar accounts add NAME ADDRESS --user NAME"
        )
    bar = _Bar(quiet=args.json)
    while True:
        try:
            results = syncing.sync(args.account, report=bar.show, allow_emptied=args.allow_emptied)
        except InputError as error:
            if not (args.every and error.code == "sync_running"):
                raise
            results = []
        finally:
            bar.close()
        status = _tell(args, results)
        if not args.every:
            return status
        time.sleep(max(args.every, 1) * 60)


def _tell(args: argparse.Namespace, results: list[SyncResult]) -> int:
    if args.json:
        print_json({"calendars": [_result_json(result) for result in results]})
    else:
        for result in results:
            if result.error is None:
                print(f"{result.calendar} ({result.account}): {_words(result)}")
            else:
                say(f"{result.calendar} ({result.account}): {result.error.message}")
        if not results:
            say("No calendar is chosen, or no account is switched on. See: assistant calendar accounts list")
        if any(result.tally.conflicts for result in results):
            say("Events were changed on both sides; choose a version: assistant calendar conflicts")
    return NOT_DONE if any(result.error for result in results) else DONE


def _words(result: SyncResult) -> str:
    tally = result.tally
    parts = [
        f"{count} {word}"
        for count, word in (
            (tally.fetched, "fetched"),
            (tally.removed, "removed here"),
            (tally.sent, "sent"),
            (tally.deleted, "deleted there"),
            (tally.conflicts, "to choose between"),
            (tally.refused, "not taken by the server"),
        )
        if count
    ]
    return ", ".join(parts) or "in step"


def _result_json(result: SyncResult) -> dict[str, Any]:
    tally = result.tally
    return {
        "account": result.account,
        "calendar": result.calendar,
        "fetched": tally.fetched,
        "removed": tally.removed,
        "sent": tally.sent,
        "deleted": tally.deleted,
        "conflicts": tally.conflicts,
        "refused": tally.refused,
        "error": error_object(result.error.code, result.error.message)["error"] if result.error else None,
    }


def _status(args: argparse.Namespace, invocation: Invocation, found: list[CalendarStatus]) -> int:
    if args.json:
        print_json({"calendars": [status_json(one, invocation) for one in found]})
        return DONE
    for one in found:
        when = "never synced" if one.synced_at is None else f"last synced {_local(one.synced_at, invocation)}"
        parts = [when if one.switched_on else f"switched off, {when}"]
        parts += [f"{one.waiting} waiting to be sent"] if one.waiting else []
        parts += [f"{one.conflicts} to choose between"] if one.conflicts else []
        print(f"{one.calendar} ({one.account}): {', '.join(parts)}")
        for name, reason in one.refused:
            print(f"  not sent: {name}. {reason}")
        if one.error:
            print(f"  latest problem: {one.error}")
    if not found:
        say("No calendar is connected to an account.")
    return DONE


def status_json(one: CalendarStatus, invocation: Invocation) -> dict[str, Any]:
    return {
        "account": one.account,
        "calendar": one.calendar,
        "address": one.address,
        "switched_on": one.switched_on,
        "synced_at": one.synced_at and _local(one.synced_at, invocation),
        "waiting": one.waiting,
        "conflicts": one.conflicts,
        "refused": [{"file": name, "reason": reason} for name, reason in one.refused],
        "error": one.error,
    }


def _conflicts(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    from assistant_app.app import build_sync

    syncing = build_sync(invocation.settings, invocation.paths, store)
    if args.keep:
        if args.id is None:
            raise InputError("conflict_missing", "Say which: assistant calendar conflicts ID --keep mine|theirs|both")
        resolved = syncing.resolve(args.id, args.keep)
        if args.json:
            print_json({"resolved": _conflict_json(resolved, invocation), "kept": args.keep})
        else:
            print(f"Kept {args.keep}: {resolved.title}. The server hears of it with the next sync.")
        return DONE
    found = [one for one in syncing.conflicts() if args.id in (None, one.id)]
    if args.json:
        print_json({"conflicts": [_conflict_json(one, invocation) for one in found]})
        return DONE
    for one in found:
        _print_conflict(one)
    if not found:
        say("There are no conflicts.")
    return DONE


def _print_conflict(one: Conflict) -> None:
    print(f"{one.id}: {one.title} ({one.calendar})")
    if one.mine is None:
        print("  deleted here, changed on the server")
    elif one.theirs is None:
        print("  changed here, deleted on the server")
    for difference in one.differences:
        print(f"  {difference.name}: mine {difference.mine or 'nothing'!r}, theirs {difference.theirs or 'nothing'!r}")
    print(f"  choose: assistant calendar conflicts {one.id} --keep mine|theirs{'|both' if one.differences else ''}")


def _conflict_json(one: Conflict, invocation: Invocation) -> dict[str, Any]:
    return {
        "id": one.id,
        "calendar": one.calendar,
        "uid": one.uid,
        "title": one.title,
        "found_at": _local(one.found_at, invocation),
        "mine": one.mine and one.mine.decode("utf-8", "replace"),
        "theirs": one.theirs and one.theirs.decode("utf-8", "replace"),
        "differences": [{"name": d.name, "mine": d.mine, "theirs": d.theirs} for d in one.differences],
    }


def _local(moment: datetime, invocation: Invocation) -> str:
    return moment.astimezone(invocation.zone).replace(microsecond=0, tzinfo=None).isoformat()


class _Bar:
    """A progress bar for each stage that takes a while; none where nobody watches."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet or not sys.stderr.isatty()
        self._bar: Any = None
        self._stage: tuple[str, str] | None = None

    def show(self, progress: Progress) -> None:
        if self._quiet:
            return
        stage = (progress.calendar, progress.stage)
        if stage != self._stage:
            self.close()
            self._stage = stage
            if progress.total:
                from tqdm import tqdm

                description = f"{progress.calendar}: {progress.stage}"
                self._bar = tqdm(desc=description, total=progress.total, unit="", leave=False, file=sys.stderr)
        if self._bar is not None:
            self._bar.update(progress.done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
