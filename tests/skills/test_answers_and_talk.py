"""Questions, conversation, choices and honest refusals."""

from __future__ import annotations

import pytest

from assistant_app.skills.answers import by_label, chosen, yes_or_no
from assistant_app.skills.api import Exchange, load_skills
from assistant_app.skills.dialogue import REMEMBERED, SPEECHLESS, Dialogue
from assistant_app.skills.question_answering import (
    DOES_NOT_KNOW,
    NOT_LOOKED_UP,
    UNSOURCED,
    QuestionAnswering,
    sentence_around,
)
from assistant_app.skills.unknown import Unknown
from assistant_app.turn import Choice, Pending, Route, SkillReply, Utterance
from tests.fakes import FakeAnswerer, FakeDialogue, FakeKnowledge, FakeSkill, make_context

QUESTION = Utterance("When do I prune the roses?", "typed", "en")
ASKED = Route("question_answering", "question", 0.9)
NOTES = "The garden is large. Prune the roses in March. Then rest."


def test_answer_comes_with_the_sentence_it_stands_in() -> None:
    context = make_context(knowledge=FakeKnowledge(NOTES), answerer=FakeAnswerer({QUESTION.text: "March"}))
    reply = QuestionAnswering().act(QUESTION, ASKED, context)
    assert reply.text == "March."
    (source,) = reply.sources
    assert (source.title, source.quote) == ("notes", "Prune the roses in March.")
    assert reply.speech == "March. That is from notes."


def test_a_question_for_a_reason_is_answered_in_a_sentence_with_the_same_source() -> None:
    question = Utterance("Why do I prune the roses?", "typed", "en")
    answerer = FakeAnswerer({question.text: "March"}, sentences={question.text: "The roses are pruned in March."})
    reply = QuestionAnswering().act(question, ASKED, make_context(knowledge=FakeKnowledge(NOTES), answerer=answerer))
    assert reply.text == "The roses are pruned in March."
    assert reply.sources[0].quote == "Prune the roses in March."


def test_answer_without_a_source_is_marked_as_such() -> None:
    pieces: list[str] = []
    context = make_context(
        knowledge=FakeKnowledge(NOTES), dialogue=FakeDialogue("In ", "spring."), stream=pieces.append
    )
    reply = QuestionAnswering().act(QUESTION, ASKED, context)
    assert reply.text == f"{UNSOURCED}In spring."
    assert reply.sources == ()
    assert "".join(pieces) == reply.text


def test_uncertain_answer_is_not_given_as_a_fact() -> None:
    answerer = FakeAnswerer({QUESTION.text: "March"}, confidence=0.1)
    reply = QuestionAnswering().act(QUESTION, ASKED, make_context(knowledge=FakeKnowledge(NOTES), answerer=answerer))
    assert reply.text.startswith(UNSOURCED)


def test_not_knowing_is_said() -> None:
    reply = QuestionAnswering().act(QUESTION, ASKED, make_context(dialogue=FakeDialogue(" ", "")))
    assert reply.text == DOES_NOT_KNOW


@pytest.mark.parametrize(
    ("answer", "sentence"), [("large", "The garden is large."), ("rest", "Then rest."), ("The", "The garden is large.")]
)
def test_sentence_around_an_answer_is_whole(answer: str, sentence: str) -> None:
    start = NOTES.index(answer)
    assert sentence_around(NOTES, start, start + len(answer)) == sentence


def test_conversation_streams_and_remembers_the_last_exchanges() -> None:
    dialogue, pieces = FakeDialogue(" Hello", " there. "), list[str]()
    history = tuple(Exchange(f"question {n}", f"answer {n}") for n in range(10))
    context = make_context(dialogue=dialogue, stream=pieces.append, history=history)
    reply = Dialogue().act(Utterance("hi", "typed", "en"), Route("dialogue", "chat", 0.9), context)
    assert reply.text == "Hello there."
    assert reply.actions == ()
    assert len(pieces) > 1
    assert "".join(pieces) == "Hello there. "
    assert len(dialogue.histories[0]) == REMEMBERED
    assert dialogue.histories[0][-1] == ("question 9", "answer 9")


