"""Keeps the calendars of all connected accounts in step: the door for command line, window and skills.

Made of the settings' accounts; asks no server before `sync` or `find_calendars` is called. Each
method may be called from any thread.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from assistant_app.agenda.events import ChangeKind
from assistant_app.agenda.journal import FileChange
from assistant_app.agenda.store import CalendarStore
from assistant_app.agenda.sync import passwords
from assistant_app.agenda.sync.caldav_server import CaldavServer, RemoteCalendar
from assistant_app.agenda.sync.compare import Difference, differences, digest, title_of, uids_of, with_uid
from assistant_app.agenda.sync.local_folder import LocalFolder
from assistant_app.agenda.sync.progress import Report, Tally
from assistant_app.agenda.sync.state import Item, StoredConflict, SyncState
from assistant_app.agenda.sync.transport import Transport
from assistant_app.agenda.sync.two_way import TwoWaySync
from assistant_app.agenda.sync.web_calendar import fetch_web_calendar
from assistant_app.errors import AssistantError, InputError
from assistant_app.settings import CalendarAccount, LinkedCalendar
from assistant_app.turn import Cancel

log = logging.getLogger(__name__)

Keep = Literal["mine", "theirs", "both"]


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What came of one calendar."""

    account: str
    calendar: str
    tally: Tally
    error: AssistantError | None = None
    """Why it did not come to its end; the user's changes wait."""


