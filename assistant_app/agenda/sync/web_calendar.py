"""A calendar on the web (one `.ics` address) as a local calendar that is only read.

It is fetched only when it has changed (ETag, Last-Modified) and replaces what was fetched before.
A file that the user or another program changed here all the same goes into the bin first.
"""

from __future__ import annotations

import re
import uuid

from assistant_app.agenda.event_files import parse
from assistant_app.agenda.sync.compare import digest, same, split_calendar
from assistant_app.agenda.sync.local_folder import LocalFolder
from assistant_app.agenda.sync.progress import Progress, Report, Tally
from assistant_app.agenda.sync.state import Item, SyncState
from assistant_app.agenda.sync.transport import Transport
from assistant_app.errors import NetworkError
from assistant_app.turn import Cancel

_BATCH = 50


def fetch_web_calendar(
    account: str,
    address: str,
    transport: Transport,
    local: LocalFolder,
    state: SyncState,
    *,
    now_s: float,
    report: Report,
    cancel: Cancel,
) -> Tally:
    """Bring the local copy up to date."""
    tally = Tally()
    report(Progress(account, local.folder, "listing"))
    known = state.link(local.folder, address)
    items = state.items(local.folder)
    etag, _, modified = known.validators.partition("\n")
    headers = {"Accept": "text/calendar"}
    if items and local.exists():
        headers |= {"If-None-Match": etag} if etag else {}
        headers |= {"If-Modified-Since": modified} if modified else {}
    answer = transport.ask("GET", address, headers=headers)
    if answer.status == 304:
        state.finished(local.folder, "", now_s, validators=known.validators)
        report(Progress(account, local.folder, "done"))
        return tally
    files = _files_in(account, answer.status, answer.body)
    present = local.scan(items)
    names = {_name_of(uid): data for uid, data in files.items()}
    todo = [n for n, data in names.items() if n not in present or present[n].digest != digest(data)]
    for at in range(0, len(todo), _BATCH):
        report(Progress(account, local.folder, "fetching", at, len(todo)))
        cancel.check()
        written = []
        with local.locked():
            for name in todo[at : at + _BATCH]:
                before, data = local.read(name), names[name]
                item = items.get(name)
                if before is not None and item and same(before, data) and digest(before) == item.digest:
                    continue  # only stamped anew, as many servers do with every answer
                if before is not None and not (item and item.digest == digest(before)):
                    local.remove(name, expected=digest(before))
                    before = None
                file = local.write(name, data, expected=None if before is None else digest(before))
                if file:
                    written.append(Item(name, "", "", file.digest, file.mtime_ns, file.size))
        with state.writing():
            state.put_items(local.folder, written)
        tally.fetched += len(written)
    gone = [name for name in items if name not in names]
    with local.locked():
        for name in gone:
            if name in present:
                local.remove(name, expected=present[name].digest, keep=present[name].digest != items[name].digest)
    with state.writing():
        state.drop_items(local.folder, gone)
    tally.removed += len(gone)
    validators = f"{answer.headers.get('etag', '')}\n{answer.headers.get('last-modified', '')}"
    state.finished(local.folder, "", now_s, validators=validators)
    report(Progress(account, local.folder, "done"))
    return tally


def _files_in(account: str, status: int, body: bytes) -> dict[str, bytes]:
    if status != 200:
        raise NetworkError(
            "web_calendar_gone",
            f"The web calendar {account} was not given out (HTTP {status}). What was fetched before stays. "
            "Check its address.",
        )
    try:
        parse(body)
        return split_calendar(body)
    except Exception as error:  # whatever a stranger's file provokes, what was fetched before must stay
        raise NetworkError(
            "not_a_calendar",
            f"What {account} gives out is no calendar that can be understood ({error}). What was fetched before stays.",
        ) from error


def _name_of(uid: str) -> str:
    return f"{uid}.ics" if re.fullmatch(r"[\w@][\w@.+-]{0,150}", uid) else f"{uuid.uuid5(uuid.NAMESPACE_URL, uid)}.ics"