def test_what_skills_did_is_no_model_for_talk() -> None:
    dialogue = FakeDialogue("Hello.")
    history = (
        Exchange("book lunch", "Done: Lunch.", Route("scheduling", "create_event", 0.9)),
        Exchange("good morning", "Good morning!", Route("dialogue", "greet", 0.9)),
    )
    context = make_context(dialogue=dialogue, history=history)
    Dialogue().act(Utterance("hi", "typed", "en"), Route("dialogue", "chat", 0.9), context)
    assert list(dialogue.histories[0]) == [("good morning", "Good morning!")]


def test_silent_decoder_gets_kind_words() -> None:
    reply = Dialogue().act(
        Utterance("hi", "typed", "en"), Route("dialogue", "chat", 0.9), make_context(dialogue=FakeDialogue(""))
    )
    assert reply.text == SPEECHLESS


def test_help_is_told_from_the_skills_there_are() -> None:
    skills = {"scheduling": FakeSkill("scheduling", SkillReply(""))}
    reply = Dialogue(skills).act(Utterance("help", "typed", "en"), Route("dialogue", "help", 0.9), make_context())
    assert reply.text == "You can say, for example: “try scheduling”"


def test_last_reply_is_repeated_as_it_was_spoken() -> None:
    said = SkillReply("15:30.", speech="Half past three.")
    context = make_context(history=(Exchange("when", "15:30.", None, said),))
    reply = Dialogue().act(Utterance("again", "typed", "en"), Route("dialogue", "repeat", 0.9), context)
    assert (reply.text, reply.speech) == ("15:30.", "Half past three.")


def test_what_changes_by_the_hour_is_not_invented() -> None:
    dialogue = FakeDialogue("About 42.")
    reply = QuestionAnswering().act(
        QUESTION, Route("question_answering", "live_fact", 0.9), make_context(dialogue=dialogue)
    )
    assert reply.text == NOT_LOOKED_UP
    assert dialogue.histories == []


CHOICES = (Choice("Dentist, Thursday, 15:30", "a"), Choice("Lunch with Ann, Friday", "b"), Choice("None of them", "no"))


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("Dentist, Thursday, 15:30", "a"),
        ("dentist thursday 15:30", "a"),
        ("2", "b"),
        ("lunch", "b"),
        ("the lunch", None),
        ("none of them", "no"),
        ("no", "no"),
        ("", None),
        ("🙂", None),
        ("9", None),
    ],
)
def test_choice_is_made_by_its_words_or_its_number(said: str, value: str | None) -> None:
    choice = chosen(Utterance(said, "typed", "en"), Pending("Which?", CHOICES, "scheduling"), make_context())
    assert (choice.value if choice else None) == value


@pytest.mark.parametrize(
    ("said", "value"), [("yes please", "yes"), ("no", "no"), ("Yes, delete it", "yes"), ("hm", None)]
)
def test_yes_and_no_are_understood_by_the_router(said: str, value: str | None) -> None:
    pending = Pending("Delete it?", yes_or_no("Yes, delete it", "No, keep it"), "scheduling")
    choice = chosen(Utterance(said, "spoken", "en"), pending, make_context())
    assert (choice.value if choice else None) == value


def test_words_that_fit_two_choices_choose_neither() -> None:
    assert by_label("review", (Choice("Review at nine", "a"), Choice("Review at ten", "b"))) is None


def test_request_without_a_topic_is_refused_with_what_there_is() -> None:
    skills = {"scheduling": FakeSkill("scheduling", SkillReply(""))}
    reply = Unknown(skills).act(QUESTION, Route("unknown", "unknown", 0.9), make_context())
    assert reply.text == "I have no skill for that. What I have: scheduling."


def test_our_skills_go_before_a_strangers_of_the_same_name() -> None:
    ours = Dialogue()
    assert load_skills((ours,))["dialogue"] is ours
