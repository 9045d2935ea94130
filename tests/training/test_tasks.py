"""Data sets to examples: what is read, what is held out, and that nothing is trained on that is scored on."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant_app.errors import InputError
from assistant_app.training.confusions import Confusions
from assistant_app.training.examples import OURS, DialogueExample, SpanExample, TextExample
from assistant_app.training.speech_noise import noisy
from assistant_app.training.tasks import (
    LabelMap,
    check_leaks,
    dialogue_examples,
    leaks,
    own_examples,
    plain_text,
    select,
    span_examples,
    speech_variant,
    text_examples,
    without_leaks,
)
from tests.training.small_data import RECIPE, make_data, write_rows

RECIPES = Path(__file__).parents[2] / "models" / "recipes"
LABELS = LabelMap.load(RECIPES)
OWN = list(own_examples(LABELS))
SKILLS = {"scheduling", "question_answering", "dialogue", "unknown"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data"))


def text(words: str, *, held_out: bool = False, source: str = "") -> TextExample:
    return TextExample(words, "test", held_out, {OURS: "dialogue/chat"}, source=source)


def span(question: str, passage: str, *, held_out: bool = False) -> SpanExample:
    return SpanExample(question, passage, (), -1, "test", held_out)


def reply(turn: str, *before: tuple[str, str], held_out: bool = False) -> DialogueExample:
    return DialogueExample(before, turn, "yes", "test", held_out)


def test_our_own_sentences_are_read_whole() -> None:
    assert {example.intents[OURS].partition("/")[0] for example in OWN} <= SKILLS
    assert not [
        example.text for example in OWN if set(example.text) & set("[]") or example.text != example.text.strip()
    ]
    for example in OWN:
        for spans in example.slots.values():
            assert all(example.text[start:end].strip() == example.text[start:end] != "" for start, end, _ in spans)
            assert all(left[1] <= right[0] for left, right in itertools.pairwise(spans))


def test_no_sentence_of_our_own_is_written_twice() -> None:
    texts = [plain_text(example.text) for example in OWN]
    assert sorted(texts) == sorted(set(texts))


def test_our_own_slots_have_the_names_that_other_sets_teach() -> None:
    known = {name for table in LABELS.slots.values() for name in table.values()}
    assert {name for example in OWN for _, _, name in example.slots.get(OURS, ())} <= known


def test_slots_marked_with_xsids_names_give_ours_too() -> None:
    example = next(example for example in OWN if example.text == "提醒我带身份证，明早八点")
    assert example.intents == {OURS: "scheduling/set_reminder", "xsid": "reminder/set_reminder"}
    assert [name for _, _, name in example.slots["xsid"]] == ["reminder/todo", "datetime"]
    assert [name for _, _, name in example.slots[OURS]] == ["title", "datetime"]


def test_slots_of_what_no_skill_does_are_not_ours() -> None:
    example = next(example for example in OWN if example.text == "放一首王菲的歌")
    assert [name for _, _, name in example.slots["xsid"]] == ["artist"]
    assert OURS not in example.slots


def test_sets_that_share_xsids_labels_train_them_but_keep_their_own_figures(tmp_path: Path) -> None:
    rows = [
        {"text": f"what is the weather on day {number}", "intent": "GetWeather", "slots": []} for number in range(60)
    ]
    write_rows(tmp_path / "snips" / "train.jsonl.gz", rows)
    found = [example for example in text_examples(tmp_path, LABELS) if example.data_set == "snips"]
    assert {example.intents.get("xsid") for example in found if not example.held_out} == {"weather/find"}
    assert [example for example in found if example.held_out]
    assert not [example for example in found if example.held_out and "xsid" in example.intents]


def test_questions_of_a_held_out_article_are_held_out_for_every_task(data: Path) -> None:
    asked = {example.question: example.held_out for example in span_examples(data) if "cost" not in example.question}
    told = {e.text: e.held_out for e in text_examples(data, LABELS) if e.data_set == "squad2" and "cost" not in e.text}
    assert asked == told
    assert set(asked.values()) == {True, False}


def test_chinese_questions_are_held_out_by_file(tmp_path: Path) -> None:
    for name in ("trial", "dev_part"):
        row = {"question": f"谁写了这本书，{name}", "context": "书是他写的。", "answers": ["他"], "title": name}
        write_rows(tmp_path / "cmrc2018" / f"{name}.jsonl.gz", [row])
    wanted = {"谁写了这本书，trial": False, "谁写了这本书，dev_part": True}
    assert {example.question: example.held_out for example in span_examples(tmp_path)} == wanted
    found = [example for example in text_examples(tmp_path, LABELS) if example.data_set == "cmrc2018"]
    assert {example.text: example.held_out for example in found} == wanted


def test_a_selection_has_no_leaks_even_said_differently(data: Path) -> None:
    extra = [text("wake me at 7 am", held_out=True), text("Wake me at seven a.m."), text("wake me at eight")]
    most, kept = {**RECIPE["most"], "test": 9}, RECIPE["most_held_out"]
    chosen = select([*text_examples(data, LABELS), *extra], most, kept)
    assert not leaks(chosen)
    texts = {example.text.casefold().rstrip(".") for example in chosen if not example.held_out}
    assert "wake me at eight" in texts
    assert "wake me at seven a.m" not in texts


def test_a_speech_variant_keeps_its_slots_and_its_source() -> None:
    written = [replace(example, text=example.text.capitalize() + ".") for example in OWN if example.text.isascii()]
    changed = [variant for example in written if (variant := speech_variant(example)).text != example.text]
    assert changed
    for variant in changed:
        assert variant.source
        assert variant.text.lower() == variant.source.lower().rstrip(".")


PASSAGE = "The mill by the river was built in 1820 by two brothers."


@pytest.mark.parametrize(
    ("trained", "scored"),
    [
        (text("Call me at 3:30 pm!"), text("call me at three thirty p m", held_out=True)),
        (text("i'm late"), text("I am late.", held_out=True)),
        (text("who built the mill"), span("Who built the mill?", PASSAGE, held_out=True)),
        (span("Who built the mill?", PASSAGE), text("who built the mill", held_out=True)),
        (span("when", PASSAGE), span("who", PASSAGE.lower(), held_out=True)),
        (reply("and you?", ("hi", "hello")), reply("and you", ("Hi!", "Hello."), held_out=True)),
    ],
)
def test_a_planted_leak_is_found_and_can_be_taken_out(trained: Any, scored: Any) -> None:
    clean = [text("good morning"), span("what", "Another passage."), reply("good evening")]
    parts = tuple(
        [one for one in (trained, scored, *clean) if isinstance(one, kind)]
        for kind in (TextExample, SpanExample, DialogueExample)
    )
    with pytest.raises(InputError, match="texts to train on are also texts to score on") as caught:
        check_leaks(*parts)
    assert caught.value.code == "training_leak"
    left = without_leaks(*parts)
    check_leaks(*left)
    assert sorted(len(part) for part in left) == sorted(
        len([one for one in part if one is not trained]) for part in parts
    )


def test_a_misheard_copy_of_a_held_out_text_is_a_leak() -> None:
    misheard = Confusions(heard={"water": (("what a", 1),)}, own_rate={"water": 1.0})
    scored = text("remind me to water the plants tomorrow", held_out=True)
    copy = replace(noisy(scored, random.Random(1), misheard), held_out=False)
    assert copy.text != scored.text
    with pytest.raises(InputError, match="what a the plants"):
        check_leaks([scored, copy, text("good morning")])


def test_different_texts_are_no_leak() -> None:
    check_leaks(
        [text("wake me at seven"), text("wake me at eight", held_out=True)],
        [span("when", PASSAGE), span("who", "Another passage.", held_out=True)],
        [reply("yes", ("tea", "milk?")), reply("yes", ("coffee", "milk?"), held_out=True)],
    )


def test_replies_see_the_turns_before_them_and_whole_conversations_are_held_out(tmp_path: Path) -> None:
    rows = [
        {"id": str(n), "topic": f"film {n}", "turns": [f"第{n}部电影好看吗", "好看", f"导演是谁{n}", "是他", "谢谢"]}
        for n in range(30)
    ]
    write_rows(tmp_path / "kdconv" / "dev.jsonl.gz", rows)
    found = list(dialogue_examples(tmp_path, sets=("kdconv",)))
    third = next(example for example in found if example.text == "导演是谁4")
    assert third.history == (("第4部电影好看吗", "好看"),)
    assert third.reply == "是他"
    sides: dict[str, set[bool]] = {}
    for example in found:
        first = example.history[0][0] if example.history else example.text
        if first.startswith("第"):
            sides.setdefault(first, set()).add(example.held_out)
    assert all(len(side) == 1 for side in sides.values())
    assert len(set(map(frozenset, sides.values()))) == 2


def test_what_a_system_says_it_did_is_no_reply_to_learn(tmp_path: Path) -> None:
    def turn(speaker: str, words: str, *acts: str) -> dict[str, Any]:
        return {
            "s": speaker,
            "t": words,
            "frames": [{"service": "Calendar_1", "acts": [[act, "", []] for act in acts]}],
        }

    turns = [
        turn("U", "add lunch", "INFORM_INTENT"),
        turn("A", "What time?", "REQUEST"),
        turn("U", "at noon", "INFORM"),
        turn("A", "I have added it.", "NOTIFY_SUCCESS"),
        turn("U", "thanks", "THANK_YOU"),
        turn("A", "Have a nice day.", "GOODBYE"),
    ]
    write_rows(tmp_path / "sgd" / "calendar_alarm_weather.jsonl.gz", [{"id": "train/1_00001", "turns": turns}])
    replies = [example.reply for example in dialogue_examples(tmp_path, sets=("sgd",))]
    assert replies == ["What time?", "Have a nice day."]
