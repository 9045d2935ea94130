"""Whole numbers as they are said."""

from __future__ import annotations

import pytest

from assistant_app.knowledge.facts.numbers import chinese_number, number_at
from assistant_app.number_words import (
    LIMIT,
    chinese_words,
    english_digits,
    english_ordinal,
    english_words,
    english_year,
)

NUMBERS = [*range(0, 130), 200, 999, 1000, 1001, 1010, 1015, 1100, 9999, 10_000, 10_010, 100_000, 1_000_001]
NUMBERS += [20_300_040, 10**8 + 1, 10**9, 123_456_789_012, 10**12 + 10, LIMIT - 1]


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_said_is_understood_as_the_same_number(number: int) -> None:
    words = english_words(number).split()
    assert number_at(words, 0) == (number, len(words))
    if number < 10**12:
        assert chinese_number(chinese_words(number)) == number


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "first"),
        (12, "twelfth"),
        (20, "twentieth"),
        (21, "twenty first"),
        (100, "one hundredth"),
        (112, "one hundred twelfth"),
        (1000, "one thousandth"),
        (1_000_030, "one million thirtieth"),
    ],
)
def test_ordinals_end_as_they_should(number: int, said: str) -> None:
    assert english_ordinal(number) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1905, "nineteen oh five"),
        (1900, "nineteen hundred"),
        (2000, "two thousand"),
        (2007, "two thousand seven"),
        (2026, "twenty twenty six"),
        (1066, "one thousand sixty six"),
        (800, "eight hundred"),
    ],
)
def test_years_are_said_in_pairs_where_people_do(number: int, said: str) -> None:
    assert english_year(number) == said


def test_chinese_says_the_zero_between_and_no_one_before_ten() -> None:
    said = {
        10**12 + 10: "一万亿零一十",
        10: "十",
        15: "十五",
        110: "一百一十",
        1005: "一千零五",
        1010: "一千零一十",
        100_010: "十万零一十",
    }
    assert {number: chinese_words(number) for number in said} == said


def test_digits_are_said_one_by_one() -> None:
    assert english_digits("007") == "zero zero seven"


def test_what_has_no_name_is_refused() -> None:
    for number in (-1, LIMIT):
        with pytest.raises(ValueError, match="no words"):
            english_words(number)
        with pytest.raises(ValueError, match="no words"):
            chinese_words(number)
