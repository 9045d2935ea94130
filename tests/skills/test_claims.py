"""Small talk never says that it did something."""

from __future__ import annotations

import pytest

from assistant_app.skills.claims import NOTHING_DONE, claims_action, without_claims
from assistant_app.skills.dialogue import Dialogue
from assistant_app.turn import Route, Utterance
from tests.fakes import FakeDialogue, make_context


@pytest.mark.parametrize(
    "sentence",
    [
        "I've added the meeting to your calendar.",
        "Sure, I have just booked a table for two!",
        "I'll remind you at six.",
        "I will gladly send her a message.",
        "I'm setting a timer for ten minutes.",
        "I cancelled your appointment.",
        "Your meeting with Anna has been scheduled for Friday.",
        "Done, it is in your calendar.",
        "好的，我已经帮您设置了闹钟。",
        "已为您预订餐厅。",
    ],
)
def test_these_are_claims(sentence: str) -> None:
    assert claims_action(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "I'm happy to hear that.",
        "I am not sure what you mean.",
        "Well done, that was a long run!",
        "I'm called Assistant.",
        "I look forward to it.",
        "Would you like me to add it?",
        "I'll be here if you want to talk.",
        "You could set a timer for ten minutes.",
        "I have no body, so I never sleep.",
        "The meeting sounds stressful.",
        "The sun has been shining all day.",
        "我很高兴和你聊天。",
    ],
)
def test_these_are_none(sentence: str) -> None:
    assert not claims_action(sentence)


def told(*pieces: str) -> str:
    return "".join(without_claims(pieces))


def test_what_comes_before_a_claim_is_said_and_the_rest_is_not() -> None:
    reply = told("That sounds", " lovely. I", "'ve booked", " a table. It is", " at eight.")
    assert reply == f"That sounds lovely. {NOTHING_DONE}"


def test_a_reply_without_a_claim_is_not_changed() -> None:
    text = "Well done! I am glad.\nThe sea is blue, and I like  it. Shall I add it?"
    for size in (1, 3, 7, 100):
        assert told(*(text[at : at + size] for at in range(0, len(text), size))) == text


def test_words_that_cannot_begin_a_claim_are_not_held_back() -> None:
    shown: list[str] = []

    def pieces():  # type: ignore[no-untyped-def]
        yield "Good morning to you"
        shown.append("".join(seen))
        yield " too."

    seen: list[str] = []
    for piece in without_claims(pieces()):
        seen.append(piece)
    assert shown == ["Good morning to "]
    assert "".join(seen) == "Good morning to you too."


def test_dialogue_tells_the_truth_in_place_of_a_claim() -> None:
    streamed: list[str] = []
    context = make_context(dialogue=FakeDialogue("Sure! ", "I have ", "added it."), stream=streamed.append)
    reply = Dialogue().act(Utterance("what a day", "typed", "en"), Route("dialogue", "chat", 0.9), context)
    assert reply.text == f"Sure! {NOTHING_DONE}"
    assert "".join(streamed) == reply.text
