"""Numbers, clock times and years as digits or as words, in English and Chinese, as recognisers write either.

Every function gives edits of a text (start, end, new words), not a new text, so that what is known about
places in the text can move along. Small whole numbers, times, ordinals, money, percent and years; longer
digits are read one by one. It knows no slots.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from assistant_app.number_words import (
    ONES,
    ORDINALS,
    TENS,
    ZH_DIGITS,
    chinese_digits,
    chinese_words,
    english_digits,
    english_ordinal,
    english_words,
    english_year,
)

Edit = tuple[int, int, str]
"""Start and end character offsets and what is put there."""

_VALUES = {word: value for value, word in enumerate(ONES)} | {word: 10 * n for n, word in enumerate(TENS, 2)}
_NTH = {word: value for value, word in enumerate(ORDINALS)} | {"twentieth": 20, "thirtieth": 30}
_MONEY = {"$": "dollar", "£": "pound", "€": "euro"}

_DIGITS = re.compile(
    r"""(?P<clock>\b(?P<h>\d{1,2}):(?P<m>[0-5]\d)\b(?:\s*(?P<half>[ap])\.?\s?m\b\.?)?)
    |(?P<hour>\b(?P<h2>\d{1,2})\s*(?P<half2>[ap])\.?\s?m\b\.?)
    |(?P<ordinal>\b(?P<nth>\d{1,3})(?:st|nd|rd|th)\b)
    |(?P<money>[$£€](?P<units>\d+)(?:\.(?P<cents>\d\d))?\b)
    |(?P<percent>\b(?P<share>\d+)\s?%)
    |(?P<decimal>\b(?P<whole>\d+)\.(?P<part>\d+)\b)
    |(?P<number>\b\d+(?:,\d{3})*\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_WORD = "|".join(sorted([*_VALUES, *_NTH, "hundred", "thousand", "oh"], key=len, reverse=True))
_RUN = re.compile(
    rf"\b(?:{_WORD})\b(?:[\s-]+(?:and\s+)?\b(?:{_WORD})\b)*(?:\s+(?P<half>[ap])\.?\s?m\b\.?|\s+(?P<percent>percent)\b)?",
    re.IGNORECASE,
)
_UNIT_AFTER = re.compile(
    r"\s+(?:more\s+)?(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|o'?clock)\b", re.IGNORECASE
)


def digits_to_english(text: str, rng: random.Random | None = None) -> list[Edit]:
    """Digits as they are said. Where there are several ways, `rng` picks; without it the plainest is taken."""
    return [(match.start(), match.end(), _said(match, rng)) for match in _DIGITS.finditer(text)]


def _said(match: re.Match[str], rng: random.Random | None) -> str:
    if match["clock"]:
        hour, minute = int(match["h"]), int(match["m"])
        said = english_words(hour)
        if minute:
            said += f" {'oh ' if minute < 10 else ''}{english_words(minute)}"
        elif rng and hour <= 12 and not match["half"] and rng.random() < 0.5:
            said += " o'clock"
        return said + _half(match["half"], rng)
    if match["hour"]:
        return english_words(int(match["h2"])) + _half(match["half2"], rng)
    if match["ordinal"]:
        return english_ordinal(int(match["nth"]))
    if match["money"]:
        sign, units, cents = match[0][0], int(match["units"]), match["cents"]
        name = _MONEY[sign] + ("" if units == 1 else "s")
        return f"{_whole(match['units'])} {name}" + (f" {english_words(int(cents))}" if cents and int(cents) else "")
    if match["percent"]:
        return f"{_whole(match['share'])} percent"
    if match["decimal"]:
        return f"{_whole(match['whole'])} point {english_digits(match['part'])}"
    digits = match[0]
    number = int(digits.replace(",", ""))
    if len(digits) == 4 and "," not in digits and 1100 <= number < 2100 and number % 1000 >= 10:
        return english_year(number)
    return _whole(digits.replace(",", ""))


def _half(letter: str | None, rng: random.Random | None) -> str:
    if not letter:
        return ""
    return f" {letter.lower()}{'m' if rng and rng.random() < 0.4 else ' m'}"


def _whole(digits: str) -> str:
    if len(digits) > 6 or (digits.startswith("0") and len(digits) > 1):
        return english_digits(digits)
    return english_words(int(digits))


def english_to_digits(text: str, rng: random.Random) -> list[Edit]:
    """Number words as digits: "three thirty p m" -> "3:30 pm", "the twenty first" -> "the 21st"."""
    edits: list[Edit] = []
    for match in _RUN.finditer(text):
        half, percent = match["half"], match["percent"]
        words = [word for word in re.findall(r"[a-z]+", match[0].lower()) if word != "and"]
        words = words[: len(words) - (1 if percent else _half_words(match))]
        written = _written(words, clock=bool(half))
        if written is None or (
            words in (["one"], ["oh"]) and not (half or percent or _UNIT_AFTER.match(text, match.end()))
        ):
            continue
        if words in (["second"], ["first"]) and rng.random() < 0.8:
            continue
        if half:
            written += f"{'' if rng.random() < 0.3 else ' '}{half.lower()}m"
        edits.append((match.start(), match.end(), written + ("%" if percent else "")))
    return edits


def _half_words(match: re.Match[str]) -> int:
    """How many words "p m" or "pm" take at the end of a match."""
    return (
        0 if not match["half"] else len(re.findall(r"[a-z]+", match[0][match.start("half") - match.start() :].lower()))
    )


def _written(words: list[str], *, clock: bool) -> str | None:
    if words and words[-1] in _NTH:
        before = _cardinal(words[:-1]) if words[:-1] else 0
        last = _NTH[words[-1]]
        if before is None or (before and (before % 10 or last >= 10)):
            return None
        return _with_ending(before + last)
    number = _cardinal(words)
    if number is not None:
        return str(number)
    for at in (1, 2):
        hour, rest = _cardinal(words[:at]), words[at:]
        if hour is None or not rest:
            continue
        oh = rest[0] == "oh"
        minute = _cardinal(rest[1:] if oh else rest)
        if minute is not None and hour <= 12 and (1 <= minute < 10 if oh else 10 <= minute < 60):
            return f"{hour}:{minute:02d}"
        if minute is not None and not clock and hour in (18, 19, 20) and (oh or 10 <= minute < 100):
            return f"{hour}{minute:02d}"
    return None


def _cardinal(words: list[str]) -> int | None:
    """A whole number, or None if the words are not one number."""
    total = group = 0
    last = 10**6
    if not words:
        return None
    for word in words:
        if word == "hundred" and 0 < group < 100:
            group, last = group * 100, 100
        elif word == "thousand" and group and not total:
            total, group, last = group * 1000, 0, 1000
        elif word in _VALUES:
            value = _VALUES[word]
            if (last < 20) or (last < 100 and value >= 10) or (value == 0 and len(words) > 1):
                return None
            group, last = group + value, max(value, 1)
        else:
            return None
    return total + group


def _with_ending(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


_ZH_VALUES = {digit: value for value, digit in enumerate(ZH_DIGITS)} | {"〇": 0, "两": 2, "兩": 2}
_ZH_SIZES = {"十": 10, "百": 100, "千": 1000}
_COUNTED = "点點号號月日年个個小分秒天度块元岁楼斤次位人刻周星杯只张页公里米"
_ZH_DIGITS = re.compile(
    r"(?P<clock>(?<!\d)(?P<h>\d{1,2})[:：](?P<m>[0-5]\d)(?!\d))|(?P<year>(?<!\d)\d{4}(?=年))"
    r"|(?P<share>\d+)%|(?P<decimal>\d+\.\d+)|(?P<number>\d+)"
)
_ZH_RUN = re.compile(rf"(?<![周期拜礼第几\d])[{''.join(_ZH_VALUES)}十百千]+(?=[{_COUNTED}])")


def digits_to_chinese(text: str, rng: random.Random | None = None) -> list[Edit]:
    """Digits as they are said."""
    edits: list[Edit] = []
    for match in _ZH_DIGITS.finditer(text):
        after = text[match.end() : match.end() + 1]
        if match["clock"]:
            minute = int(match["m"])
            half = minute == 30 and rng is not None and rng.random() < 0.6
            tail = "半" if half else ("零" if minute < 10 else "") + chinese_words(minute) + "分" if minute else ""
            said = f"{_zh_count(int(match['h']), '点')}点{tail}"
        elif match["year"] or (len(match[0]) > 4 and not match["decimal"]):
            said = chinese_digits(match[0])
        elif match["share"]:
            said = f"百分之{chinese_words(int(match['share']))}"
        elif match["decimal"]:
            whole, _, part = match[0].partition(".")
            said = f"{chinese_words(int(whole[-4:]))}点{chinese_digits(part)}"
        else:
            said = _zh_count(int(match[0]), after)
        edits.append((match.start(), match.end(), said))
    return edits


def _zh_count(number: int, after: str) -> str:
    return "两" if number == 2 and after and after in "点點个個小天分周年次位杯只张" else chinese_words(number)


def chinese_to_digits(text: str) -> list[Edit]:
    """Number words before what is counted, as digits."""
    return [
        (match.start(), match.end(), written)
        for match in _ZH_RUN.finditer(text)
        if (written := _zh_written(match[0], text[match.end()])) is not None
    ]


def _zh_written(words: str, after: str) -> str | None:
    if words in ("一", "十", "百", "千") and after not in "点點号號月日十分小":
        return None
    if len(words) == 4 and after == "年" and all(word in _ZH_VALUES for word in words):
        return "".join(str(_ZH_VALUES[word]) for word in words)
    total, digit = 0, None
    last = 10**4
    for word in words:
        if word in _ZH_VALUES:
            if digit:
                return None
            digit = _ZH_VALUES[word]
        else:
            size = _ZH_SIZES[word]
            if size >= last or (digit is None and size > 10):
                return None
            total, digit, last = total + (1 if digit is None else digit) * size, None, size
    return str(total + (digit or 0))


_SHORT = {
    "n't": " not", "'re": " are", "'ve": " have", "'ll": " will", "'m": " am", "'d": " would",
}  # fmt: skip
_SHORT_FORMS = re.compile(
    r"(?<=[a-z])(n't|'re|'ve|'ll|'m|'d)\b|\b(let|what|it|that|there|he|she|who|where|when|how|here)'s\b"
)


def _long_form(match: re.Match[str]) -> str:
    if match[2]:
        return f"{match[2]} {'us' if match[2] == 'let' else 'is'}"
    return _SHORT[match[1]]


def spoken_form(text: str) -> str:
    """What counts as the same text when it is said: digits, short forms, case, marks, gaps and "o'clock" set aside."""
    text = text.casefold().replace("’", "'")
    if "'" in text:
        text = _SHORT_FORMS.sub(_long_form, text.replace("can't", "can not").replace("won't", "will not"))
    chinese = is_chinese(text)
    if any(character.isdigit() for character in text) and text.isascii() | chinese:
        edits = digits_to_chinese(text) if chinese else digits_to_english(text)
        for start, end, said in reversed(edits):
            text = text[:start] + said + text[end:]
    if chinese:
        return re.sub(r"[\W_]+", "", text).replace("两", "二")
    plain = re.sub(r"[\W_]+", " ", text)
    return " ".join(re.sub(r"\bo ?clock\b", "", re.sub(r"\b([ap])m\b", r"\1 m", plain)).split())


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def words_of(text: str) -> Iterator[re.Match[str]]:
    """Words of a text that puts gaps between them; an apostrophe belongs to its word."""
    return re.finditer(r"[^\W_]+(?:['’][^\W\d_]+)*", text)
