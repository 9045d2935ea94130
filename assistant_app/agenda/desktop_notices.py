"""Notices on the desktop with the buttons Snooze and Done, by the `desktop-notifier` library.

The library talks asyncio; one thread of ours keeps its loop, so that button presses arrive at any
time. Without a notification server (a terminal far away, a bare window manager) `show` says so.
"""

from __future__ import annotations

import asyncio
import html
import logging
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from assistant_app.agenda.ringing import Notice

if TYPE_CHECKING:
    from desktop_notifier import DesktopNotifier

log = logging.getLogger(__name__)

T = TypeVar("T")

APP_TITLE = "Desk Assistant"
_PATIENCE_SECONDS = 2.0
_TRY_AGAIN_SECONDS = 60.0
"""How long a missing notification server is not asked again."""


class DesktopNotices:
    """A `NoticeBoard`; nothing is loaded or connected before the first notice."""

    def __init__(self, icon: Path | None = None) -> None:
        self._icon = icon
        self._notifier: DesktopNotifier | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connecting = asyncio.Lock()
        """The library connects once for each of several that ask at the same time."""
        self._missing_until = 0.0
        self._numbers: dict[str, int] = {}
        """Notice -> the number that the server on Linux gave it."""

    def prepare(self) -> None:
        if self._notifier is None and self._loop is None:
            asyncio.run_coroutine_threadsafe(self._connect(), self._running_loop())

    def show(self, notice: Notice, on_snooze: Callable[[], None], on_done: Callable[[], None]) -> bool:
        if time.monotonic() < self._missing_until:
            return False
        try:
            return self._wait_for(self._send(notice, on_snooze, on_done))
        except Exception as error:  # noqa: BLE001  (whatever the bus, the server or the library does, it must ring)
            log.info("no notices on the desktop: %s", str(error) or type(error).__name__)
            self._missing_until = time.monotonic() + _TRY_AGAIN_SECONDS
            self._leave()  # the next try connects anew
            return False

    def take_down(self, notice_id: str) -> None:
        if self._notifier is None:
            return
        try:
            self._wait_for(self._clear(notice_id))
        except Exception as error:  # noqa: BLE001  (it is gone already, or the server is)
            log.debug("notice %s could not be removed: %s", notice_id, error)

    def close(self) -> None:
        if self._loop is None or self._thread is None:
            return
        if self._notifier is not None:
            try:
                self._wait_for(self._notifier.clear_all())
            except Exception as error:  # noqa: BLE001
                log.debug("notices could not be removed: %s", error)
        self._leave()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_SECONDS)
        self._loop = self._thread = None

    def _leave(self) -> None:
        """Give the connection up."""
        notifier, self._notifier = self._notifier, None
        self._numbers.clear()
        # WORKAROUND: the library connects to the bus and never disconnects.
        # https://github.com/samschott/desktop-notifier/blob/main/src/desktop_notifier/backends/dbus.py
        bus = getattr(getattr(notifier, "_backend", None), "bus", None)
        if bus is None:
            return
        try:
            self._wait_for(_disconnected(bus))
        except Exception as error:  # noqa: BLE001  (it is gone already)
            log.debug("the message bus was not left in order: %s", error)

    async def _connect(self) -> bool:
        """Whether the server shows buttons; raises where there is no server."""
        from desktop_notifier import Capability, DesktopNotifier, Icon

        async with self._connecting:
            if self._notifier is None:
                self._notifier = DesktopNotifier(APP_TITLE, Icon(path=self._icon) if self._icon else None)
            return Capability.BUTTONS in await self._notifier.get_capabilities()

    async def _send(self, notice: Notice, on_snooze: Callable[[], None], on_done: Callable[[], None]) -> bool:
        buttons = await self._connect()
        from desktop_notifier import Button, Notification, Urgency

        assert self._notifier is not None
        body = html.escape(notice.body, quote=False) if sys.platform == "linux" else notice.body
        await self._notifier.send_notification(
            Notification(
                title=notice.title,
                message=body,
                urgency=Urgency.Critical,  # it stays until it is answered
                buttons=(Button("Snooze", on_snooze), Button("Done", on_done)) if buttons else (),
                on_dismissed=on_done,
                timeout=0 if sys.platform == "linux" else -1,
                identifier=notice.id,
            )
        )
        shown = notice.id in await self._notifier.get_current_notifications()
        if shown and (number := self._number_of(notice.id)) is not None:
            self._numbers[notice.id] = number
        return buttons and shown

    def _number_of(self, notice_id: str) -> int | None:
        backend = getattr(self._notifier, "_backend", None)
        numbers = getattr(backend, "_platform_to_interface_notification_identifier", None)
        return numbers.inverse.get(notice_id) if numbers is not None else None

    async def _clear(self, notice_id: str) -> None:
        assert self._notifier is not None
        number = self._numbers.pop(notice_id, None)
        if number is None or self._number_of(notice_id) is not None:
            await self._notifier.clear(notice_id)
            return
        # WORKAROUND: the library forgets a notice when one of its buttons is pressed, and some servers (dunst) leave it
        # up then; it is closed by its number.
        # https://github.com/samschott/desktop-notifier/blob/main/src/desktop_notifier/backends/dbus.py
        interface = getattr(getattr(self._notifier, "_backend", None), "interface", None)
        if interface is not None:
            await interface.call_close_notification(number)

    def _wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        loop = self._running_loop()
        future = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            return future.result(_PATIENCE_SECONDS)
        except TimeoutError:
            future.cancel()
            raise

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            loop = self._loop = asyncio.new_event_loop()
            self._connecting = asyncio.Lock()
            self._thread = threading.Thread(target=self._keep, args=(loop,), name="notices", daemon=True)
            self._thread.start()
        return self._loop

    def _keep(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _disconnected(bus: Any) -> None:
    if bus.connected:
        bus.disconnect()
        await bus.wait_for_disconnect()
