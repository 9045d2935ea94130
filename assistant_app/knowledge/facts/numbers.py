"""Numbers as people write and say them, exactly: "1,250.5", "two and a half", "三百五十", and back into text.

Recognisers give digits or words; both are read. What is not surely one number is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from assistant_app.number_words import ONES, TENS, ZH_DIGITS

DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_SMALL = {word: value for value, word in enumerate(ONES)} | {word: 10 * n for n, word in enumerate(TENS, 2)}
_LARGE = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SHARES = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_SHARES |= {f"{word}s": value for word, value in _SHARES.items()} | {"halves": 2}
_MOST_DIGITS = 40
"""More of them is no number a person asks about."""


def number_at(words: Sequence[str], start: int) -> tuple[Fraction, int] | None:
    """The longest number from word `start` on and the word after it. `words` are in lower case."""
    whole = _whole_at(words, start)
    if whole is None:
        return _share_at(words, start)
    value, at = whole
    if words[at : at + 1] == ["point"]:
        digits = []
        at += 1
        while at < len(words) and (digit := _digit(words[at])) is not None:
            digits.append(digit)
            at += 1
        if not digits:
            return None
        return value + Fraction(int("".join(digits)), 10 ** len(digits)), at
    share = _share_at(words, at + 1) if words[at : at + 1] == ["and"] else None
    if share is not None and share[0] < 1:
        return value + share[0], share[1]
    if words[at : at + 1] and words[at] in _SHARES and value.denominator == 1 and not words[start][0].isdigit():
        return value / _SHARES[words[at]], at + 1  # "two thirds"
    return value, at


def _digit(word: str) -> str | None:
    if word.isdecimal():
        return word
    return str(_SMALL[word]) if _SMALL.get(word, 10) < 10 else "0" if word == "oh" else None


def _share_at(words: Sequence[str], start: int) -> tuple[Fraction, int] | None:
    """ "half", "a quarter", "one third"."""
    at = start + (words[start : start + 1] in (["a"], ["an"], ["one"]))
    if at < len(words) and words[at] in _SHARES and not words[at].endswith("s"):
        return Fraction(1, _SHARES[words[at]]), at + 1
    return None


def _whole_at(words: Sequence[str], start: int) -> tuple[Fraction, int] | None:
    total, group, at = Fraction(0), None, start
    last_large = 10**15
    if words[start : start + 1] in (["a"], ["an"]):
        if words[start + 1 : start + 2] and words[start + 1] in ("hundred", *_LARGE):
            group, at = Fraction(1), start + 1
        else:
            return None
    elif start < len(words) and re.fullmatch(DIGITS, words[start]):
        digits = words[start].replace(",", "")
        if len(digits) > _MOST_DIGITS or re.match(r"0\d", digits):
            return None
        group, at = Fraction(digits), start + 1
        if words[at : at + 1] and words[at] in _LARGE:
            return group * _LARGE[words[at]], at + 1
        return group, at
    room = 100
    """What the next small word must be below."""
    while at < len(words):
        word = words[at]
        if word in _SMALL and (group is None or (_SMALL[word] < room and _SMALL[word])):
            group = (group or Fraction(0)) + _SMALL[word]
            room = 10 if _SMALL[word] >= 20 else 0
        elif word == "hundred" and group is not None and 0 < group < 100:
            group, room = group * 100, 100
        elif word in _LARGE and group is not None and _LARGE[word] < last_large:
            total, group, room, last_large = total + group * _LARGE[word], None, 100, _LARGE[word]
        elif word == "and" and at > start and words[at - 1] in ("hundred", *_LARGE) and _small(words, at + 1):
            pass
        else:
            break
        at += 1
    if at == start or (group is None and not total) or (at < len(words) and words[at] in _SMALL):
        return None
    return total + (group or 0), at


def _small(words: Sequence[str], at: int) -> bool:
    return at < len(words) and words[at] in _SMALL


_ZH_DIGITS = {digit: value for value, digit in enumerate(ZH_DIGITS)} | {"〇": 0, "两": 2}
_ZH_SIZES = {"十": 10, "百": 100, "千": 1000}
_ZH_LARGE = {"万": 10**4, "亿": 10**8}
CHINESE = rf"[{''.join(_ZH_DIGITS)}十百千万亿]+(?:点[{''.join(_ZH_DIGITS)}]+)?|(?:{DIGITS})[万亿]?"


def chinese_number(text: str) -> Fraction | None:
    """ "三百五十", "两千零八", "一点五", "3.5万"; None where it is not one number."""
    if re.fullmatch(rf"(?:{DIGITS})[万亿]?", text):
        digits = text.rstrip("万亿").replace(",", "")
        return None if len(digits) > _MOST_DIGITS else Fraction(digits) * _ZH_LARGE.get(text[-1], 1)
    whole, _, part = text.partition("点")
    if all(digit in _ZH_DIGITS for digit in whole) and len(whole) > 1:
        value = Fraction(int("".join(str(_ZH_DIGITS[digit]) for digit in whole)))
    else:
        read = _chinese_whole(whole)
        if read is None:
            return None
        value = Fraction(read)
    if part:
        value += Fraction(int("".join(str(_ZH_DIGITS[digit]) for digit in part)), 10 ** len(part))
    return value


def _chinese_whole(text: str) -> int | None:
    total = section = 0
    digit: int | None = None
    size, large = 10**4, 10**12
    for sign in text:
        if sign in _ZH_DIGITS:
            if digit:
                return None
            digit = _ZH_DIGITS[sign]
        elif sign in _ZH_SIZES:
            if _ZH_SIZES[sign] >= size or (digit in (None, 0) and sign != "十"):
                return None
            size = _ZH_SIZES[sign]
            section, digit = section + (digit or 1) * size, None
        elif sign in _ZH_LARGE:
            if _ZH_LARGE[sign] >= large or not section + (digit or 0):
                return None
            large, size = _ZH_LARGE[sign], 10**4
            total, section, digit = total + (section + (digit or 0)) * large, 0, None
        else:
            return None
    last = digit or 0
    if last and len(text) > 1 and text[-2] in "百千万亿":
        last *= (_ZH_SIZES | _ZH_LARGE)[text[-2]] // 10  # 三百五 is 350
    return total + section + last if text else None


def exactly(value: Fraction, places: int = 6) -> str | None:
    """The decimal digits of a value that ends within so many places."""
    scaled = value * 10**places
    if scaled.denominator != 1:
        return None
    sign, digits = ("-" if scaled < 0 else ""), str(abs(scaled.numerator)).zfill(places + 1)
    whole, part = digits[:-places], digits[-places:].rstrip("0")
    return f"{sign}{int(whole):,}" + (f".{part}" if part else "")


def rounded(value: Fraction, figures: int) -> str:
    """To so many significant figures, at least to the unit."""
    number = float(value)
    if number and (abs(number) >= 1e15 or abs(number) < 1e-6):
        mantissa, _, exponent = f"{number:.{figures - 1}e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')} × 10^{int(exponent)}"
    before = len(str(int(abs(number)))) if abs(number) >= 1 else 0
    small = len(f"{abs(number):.12f}".split(".")[1]) - len(f"{abs(number):.12f}".split(".")[1].lstrip("0"))
    places = max(0, figures - before + (small if not before else 0))
    text = f"{number:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
