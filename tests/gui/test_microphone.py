"""The microphone button: states, words, taps and holds."""

from __future__ import annotations

import threading

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from assistant_app.errors import DeviceError
from assistant_app.gui.bridge import MicrophoneState
from assistant_app.gui.messages import Notice, OwnMessage, Reply
from tests.gui.conftest import MakeDesk, echo
from tests.gui.fakes import FakeAssistant, FakeRecorder


def test_a_tap_records_and_the_words_are_answered(qtbot: QtBot, make_desk: MakeDesk) -> None:
    recorder = FakeRecorder()
    desk = make_desk(FakeAssistant(echo, spoken="what is next"), recorder)
    seen: list[str] = []
    desk.bridge.microphone.connect(lambda state, _words: seen.append(state))
    qtbot.mouseClick(desk.window.conversation.composer.microphone, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: seen and seen[-1] == "closed")
    assert recorder.modes == ["tap"]
    once = [state for number, state in enumerate(seen) if number == 0 or seen[number - 1] != state]
    assert once == ["opening", "listening", "hearing", "thinking", "speaking", "closed"]
    own, reply = desk.window.conversation.messages()
    assert isinstance(own, OwnMessage)
    assert own.view.text == "what is next"
    assert own.accessibleName().startswith("You, spoken")
    assert isinstance(reply, Reply)
    assert reply.text == "You said what is next."


def test_listening_is_shown_only_after_the_recorder_says_so(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    button = desk.window.conversation.composer.microphone
    desk.bridge.talk("tap")
    assert button.state == "opening"
    qtbot.waitUntil(lambda: button.state == "closed")


def test_a_second_tap_finishes_and_keeps_the_words(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk(FakeAssistant(echo, spoken="kept"), FakeRecorder(gate=threading.Event()))
    button = desk.window.conversation.composer.microphone
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: button.state == "hearing")
    assert desk.window.status.microphone.text().startswith("Microphone on, 0:0")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(desk.window.conversation.messages()) == 2)


def test_escape_throws_the_words_away(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk(FakeAssistant(echo), FakeRecorder(gate=threading.Event()))
    button = desk.window.conversation.composer.microphone
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: button.state == "hearing")
    qtbot.keyClick(desk.window, Qt.Key.Key_Escape)
    assert button.state == "closed"
    qtbot.wait(50)
    assert desk.window.conversation.messages() == []
    assert not desk.bridge.busy


def test_holding_talks_until_release(qtbot: QtBot, make_desk: MakeDesk) -> None:
    recorder = FakeRecorder(gate=threading.Event())
    desk = make_desk(FakeAssistant(echo, spoken="held"), recorder)
    window, button = desk.window, desk.window.conversation.composer.microphone
    qtbot.keyPress(window.conversation.composer.field, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: button.state == "hearing")
    assert recorder.modes == ["hold"]
    qtbot.keyRelease(window.conversation.composer.field, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(window.conversation.messages()) == 2)


def test_silence_is_told_and_nothing_is_asked(qtbot: QtBot, make_desk: MakeDesk) -> None:
    assistant = FakeAssistant(echo)
    desk = make_desk(assistant, FakeRecorder(silent=True))
    desk.bridge.talk("tap")
    qtbot.waitUntil(lambda: len(desk.window.conversation.messages()) == 1)
    notice = desk.window.conversation.messages()[0]
    assert isinstance(notice, Notice)
    assert notice.text().startswith("I heard nothing.")
    assert assistant.asked == []


def test_without_a_microphone_the_button_says_so_and_typing_goes_on(qtbot: QtBot, make_desk: MakeDesk) -> None:
    problem = DeviceError("microphone_missing", "No microphone found. Plug one in, or go on typing.")
    desk = make_desk(FakeAssistant(echo), FakeRecorder(error=problem))
    composer = desk.window.conversation.composer
    qtbot.mouseClick(composer.microphone, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: composer.microphone.state == "no_device")
    assert composer.state_label.text() == "No microphone found. Plug one in, or go on typing."
    assert desk.window.status.microphone.text() == "No microphone"
    qtbot.keyClicks(composer.field, "typed")
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(desk.window.conversation.messages()) == 2)


def test_a_device_that_fails_shows_its_reason_until_dismissed(qtbot: QtBot, make_desk: MakeDesk) -> None:
    problem = DeviceError("microphone_refused", "The microphone could not be opened.")
    desk = make_desk(FakeAssistant(echo), FakeRecorder(error=problem))
    composer = desk.window.conversation.composer
    desk.bridge.talk("tap")
    qtbot.waitUntil(lambda: composer.microphone.state == "error")
    assert composer.state_label.text() == "The microphone could not be opened."
    qtbot.keyClick(desk.window, Qt.Key.Key_Escape)
    assert composer.microphone.state == "closed"


def test_muted_keeps_the_microphone_closed_and_is_remembered(qtbot: QtBot, make_desk: MakeDesk) -> None:
    recorder = FakeRecorder()
    desk = make_desk(FakeAssistant(echo), recorder)
    button = desk.window.conversation.composer.microphone
    qtbot.keyClick(desk.window, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert button.state == "muted"
    desk.bridge.talk("tap")
    assert recorder.modes == []
    desk.window.close()
    again = make_desk(FakeAssistant(echo), recorder)
    other = again.window.conversation.composer.microphone
    assert other.state == "muted"
    qtbot.mouseClick(other, Qt.MouseButton.LeftButton)
    assert other.state == "closed"


def test_every_state_has_its_own_word_and_its_own_shape_in_grey(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    button = desk.window.conversation.composer.microphone
    states: list[MicrophoneState] = [
        "closed",
        "opening",
        "listening",
        "hearing",
        "thinking",
        "speaking",
        "muted",
        "no_device",
        "error",
    ]
    words, pictures = set(), set()
    for state in states:
        button.set_state(state)
        words.add(button.word())
        assert button.accessibleDescription() == button.word()
        image = button.grab().toImage()
        image = image.convertToFormat(image.Format.Format_Grayscale8)
        pictures.add(bytes(image.constBits()))
    assert len(words) == len(states)
    assert len(pictures) == len(states)
