"""A text as a recogniser would give it: its slots stay on their words."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from assistant_app.training.confusions import MEASURED, Confusions, sound_key
from assistant_app.training.examples import OURS, TextExample
from assistant_app.training.speech_noise import noisy, rewritten
from assistant_app.training.spoken_numbers import (
    chinese_to_digits,
    digits_to_chinese,
    digits_to_english,
    english_to_digits,
    is_chinese,
    spoken_form,
    words_of,
)
from assistant_app.training.tasks import LabelMap, own_examples
from tests.training.small_data import write_rows

RECIPES = Path(__file__).parents[2] / "models" / "recipes"
OWN = list(own_examples(LabelMap.load(RECIPES)))
BETWEEN = {"zz", "uh", "um", "like", "so", "well", "you", "know"}


def example(text: str, *marked: str) -> TextExample:
    spans = tuple((text.index(words), text.index(words) + len(words), "title") for words in marked)
    return TextExample(text, "test", False, {OURS: "scheduling/create_event"}, {OURS: spans})


def slots(of: TextExample) -> list[str]:
    return [of.text[start:end] for start, end, _ in of.slots[OURS]]


def traced(text: str) -> Confusions:
    """Every word is often heard as itself with an x before it, and what is put in is "zz"."""
    words = {match[0].lower().replace("’", "'") for match in words_of(text)}
    return Confusions(
        heard={word: ((f"x{word}", 1),) for word in words},
        own_rate=dict.fromkeys(words, 0.5),
        inserted_rate=0.3,
        inserted=(("zz", 1),),
    )


def said_words(text: str) -> list[str]:
    """Words as they are said, without the trace and without what may be put in."""
    return [word for word in spoken_form(re.sub(r"\bx+(?=\w)", "", text.lower())).split() if word not in BETWEEN]


def is_part(words: list[str], whole: list[str]) -> bool:
    """Whether `words` are `whole` with some left out, in order."""
    rest = iter(whole)
    return all(word in rest for word in words)


def without_slots(of: TextExample, label_set: str) -> str:
    text = of.text
    for start, end, _ in sorted(of.slots.get(label_set, ()), reverse=True):
        text = f"{text[:start]} {text[end:]}"
    return text


@pytest.mark.parametrize("seed", range(2))
def test_slots_hold_their_own_words_and_no_others_whatever_is_misheard(seed: int) -> None:
    rng = random.Random(seed)
    changed = 0
    for original in OWN:
        if is_chinese(original.text):
            continue
        result = noisy(original, rng, traced(original.text), strength=rng.choice((0.0, 0.5, 1.0)))
        changed += result.text != original.text
        for label_set, spans in original.slots.items():
            assert len(result.slots[label_set]) == len(spans)
            for (start, end, name), (old_start, old_end, old_name) in zip(result.slots[label_set], spans, strict=True):
                words = result.text[start:end]
                assert name == old_name
                assert words.strip() == words != ""
                assert is_part(said_words(words), said_words(original.text[old_start:old_end])), (original, result)
            outside = said_words(without_slots(result, label_set))
            assert is_part(outside, said_words(without_slots(original, label_set))), (original, result)
    assert changed > 200


def test_chinese_slots_stay_on_their_words() -> None:
    rng = random.Random(1)
    for original in OWN:
        if not is_chinese(original.text):
            continue
        same = noisy(original, rng, Confusions(), strength=0.0)
        assert spoken_form(same.text) == spoken_form(original.text)
        for label_set, spans in original.slots.items():
            for (start, end, _), (old_start, old_end, _) in zip(same.slots[label_set], spans, strict=True):
                now, before = same.text[start:end], original.text[old_start:old_end]
                assert spoken_form(f"说{now}") == spoken_form(f"说{before}")
        worse = noisy(original, rng, Confusions(), strength=5.0)
        for spans in worse.slots.values():
            assert all(worse.text[start:end].strip() for start, end, _ in spans)


def test_the_same_chance_gives_the_same_text() -> None:
    texts = [example(f"meet anna at {hour}:30 pm in the big room", "anna") for hour in range(1, 12)]
    first = [noisy(one, random.Random(4), Confusions()) for one in texts]
    assert first == [noisy(one, random.Random(4), Confusions()) for one in texts]
    assert len({one.text for one in (noisy(texts[0], random.Random(seed), Confusions()) for seed in range(9))}) > 1


def test_a_variant_names_the_text_it_was_made_from() -> None:
    one = example("Lunch at 3 pm.", "Lunch")
    variant = noisy(noisy(one, random.Random(1), Confusions()), random.Random(2), Confusions())
    assert variant.source == one.text
    assert variant.intents == one.intents


def test_an_edit_over_a_slots_border_is_not_made() -> None:
    one = example("call mom today", "mom")
    assert rewritten(one, [(5, 14, "nobody")]) == one
    assert slots(rewritten(one, [(0, 5, ""), (8, 14, "")])) == ["mom"]


def test_a_slot_never_loses_all_its_words() -> None:
    one = example("call mom today", "mom")
    assert rewritten(one, [(5, 8, "")]) == one
    two = example("call my mom today", "my mom")
    assert slots(rewritten(two, [(5, 7, "")])) == ["mom"]


def test_words_put_in_at_a_border_stay_outside() -> None:
    one = rewritten(example("call mom today", "mom"), [(5, 5, "uh "), (8, 8, " then")])
    assert one.text == "call uh mom then today"
    assert slots(one) == ["mom"]


def test_negations_are_never_misheard() -> None:
    loud = Confusions(own_rate=dict.fromkeys(("do", "not", "wake", "me"), 1.0), heard={"not": (("now", 1),)})
    for seed in range(20):
        assert "not" in noisy(example("do not wake me"), random.Random(seed), loud).text.replace("don't", "do not")


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("meet at 3:30 pm", "meet at three thirty p m"),
        ("wake me at 7am", "wake me at seven a m"),
        ("the 21st of may", "the twenty first of may"),
        ("in 45 minutes", "in forty five minutes"),
        ("born in 1984", "born in nineteen eighty four"),
        ("at 7:05 am", "at seven oh five a m"),
        ("50% of it", "fifty percent of it"),
        ("1,250 people", "one thousand two hundred fifty people"),
    ],
)
def test_digits_are_said_as_people_say_them(digits: str, words: str) -> None:
    text = digits
    for start, end, new in reversed(digits_to_english(digits)):
        text = text[:start] + new + text[end:]
    assert text == words
    assert spoken_form(digits) == spoken_form(words)


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("at three thirty tomorrow", "at 3:30 tomorrow"),
        ("one hundred and twenty two people", "122 people"),
        ("twenty twenty six", "2026"),
        ("twenty five percent", "25%"),
        ("five six seven", "five six seven"),
        ("this one is mine", "this one is mine"),
        ("one hour", "1 hour"),
        ("the twenty first", "the 21st"),
    ],
)
def test_number_words_are_written_as_digits(words: str, digits: str) -> None:
    text = words
    for start, end, new in reversed(english_to_digits(words, random.Random(1))):
        text = text[:start] + new + text[end:]
    assert text == digits


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("下午3:30开会", "下午三点三十分开会"),
        ("2019年5月20号", "二零一九年五月二十号"),
        ("2点", "两点"),
        ("115个人", "一百一十五个人"),
    ],
)
def test_chinese_digits_are_said_as_people_say_them(digits: str, words: str) -> None:
    text = digits
    for start, end, new in reversed(digits_to_chinese(digits)):
        text = text[:start] + new + text[end:]
    assert text == words


def test_chinese_number_words_are_written_as_digits_where_something_is_counted() -> None:
    for words, digits in (
        ("十二月二十五号", "12月25号"),
        ("两点", "2点"),
        ("一个会议", "一个会议"),
        ("周三三点", "周三3点"),
    ):
        text = words
        for start, end, new in reversed(chinese_to_digits(words)):
            text = text[:start] + new + text[end:]
        assert text == digits


def turns(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"s": "1", "t": said, "asr_a": told} for said, told in pairs]


def test_confusions_are_learned_from_a_recognisers_output(tmp_path: Path) -> None:
    talk = turns(
        *[("the villain won the match", "the villian won match")] * 6,
        ("it costs 20 dollars", "it costs twenty dollars"),
        ("i am here", "i'm here"),
    )
    write_rows(
        tmp_path / "topical_chat_asr" / "part.jsonl.gz",
        [{"id": "t_1", "turns": talk}, {"id": "t_11", "turns": turns(("a secret word", "a second word"))}],
    )
    learned = Confusions.learn(tmp_path)
    assert learned.heard["villain"] == (("villian", 6),)
    assert learned.own_rate["villain"] > 0.5 > learned.own_rate["match"]
    assert learned.rates["function"].dropped > 0
    assert "20" not in learned.heard
    assert "i am" not in learned.heard
    assert "secret" not in learned.vocabulary


def test_without_the_set_measured_rates_and_known_sound_alikes_remain(tmp_path: Path) -> None:
    plain = Confusions.learn(tmp_path)
    assert plain.rates == MEASURED
    assert plain.mishear("ate", random.Random(1)) == "eight"
    assert plain.mishear("birthday", random.Random(1)) == "birth day"
    assert plain.mishear("xylophone", random.Random(1)) is None


def test_words_that_sound_alike_share_a_key() -> None:
    assert sound_key("patel") == sound_key("petal")
    assert sound_key("night") == sound_key("knight")
    assert sound_key("meeting") != sound_key("reading")
