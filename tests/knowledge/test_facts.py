"""Exact answers from the box: what is understood is right, what is not understood is left alone."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_app.knowledge.facts import FactBase
from assistant_app.knowledge.facts.arithmetic import compute
from assistant_app.knowledge.facts.base import CALCULATOR, UNITS
from assistant_app.knowledge.facts.numbers import chinese_number, exactly, number_at
from assistant_app.knowledge.facts.things import FACTBOOK
from assistant_app.paths import resources_dir
from tests.knowledge.small_wordnet import write_wordnet

FACTS = FactBase(resources_dir() / "facts")


def value_of(question: str, language: str = "en", country: str = "") -> str | None:
    found = FACTS.answer(question, language, country)
    return found.value if found else None


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("what is 15 percent of 80", "12"),
        ("What's 2+2?", "4"),
        ("could you tell me what seventeen times twelve is?", "204"),
        ("calculate 3 + 4 * 5", "23"),
        ("(3+4)*5", "35"),
        ("how much is 20% off 80", "64"),
        ("two thirds of 90", "60"),
        ("the square root of eighty one", "9"),
        ("square root of 2", "1.414213562"),
        ("2 to the power of 10", "1,024"),
        ("subtract 5 from 20", "15"),
        ("average of 3, 4 and 5", "4"),
        ("one hundred and five plus two", "107"),
        ("three and a half times two", "7"),
        ("what percent of 80 is 12", "15%"),
        ("0.1 + 0.2", "0.3"),
        ("what is the answer to two times three", "6"),
        ("1/2 divided by 1/4", "2"),
        ("2/3 of 90", "60"),
        ("3 to the 6th power", "729"),
        ("what is the sum of 3 plus 5", "8"),
        ("what is an 18 percent tip on 20 dollars", "3.6"),
    ],
)
def test_sum_is_computed_exactly(question: str, value: str) -> None:
    assert value_of(question) == value


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("三十五乘以八等于多少", "280"),
        ("一百的百分之十二是多少", "12"),
        ("80的15%是多少", "12"),
        ("九的平方根", "3"),
        ("请问3加5乘以2等于几？", "13"),
        ("五英里是多少公里", "8.047公里"),
        ("零下十摄氏度是多少华氏度", "14华氏度"),
        ("法国的首都是哪里", "巴黎"),
        ("日本用什么货币", "日元"),
        ("埃及在哪个洲", "非洲"),
        ("铁的熔点是多少", "1,538摄氏度"),
        ("京都在哪个国家", "日本"),
    ],
)
def test_chinese_question_gets_a_chinese_answer(question: str, value: str) -> None:
    assert value_of(question, "zh") == value


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("how many miles is 5 kilometres", "3.107 miles"),
        ("3 cups in millilitres", "709.8 millilitres"),
        ("how many ounces are in two pounds", "32 ounces"),
        ("how many ounces in a cup", "8 US fluid ounces"),
        ("what is 70 fahrenheit in celsius", "21.11 degrees Celsius"),
        ("how many months are in a year", "12 months"),
        ("how do you convert feet to inches", "12 inches"),
        ("minus 40 degrees celsius in fahrenheit", "-40 degrees Fahrenheit"),
        ("five feet eleven in centimetres", "180.34 centimetres"),
        ("how many minutes in 3 hours and 20 minutes", "200 minutes"),
        ("two and a half pounds in grams", "1,133.98 grams"),
    ],
)
def test_quantity_is_converted(question: str, value: str) -> None:
    assert value_of(question) == value


def test_unit_of_many_sizes_is_the_one_of_the_users_country() -> None:
    assert value_of("how many litres in a gallon", country="US") == "3.785 litres"
    assert value_of("how many litres in a gallon", country="GB") == "4.546 litres"


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("what is the capital of France", "Paris"),
        ("what is the capital of Phillipines", "Manila"),
        ("what's japan's currency", "Japanese yen"),
        ("what is the german capital", "Berlin"),
        ("which country has the capital lima", "Peru"),
        ("Winnipeg is the capital of which Canadian province?", "Manitoba"),
        ("what is the capital of the state of nevada", "Carson City"),
        ("what languages are spoken in Switzerland", "German, French, Italian and Romansh"),
        ("which countries border Portugal", "Spain"),
        ("what continent is egypt in", "Africa"),
        ("when did india become independent", "15 August 1947"),
        ("what country is kyoto in", "Japan"),
        ("what is the chemical symbol for gold", "Au"),
        ("what element has atomic number 26", "iron"),
        ("when was oxygen discovered", "1774"),
        ("what is the speed of light", "299,792,458 metres per second"),
    ],
)
def test_fact_is_looked_up(question: str, value: str) -> None:
    assert value_of(question) == value


@pytest.mark.parametrize(
    "question",
    [
        "what was the capital of Germany",
        "what is the capital of France in 1942",
        "is lyon the capital of france",
        "what is the bosnian language",
        "what country is singapore in",
        "what is the capital of the duchy of nevada",
        "who was the president of France",
        "what is the capital of my company",
        "what is the second largest city of France",
        "what is the weather in france",
        "where is springfield",
        "where is my phone",
        "what is 9/11",
        "what is 005 percent of 1 percent",
        "what is 5 dollars plus 3 euros",
        "555-1234",
        "what is 7",
        "9^9^9^9",
        "who is 2 pac",
        "how many dollars is 5 pounds",
        "how many points in a yard",
        "how many days in a month",
        "how many grams in a cup of flour",
        "what is the area of a circle",
        "",
        "🙂",
        "1" * 5000,
    ],
)
def test_what_is_not_wholly_understood_is_left_alone(question: str) -> None:
    assert FACTS.answer(question) is None


def test_name_of_a_country_and_a_state_is_answered_for_both() -> None:
    found = FACTS.answer("what is the capital of georgia")
    assert found is not None
    assert found.text == "The capital of the country Georgia is Tbilisi. The capital of Georgia is Atlanta."


def test_state_is_never_taken_for_a_country_of_like_name() -> None:
    names = [row.partition("\t")[0] for row in (resources_dir() / "facts" / "regions.tsv").read_text().splitlines()[1:]]
    asked = {name: FACTS.countries.answer(f"what is the capital of {name}", "en") for name in names}
    assert [name for name, found in asked.items() if found] == ["Georgia"]


def test_every_country_is_found_by_its_own_name() -> None:
    for country in FACTS.countries.things:
        if "capital" in country.facts:
            found = FACTS.countries.answer(f"what is the capital of {country.name}", "en")
            assert found is not None, country.name
            assert found.value == country.facts["capital"].value


def test_nothing_is_divided_by_zero() -> None:
    found = FACTS.answer("what is 10 divided by 0")
    assert found is not None
    assert found.value == ""
    assert found.text == "10 ÷ 0 has no result: one cannot divide by zero."


def test_each_answer_names_its_source() -> None:
    people = FACTS.answer("how many people live in Peru")
    assert people is not None
    assert people.source.title == FACTBOOK
    assert people.source.quote == "Peru: 32,768,614 (2025)"
    assert people.speech == "About 32.8 million people live in Peru (2025 estimate)."
    summed, converted = FACTS.answer("2+2"), FACTS.answer("1 km in m")
    assert summed is not None
    assert converted is not None
    assert (summed.source.title, converted.source.title) == (CALCULATOR, UNITS)


def test_who_is_in_office_is_told_with_the_month_of_the_data() -> None:
    found = FACTS.answer("who is the king of Sweden")
    assert found is not None
    assert found.text == "King of Sweden: Carl XVI Gustaf, since September 1973, as of January 2026."


@settings(deadline=None)
@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_written_numbers_are_read_back(top: int, bottom: int) -> None:
    written = exactly(Fraction(top, bottom), 12)
    if written is not None:
        number = number_at([written.removeprefix("-")], 0)
        assert number is not None
        assert number[0] == abs(Fraction(top, bottom))


@settings(deadline=None)
@given(st.text(alphabet="0123456789+-*/()%^ ofand,.", max_size=30))
def test_no_text_of_digits_and_signs_breaks_the_reader(text: str) -> None:
    found = compute(text)
    assert found is None or len(found.value) < 60


@pytest.mark.parametrize(
    ("text", "value"),
    [("三百五", 350), ("两千零八", 2008), ("一点五", Fraction(3, 2)), ("3.5万", 35000), ("二〇二六", 2026)],
)
def test_chinese_numbers(text: str, value: Fraction) -> None:
    assert chinese_number(text) == value


@pytest.mark.parametrize("text", ["十十", "点五", "百", "三三百"])
def test_what_is_no_chinese_number_is_none(text: str) -> None:
    assert chinese_number(text) is None


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("what does serendipity mean", "good luck in making fortunate discoveries"),
        ("define geese", "a web-footed bird"),
        ("tell me what goose means please", "a web-footed bird"),
        ("serendipity definition", "good luck in making fortunate discoveries"),
        ("what is a goose", "a web-footed bird"),
        ("what is the meaning of the word “goose”?", "a web-footed bird"),
        ("what does it mean", None),
        ("what does paris mean", None),
        ("what is a goose doing", None),
        ("what does flurb mean", None),
    ],
)
def test_meaning_of_a_word_comes_from_wordnet(tmp_path: Path, question: str, value: str | None) -> None:
    write_wordnet(tmp_path)
    found = FactBase(resources_dir() / "facts", [tmp_path / "none", tmp_path]).define(question)
    assert (found.value if found else None) == value


def test_dictionary_is_found_as_soon_as_it_is_there(tmp_path: Path) -> None:
    facts = FactBase(resources_dir() / "facts", [tmp_path])
    assert facts.define("define goose") is None
    write_wordnet(tmp_path)
    found = facts.define("goose是什么意思", "zh")
    assert found is not None
    assert found.source.title == "WordNet 3.0"
