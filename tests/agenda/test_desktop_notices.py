"""Notices on a real message bus, with a notification server of our own that presses buttons."""

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from assistant_app.agenda.desktop_notices import DesktopNotices
from assistant_app.agenda.ringing import Notice

needs_bus = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("dbus-daemon") is None, reason="needs dbus-daemon (package dbus)"
)
NOTICE = Notice("7@0", "Call <mum>", "Reminder & more", ())


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A session bus of its own."""
    argv = ["dbus-daemon", "--session", "--nofork", "--print-address"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as daemon:
        assert daemon.stdout is not None
        address = daemon.stdout.readline().strip()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address
        daemon.terminate()


class Server:
    """org.freedesktop.Notifications: keeps what is shown, presses what the test wants."""

    def __init__(self, address: str, *, with_buttons: bool = True) -> None:
        self.shown: dict[int, tuple[str, str, list[str]]] = {}
        self.closed: list[int] = []
        self._address = address
        self._capabilities = ["body", "actions"] if with_buttons else ["body"]
        self._loop = asyncio.new_event_loop()
        self._interface: Any = None
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._up.wait(30)

    def _serve(self) -> None:
        from dbus_fast.aio import MessageBus
        from dbus_fast.service import ServiceInterface, dbus_method, dbus_signal

        server = self

        class Notifications(ServiceInterface):
            @dbus_method()
            def Notify(
                self,
                app_name: "s",  # type: ignore[name-defined]  # noqa: F821
                replaces: "u",  # type: ignore[name-defined]  # noqa: F821
                icon: "s",  # type: ignore[name-defined]  # noqa: F821
                summary: "s",  # type: ignore[name-defined]  # noqa: F821
                body: "s",  # type: ignore[name-defined]  # noqa: F821
                actions: "as",  # type: ignore[valid-type]  # noqa: F722
                hints: "a{sv}",  # type: ignore[valid-type]  # noqa: F722
                timeout: "i",  # type: ignore[name-defined]  # noqa: F821
            ) -> "u":  # type: ignore[name-defined]  # noqa: F821
                number = len(server.shown) + len(server.closed) + 1
                server.shown[number] = (summary, body, actions)
                return number

            @dbus_method()
            def CloseNotification(self, number: "u") -> None:  # type: ignore[name-defined]  # noqa: F821
                server.shown.pop(number, None)
                server.closed.append(number)

            @dbus_method()
            def GetCapabilities(self) -> "as":  # type: ignore[valid-type]  # noqa: F722
                return server._capabilities

            @dbus_method()
            def GetServerInformation(self) -> "ssss":  # type: ignore[name-defined]  # noqa: F821
                return ["test", "us", "1", "1.2"]

            @dbus_signal()
            def ActionInvoked(self, number: int, key: str) -> "us":  # type: ignore[name-defined]  # noqa: F821
                return [number, key]

            @dbus_signal()
            def NotificationClosed(self, number: int, reason: int) -> "uu":  # type: ignore[name-defined]  # noqa: F821
                return [number, reason]

        async def start() -> None:
            self._bus = await MessageBus(bus_address=self._address).connect()
            self._interface = Notifications("org.freedesktop.Notifications")
            self._bus.export("/org/freedesktop/Notifications", self._interface)
            await self._bus.request_name("org.freedesktop.Notifications")
            self._up.set()

        self._loop.run_until_complete(start())
        self._loop.run_forever()
        self._bus.disconnect()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    def press(self, label: str) -> None:
        ((number, (_, _, actions)),) = self.shown.items()
        key = actions[actions.index(label) - 1]
        self._loop.call_soon_threadsafe(self._interface.ActionInvoked, number, key)

    def dismiss(self) -> None:
        (number,) = self.shown
        self._loop.call_soon_threadsafe(self._interface.NotificationClosed, number, 2)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


class Answers:
    """What came back from the notice."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self._any = threading.Event()

    def __call__(self, what: str) -> None:
        self.came.append(what)
        self._any.set()

    def wait(self) -> list[str]:
        assert self._any.wait(30)
        return self.came


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def board() -> Iterator[DesktopNotices]:
    made = DesktopNotices()
    yield made
    made.close()


def show(board: DesktopNotices, answers: Answers) -> bool:
    return board.show(NOTICE, lambda: answers("snooze"), lambda: answers("done"))


@needs_bus
@pytest.mark.parametrize(("button", "answer"), [("Snooze", "snooze"), ("Done", "done")])
def test_button_answers_and_the_notice_is_taken_down(
    bus: str, board: DesktopNotices, answers: Answers, button: str, answer: str
) -> None:
    server = Server(bus)
    try:
        board.prepare()
        assert show(board, answers)
        ((summary, body, actions),) = server.shown.values()
        assert (summary, body) == ("Call <mum>", "Reminder &amp; more")
        assert {"Snooze", "Done"} <= set(actions)
        server.press(button)
        assert answers.wait() == [answer]
        board.take_down(NOTICE.id)
        assert server.shown == {}
    finally:
        board.close()
        server.close()


@needs_bus
def test_closing_the_notice_is_an_answer_too(bus: str, board: DesktopNotices, answers: Answers) -> None:
    server = Server(bus)
    try:
        assert show(board, answers)
        server.dismiss()
        assert answers.wait() == ["done"]
    finally:
        board.close()
        server.close()


@needs_bus
def test_server_without_buttons_leaves_them_to_the_window(bus: str, board: DesktopNotices, answers: Answers) -> None:
    server = Server(bus, with_buttons=False)
    try:
        assert not show(board, answers)
        assert [summary for summary, _, _ in server.shown.values()] == ["Call <mum>"]
    finally:
        board.close()
        server.close()


def test_missing_server_is_told_and_not_asked_again_at_once(
    board: DesktopNotices, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path=/nowhere-{os.getpid()}")
    if sys.platform != "linux":
        pytest.skip("other systems have no bus to be missing")
    assert not show(board, answers)
    monkeypatch.setattr(board, "_wait_for", lambda _work: pytest.fail("it asked again"))
    assert not show(board, answers)
    monkeypatch.undo()
    board.take_down(NOTICE.id)
    assert answers.came == []
