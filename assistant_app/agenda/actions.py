"""Actions on files: all of an action happens or none of it, and it can be undone.

It knows bytes and paths, not events. One process at a time is at it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from assistant_app.agenda.files import read_or_none, remove, write_whole
from assistant_app.agenda.journal import Entry, FileChange, Journal
from assistant_app.errors import StorageError

log = logging.getLogger(__name__)

Watched = Callable[[Sequence[str]], contextlib.AbstractContextManager[None]]
"""Wraps a change of these paths, for whoever keeps an index of them."""


class FileActions:
    """The files below `root`, with their journal."""

    def __init__(self, root: Path, journal: Journal, own_change: Watched) -> None:
        self._root = root
        self._journal = journal
        self._own_change = own_change
        self._begun = False

    def close(self) -> None:
        self._journal.close()

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """One action, with at most one call of `write`, `undo` or `redo`; a failure inside takes it back."""
        with self._journal.locked():
            self._recover()
            self._begun = False
            try:
                yield
                if self._begun:
                    self._journal.settle()
            except BaseException:
                if self._begun:
                    self._take_back_or_note()
                raise

    def recover(self) -> None:
        """After a start: an action that was cut off is taken back."""
        with contextlib.suppress(StorageError):
            if self._journal.may_be_cut_off:
                with self.one():
                    pass

    def write(self, kind: str, uids: tuple[str, ...], files: list[FileChange]) -> None:
        """Call inside `one`."""
        self._begun = True
        self._journal.begin(kind, uids, files)
        self._put(files)

    def undo(self) -> Entry | None:
        """Take back the latest action; None where there is none. Call inside `one`."""
        return self._again(self._journal.newest_done(), undone=True)

    def redo(self) -> Entry | None:
        """Do the action again that was undone last; None where there is none. Call inside `one`."""
        return self._again(self._journal.oldest_undone(), undone=False)

    def _again(self, entry: Entry | None, *, undone: bool) -> Entry | None:
        if entry is None:
            return None
        steps = entry.steps(undone=undone)
        for step in steps:
            if read_or_none(self._root / step.path) != step.before:
                raise StorageError(
                    "undo_changed_since",
                    f"Another program has changed {Path(step.path).name} since, so this was not "
                    f"{'undone' if undone else 'done again'}. Edit the event by hand instead.",
                )
        self._begun = True
        self._journal.begin_again(entry, undone=undone)
        self._put(steps)
        return entry

    def _put(self, steps: Sequence[FileChange]) -> None:
        with self._own_change([step.path for step in steps]):
            for step in steps:
                self._put_one(step.path, step.after)

    def _recover(self) -> None:
        """What was cut off is taken back, unless all of its files had been written."""
        found = self._journal.under_way()
        if found is None:
            return
        if not found.failed and all(self._is_done(step) for step in found.steps):
            self._journal.settle()
        else:
            log.info("an action that was cut off is taken back")
            self._take_back(found.steps)

    def _is_done(self, step: FileChange) -> bool:
        """It was done; another program may have changed the file since."""
        return step.before == step.after or read_or_none(self._root / step.path) != step.before

    def _take_back_or_note(self) -> None:
        """After a failure. Where even that fails, the next action or the next start does it."""
        try:
            found = self._journal.under_way()
            self._take_back(found.steps if found else ())
        except StorageError as error:
            log.warning("an action that failed could not be taken back yet: %s", error)
            with contextlib.suppress(StorageError):
                self._journal.fail()

    def _take_back(self, steps: Sequence[FileChange]) -> None:
        """The files as they were before the action; what another program wrote into them since stays."""
        done = [step for step in reversed(steps) if read_or_none(self._root / step.path) == step.after]
        self._put([step.reversed() for step in done])
        self._journal.abandon()

    def _put_one(self, path: str, data: bytes | None) -> None:
        file = self._root / path
        if data is not None:
            write_whole(file, data)
        elif read_or_none(file) is not None:
            remove(file)
