"""Numbers as they are said, in English and Chinese: "three hundred forty two", "twenty first", "三百四十二".

Whole numbers to words, and nothing else: what a number stands for is the business of whoever reads the text.
"""

from __future__ import annotations

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ORDINALS = (
    "zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth",
    "nineteenth",
)  # fmt: skip
ZH_DIGITS = "零一二三四五六七八九"

_ENGLISH_SIZES = (
    (10**12, "trillion"),
    (10**9, "billion"),
    (10**6, "million"),
    (1000, "thousand"),
    (100, "hundred"),
)
_CHINESE_SIZES = ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百"), (10, "十"))
LIMIT = 10**15
"""Numbers from here on have no name that people know: they are read digit by digit."""


def english_words(number: int) -> str:
    """A whole number from 0 to below `LIMIT`: "three hundred forty two"."""
    if not 0 <= number < LIMIT:
        raise ValueError(f"no words for {number}: it is not from 0 to below {LIMIT}")
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10 - 2] + (f" {ONES[number % 10]}" if number % 10 else "")
    size, name = next(row for row in _ENGLISH_SIZES if number >= row[0])
    rest = number % size
    return f"{english_words(number // size)} {name}" + (f" {english_words(rest)}" if rest else "")


def english_ordinal(number: int) -> str:
    """ "first", "twenty first", "one hundredth"; for 0 to below `LIMIT`."""
    if number < 20:
        return ORDINALS[number] if number >= 0 else english_words(number)
    before, _, last = english_words(number).rpartition(" ")
    if last in ONES:
        return f"{before} {ORDINALS[ONES.index(last)]}"
    return f"{before} {last[:-1]}ieth".lstrip() if last.endswith("y") else f"{before} {last}th"


def english_year(number: int) -> str:
    """A year, or a house or room number of four digits: "nineteen oh five", "twenty twenty six", "two thousand one"."""
    hundreds, last = divmod(number, 100)
    if not 1100 <= number < 10000 or (hundreds % 10 == 0 and last < 10):
        return english_words(number)
    if not last:
        return f"{english_words(hundreds)} hundred"
    return f"{english_words(hundreds)} {f'oh {ONES[last]}' if last < 10 else english_words(last)}"


def english_digits(digits: str) -> str:
    """One by one: "five five five"."""
    return " ".join(ONES[int(digit)] for digit in digits)


def chinese_words(number: int) -> str:
    """A whole number from 0 to below `LIMIT`: "三百四十二", "一千零一十", "十二"."""
    if not 0 <= number < LIMIT:
        raise ValueError(f"no words for {number}: it is not from 0 to below {LIMIT}")
    words = _chinese(number)
    return words[1:] if words.startswith("一十") else words


def _chinese(number: int) -> str:
    if number < 10:
        return ZH_DIGITS[number]
    size, name = next(row for row in _CHINESE_SIZES if number >= row[0])
    head, rest = divmod(number, size)
    gap = "零" if rest and rest < size // 10 else ""
    return f"{chinese_words(head)}{name}{gap}{_chinese(rest) if rest else ''}"


def chinese_digits(digits: str) -> str:
    """One by one: "二零二六"."""
    return "".join(ZH_DIGITS[int(digit)] for digit in digits)
