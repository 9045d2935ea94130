"""A text as a speech recogniser would give it, with the slots still on their words.

In this order: numbers as words or digits, short and long forms, case and punctuation, and errors: words heard as
others, left out, put in, split or joined. No edit reaches over a slot's border, and no slot loses all its words.
Errors are drawn from `Confusions`, at the rates measured there times `strength`: real conversation is read at
strength 1 (about one word in five); a close microphone and a good recogniser are nearer to a third of it.
It knows no data set and no model; all chance comes from the `rng` it is given.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from assistant_app.training.confusions import Confusions, word_class
from assistant_app.training.examples import SlotSpan, TextExample
from assistant_app.training.spoken_numbers import (
    Edit,
    chinese_to_digits,
    digits_to_chinese,
    digits_to_english,
    english_to_digits,
    is_chinese,
    words_of,
)

__all__ = ["Confusions", "noisy", "rewritten"]

_SHORT_TO_LONG = {
    "i'm": "i am", "i'll": "i will", "i've": "i have", "i'd": "i would", "it's": "it is", "that's": "that is",
    "what's": "what is", "who's": "who is", "where's": "where is", "when's": "when is", "there's": "there is",
    "let's": "let us", "don't": "do not", "doesn't": "does not", "didn't": "did not", "isn't": "is not",
    "aren't": "are not", "can't": "can not", "won't": "will not", "you're": "you are", "we're": "we are",
    "they're": "they are", "we'll": "we will", "you'll": "you will", "haven't": "have not", "he's": "he is",
    "she's": "she is", "we've": "we have", "couldn't": "could not", "shouldn't": "should not",
}  # fmt: skip
_LONG_TO_SHORT = {long: short for short, long in _SHORT_TO_LONG.items() if not long.endswith(" have")} | {
    "cannot": "can't"
}
"""Without "i have": it is said short only where another verb follows."""
_FORMS = re.compile(
    rf"\b(?:{'|'.join(sorted([*_SHORT_TO_LONG, *_LONG_TO_SHORT], key=len, reverse=True))})\b", re.IGNORECASE
)
_KEPT = frozenset(("not", "no", "don't", "never", "cancel", "delete", "stop", "undo"))
"""Words that turn a request into another: a text without them would carry the wrong label."""
_SAID_BETWEEN = ("uh", "um", "like", "so", "well", "you know")

_ZH_SOUND_ALIKE = """
在再|的得地|他她它|做作坐|是事试|点典|和河合|时十石食|四是似|会回|带代|想响向|定订|到道|有又右|一以已|起企|周州|号好|明名|天田添
提题|醒行|闹脑|钟中种|分份|半办|晚玩完|早找|见件|话画花|新心|家加|医一|生声|请清|记计|单担|清轻|买卖麦|放房|听厅|歌哥|店电|打达
老劳|李里理|王忘|张章|陈沉|刘留|下夏|上尚|午舞|今金|期七|日入|机鸡|票飘|书输|课客|班般|吃迟|饭犯|要药|把吧|去趣|那哪|么吗
"""
_ZH_ALIKE: dict[str, str] = {
    one: group.replace(one, "") for group in re.split(r"[|\n]", _ZH_SOUND_ALIKE) for one in group if len(group) > 1
}
_ZH_WRONG, _ZH_DROPPED = 0.04, 0.01
"""A character; about what good recognisers get wrong of everyday Chinese. Not measured on the sets here."""
_ZH_BETWEEN = ("嗯", "那个", "呃", "就是", "啊")
_ZH_LEFT_OUT = frozenset("的了吧呢啊呀嘛请把帮")


def noisy(example: TextExample, rng: random.Random, confusions: Confusions, *, strength: float = 1.0) -> TextExample:
    """The same request as it may come out of a recogniser. `source` names the text it was made from."""
    chinese = is_chinese(example.text)
    result = rewritten(example, _numbers(example.text, rng, chinese))
    if not chinese:
        result = rewritten(result, _forms(result.text, rng))
    if rng.random() < (0.7 if chinese else 0.6):
        result = _bare(result)
    make = _errors_chinese if chinese else _errors
    result = _tidy(rewritten(result, make(result.text, rng, confusions, strength)))
    return replace(result, source=example.source or example.text)


def rewritten(example: TextExample, edits: Iterable[Edit]) -> TextExample:
    """An example with edits made, its slots moved along.

    Of edits that overlap the first is made. One that reaches over a slot's border is not, nor are those in a slot that
    would be left without a word. What is put in at a border stays outside.
    """
    spans = {span[:2] for members in example.slots.values() for span in members}
    borders = {border for span in spans for border in span}
    made: list[Edit] = []
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        if (not made or made[-1][1] <= start) and not any(start < border < end for border in borders):
            made.append((start, end, new))
    for span_start, span_end in spans:
        inside = [edit for edit in made if _within(edit, span_start, span_end)]
        if inside and not _has_words(_edited(example.text, inside, span_start, span_end)):
            made = [edit for edit in made if edit not in inside]
    text = _edited(example.text, made, 0, len(example.text))
    slots = {name: tuple(_moved(span, made, text) for span in members) for name, members in example.slots.items()}
    return replace(example, text=text, slots=slots)


def _within(edit: Edit, start: int, end: int) -> bool:
    return start <= edit[0] and edit[1] <= end and not (edit[0] == edit[1] and edit[0] in (start, end))


def _edited(text: str, edits: Sequence[Edit], start: int, end: int) -> str:
    parts, at = [], start
    for left, right, new in edits:
        parts += [text[at:left], new]
        at = right
    return "".join([*parts, text[at:end]])


def _has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _moved(span: SlotSpan, edits: Sequence[Edit], text: str) -> SlotSpan:
    start, end, name = span
    shift = 0
    before = after = 0
    for left, right, new in edits:
        shift = len(new) - (right - left)
        if right <= start:
            before += shift
        if right <= end and not (left == right == end):
            after += shift
    start, end = start + before, end + after
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - (len(part) - len(part.rstrip())), name


def _numbers(text: str, rng: random.Random, chinese: bool) -> list[Edit]:
    coin = rng.random()
    if coin < 0.45:
        return digits_to_chinese(text, rng) if chinese else digits_to_english(text, rng)
    if coin < 0.8:
        return chinese_to_digits(text) if chinese else english_to_digits(text, rng)
    return []


def _forms(text: str, rng: random.Random) -> list[Edit]:
    edits: list[Edit] = []
    for match in _FORMS.finditer(text):
        said = match[0].lower()
        other = _SHORT_TO_LONG.get(said) or _LONG_TO_SHORT[said]
        if rng.random() < 0.3:
            edits.append((match.start(), match.end(), other.capitalize() if match[0][0].isupper() else other))
    return edits


def _bare(example: TextExample) -> TextExample:
    """Small letters, and no punctuation but what is part of a word, a number or a time."""
    marks = [
        (match.start(), match.end(), "" if match[0] in "'’" else " ")
        for match in re.finditer(r"[^\w\s]|_", example.text)
        if not _part_of_word(example.text, match.start())
    ]
    lower = [
        (at, at + 1, character.lower())
        for at, character in enumerate(example.text)
        if character != character.lower() and len(character.lower()) == 1
    ]
    return _tidy(rewritten(example, [*marks, *lower]))


def _part_of_word(text: str, at: int) -> bool:
    before, mark, after = text[at - 1 : at], text[at], text[at + 1 : at + 2]
    if mark in "'’":
        return before.isalpha() and after.isalpha()
    return (mark in ":." and before.isdigit() and after.isdigit()) or (mark in "$£€" and after.isdigit()) or mark == "%"


def _tidy(example: TextExample) -> TextExample:
    """One gap between words, none at the ends, before a mark or beside a Chinese character."""
    edits: list[Edit] = []
    for match in re.finditer(r"\s+", example.text):
        before, after = example.text[: match.start()][-1:], example.text[match.end() :][:1]
        closed = not before or not after or after in ",.?!" or is_chinese(before + after)
        edits.append((match.start(), match.end(), "" if closed else " "))
    return rewritten(example, edits)


def _errors(text: str, rng: random.Random, confusions: Confusions, strength: float) -> list[Edit]:
    """Words heard as others, left out and put in; at most a third of them, and half of those left out."""
    words = list(words_of(text))
    edits: list[Edit] = []
    most = max(1, len(words) // 3) if len(words) > 1 else 0
    left_out = 0
    at = 0
    while at < len(words) and len(edits) < most:
        word = words[at]
        said, start, end = word[0].lower().replace("’", "'"), word.start(), word.end()
        kind = word_class(said)
        at += 1
        if said in _KEPT:
            continue
        if rng.random() < confusions.wrong_rate(said) * strength:
            pair = (
                at < len(words)
                and words[at][0].lower() not in _KEPT
                and re.fullmatch(r"\s+", text[end : words[at].start()])
            )
            two = confusions.mishear(f"{said} {words[at][0].lower()}", rng) if pair and rng.random() < 0.4 else None
            told = two or confusions.mishear(said, rng)
            if told:
                edits.append((start, words[at].end() if two else end, _like(told, word[0])))
                at += 1 if two else 0
        elif rng.random() < confusions.rates[kind].dropped * strength and left_out < most // 2:
            edits.append((start, end, ""))
            left_out += 1
        elif rng.random() < confusions.inserted_rate * strength and start > 0 and text[start - 1] == " ":
            if rng.random() < 0.3:
                extra = rng.choice(_SAID_BETWEEN)
            else:
                extra = rng.choices(
                    [told for told, _ in confusions.inserted], [count for _, count in confusions.inserted]
                )[0]
            edits.append((start, start, f"{extra} "))
    return edits


def _like(told: str, said: str) -> str:
    return told[:1].upper() + told[1:] if said[:1].isupper() else told


def _errors_chinese(text: str, rng: random.Random, confusions: Confusions, strength: float) -> list[Edit]:
    del confusions  # learned from English
    edits: list[Edit] = []
    most = len(text) // 4
    for at, character in enumerate(text):
        if len(edits) >= most:
            break
        if character in _ZH_ALIKE and rng.random() < _ZH_WRONG * strength:
            edits.append((at, at + 1, rng.choice(_ZH_ALIKE[character])))
        elif character in _ZH_LEFT_OUT and rng.random() < 5 * _ZH_DROPPED * strength:
            edits.append((at, at + 1, ""))
        elif at and is_chinese(character) and rng.random() < _ZH_DROPPED * strength / 2:
            edits.append((at, at, rng.choice(_ZH_BETWEEN)))
    return edits
