"""What is said right after a skill's reply may be said of it: the skill is asked before the router's word counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant_app.assistant import Assistant
from assistant_app.skills.api import SkillContext
from assistant_app.turn import Cancel, Mention, Route, SkillReply, Turn, Utterance
from tests.fakes import FakeRouter, FakeSkill, make_assistant, make_context

ORDER = Route("kitchen", "order", 0.9)
CHAT = Route("dialogue", "chat", 0.9)


class Kitchen(FakeSkill):
    """Takes "with salt" for more of the order before."""

    def __init__(self) -> None:
        super().__init__("kitchen", lambda said, route, _context: SkillReply(f"{route.intent}: {said.text}"))

    def in_context(self, utterance: Utterance, route: Route, context: SkillContext) -> Route | None:
        assert context.history
        return Route("kitchen", "season", 1.0) if utterance.text.startswith("with ") else None


def kitchen(routes: Mapping[str, Route], several: Mapping[str, Sequence[str]] | None = None) -> Assistant:
    router = FakeRouter(routes, several=several)
    return make_assistant(Kitchen(), FakeSkill("dialogue", SkillReply("Fine.")), context=make_context(router=router))


def say(assistant: Assistant, text: str) -> Turn:
    return assistant.run_turn(text, emit=lambda _event: None, cancel=Cancel())


def reply_to(assistant: Assistant, *texts: str) -> str:
    for text in texts:
        turn = say(assistant, text)
    assert turn.reply is not None
    return turn.reply.text


def test_skill_that_replied_last_takes_what_is_said_of_its_reply() -> None:
    assistant = kitchen({"soup": ORDER})
    say(assistant, "soup")
    turn = say(assistant, "with salt")
    assert turn.reply is not None
    assert turn.reply.text == "season: with salt"
    assert turn.route is not None
    assert turn.route.intent == "season"


def test_small_talk_between_does_not_matter_and_much_of_it_does() -> None:
    assistant = kitchen({"soup": ORDER})
    assert reply_to(assistant, "soup", "thank you", "with salt") == "season: with salt"
    assert reply_to(assistant, "one", "two", "three", "with salt") == "Fine."


def test_other_requests_go_where_the_router_says() -> None:
    assistant = kitchen({"soup": ORDER, "stew": ORDER})
    assert reply_to(assistant, "soup", "stew") == "order: stew"
    assert reply_to(assistant, "with salt") == "season: with salt"


def test_nothing_is_taken_for_a_follow_up_at_the_beginning() -> None:
    assert reply_to(kitchen({"with salt": CHAT}), "with salt") == "Fine."


def test_second_command_of_a_sentence_may_be_said_of_the_first() -> None:
    assistant = kitchen({"soup": ORDER}, several={"soup and with salt": ("soup", "with salt")})
    assert reply_to(assistant, "soup and with salt") == "order: soup season: with salt"


def test_replies_joined_into_one_are_about_all_they_tell() -> None:
    both = SkillReply("One.", about=(Mention("a"),)).and_then(SkillReply("Two.", about=(Mention("b"),)))
    assert [mention.uid for mention in both.about] == ["a", "b"]
