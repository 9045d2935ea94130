"""Several commands in one sentence: one turn, one reply, everything done in its order."""

from __future__ import annotations

from collections.abc import Callable

from assistant_app.errors import AssistantError, InputError
from assistant_app.memory.conversation import Exchange
from assistant_app.skills.api import SkillContext
from assistant_app.turn import (
    Action,
    Cancel,
    Choice,
    Pending,
    Replied,
    Route,
    Routed,
    SkillReply,
    Slot,
    Speaking,
    Token,
    Turn,
    Utterance,
)
from tests.fakes import Events, FakeRouter, FakeSkill, FakeSpeaker, make_assistant, make_context

TIMER, LIST = "set a timer for ten minutes", "add milk to my list"
BOTH = f"{TIMER} and {LIST}"
ROUTES = {
    TIMER: Route("scheduling", "set_timer", 0.98, (Slot("datetime", "ten minutes", 16, 27),)),
    LIST: Route("lists", "add_to_list", 0.97, (Slot("title", "milk", 4, 8),)),
}
TIMER_SET = SkillReply("The timer runs.", actions=(Action("timer_started", "t1"),))
MILK_ADDED = SkillReply("Milk is on your list.", actions=(Action("item_added", "m1"),))


def router() -> FakeRouter:
    return FakeRouter(ROUTES, several={BOTH: (TIMER, LIST)})


def run(first: SkillReply | AssistantError, second: SkillReply | AssistantError, events: Events) -> Turn:
    assistant = make_assistant(
        FakeSkill("scheduling", giving(first)),
        FakeSkill("lists", giving(second)),
        context=make_context(router=router()),
    )
    return assistant.run_turn(BOTH, emit=events.append, cancel=Cancel())


def giving(what: SkillReply | AssistantError) -> Callable[[Utterance, Route, SkillContext], SkillReply]:
    def act(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        if isinstance(what, AssistantError):
            raise what
        return what

    return act


def test_both_commands_are_done_and_one_reply_tells_both() -> None:
    events = Events()
    turn = run(TIMER_SET, MILK_ADDED, events)
    assert turn.reply is not None
    assert turn.reply.text == "The timer runs. Milk is on your list."
    assert [action.uid for action in turn.reply.actions] == ["t1", "m1"]
    assert [event for event in events if isinstance(event, Replied)] == [Replied(turn.id, turn.reply)]
    assert "".join(event.text for event in events if isinstance(event, Token)) == turn.reply.text


def test_the_route_shown_is_the_first_ones_with_the_slots_of_all_in_their_place() -> None:
    events = Events()
    turn = run(TIMER_SET, MILK_ADDED, events)
    routed = [event.route for event in events if isinstance(event, Routed)]
    assert routed == [turn.route]
    assert turn.route is not None
    assert (turn.route.skill, turn.route.intent) == ("scheduling", "set_timer")
    assert [BOTH[slot.start : slot.end] for slot in turn.route.slots] == ["ten minutes", "milk"]


def test_the_second_command_knows_what_the_first_one_did() -> None:
    seen: list[tuple[Exchange, ...]] = []

    def act(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        seen.append(context.history)
        return MILK_ADDED

    assistant = make_assistant(
        FakeSkill("scheduling", TIMER_SET), FakeSkill("lists", act), context=make_context(router=router())
    )
    assistant.run_turn(BOTH, emit=Events().append, cancel=Cancel())
    assert [(exchange.user, exchange.reply) for exchange in seen[0]] == [(TIMER, TIMER_SET)]


def test_a_command_that_fails_does_not_keep_the_other_from_being_done() -> None:
    turn = run(InputError("no_time", "Say how long."), MILK_ADDED, Events())
    assert turn.outcome == "done"
    assert turn.reply is not None
    assert turn.reply.text == "Say how long. Milk is on your list."
    assert [action.uid for action in turn.reply.actions] == ["m1"]


def test_when_all_fail_the_turn_fails_and_each_reason_is_told() -> None:
    turn = run(InputError("no_time", "Say how long."), InputError("no_list", "Name a list."), Events())
    assert (turn.outcome, turn.error_code) == ("failed", "no_list")
    assert turn.reply is not None
    assert turn.reply.text == "Say how long. Name a list."


def asking(question: str, skill: str) -> SkillReply:
    return SkillReply(question, pending=Pending(question, (Choice("Yes", "yes"),), skill))


def test_a_question_comes_after_the_results() -> None:
    turn = run(asking("Which timer?", "scheduling"), MILK_ADDED, Events())
    assert turn.reply is not None
    assert turn.reply.text == "Milk is on your list. Which timer?"
    assert turn.reply.pending is not None
    assert turn.reply.pending.question == "Which timer?"


def test_two_questions_are_asked_one_after_the_other() -> None:
    def resume(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply:
        return SkillReply(f"{pending.skill} settled.")

    assistant = make_assistant(
        FakeSkill("scheduling", asking("Which timer?", "scheduling"), resume),
        FakeSkill("lists", asking("Which list?", "lists"), resume),
        context=make_context(router=router()),
    )
    texts = []
    for said in (BOTH, "the first", "the other"):
        turn = assistant.run_turn(said, emit=Events().append, cancel=Cancel())
        assert turn.reply is not None
        texts.append(turn.reply.text)
    assert texts == ["Which timer?", "scheduling settled. Which list?", "lists settled."]


def test_a_reply_that_streams_follows_the_first_result() -> None:
    def act(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        for piece in ("Milk ", "is ", "on it."):
            context.stream(piece)
        return SkillReply("Milk is on it.")

    events, speaker = Events(), FakeSpeaker()
    assistant = make_assistant(
        FakeSkill("scheduling", SkillReply("10:00 it is.", speech="Ten o'clock it is.")),
        FakeSkill("lists", act),
        speaker=speaker,
        context=make_context(router=router()),
    )
    turn = assistant.run_turn(BOTH, emit=events.append, cancel=Cancel(), speak=True)
    assert turn.reply is not None
    assert turn.reply.text == "10:00 it is. Milk is on it."
    assert "".join(event.text for event in events if isinstance(event, Token)) == turn.reply.text
    assert [event.text for event in events if isinstance(event, Speaking)] == ["Ten o'clock it is.", "Milk is on it."]


def test_stopping_between_two_commands_keeps_what_was_done() -> None:
    cancel = Cancel()

    def act(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        cancel.set()
        return TIMER_SET

    second = FakeSkill("lists", MILK_ADDED)
    assistant = make_assistant(FakeSkill("scheduling", act), second, context=make_context(router=router()))
    turn = assistant.run_turn(BOTH, emit=Events().append, cancel=cancel)
    assert turn.outcome == "cancelled"
    assert second.acted_on == []
    assert turn.reply is not None
    assert [action.uid for action in turn.reply.actions] == ["t1"]