@dataclass(frozen=True, slots=True)
class CalendarStatus:
    """Where a linked calendar stands, without asking the server."""

    account: str
    calendar: str
    address: str
    switched_on: bool
    synced_at: datetime | None
    waiting: int
    """Changes made here that the server has not got yet."""
    conflicts: int
    refused: tuple[tuple[str, str], ...]
    """File name and why the server does not take it."""
    error: str
    """Of the latest sync; empty where it went well."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """An event that was changed on both sides. Both versions are kept until the user chooses."""

    id: int
    calendar: str
    uid: str
    title: str
    mine: bytes | None
    """The version here, now; None where it was deleted here."""
    theirs: bytes | None
    """The server's; None where it was deleted there."""
    differences: tuple[Difference, ...]
    found_at: datetime


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection to the outside that the user has set up, for the privacy settings to show."""

    name: str
    kind: Literal["caldav", "web"]
    host: str
    purpose: str
    """What goes where, in one sentence."""
    switched_on: bool
    last_used: datetime | None


class CalendarSync:
    """All accounts of one profile."""

    def __init__(
        self,
        accounts: Sequence[CalendarAccount],
        store: CalendarStore,
        state_file: Path,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        password_of: Callable[[CalendarAccount], str] = passwords.password_of,
    ) -> None:
        self.accounts = tuple(accounts)
        self._store = store
        self._state_file = state_file
        self._clock = clock
        self._password_of = password_of

    # With the network

    def find_calendars(self, account: CalendarAccount, *, cancel: Cancel | None = None) -> list[RemoteCalendar]:
        """What the account's server offers. Raises `NetworkError`."""
        with self._transport(account, cancel or Cancel()) as transport:
            return CaldavServer(transport, account.name).calendars(account.address)

    def sync(
        self,
        names: Sequence[str] = (),
        *,
        report: Report = lambda _progress: None,
        cancel: Cancel | None = None,
        allow_emptied: bool = False,
    ) -> list[SyncResult]:
        """Bring the calendars of the named accounts (else of all that are switched on) in step, one after another.

        A calendar that fails does not keep the others from theirs; its error is in its result. A
        cancelled sync raises `TurnCancelled` and goes on where it was next time.
        """
        chosen = [self._account(name) for name in names] or [a for a in self.accounts if a.switched_on]
        for account in chosen:
            if not account.switched_on:
                raise InputError(
                    "account_off",
                    f"{account.name} is switched off. Switch it on: assistant calendar accounts on {account.name}",
                )
        results: list[SyncResult] = []
        with self._alone(), self._state() as state:
            for account in chosen:
                results += self._sync_account(account, state, report, cancel or Cancel(), allow_emptied)
        return results

    def _sync_account(
        self, account: CalendarAccount, state: SyncState, report: Report, cancel: Cancel, allow_emptied: bool
    ) -> list[SyncResult]:
        results = []
        failed: AssistantError | None = None
        with contextlib.ExitStack() as stack:
            try:
                transport = stack.enter_context(self._transport(account, cancel))
            except AssistantError as error:
                failed = error
            for link in account.calendars:
                try:
                    if failed:
                        raise failed
                    tally = self._sync_calendar(account, link, transport, state, report, cancel, allow_emptied)
                    results.append(SyncResult(account.name, link.folder, tally))
                except AssistantError as error:
                    if error.code in ("server_unreachable", "password_wrong"):
                        failed = error  # the account's other calendars would only wait for the same
                    log.info("%s was not brought in step: %s", link.folder, error.code)
                    state.link(link.folder, link.address)
                    state.failed(link.folder, error.message)
                    results.append(SyncResult(account.name, link.folder, Tally(), error))
        return results

    def _sync_calendar(
        self,
        account: CalendarAccount,
        link: LinkedCalendar,
        transport: Transport,
        state: SyncState,
        report: Report,
        cancel: Cancel,
        allow_emptied: bool,
    ) -> Tally:
        local = LocalFolder(self._store, link.folder)
        now_s = self._clock().timestamp()
        if account.kind == "web":
            return fetch_web_calendar(
                account.name, link.address, transport, local, state, now_s=now_s, report=report, cancel=cancel
            )
        return TwoWaySync(
            account.name,
            link.address,
            CaldavServer(transport, account.name),
            local,
            state,
            now_s=now_s,
            report=report,
            cancel=cancel,
            allow_emptied=allow_emptied,
        ).run()

    @contextlib.contextmanager
    def _transport(self, account: CalendarAccount, cancel: Cancel) -> Iterator[Transport]:
        password = self._password_of(account) if account.user else ""
        transport = Transport(
            account.name,
            user=account.user,
            password=password,
            allow_http=account.allow_http,
            site=account.address,
            cancel=cancel,
        )
        try:
            yield transport
        finally:
            transport.close()

    # Without it

    def status(self) -> list[CalendarStatus]:
        """Where every linked calendar stands."""
        found = []
        with self._state() as state:
            for account in self.accounts:
                for link in account.calendars:
                    known = state.calendar(link.folder)
                    synced_at = known.synced_at if known and known.address == link.address else None
                    found.append(
                        CalendarStatus(
                            account.name,
                            link.folder,
                            link.address,
                            account.switched_on,
                            datetime.fromtimestamp(synced_at, UTC) if synced_at is not None else None,
                            0 if account.kind == "web" else self._waiting(state, link.folder),
                            len(state.conflicts(link.folder)),
                            tuple(sorted(state.refusals(link.folder).items())),
                            known.error if known else "",
                        )
                    )
        return found

    def _waiting(self, state: SyncState, folder: str) -> int:
        items = state.items(folder)
        files = LocalFolder(self._store, folder).scan(items)
        aside = {conflict.name for conflict in state.conflicts(folder)} | state.refusals(folder).keys()
        new_or_changed = {n for n, file in files.items() if n not in items or items[n].digest != file.digest}
        return len((new_or_changed | (items.keys() - files.keys())) - aside)

    def connections(self) -> list[Connection]:
        """Every connection this program may make by itself, switched on or off: none but the user's accounts."""
        return list_connections(self.accounts, self._state_file)

    def forget(self, account: CalendarAccount) -> None:
        """Drop what is known of an account's calendars. The calendars and their events stay."""
        with self._state() as state:
            for link in account.calendars:
                state.unlink(link.folder)

    # Conflicts

    def conflicts(self) -> list[Conflict]:
        """Events that were changed on both sides, oldest first."""
        with self._state() as state:
            return [self._shown(conflict) for conflict in state.conflicts()]

    def resolve(self, conflict_id: int, keep: Keep) -> Conflict:
        """End a conflict: take one version, or both as two events. It can be undone like any other change.

        The server hears of it with the next sync.
        """
        with self._state() as state:
            stored = next((c for c in state.conflicts() if c.id == conflict_id), None)
            if stored is None:
                raise InputError(
                    "conflict_unknown", f"There is no conflict {conflict_id}. See them: assistant calendar conflicts"
                )
            shown = self._shown(stored)
            if keep == "both" and (shown.mine is None or shown.theirs is None):
                raise InputError(
                    "conflict_one_version", "One side has deleted the event, so there are no two versions to keep."
                )
            if keep != "mine":
                self._write_choice(stored, shown, keep)
            base = digest(stored.theirs) if stored.theirs is not None else ""
            with state.writing():
                if stored.theirs is None:
                    state.drop_items(stored.folder, [stored.name])
                else:
                    item = Item(stored.name, stored.href, stored.etag, base, 0, len(stored.theirs))
                    state.put_items(stored.folder, [item])
        return shown

    def _write_choice(self, stored: StoredConflict, shown: Conflict, keep: Keep) -> None:
        path = f"{stored.folder}/{stored.name}"
        files = [FileChange(path, shown.mine, stored.theirs)]
        uids: tuple[str, ...] = (shown.uid,)
        kind: ChangeKind = "event_edited"
        if stored.theirs is None:
            kind = "event_deleted"
        elif shown.mine is None:
            kind = "event_added"
        elif keep == "both":
            second = f"{shown.uid}-{digest(shown.mine)[:8]}"
            name = f"{digest(second.encode())[:32]}.ics"
            files.append(FileChange(f"{stored.folder}/{name}", None, with_uid(shown.mine, shown.uid, second)))
            uids = (shown.uid, second)
        if shown.mine != stored.theirs:
            self._store.replace_files(kind, uids, files)

    def _shown(self, stored: StoredConflict) -> Conflict:
        mine = LocalFolder(self._store, stored.folder).read(stored.name)
        either = mine or stored.theirs or stored.mine or b""
        return Conflict(
            id=stored.id,
            calendar=stored.folder,
            uid=next(iter(uids_of(either)), ""),
            title=title_of(either),
            mine=mine,
            theirs=stored.theirs,
            differences=tuple(differences(mine, stored.theirs)) if mine and stored.theirs else (),
            found_at=datetime.fromtimestamp(stored.found_at, UTC),
        )

    # Within

    def _account(self, name: str) -> CalendarAccount:
        for account in self.accounts:
            if account.name == name:
                return account
        raise InputError("account_unknown", f"There is no account {name}. See them: assistant calendar accounts list")

    @contextlib.contextmanager
    def _state(self) -> Iterator[SyncState]:
        state = SyncState(self._state_file)
        try:
            yield state
        finally:
            state.close()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One sync at a time, in this or another process; the lock ends with the process that holds it."""
        self._state_file.parent.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(
            self._state_file.with_name(self._state_file.stem + ".lock"), timeout=0, isolation_level=None
        )
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            lock.close()
            raise InputError("sync_running", "A sync is running already. Wait until it is done.") from error
        try:
            yield
        finally:
            lock.close()


def list_connections(accounts: Sequence[CalendarAccount], state_file: Path | None = None) -> list[Connection]:
    """Every connection to the outside in the settings, in the words of the privacy page."""
    used: dict[str, float] = {}
    if state_file is not None and state_file.exists():
        state = SyncState(state_file)
        try:
            for account in accounts:
                times = [known.synced_at or 0 for one in account.calendars if (known := state.calendar(one.folder))]
                used[account.name] = max(times, default=0)
        finally:
            state.close()
    found = []
    for account in accounts:
        names = ", ".join(link.folder for link in account.calendars) or "no calendar"
        purpose = (
            f"Fetches {names}; nothing is sent but the request."
            if account.kind == "web"
            else f"Keeps {names} in step, both ways; other calendars are not sent."
        )
        last = used.get(account.name)
        found.append(
            Connection(
                account.name,
                account.kind,
                urlsplit(account.address).hostname or account.address,
                purpose,
                account.switched_on,
                datetime.fromtimestamp(last, UTC) if last else None,
            )
        )
    return found
