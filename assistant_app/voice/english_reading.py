"""An English text with its numbers, signs and short forms in words.

Rules over tokens, from the most particular to the plainest; each turns what it knows into words, which the
later ones leave alone. Acronyms stay: the voices spell those that are no words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from assistant_app.number_words import LIMIT, english_digits, english_ordinal, english_words, english_year
from assistant_app.voice.english_times import say_times
from assistant_app.voice.quantities import NUMBER, plural, unit_pattern, unit_words
from assistant_app.voice.reading_words import any_of, reading_words
from assistant_app.voice.traced_text import TracedText

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]]

_MINUS = r"(?<![\w)\]%.,’'-])[-−](?=[\d.$€£¥])"
_TO = r"\s?[-–—]\s?"
_SCALES = {"k": "thousand", "m": "million", "mn": "million", "bn": "billion", "b": "billion", "tn": "trillion"}
_FRACTIONS = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5",
    "⅙": "1/6", "⅚": "5/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8",
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SIGNS = {
    "&": "and", "=": "equals", "≠": "is not equal to", "≈": "is about", "<": "less than", ">": "greater than",
    
    "≤": "less than or equal to", "≥": "greater than or equal to", "±": "plus or minus",
    "×": "times", "÷": "divided by", "√": "root of",
    "→": "to", "⇒": "so", "←": "from", "§": "section", "∞": "infinity", "π": "pi", "‰": "per mille", "%": "percent",
    "°": "degrees", "@": "at", "+": "plus", "€": "euro", "£": "pound", "₹": "rupee",
}  # fmt: skip
_COMBINED = {"!=": "≠", "==": "=", "<=": "≤", ">=": "≥", "->": "→", "=>": "⇒", "<-": "←", "+-": "±", "+/-": "±"}
"""Signs that people type in pieces."""
_SIGN_GROUP = re.compile(rf"\s*([{''.join(map(re.escape, _SIGNS))}])\s*")
_PARTS_OF_A_WHOLE = frozenset((*range(2, 11), 12, 15, 16, 20, 32, 50, 64, 100, 1000))
"""Denominators; with another one it is a date, a score, a name."""
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN_FORM = r"(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_PHONE = re.compile(
    r"(?<![\w.$€£/-])(?:\+\d{1,3}(?:[ -]?\(?\d{1,5}\)?){2,6}|\(\d{2,5}\)\s?\d{2,4}(?:[ -]\d{2,5}){0,3}"
    r"|0\d{2,4}(?:[ -]\d{2,5}){1,4}|\d{3}[-.]\d{3}[-.]\d{4}|\d{3}-\d{4}|\d{1,6}(?:-\d{1,6}){3,})(?![\w/-]|[.,]\d)"
)
_DIALLED = re.compile(r"(?<=\b(?:call|dial)\s)\d{3,}(?!\w|[.,]?\d)", re.IGNORECASE)
_DECADE = re.compile(r"(?<![\w.,$])[’'‘]?((?:1[1-9]|20)?\d)0['’]?s\b")
_ORDINAL = re.compile(r"(?<![\w.])(\d{1,3}(?:,\d{3})+|\d{1,15})(?:st|nd|rd|th)\b", re.IGNORECASE)
_VERSION = re.compile(r"(?<![\w.,$])(v(?:ersion )?\s?)?(\d+(?:\.\d+){2,})(?!\w|\.\d)", re.IGNORECASE)
_FRACTION = re.compile(r"(?<![\w/.,-])(?:(\d+)[ -])?(\d{1,3})[/⁄](\d{1,4})(?![\w/]|\.\d)")
_SIMPLE_FRACTION = re.compile(rf"(?:(\d+)\s?)?([{''.join(_FRACTIONS)}])")
_HASH = re.compile(r"(?<![\w&])#(?=\d)")
_HASHTAG = re.compile(r"(?<![\w&])#(?=[A-Za-z])")
_POWER = re.compile(r"(?<=[\w)])(?:\^\(?([-−]?\d+)\)?|([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))")
_EXPONENT = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)[eE]([+-]?\d{1,3})\b")
_TIMES_OVER = re.compile(r"(?<![\w.,])(\d+(?:\.\d+)?)x(?![\w])")
_BY = re.compile(r"(?<=\d)\s?[x×]\s?(?=\d)")
_RATIO = re.compile(r"(?<![\d:.])(\d{1,4}):(\d{1,4})(?![\d:]|\.\d)")
_CALCULATION = re.compile(r"(?<=[\d)])(\s+[-−]\s+|−)(?=[\d(])")
_DIVISION = re.compile(r"(?<=[\d)])\s+/\s+(?=[\d(])")
_PRODUCT = re.compile(r"(?<=[\d)])\s?\*\s?(?=[\d(])")
_OTHER_RANGE = re.compile(rf"(?<![\w.,/-])({NUMBER}){_TO}({NUMBER})(?![\w/-]|\.\d)")
_ABOUT = re.compile(r"(?<!\w)~\s?(?=[\d$€£])")
_LETTER_PLUS = re.compile(r"(?<=[A-Za-z])\+{1,2}(?![\w+])")
_AMPERSAND = re.compile(r"\b([A-Z]{1,3})&([A-Z]{1,3})\b")
_SHARP = re.compile(r"\b([A-G])#(?!\w)")
_SLASH = re.compile(r"(?<=[A-Za-z])\s?/\s?(?=[A-Za-z])")
_NUMBER_SLASH = re.compile(r"(?<=\d)\s?/\s?(?=\d)")
_DASH = re.compile(r"(?<=\d)-(?=\d)")
_PER = re.compile(r"(?<=\d)/(?=[A-Za-z])")
_CODE = re.compile(r"(?<=[A-Z])(?!(?:19|20)\d\d\b)\d{3,}(?!\d|[.,]\d)")
_LETTERS_THEN_DIGITS = re.compile(r"(?<=[A-Za-z])-?(?=\d)")
_DIGITS_THEN_LETTERS = re.compile(r"(?<=\d)-?(?=[A-Za-z(])")
_SCALE_LETTER = re.compile(r"(?<![\w.,])(\d+(?:\.\d+)?)(k|(?<=\d\d)K|M|bn)\b")
_NUMBER = re.compile(rf"({_MINUS})?({NUMBER})")


def read_english(text: TracedText) -> None:
    """Put everything in words that is not."""
    say_times(text)
    for pattern, said in _rules():
        text.sub(pattern, said)


@cache
def _rules() -> tuple[Rule, ...]:
    words = reading_words()
    money = any_of(words.currencies)
    amount = rf"(?P<sign>{_MINUS})?"
    tail = r"(?:\s?(?P<scale>million|billion|trillion|thousand|bn|mn|tn|[kKMB])\b)?"
    upto = rf"(?:{_TO}(?:{money})?(?P<b>{NUMBER}))?"
    letters = r"(?![A-Za-z])"
    per = rf"(?:/(?P<per>{any_of(words.units_after_per)})(?![\w/]))?"
    unit = unit_pattern()
    return (
        (re.compile(any_of(_COMBINED)), lambda found: _COMBINED[found[0]]),
        (_ABOUT, lambda _: "about "),
        (_PHONE, _phone),
        (_DECADE, _decade),
        (_DIALLED, lambda found: english_digits(found[0])),
        (re.compile(rf"(?<![\w$])(?P<sign>[-−])?(?P<unit>{money})\s?(?P<a>{NUMBER}){upto}{tail}{per}"), _money),
        (re.compile(rf"{amount}(?<![\w.,])(?P<a>{NUMBER}){upto}{tail}\s?(?P<unit>{money})(?![\w$]){per}"), _money),
        (re.compile(rf"{amount}(?<![\w.,])(?P<a>{NUMBER})(?:{_TO}(?P<b>{NUMBER}))?\s?[%％]"), _percent),
        (re.compile(rf"(?<![\w.,])(\d+)[′'’]\s?(\d+(?:\.\d+)?)[″\"”]{letters}"), _feet_and_inches),
        (
            re.compile(
                rf"(?P<sign>{_MINUS})?(?<![\w.,/^])(?P<a>{NUMBER})(?:\^(?P<e>[-−]?\d{{1,3}})|(?P<s>[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]{{1,4}}))?(?:{_TO}(?P<b>{NUMBER}))?"
                rf"(?P<gap>[\s\u00a0-]?)(?P<unit>{unit})"
            ),
            _quantity,
        ),
        (
            re.compile(rf"(?<!\w)({any_of(words.abbreviations_before_number)})\s?(?=#?\d|[IVX]+\b)"),
            lambda found: f"{words.abbreviations_before_number[found[1]]} ",
        ),
        (_VERSION, _version),
        (_SIMPLE_FRACTION, lambda found: f"{f'{found[1]} ' if found[1] else ''}{_FRACTIONS[found[2]]}"),
        (_FRACTION, _fraction),
        (_ORDINAL, lambda found: _ordinal(found[1].replace(",", ""))),
        (re.compile(rf"\b((?i:{'|'.join(words.parts)}))\s+({_ROMAN_FORM})\b(?!['’.]\w)"), _part),
        (re.compile(rf"\b({'|'.join(words.rulers)})\s+({_ROMAN_FORM})(?!\w|['’](?!s))"), _ruler),
        (
            re.compile(r"(?<=[A-Z][a-z]{2} |[a-z]{3} )(?<!\.)((?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3}))(?!\w|['’-]\w)"),
            _sequel,
        ),
        (re.compile(rf"(?<![\w.])({any_of(words.abbreviations)})(?!\w)"), _abbreviation),
        (re.compile(rf"(?<!\w)({any_of(words.abbreviations_by_side)})(?!\w)"), _by_side),
        (_EXPONENT, lambda found: f"{_spoken(found[1])} times ten to the {_power(found[2])}"),
        (_POWER, lambda found: _raised(found[1] or found[2].translate(_SUPERSCRIPTS))),
        (_TIMES_OVER, lambda found: f"{_spoken(found[1])} times"),
        (_BY, lambda found: " times " if "=" in found.string or ("×" in found[0] and "^" in found.string) else " by "),
        (_RATIO, lambda found: f"{_spoken(found[1])} to {_spoken(found[2])}"),
        (_CALCULATION, _minus_or_to),
        (_DIVISION, lambda _: " divided by "),
        (_PRODUCT, lambda _: " times "),
        (_OTHER_RANGE, _range),
        (_HASH, lambda _: "number "),
        (_HASHTAG, lambda _: "hashtag "),
        (_AMPERSAND, lambda found: f"{' '.join(found[1])} and {' '.join(found[2])}"),
        (_LETTER_PLUS, lambda found: " plus" * len(found[0])),
        (_SHARP, lambda found: f"{found[1]} sharp"),
        (_SCALE_LETTER, lambda found: f"{_spoken(found[1])} {_SCALES[found[2].lower()]}"),
        (_PER, lambda _: " "),
        (_SLASH, lambda _: " "),
        (_NUMBER_SLASH, lambda found: " slash "),
        (_DASH, lambda _: " "),
        (_CODE, lambda found: f" {english_digits(found[0])}"),
        (_LETTERS_THEN_DIGITS, lambda _: " "),
        (_DIGITS_THEN_LETTERS, lambda _: " "),
        (_NUMBER, lambda found: ("minus " if found[1] else "") + _spoken(found[2], year=not found[1])),
        (re.compile("[©®™]"), lambda _: ""),
        (_SIGN_GROUP, lambda found: f" {_SIGNS[found[1]]} "),
    )


def _spoken(number: str, *, year: bool = False) -> str:
    """A number as written, without a sign; `year`: four digits may be a year."""
    whole, dot, part = number.partition(".")
    if not dot and year and len(whole) == 4 and "," not in whole and 1100 <= int(whole) < 2100:
        return english_year(int(whole))
    whole = whole.replace(",", "")
    said = ""
    if whole:
        one_by_one = (whole.startswith("0") and len(whole) > 1) or len(whole) > 15
        said = english_digits(whole) if one_by_one else english_words(int(whole))
    return f"{said} point {english_digits(part)}".lstrip() if part else said


def _range(found: re.Match[str]) -> str:
    """3-5, 21-19, 1990-1995, 2026-27; what falls from the hundreds on is the name of a thing: 747-400."""
    first, last = found[1], found[2]
    name = len(first) == len(last) == 3 and first > last
    return f"{_spoken(first, year=True)}{' ' if name else ' to '}{_spoken(last, year=len(first) == 4)}"


def _ordinal(digits: str) -> str:
    return english_ordinal(int(digits)) if int(digits) < LIMIT else f"{english_digits(digits)}th"


def _phone(found: re.Match[str]) -> str:
    groups = re.findall(r"\d+", found[0])
    return ("plus " if found[0].startswith("+") else "") + ", ".join(english_digits(group) for group in groups)


def _money(found: re.Match[str]) -> str:
    minus = "minus " if found["sign"] else ""
    per = f" per {unit_words(found['per'], one=True, chinese=False)}" if found["per"] else ""
    return f"{minus}{_amount(found)}{per}"


def _amount(found: re.Match[str]) -> str:
    name, part, _ = reading_words().currencies[found["unit"]]
    scale = found["scale"]
    upto = f" to {_spoken(found['b'])}" if found["b"] else ""
    if scale:
        return f"{_spoken(found['a'])}{upto} {_SCALES.get(scale.lower(), scale)} {plural(name)}"
    whole, _, cents = found["a"].replace(",", "").partition(".")
    if len(cents) == 2 and part and not upto:
        count = int(cents)
        units = f"{_spoken(whole or '0')} {name if whole == '1' else plural(name)}"
        if not count:
            return units
        small = f"{english_words(count)} {part if count == 1 else plural(part)}"
        return small if not whole.strip("0") else f"{units} and {small}"
    one = found["a"] == "1" and not upto
    return f"{_spoken(found['a'])}{upto} {name if one else plural(name)}"


def _percent(found: re.Match[str]) -> str:
    upto = f" to {_spoken(found['b'])}" if found["b"] else ""
    return f"{'minus ' if found['sign'] else ''}{_spoken(found['a'])}{upto} percent"


def _feet_and_inches(found: re.Match[str]) -> str:
    feet = "foot" if found[1] == "1" else "feet"
    inches = "inch" if found[2] == "1" else "inches"
    return f"{_spoken(found[1])} {feet} {_spoken(found[2])} {inches}"


def _quantity(found: re.Match[str]) -> str | None:
    upto = f" to {_spoken(found['b'])}" if found["b"] else ""
    power = ""
    if found["e"] or found["s"]:
        power = _raised(found["e"] or found["s"].translate(_SUPERSCRIPTS)) or ""
    one = (found["a"] == "1" and not upto and not power) or found["gap"] == "-"
    unit = unit_words(found["unit"], one=one, chinese=False)
    return f"{'minus ' if found['sign'] else ''}{_spoken(found['a'])}{power}{upto} {unit}"


def _version(found: re.Match[str]) -> str:
    parts = found[2].split(".")
    # Numbers of the network are said digit by digit, versions are not.
    address = len(parts) == 4 and max(map(len, parts)) > 1
    said = [english_digits(part) if address else _spoken(part) for part in parts]
    before = "version " if found[1] and found[1][1:2] not in "eE" else found[1] or ""
    return before + (" dot " if address else " point ").join(said)


def _fraction(found: re.Match[str]) -> str | None:
    whole, above, below = found[1], int(found[2]), int(found[3])
    if (found[0], above, below) == ("24/7", 24, 7):
        return "twenty four seven"
    if above == below and not whole:
        return f"{english_words(above)} {english_words(below)}"
    if not 0 < above < below or below not in _PARTS_OF_A_WHOLE:
        return None
    name = {2: "half", 4: "quarter"}.get(below) or english_ordinal(below)
    if above == 1:
        return f"{_spoken(whole)} and {'an' if name.startswith('eigh') else 'a'} {name}" if whole else f"one {name}"
    said = f"{english_words(above)} {name}s"
    return f"{_spoken(whole)} and {said}" if whole else said


def _decade(found: re.Match[str]) -> str:
    *century, tens = found[1][:-1], found[1][-1]
    name = "" if tens == "0" else english_words(10 * int(tens))
    if tens == "1":
        name = "ten"
    before = english_words(int(century[0])) if century[0] else ""
    if not name:
        return f"{before} hundreds" if before and int(century[0]) % 10 else f"{english_words(int(found[1]) * 10)}s"
    return f"{before} {name[:-1]}ies".lstrip() if name.endswith("y") else f"{before} {name}s".lstrip()


def _roman(numeral: str) -> int:
    values = [_ROMAN[letter] for letter in numeral]
    return sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True))


def _part(found: re.Match[str]) -> str | None:
    if found[2] in "LCDM" or (found[2] == "I" and re.match(r"\s+[a-z]", found.string[found.end() :])):
        return None  # "class C", "the part I like"
    return f"{found[1]} {english_words(_roman(found[2]))}"


def _ruler(found: re.Match[str]) -> str | None:
    rest = found.string[found.end() :]
    if found[2] == "I" and not re.match(r"\s*(?:$|[.,;:!?)]|['’]s|of\b|and\b|was\b|died\b|became\b)", rest):
        return None  # "Charles I think so"
    return f"{found[1]} the {english_ordinal(_roman(found[2]))}"


def _sequel(found: re.Match[str]) -> str | None:
    before = re.search(r"([\w’'-]+) $", found.string[: found.start()])
    if before is None or not before[1][0].isupper():
        return None
    return english_words(_roman(found[1]))


def _abbreviation(found: re.Match[str]) -> str | None:
    """The full word; the dot stays where it also ends the sentence."""
    short, rest = found[1], found.string[found.end() :]
    word = reading_words().abbreviations[short]
    if short == "est." and not re.match(r"\s*\d", rest):
        return None
    if short == "w/" and not rest[:1].isspace():
        return None
    return f"{word}." if short.endswith(".") and (not rest.strip() or re.match(r"\s+[\"“(]?\Z", rest)) else word


def _by_side(found: re.Match[str]) -> str:
    before_name, after_name = reading_words().abbreviations_by_side[found[1]]
    rest = found.string[found.end() :]
    ends = not rest.strip()
    if re.match(r"\s+[A-Z]", rest) or not re.search(
        r"(?:\b[A-Z][\w'’]*|\d(?:st|nd|rd|th)) $", found.string[: found.start()]
    ):
        return f"{before_name}{'.' if ends else ''}"
    return f"{after_name}{'.' if ends else ''}"


def _minus_or_to(found: re.Match[str]) -> str | None:
    if "=" in found.string or found[1] == "−":
        return " minus "
    return None


def _power(exponent: str) -> str:
    exponent = exponent.replace("−", "-")
    value = int(exponent)
    return f"{'minus ' if value < 0 else ''}{english_words(abs(value)) if value < 0 else english_ordinal(value)}"


def _raised(exponent: str) -> str | None:
    exponent = exponent.replace("−", "-")
    if not re.fullmatch(r"-?\d{1,4}", exponent):
        return None
    if exponent in ("2", "3"):
        return " squared" if exponent == "2" else " cubed"
    return f" to the {_power(exponent)}"
