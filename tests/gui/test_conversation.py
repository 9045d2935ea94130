"""What the user types and what comes back, in the window."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QInputMethodEvent
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from assistant_app.errors import AssistantError
from assistant_app.gui.bridge import ReportLoading, RunsTurns
from assistant_app.gui.messages import ErrorMessage, OwnMessage, Reply
from assistant_app.memory.corrections import Corrections
from assistant_app.skills.correcting import CORRECTING, correction_in
from assistant_app.turn import Action, Candidate, Choice, Pending, Route, SimilarExample, SkillReply, Slot, Source, Why
from tests.gui.conftest import Desk, MakeDesk, echo
from tests.gui.fakes import FakeAssistant


def type_and_send(qtbot: QtBot, desk: Desk, text: str) -> None:
    field = desk.window.conversation.composer.field
    field.setFocus()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def reply_text(desk: Desk) -> str:
    reply = desk.window.conversation.last_reply()
    return reply.text if reply else ""


def test_a_typed_request_is_answered(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    type_and_send(qtbot, desk, "hello there")
    qtbot.waitUntil(lambda: reply_text(desk) == "You said hello there.")
    own, reply = desk.window.conversation.messages()
    assert isinstance(own, OwnMessage)
    assert own.view.text == "hello there"
    assert isinstance(reply, Reply)
    assert desk.window.conversation.composer.field.toPlainText() == ""


def test_words_appear_while_the_reply_is_being_written(qtbot: QtBot, make_desk: MakeDesk) -> None:
    gate = threading.Event()
    desk = make_desk(FakeAssistant(echo, gate=gate))
    type_and_send(qtbot, desk, "hello")
    qtbot.waitUntil(lambda: reply_text(desk) == "You said hello.")
    assert desk.bridge.busy
    gate.set()
    qtbot.waitUntil(lambda: not desk.bridge.busy)


def test_a_request_typed_before_the_models_are_ready_waits_and_is_answered(qtbot: QtBot, make_desk: MakeDesk) -> None:
    loaded = threading.Event()

    def build(report: ReportLoading) -> RunsTurns:
        report("speech, understanding")
        loaded.wait(10)
        return FakeAssistant(echo)

    desk = make_desk(build=build)
    qtbot.waitUntil(lambda: "speech, understanding" in desk.window.status.models.text())
    type_and_send(qtbot, desk, "early")
    own = desk.window.conversation.messages()[0]
    assert isinstance(own, OwnMessage)
    assert own.note.text() == "Waiting: getting ready"
    loaded.set()
    qtbot.waitUntil(lambda: reply_text(desk) == "You said early.")
    assert own.note.text() == ""
    assert desk.window.status.models.text() == "Ready"


def test_models_that_are_missing_are_told_and_typing_goes_on(qtbot: QtBot, make_desk: MakeDesk) -> None:
    answers = [AssistantError("model_missing", "The language model is not here. Fetch it in Settings."), None]

    def build(report: ReportLoading) -> RunsTurns:
        problem = answers.pop(0)
        if problem is not None:
            raise problem
        return FakeAssistant(echo)

    desk = make_desk(build=build)
    qtbot.waitUntil(lambda: any(isinstance(m, ErrorMessage) for m in desk.window.conversation.messages()))
    type_and_send(qtbot, desk, "again")
    qtbot.waitUntil(lambda: reply_text(desk) == "You said again.")


def test_a_newer_request_stops_the_older(qtbot: QtBot, make_desk: MakeDesk) -> None:
    gate = threading.Event()
    assistant = FakeAssistant(echo, gate=gate)
    desk = make_desk(assistant)
    type_and_send(qtbot, desk, "first")
    qtbot.waitUntil(lambda: reply_text(desk) == "You said first.")
    type_and_send(qtbot, desk, "second")
    qtbot.waitUntil(lambda: assistant.asked == ["first", "second"])
    first = desk.window.conversation.messages()[1]
    assert isinstance(first, Reply)
    qtbot.waitUntil(lambda: first.note.text() == "Stopped")
    gate.set()
    qtbot.waitUntil(lambda: reply_text(desk) == "You said second." and not desk.bridge.busy)


def test_escape_stops_a_turn_and_what_was_written_stays(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk(FakeAssistant(echo, gate=threading.Event()))
    type_and_send(qtbot, desk, "long story")
    qtbot.waitUntil(lambda: reply_text(desk) == "You said long story.")
    qtbot.keyClick(desk.window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not desk.bridge.busy)
    reply = desk.window.conversation.last_reply()
    assert reply is not None
    assert (reply.text, reply.note.text()) == ("You said long story.", "Stopped")


def ask_back(text: str) -> tuple[Route, SkillReply]:
    if text == "Delete":
        return Route("scheduling", "answer", 1.0), SkillReply("Deleted.")
    pending = Pending("Delete “Lunch”?", (Choice("Delete", "yes"), Choice("Keep", "no")), "scheduling")
    return Route("scheduling", "delete_event", 0.9), SkillReply("Delete “Lunch”?", pending=pending)


def test_a_button_of_a_pending_question_answers_it(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk(FakeAssistant(ask_back))
    type_and_send(qtbot, desk, "cancel lunch")
    qtbot.waitUntil(lambda: reply_text(desk) == "Delete “Lunch”?" and not desk.bridge.busy)
    reply = desk.window.conversation.last_reply()
    assert reply is not None
    assert [choice.text() for choice in reply.choices] == ["Delete", "Keep"]
    qtbot.mouseClick(reply.choices[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: reply_text(desk) == "Deleted.")
    assert not any(choice.isEnabled() for choice in reply.choices)


def test_a_new_request_sets_the_open_question_aside(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk(FakeAssistant(ask_back))
    type_and_send(qtbot, desk, "cancel lunch")
    qtbot.waitUntil(lambda: reply_text(desk) == "Delete “Lunch”?" and not desk.bridge.busy)
    reply = desk.window.conversation.last_reply()
    assert reply is not None
    type_and_send(qtbot, desk, "something else")
    qtbot.waitUntil(lambda: not any(choice.isEnabled() for choice in reply.choices))


def test_an_error_says_what_to_do_and_can_be_tried_again(qtbot: QtBot, make_desk: MakeDesk) -> None:
    assistant = FakeAssistant(echo, error=AssistantError("disk_full", "The disk is full. Free some space."))
    desk = make_desk(assistant)
    type_and_send(qtbot, desk, "write this down")
    qtbot.waitUntil(lambda: isinstance(desk.window.conversation.messages()[-1], ErrorMessage))
    message = desk.window.conversation.messages()[-1]
    assert isinstance(message, ErrorMessage)
    assert message.label.text() == "The disk is full. Free some space."
    assistant.error = None
    qtbot.mouseClick(message.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: reply_text(desk) == "You said write this down.")


def test_why_shows_skill_confidence_words_values_and_times(qtbot: QtBot, make_desk: MakeDesk) -> None:
    why = Why(
        (Candidate("scheduling", "create_event", 0.97), Candidate("dialogue", "chat", 0.02)),
        (("dentist", 0.6),),
        (SimilarExample("book the vet", "scheduling", "create_event", 0.8),),
    )
    route = Route("scheduling", "create_event", 0.97, (Slot("title", "dentist", 0, 7, "Dentist"),), False, why)
    desk = make_desk(FakeAssistant(lambda text: (route, SkillReply("Added."))))
    type_and_send(qtbot, desk, "dentist")
    qtbot.waitUntil(lambda: reply_text(desk) == "Added." and not desk.bridge.busy)
    reply = desk.window.conversation.last_reply()
    assert reply is not None
    qtbot.waitUntil(reply.why_button.isVisible)
    qtbot.mouseClick(reply.why_button, Qt.MouseButton.LeftButton)
    assert reply.why is not None
    assert reply.why.isVisible()
    shown = " ".join(label.text() for label in reply.why.findChildren(QLabel))
    for part in (
        "Calendar: create event · Sure",
        "Conversation: chat · 2 %",
        "dentist",
        "“book the vet” → Calendar: create event",
        "“dentist” → title",
        "act 18 ms",
    ):
        assert part in shown
    qtbot.keyClick(desk.window, Qt.Key.Key_Escape)
    assert not reply.why.isVisible()


def test_only_the_newest_reply_can_be_put_right_and_not_the_putting_right(qtbot: QtBot, make_desk: MakeDesk) -> None:
    def answer(text: str) -> tuple[Route, SkillReply]:
        if correction_in(text):
            return Route(CORRECTING, "wrong", 1.0), SkillReply("I am sorry.")
        return Route("dialogue", "chat", 0.9), SkillReply(f"{text}: how nice.")

    desk = make_desk(FakeAssistant(answer))
    replies = []
    for text in ("the first", "the second"):
        type_and_send(qtbot, desk, text)
        qtbot.waitUntil(lambda text=text: reply_text(desk) == f"{text}: how nice." and not desk.bridge.busy)
        reply = desk.window.conversation.last_reply()
        assert reply is not None
        qtbot.waitUntil(reply.wrong_button.isVisible)
        replies.append(reply)
    assert not replies[0].wrong_button.isVisible()
    qtbot.mouseClick(replies[1].wrong_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: reply_text(desk) == "I am sorry." and not desk.bridge.busy)
    newest = desk.window.conversation.last_reply()
    assert newest is not None
    qtbot.waitUntil(newest.why_button.isVisible)
    assert not newest.wrong_button.isVisible()
    assert not replies[1].wrong_button.isVisible()


def test_what_is_edited_by_hand_is_kept_as_what_was_said(qtbot: QtBot, make_desk: MakeDesk, tmp_path: Path) -> None:
    said = "swim lesson for Tom on friday"
    made = Action("event_added", "1", {"title": "Swim lesson for Tom"})
    route = Route("scheduling", "create_event", 0.9, (Slot("title", "swim lesson for Tom", 0, 19),))
    desk = make_desk(FakeAssistant(lambda text: (route, SkillReply("Added.", actions=(made,)))))
    conversation = desk.window.conversation
    conversation.corrections = Corrections(tmp_path / "corrections.jsonl")
    type_and_send(qtbot, desk, said)
    qtbot.waitUntil(lambda: reply_text(desk) == "Added." and not desk.bridge.busy)
    for uid, title in (("2", "swim lesson"), ("1", "Swim lesson for Tom"), ("1", "swim lesson")):
        desk.book.edited.emit(SimpleNamespace(uid=uid, title=title, location=""))
    qtbot.waitUntil(lambda: bool(conversation.corrections and conversation.corrections.all()))
    (kept,) = conversation.corrections.all()
    assert (kept.text, kept.meant) == (said, "scheduling/create_event")
    assert kept.slots == (Slot("title", "swim lesson", 0, 11),)


def test_sources_open_their_quoted_words(qtbot: QtBot, make_desk: MakeDesk) -> None:
    source = Source("Lease", "lease.pdf, page 4", "Two months' notice.")
    desk = make_desk(
        FakeAssistant(lambda text: (Route("question_answering", "ask", 0.9), SkillReply("Two.", None, (source,))))
    )
    type_and_send(qtbot, desk, "notice?")
    qtbot.waitUntil(lambda: reply_text(desk) == "Two." and not desk.bridge.busy)
    reply = desk.window.conversation.last_reply()
    assert reply is not None
    qtbot.waitUntil(reply.why_button.isVisible)
    chip = next(b for b in reply.findChildren(type(reply.why_button)) if "Lease" in b.text())
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    quote = next(label for label in reply.findChildren(QLabel) if label.text() == source.quote)
    assert quote.isVisible()


def test_shift_enter_breaks_the_line_and_up_recalls(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    field = desk.window.conversation.composer.field
    low = field.height()
    qtbot.keyClicks(field, "one")
    qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(field, "two")
    assert field.toPlainText() == "one\ntwo"
    assert field.height() > low
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert field.toPlainText() == ""
    qtbot.keyClick(field, Qt.Key.Key_Up)
    assert field.toPlainText() == "one\ntwo"


def test_enter_while_an_input_method_composes_does_not_send(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    field = desk.window.conversation.composer.field
    QApplication.sendEvent(field, QInputMethodEvent("ni", []))
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert desk.window.conversation.messages() == []
    commit = QInputMethodEvent("", [])
    commit.setCommitString("你好")
    QApplication.sendEvent(field, commit)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: reply_text(desk) == "You said 你好.")


def test_an_example_fills_the_composer_and_does_not_send(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    empty = desk.window.conversation.empty
    example = empty.examples[0]
    qtbot.mouseClick(example, Qt.MouseButton.LeftButton)
    assert desk.window.conversation.composer.field.toPlainText() == example.text()
    assert desk.window.conversation.messages() == []


def test_scrolling_up_while_a_reply_grows_stays_put(qtbot: QtBot, make_desk: MakeDesk) -> None:
    story = "\n\n".join(f"Paragraph {number} of a long reply." for number in range(80))
    desk = make_desk(FakeAssistant(lambda text: (Route("dialogue", "chat", 0.9), SkillReply(story))))
    type_and_send(qtbot, desk, "story")
    bar = desk.window.conversation.scroll_area.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 500 and not desk.bridge.busy)
    bar.setSliderDown(True)
    bar.setValue(10)
    bar.setSliderDown(False)
    type_and_send(qtbot, desk, "x")
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())  # sending goes back to the end
    bar.setSliderDown(True)
    bar.setValue(10)
    bar.setSliderDown(False)
    desk.window.conversation.notice("A notice")
    qtbot.wait(50)
    assert bar.value() == 10


def test_a_very_long_request_is_shown_without_freezing(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk(FakeAssistant(lambda text: (Route("dialogue", "chat", 0.9), SkillReply("Long."))))
    desk.window.conversation.ask("word " * 20_000)
    qtbot.waitUntil(lambda: reply_text(desk) == "Long.", timeout=20_000)


def test_messages_have_names_for_a_screen_reader(qtbot: QtBot, make_desk: MakeDesk) -> None:
    desk = make_desk()
    type_and_send(qtbot, desk, "hello")
    qtbot.waitUntil(lambda: reply_text(desk) == "You said hello." and not desk.bridge.busy)
    names = [
        QAccessible.queryAccessibleInterface(message).text(QAccessible.Text.Name)
        for message in desk.window.conversation.messages()
    ]
    assert names[0].startswith("You, ")
    assert names[0].endswith(": hello")
    assert names[1].startswith("Assistant, ")


def test_long_messages_wrap_and_nothing_is_cut_off(qtbot: QtBot, make_desk: MakeDesk) -> None:
    long = "Schedule a dentist appointment with Doctor Patel next Thursday at half past three for forty five minutes"
    desk = make_desk(size=(1280, 800))
    type_and_send(qtbot, desk, long)
    qtbot.waitUntil(lambda: reply_text(desk) == f"You said {long}." and not desk.bridge.busy)
    area = desk.window.conversation.scroll_area
    for width in (1280, 1000, 800, 1280):
        desk.window.resize(width, 800)
        qtbot.waitUntil(lambda: area.widget().width() == area.viewport().width())
        for message in desk.window.conversation.messages():
            right = message.mapTo(area.viewport(), message.rect().topRight()).x()
            assert right <= area.viewport().width()
        own = desk.window.conversation.messages()[0]
        assert isinstance(own, OwnMessage)
        qtbot.waitUntil(lambda o=own: o.view.mapTo(o, o.view.rect().topRight()).x() <= o.width())
