"""Keeps one local calendar and one on a CalDAV server in step.

Both sides are compared with what they had when they were last equal (`state`). What changed on
one side goes to the other; what changed on both is kept in both versions until the user chooses.
Every step is recorded only after it is done, so a sync that is cut off at any moment goes on where it was.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Sequence
from urllib.parse import unquote

from assistant_app.agenda.sync.caldav_server import (
    CaldavServer,
    ChangedMeanwhile,
    Refused,
    RemoteChanges,
    RemoteObject,
    TokenExpired,
    href_for,
)
from assistant_app.agenda.sync.compare import digest, same, uids_of
from assistant_app.agenda.sync.local_folder import LocalFile, LocalFolder
from assistant_app.agenda.sync.progress import Progress, Report, Stage, Tally
from assistant_app.agenda.sync.state import Item, StoredConflict, SyncState
from assistant_app.errors import NetworkError
from assistant_app.turn import Cancel

log = logging.getLogger(__name__)

BATCH = 50
"""Objects asked for at once; small enough that the user's own changes need not wait for it."""
MOST_AT_ONCE = 10
"""When all of at least so many events are gone from one side, a lost disk is likelier than a wish."""


class TwoWaySync:
    """One run for one calendar."""

    def __init__(
        self,
        account: str,
        address: str,
        server: CaldavServer,
        local: LocalFolder,
        state: SyncState,
        *,
        now_s: float,
        report: Report,
        cancel: Cancel,
        allow_emptied: bool = False,
    ) -> None:
        self._account = account
        self._address = address
        self._server = server
        self._local = local
        self._folder = local.folder
        self._state = state
        self._now_s = now_s
        self._report = report
        self._cancel = cancel
        self._allow_emptied = allow_emptied
        self._tally = Tally()
        self._items: dict[str, Item] = {}
        self._files: dict[str, LocalFile] = {}
        self._conflicts: dict[str, StoredConflict] = {}

    def run(self) -> Tally:
        """Do it. Raises `NetworkError` or `StorageError`; what was done by then stays done."""
        self._tell("listing")
        calendar = self._state.link(self._folder, self._address)
        self._items = self._state.items(self._folder)
        self._conflicts = {conflict.name: conflict for conflict in self._state.conflicts(self._folder)}
        self._check_folder()
        remote = self._changes(calendar.token)
        self._files = self._local.scan(self._items)
        self._refresh_stamps()
        with self._state.writing():
            self._state.clear_refusals(self._folder)
        hrefs = {item.href: item.name for item in self._items.values()}
        hrefs |= {conflict.href: conflict.name for conflict in self._conflicts.values()}
        if remote.complete:
            gone = [href for href in hrefs if href not in remote.etags]
        else:
            gone = [href for href in remote.removed if href in hrefs]
        self._check_emptied(gone)
        for href in gone:
            self._cancel.check()
            self._removed_there(hrefs[href], href)
        wanted = [href for href, etag in remote.etags.items() if self._known_etag(hrefs.get(href)) != etag]
        self._fetch(wanted, hrefs)
        self._send()
        self._settle_by_hand()
        self._tally.conflicts = len(self._state.conflicts(self._folder))
        self._state.finished(self._folder, remote.token, self._now_s)
        self._tell("done")
        return self._tally

    # Before anything is touched

    def _changes(self, token: str) -> RemoteChanges:
        if token:
            try:
                return self._server.changes(self._address, token)
            except TokenExpired:
                log.info("the sync token of %s has expired; everything is listed", self._folder)
        return self._server.changes(self._address, "")

    def _check_folder(self) -> None:
        if self._items and not self._local.exists():
            raise NetworkError(
                "folder_missing",
                f"The folder {self._local.path} is not there (is its disk connected?), so nothing was sent or deleted. "
                f"If you removed it yourself: assistant calendar accounts remove {self._account}",
            )

    def _check_emptied(self, gone: Sequence[str]) -> None:
        if self._allow_emptied or len(self._items) < MOST_AT_ONCE:
            return
        if not any(name in self._files for name in self._items):
            raise self._emptied("here")
        if len(gone) >= len(self._items):
            raise self._emptied(f"on the server of {self._account}")

    def _emptied(self, where: str) -> NetworkError:
        return NetworkError(
            "calendar_emptied",
            f"All {len(self._items)} events of {self._folder} are gone {where}, so none was deleted on the other side. "
            "If that is meant: assistant calendar sync --allow-emptied",
        )

    def _refresh_stamps(self) -> None:
        """So that a file need not be read next time."""
        fresh = [
            Item(item.name, item.href, item.etag, item.digest, file.mtime_ns, file.size)
            for item in self._items.values()
            if (file := self._files.get(item.name))
            and item.name not in self._conflicts
            and file.digest == item.digest
            and file.mtime_ns != item.mtime_ns
        ]
        if fresh:
            with self._state.writing():
                self._state.put_items(self._folder, fresh)

    # From there to here

    def _known_etag(self, name: str | None) -> str | None:
        if name is None:
            return None
        if conflict := self._conflicts.get(name):
            return conflict.etag
        return self._items[name].etag if name in self._items else None

    def _removed_there(self, name: str, href: str) -> None:
        item, file = self._items.get(name), self._files.get(name)
        if file is None:
            with self._state.writing():
                self._state.drop_items(self._folder, [name])
            self._items.pop(name, None)
            self._conflicts.pop(name, None)
            return
        if item is not None and name not in self._conflicts and file.digest == item.digest:
            with self._local.locked():
                removed = self._local.remove(name, expected=item.digest)
            if removed:
                with self._state.writing():
                    self._state.drop_items(self._folder, [name])
                del self._items[name], self._files[name]
                self._tally.removed += 1
                return
        self._conflict(name, href, "", None)

    def _fetch(self, wanted: Sequence[str], hrefs: dict[str, str]) -> None:
        unknown = self._uids_of_unknown_files() if any(href not in hrefs for href in wanted) else {}
        for at in range(0, len(wanted), BATCH):
            self._tell("fetching", at, len(wanted))
            self._cancel.check()
            found = list(self._server.fetch(self._address, wanted[at : at + BATCH]))
            written: list[Item] = []
            with self._local.locked():
                for thing in found:
                    if item := self._take(thing, hrefs.get(thing.href), unknown):
                        written.append(item)
            with self._state.writing():
                self._state.put_items(self._folder, written)
            self._items |= {item.name: item for item in written}

    def _uids_of_unknown_files(self) -> dict[str, str]:
        """UID to name, of files that the server is not known to have."""
        found: dict[str, str] = {}
        for name in self._files.keys() - self._items.keys() - self._conflicts.keys():
            for uid in uids_of(self._local.read(name) or b""):
                found.setdefault(uid, name)
        return found

    def _take(self, thing: RemoteObject, name: str | None, unknown: dict[str, str]) -> Item | None:
        """Put an object of the server's here, if nothing of the user's is in its way."""
        if name is None:
            uid = next(iter(uids_of(thing.data)), "")
            if uid in unknown:
                return self._agree(unknown[uid], thing)
            return self._put_here(self._free_name(thing, uid), thing, expected=None)
        if name in self._conflicts or name not in self._items:
            return self._agree(name, thing)
        item, file = self._items[name], self._files.get(name)
        if file is None or file.digest != item.digest:
            return self._agree(name, thing)
        return self._put_here(name, thing, expected=item.digest)

    def _put_here(self, name: str, thing: RemoteObject, *, expected: str | None) -> Item | None:
        file = self._local.write(name, thing.data, expected=expected)
        if file is None:
            return self._agree(name, thing)
        self._files[name] = file
        self._tally.fetched += 1
        return Item(name, thing.href, thing.etag, file.digest, file.mtime_ns, file.size)

    def _agree(self, name: str, thing: RemoteObject) -> Item | None:
        """Both sides have something new: it may be the same."""
        mine = self._local.read(name)
        if mine is not None and same(mine, thing.data):
            self._conflicts.pop(name, None)
            file = LocalFile(name, digest(mine), 0, len(mine))
            self._files[name] = file
            return Item(name, thing.href, thing.etag, file.digest, file.mtime_ns, file.size)
        self._conflict(name, thing.href, thing.etag, thing.data)
        return None

    def _conflict(self, name: str, href: str, etag: str, theirs: bytes | None) -> None:
        mine = self._local.read(name)
        with self._state.writing():
            self._state.put_conflict(self._folder, name, href, etag, mine, theirs, self._now_s)
        self._conflicts[name] = StoredConflict(0, self._folder, name, href, etag, mine, theirs, self._now_s)

    def _free_name(self, thing: RemoteObject, uid: str) -> str:
        wished = unquote(thing.href.rstrip("/").rpartition("/")[2])
        if not wished.endswith(".ics"):
            wished += ".ics"
        stem = uid or thing.href
        for name in (wished, f"{stem}.ics", f"{uuid.uuid5(uuid.NAMESPACE_URL, stem)}.ics"):
            taken = name in self._files or name in self._items or name in self._conflicts
            if re.fullmatch(r"[\w@][\w@.+-]{0,180}\.ics", name) and not taken:
                return name
        return f"{uuid.uuid4()}.ics"

    # From here to there

    def _send(self) -> None:
        deleted = [n for n in self._items if n not in self._files and n not in self._conflicts]
        changed = [
            name
            for name, file in self._files.items()
            if name not in self._conflicts and (name not in self._items or self._items[name].digest != file.digest)
        ]
        total = len(deleted) + len(changed)
        for at, name in enumerate([*deleted, *changed]):
            if at % 10 == 0:
                self._tell("sending", at, total)
            self._cancel.check()
            try:
                if at < len(deleted):
                    self._delete_there(self._items[name])
                else:
                    self._put_there(name)
            except Refused as refused:
                self._refused(name, f"The server does not take it: {refused}.")

    def _delete_there(self, item: Item) -> None:
        try:
            self._server.delete(self._address, item.href, etag=item.etag)
        except ChangedMeanwhile:
            thing = self._server.get(self._address, item.href)
            if thing is not None:
                self._conflict(item.name, item.href, thing.etag, thing.data)
                return
        with self._state.writing():
            self._state.drop_items(self._folder, [item.name])
        del self._items[item.name]
        self._tally.deleted += 1

    def _put_there(self, name: str) -> None:
        data = self._local.read(name)
        if data is None:
            return
        uids = uids_of(data)
        if len(uids) != 1:
            self._refused(
                name,
                f"It holds {len(uids)} events, and a server takes one a file. Import it instead, then delete it."
                if uids
                else "It holds no event with a UID, so no other program could find it again.",
            )
            return
        item = self._items.get(name)
        href = item.href if item else href_for(self._address, name)
        try:
            etag = self._server.put(self._address, href, data, etag=item.etag if item else "")
        except ChangedMeanwhile:
            self._changed_there(name, href, data, uids[0])
            return
        self._sent(name, href, etag, data)

    def _changed_there(self, name: str, href: str, data: bytes, uid: str) -> None:
        thing = self._server.get(self._address, href)
        if thing is None:
            if name in self._items:
                self._conflict(name, href, "", None)
            else:
                raise Refused("it has another entry of the same name")
        elif same(data, thing.data):
            self._record(Item(name, href, thing.etag, digest(data), 0, len(data)))
        elif name in self._items or uid in uids_of(thing.data):
            self._conflict(name, href, thing.etag, thing.data)
        else:  # another event that happens to have the file name of ours
            href = href_for(self._address, f"{uuid.uuid4()}.ics")
            try:
                self._sent(name, href, self._server.put(self._address, href, data, etag=""), data)
            except ChangedMeanwhile as error:
                raise Refused("it has another entry of the same name") from error

    def _sent(self, name: str, href: str, etag: str, data: bytes) -> None:
        self._tally.sent += 1
        if etag:
            self._record(Item(name, href, etag, digest(data), 0, len(data)))
            return
        # RFC 4791 5.3.4: without an etag the server may have stored it otherwise than it was sent.
        thing = self._server.get(self._address, href)
        if thing is None:
            return
        if same(thing.data, data):
            self._record(Item(name, href, thing.etag, digest(data), 0, len(data)))
            return
        with self._local.locked():
            file = self._local.write(name, thing.data, expected=digest(data))
        if file:
            self._record(Item(name, href, thing.etag, file.digest, file.mtime_ns, file.size))

    def _record(self, item: Item) -> None:
        with self._state.writing():
            self._state.put_items(self._folder, [item])
        self._items[item.name] = item

    def _refused(self, name: str, reason: str) -> None:
        with self._state.writing():
            self._state.put_refusal(self._folder, name, reason)
        self._tally.refused += 1

    def _settle_by_hand(self) -> None:
        """A conflict is over where the user made both versions the same, or took the change here back."""
        for conflict in self._state.conflicts(self._folder):
            name, theirs = conflict.name, conflict.theirs
            mine, item = self._local.read(name), self._items.get(name)
            if mine is None and theirs is None:
                with self._state.writing():
                    self._state.drop_items(self._folder, [name])
            elif mine is not None and theirs is not None and same(mine, theirs):
                self._record(Item(name, conflict.href, conflict.etag, digest(mine), 0, len(mine)))
            elif item is not None and mine is not None and digest(mine) == item.digest:
                self._take_theirs(conflict, item.digest)

    def _take_theirs(self, conflict: StoredConflict, expected: str) -> None:
        name, theirs = conflict.name, conflict.theirs
        with self._local.locked():
            if theirs is None:
                removed = self._local.remove(name, expected=expected)
            else:
                file = self._local.write(name, theirs, expected=expected)
        if theirs is None and removed:
            with self._state.writing():
                self._state.drop_items(self._folder, [name])
            self._tally.removed += 1
        elif theirs is not None and file:
            self._record(Item(name, conflict.href, conflict.etag, file.digest, file.mtime_ns, file.size))
            self._tally.fetched += 1

    def _tell(self, stage: Stage, done: int = 0, total: int = 0) -> None:
        self._report(Progress(self._account, self._folder, stage, done, total))
