"""Syncs from time to time while the program runs: the accounts that are switched on, and nothing else.

Local changes are sent soon after they are made; while a server is away the pauses grow. It knows
when, not how.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from assistant_app.agenda.sync.progress import Report
from assistant_app.agenda.sync.service import CalendarSync, SyncResult
from assistant_app.errors import AssistantError, TurnCancelled
from assistant_app.turn import Cancel

log = logging.getLogger(__name__)

SOON_SECONDS = 5.0
"""Several changes in a row are sent together."""
LONGEST_PAUSE_SECONDS = 6 * 3600.0

Tell = Callable[[list[SyncResult]], None]


class BackgroundSync:
    """One thread. `build` makes the sync anew each time, so that accounts added meanwhile are seen."""

    def __init__(
        self,
        build: Callable[[], CalendarSync],
        *,
        every_seconds: float,
        tell: Tell = lambda _results: None,
        report: Report = lambda _progress: None,
        soon_seconds: float = SOON_SECONDS,
    ) -> None:
        self._build = build
        self._every_seconds = every_seconds
        self._soon_seconds = soon_seconds
        self._tell = tell
        self._report = report
        self._cancel = Cancel()
        self._wake = threading.Condition()
        self._due_soon = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Sync at once, and then from time to time."""
        self._thread = threading.Thread(target=self._run, name="calendar-sync", daemon=True)
        self._thread.start()

    def soon(self) -> None:
        """The user changed something: send it in a moment. Any thread."""
        with self._wake:
            self._due_soon = True
            self._wake.notify()

    def close(self, wait_seconds: float = 5.0) -> None:
        """Stop; a sync under way ends after its step and goes on at the next start."""
        self._cancel.set()
        with self._wake:
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(wait_seconds)

    def _run(self) -> None:
        failures = 0
        while not self._cancel.requested:
            failures = 0 if self._sync_once() else failures + 1
            pause_s = min(self._every_seconds * 2 ** min(failures, 10), LONGEST_PAUSE_SECONDS)
            with self._wake:
                self._wake.wait_for(lambda: self._due_soon or self._cancel.requested, pause_s)
                hurried, self._due_soon = self._due_soon, False
            if hurried:
                self._cancel.wait(self._soon_seconds)

    def _sync_once(self) -> bool:
        """Whether it went well."""
        try:
            syncing = self._build()
            if not any(account.switched_on for account in syncing.accounts):
                return True
            results = syncing.sync(report=self._report, cancel=self._cancel)
        except TurnCancelled:
            return True
        except AssistantError as error:
            log.info("the calendars were not brought in step: %s", error.code)
            return False
        except Exception:
            log.exception("the calendars were not brought in step")
            return False
        self._tell(results)
        return not any(result.error for result in results)
