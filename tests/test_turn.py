"""One turn from end to end, with fakes for everything outside."""

from __future__ import annotations

import logging
import threading

import pytest

from assistant_app.errors import DeviceError, ModelError
from assistant_app.settings import Settings, VoiceSettings
from assistant_app.skills.api import SkillContext
from assistant_app.turn import (
    Cancel,
    Candidate,
    Choice,
    Failed,
    Finished,
    Pending,
    Replied,
    Route,
    SkillReply,
    Speaking,
    Token,
    TurnEvent,
    Utterance,
    Why,
)
from tests.fakes import (
    Events,
    FakeRouter,
    FakeSkill,
    FakeSpeaker,
    FakeTranscriber,
    make_assistant,
    make_context,
    silence,
)


def streaming(*pieces: str) -> FakeSkill:
    def act(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        for piece in pieces:
            context.stream(piece)
        return SkillReply("".join(pieces))

    return FakeSkill("dialogue", act)


def test_typed_request_is_routed_and_answered_in_writing() -> None:
    speaker = FakeSpeaker()
    skill = FakeSkill("dialogue", SkillReply("Good morning."))
    events = Events()
    turn = make_assistant(skill, speaker=speaker).run_turn("hello", emit=events.append, cancel=Cancel())
    assert events.names == ["Heard", "Routed", "Replied", "Finished"]
    assert turn.outcome == "done"
    assert turn.utterance == Utterance("hello", "typed", "en")
    assert turn.reply == SkillReply("Good morning.")
    assert speaker.said == []


def test_spoken_request_gets_a_spoken_reply() -> None:
    speaker = FakeSpeaker()
    assistant = make_assistant(
        FakeSkill("dialogue", SkillReply("It is 15:30.", speech="It is half past three.")),
        transcriber=FakeTranscriber("what time is it"),
        speaker=speaker,
    )
    events = Events()
    turn = assistant.run_turn(silence(), emit=events.append, cancel=Cancel())
    assert events.names == ["Partial", "Heard", "Routed", "Replied", "Speaking", "Finished"]
    assert speaker.said == ["It is half past three."]
    assert turn.utterance is not None
    assert turn.utterance.source == "spoken"


def test_first_sentence_is_spoken_while_the_second_is_written() -> None:
    events = Events()
    assistant = make_assistant(streaming("One. ", "Two", "."), speaker=FakeSpeaker())
    turn = assistant.run_turn("count", emit=events.append, cancel=Cancel(), speak=True)
    assert events.names == [
        "Heard", "Routed", "Token", "Speaking", "Token", "Token", "Speaking", "Replied", "Finished",
    ]  # fmt: skip
    assert [event.text for event in events if isinstance(event, Speaking)] == ["One.", "Two."]
    assert "".join(event.text for event in events if isinstance(event, Token)) == "One. Two."
    assert turn.reply == SkillReply("One. Two.")


def test_what_a_skill_adds_after_streaming_is_spoken_once() -> None:
    def act(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        context.stream("One.")
        return SkillReply("One. Two.")

    speaker = FakeSpeaker()
    assistant = make_assistant(FakeSkill("dialogue", act), speaker=speaker)
    assistant.run_turn("count", emit=Events().append, cancel=Cancel(), speak=True)
    assert speaker.said == ["One.", "Two."]


def test_settings_can_keep_spoken_requests_silent() -> None:
    speaker = FakeSpeaker()
    assistant = make_assistant(
        FakeSkill("dialogue", SkillReply("Hello.")),
        transcriber=FakeTranscriber("hello"),
        speaker=speaker,
        context=make_context(settings=Settings(voice=VoiceSettings(speak_replies=False))),
    )
    assistant.run_turn(silence(), emit=Events().append, cancel=Cancel())
    assert speaker.speeches == []


def test_hearing_nothing_runs_no_skill() -> None:
    skill = FakeSkill("dialogue", SkillReply("Hello."))
    assistant = make_assistant(skill, transcriber=FakeTranscriber(None))
    events = Events()
    turn = assistant.run_turn(silence(), emit=events.append, cancel=Cancel())
    assert turn.outcome == "heard_nothing"
    assert turn.reply is not None
    assert "did not hear" in turn.reply.text
    assert skill.acted_on == []
    assert events.names == ["Replied", "Speaking", "Speaking", "Finished"]


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_empty_text_is_met_with_a_kind_word(text: str) -> None:
    turn = make_assistant(FakeSkill("dialogue", SkillReply("?"))).run_turn(text, emit=Events().append, cancel=Cancel())
    assert turn.outcome == "heard_nothing"
    assert turn.reply is not None
    assert "nothing to read" in turn.reply.text


def test_endless_text_is_refused_before_it_is_routed() -> None:
    router = FakeRouter()
    events = Events()
    turn = make_assistant(context=make_context(router=router)).run_turn(
        "word " * 20_000, emit=events.append, cancel=Cancel()
    )
    assert (turn.outcome, turn.error_code) == ("failed", "text_too_long")
    assert turn.reply is not None
    assert "knowledge add" in turn.reply.text
    assert router.asked == []
    assert events.names == ["Failed"]


@pytest.mark.parametrize(
    ("text", "language"),
    [("明天下午三点看牙医", "zh"), ("🙂🙂", "en"), ("hello 你", "en"), ("提醒我买 milk 和面包还有鸡蛋", "zh")],
)
def test_language_of_typed_text_is_recognised(text: str, language: str) -> None:
    turn = make_assistant(FakeSkill("dialogue", SkillReply("ok"))).run_turn(text, emit=Events().append, cancel=Cancel())
    assert turn.utterance is not None
    assert turn.utterance.language == language


def test_failure_becomes_one_line_and_the_next_turn_works() -> None:
    router = FakeRouter(fails=ModelError("weights_missing", "Fetch the model with `assistant models fetch`."))
    assistant = make_assistant(FakeSkill("dialogue", SkillReply("Hello.")), context=make_context(router=router))
    events = Events()
    turn = assistant.run_turn("hello", emit=events.append, cancel=Cancel())
    assert events[-1] == Failed(turn.id, "weights_missing", "Fetch the model with `assistant models fetch`.")
    assert (turn.outcome, turn.error_code) == ("failed", "weights_missing")
    router.fails = None
    assert assistant.run_turn("hello", emit=Events().append, cancel=Cancel()).outcome == "done"


def test_unexpected_failure_goes_to_the_log_and_not_to_the_user(
    expected_warnings: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    def act(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        raise ZeroDivisionError("hidden detail")

    expected_warnings.append("failed")
    events = Events()
    with caplog.at_level(logging.ERROR):
        turn = make_assistant(FakeSkill("dialogue", act)).run_turn("hello", emit=events.append, cancel=Cancel())
    assert turn.error_code == "internal"
    assert turn.reply is not None
    assert "doctor" in turn.reply.text
    assert "hidden detail" not in turn.reply.text
    assert "ZeroDivisionError" in caplog.text


def test_reply_is_kept_in_writing_when_the_voice_fails() -> None:
    speaker = FakeSpeaker(fails=DeviceError("loudspeaker_missing", "No loudspeaker was found. Connect one."))
    assistant = make_assistant(FakeSkill("dialogue", SkillReply("Hello.")), speaker=speaker)
    events = Events()
    turn = assistant.run_turn("hello", emit=events.append, cancel=Cancel(), speak=True)
    assert turn.outcome == "done"
    assert turn.reply == SkillReply("Hello.")
    assert turn.problem == "No loudspeaker was found. Connect one."


def test_problem_of_the_voice_during_the_reply_is_told() -> None:
    assistant = make_assistant(
        FakeSkill("dialogue", SkillReply("Hello.")), speaker=FakeSpeaker(problem="The loudspeaker was unplugged.")
    )
    turn = assistant.run_turn("hello", emit=Events().append, cancel=Cancel(), speak=True)
    assert turn.problem == "The loudspeaker was unplugged."


@pytest.mark.parametrize("stop_at", ["Heard", "Routed"])
def test_a_stop_between_stages_keeps_the_skill_from_acting(stop_at: str) -> None:
    skill = FakeSkill("dialogue", SkillReply("Hello."))
    cancel, events = Cancel(), Events()

    def emit(event: TurnEvent) -> None:
        events.append(event)
        if type(event).__name__ == stop_at:
            cancel.set()

    turn = make_assistant(skill).run_turn("hello", emit=emit, cancel=cancel)
    assert turn.outcome == "cancelled"
    assert skill.acted_on == []
    assert events[-1] == Finished(turn.id, turn)


def test_a_stop_between_tokens_silences_the_voice_and_keeps_what_was_said() -> None:
    cancel, events, speaker = Cancel(), Events(), FakeSpeaker()

    def emit(event: TurnEvent) -> None:
        events.append(event)
        if isinstance(event, Token) and event.text == "Two. ":
            cancel.set()

    assistant = make_assistant(streaming("One. ", "Two. ", "Three."), speaker=speaker)
    turn = assistant.run_turn("count", emit=emit, cancel=cancel, speak=True)
    assert turn.outcome == "cancelled"
    assert turn.reply == SkillReply("One. Two.")
    assert speaker.speeches[0].stopped
    assert [exchange.assistant for exchange in assistant.conversation.recent()] == ["One. Two."]


def test_a_stop_while_speaking_leaves_the_turn_done() -> None:
    cancel, events = Cancel(), Events()

    def emit(event: TurnEvent) -> None:
        events.append(event)
        if isinstance(event, Replied):
            cancel.set()

    turn = make_assistant(FakeSkill("dialogue", SkillReply("Booked."))).run_turn(
        "book it", emit=emit, cancel=cancel, speak=True
    )
    assert turn.outcome == "done"
    assert not any(isinstance(event, Speaking) for event in events)


def asking_skill() -> FakeSkill:
    question = Pending("Delete it?", (Choice("Yes, delete it", "yes"), Choice("No", "no")), "scheduling", {"uid": "7"})

    def resume(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
        if answer.text.lower().startswith("yes"):
            return SkillReply(f"Deleted {pending.state['uid']}.")
        return None

    return FakeSkill("scheduling", SkillReply("Delete it?", pending=question), resume)


def test_next_utterance_answers_the_open_question() -> None:
    router = FakeRouter({"delete it": Route("scheduling", "cancel_event", 0.9)})
    assistant = make_assistant(asking_skill(), context=make_context(router=router))
    first = assistant.run_turn("delete it", emit=Events().append, cancel=Cancel())
    assert first.reply is not None
    assert assistant.pending == first.reply.pending
    second = assistant.run_turn("yes", emit=Events().append, cancel=Cancel())
    assert second.reply == SkillReply("Deleted 7.")
    assert second.route is not None
    assert second.route.skill == "scheduling"
    assert assistant.pending is None
    assert router.asked == ["delete it"]


def test_a_new_request_instead_of_an_answer_is_served_and_closes_the_question() -> None:
    router = FakeRouter({"delete it": Route("scheduling", "cancel_event", 0.9)})
    chat = FakeSkill("dialogue", SkillReply("Hello."))
    assistant = make_assistant(asking_skill(), chat, context=make_context(router=router))
    assistant.run_turn("delete it", emit=Events().append, cancel=Cancel())
    turn = assistant.run_turn("hello there", emit=Events().append, cancel=Cancel())
    assert turn.reply == SkillReply("Hello.")
    assert assistant.pending is None


def test_silence_leaves_the_question_open() -> None:
    router = FakeRouter({"delete it": Route("scheduling", "cancel_event", 0.9)})
    assistant = make_assistant(asking_skill(), transcriber=FakeTranscriber(None), context=make_context(router=router))
    assistant.run_turn("delete it", emit=Events().append, cancel=Cancel())
    assistant.run_turn(silence(), emit=Events().append, cancel=Cancel())
    assert assistant.pending is not None


UNSURE = Route(
    "scheduling",
    "create_event",
    0.4,
    unsure=True,
    why=Why((Candidate("scheduling", "create_event", 0.4), Candidate("dialogue", "chat", 0.35))),
)


def test_unsure_route_asks_and_the_chosen_skill_gets_the_original_request() -> None:
    scheduling = FakeSkill("scheduling", SkillReply("Booked."))
    assistant = make_assistant(
        scheduling,
        FakeSkill("dialogue", SkillReply("Hello.")),
        context=make_context(router=FakeRouter({"dentist": UNSURE})),
    )
    asked = assistant.run_turn("dentist", emit=Events().append, cancel=Cancel())
    assert asked.reply is not None
    assert asked.reply.pending is not None
    labels = [choice.label for choice in asked.reply.pending.choices]
    assert labels == ["scheduling: create event", "dialogue: chat", "Something else"]
    assert scheduling.acted_on == []
    done = assistant.run_turn(labels[0], emit=Events().append, cancel=Cancel())
    assert done.reply == SkillReply("Booked.")
    text, route = scheduling.acted_on[0]
    assert (text, route.intent, route.unsure) == ("dentist", "create_event", False)


@pytest.mark.parametrize("answer", ["Something else", "no", "3"])
def test_none_of_the_readings_can_be_chosen(answer: str) -> None:
    scheduling = FakeSkill("scheduling", SkillReply("Booked."))
    assistant = make_assistant(
        scheduling,
        FakeSkill("dialogue", SkillReply("Hi.")),
        context=make_context(router=FakeRouter({"dentist": UNSURE})),
    )
    assistant.run_turn("dentist", emit=Events().append, cancel=Cancel())
    turn = assistant.run_turn(answer, emit=Events().append, cancel=Cancel())
    assert turn.reply is not None
    assert "other words" in turn.reply.text
    assert scheduling.acted_on == []


def test_request_without_a_skill_is_refused_with_its_topic() -> None:
    assistant = make_assistant(
        FakeSkill("dialogue", SkillReply("Hi.")),
        context=make_context(router=FakeRouter({"will it rain": Route("unknown", "weather", 0.9)})),
    )
    turn = assistant.run_turn("will it rain", emit=Events().append, cancel=Cancel())
    assert turn.reply is not None
    assert turn.reply.text.startswith("That sounds like weather, and I have no skill for it.")


def test_skill_sees_the_earlier_exchanges() -> None:
    seen: list[tuple[str, ...]] = []

    def act(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        seen.append(tuple(exchange.user for exchange in context.history))
        return SkillReply("ok")

    assistant = make_assistant(FakeSkill("dialogue", act))
    for text in ("one", "two", "three"):
        assistant.run_turn(text, emit=Events().append, cancel=Cancel())
    assert seen == [(), ("one",), ("one", "two")]
    assistant.new_conversation()
    assistant.run_turn("four", emit=Events().append, cancel=Cancel())
    assert seen[-1] == ()


def test_each_stage_that_ran_is_timed() -> None:
    assistant = make_assistant(
        FakeSkill("dialogue", SkillReply("Hello.")), transcriber=FakeTranscriber("hello"), speaker=FakeSpeaker()
    )
    timings = assistant.run_turn(silence(), emit=Events().append, cancel=Cancel()).timings
    for stage in (timings.hear, timings.route, timings.act, timings.speak, timings.total):
        assert stage is not None
        assert stage >= 0
    silent = assistant.run_turn("hello", emit=Events().append, cancel=Cancel()).timings
    assert silent.speak is None


def test_two_turns_at_once_follow_one_another() -> None:
    inside = threading.Event()
    go_on = threading.Event()
    order: list[str] = []

    def act(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        order.append(f"begin {utterance.text}")
        inside.set()
        if utterance.text == "one":
            assert go_on.wait(10)
        order.append(f"end {utterance.text}")
        return SkillReply("ok")

    assistant = make_assistant(FakeSkill("dialogue", act))
    first = threading.Thread(target=lambda: assistant.run_turn("one", emit=Events().append, cancel=Cancel()))
    first.start()
    assert inside.wait(10)
    second = threading.Thread(target=lambda: assistant.run_turn("two", emit=Events().append, cancel=Cancel()))
    second.start()
    go_on.set()
    first.join(10)
    second.join(10)
    assert order == ["begin one", "end one", "begin two", "end two"]
