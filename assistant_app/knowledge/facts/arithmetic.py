"""Sums as people say them: read by a small grammar over numbers and operators, computed exactly.

    sum      := product ((+ | -) product)*
    product  := part ((× | ÷ | mod) part)*
    part     := [-] atom [² | ³ | ! | ^ part] | number % of part | number % off part | √ part | share of part
    atom     := number | ( sum ) | the sum of / product of / average of  sum and sum ...

All words must take part: a question with a word that is no number and no operator is not a sum.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from assistant_app.knowledge.facts.asking import plain, plain_chinese
from assistant_app.knowledge.facts.numbers import CHINESE, DIGITS, chinese_number, exactly, number_at, rounded
from assistant_app.knowledge.facts.sums import DividedByZero, NoSum, Sum, combined, inside, power, root

_ASKED = re.compile(
    r"^(?:what(?:'s| is| are| does| do)?|how much (?:is|are|does|do)|calculate|compute|work out|evaluate|solve|answer)"
    r"\b\s*(?:an? (?=\d))?",
    re.IGNORECASE,
)
_RESULT = re.compile(r"^(?:the )?(?:answer to|result of|value of|equation)\s+(?:an? (?=\d))?", re.IGNORECASE)
_ASKED_END = re.compile(r"\s*\b(?:equal(?:s)?(?: to)?|is|make|makes|come to|comes to|give|be)$", re.IGNORECASE)
_ASKED_ZH = re.compile(r"(?:的?结果|的?和|的?值)?(?:是|等于|得|=)(?:多少|几|什么)?$")
_WORDS = {
    "plus": "+", "added to": "+", "minus": "-", "less": "-", "take away": "-", "times": "*", "multiplied by": "*",
    "x": "*", "×": "*", "·": "*", "divided by": "/", "over": "/", "÷": "/", "modulo": "mod", "mod": "mod",
    "to the power of": "^", "raised to the power of": "^", "to the power": "^", "raised to": "^", "**": "^",
    "squared": "²", "cubed": "³", "factorial": "!", "percent of": "% of", "per cent of": "% of", 
    "percent off": "% off", "percent tip on": "% of", "% tip on": "% of",
    "per cent off": "% off", "% of": "% of", "% off": "% off", "square root of": "√", "square root": "√",
    "cube root of": "∛",
    "sum of": "sum", "product of": "product", "average of": "average", "mean of": "average",
    "add": "sum", "add up": "sum",
    "the difference between": "difference", "difference between": "difference", "multiply": "multiply", "by": "by",
    "subtract": "subtract", "from": "from", "divide": "divide", "twice": "twice", "double": "twice", "triple": "thrice",
    "to": "to", "and": "and", "of": "of", "off": "off", "with": "and", ",": "and", "(": "(", ")": ")",
    "+": "+", "-": "-",
    "−": "-", "–": "-", "*": "*", "/": "/", "^": "^", "!": "!", "²": "²", "³": "³", "√": "√", "%": "%", 
    "percent": "%", "per cent": "%", "squares": "²", "the": "", "together": "",
}  # fmt: skip
_LONGEST = max(len(words.split()) for words in _WORDS)
_ZH_WORDS = (
    ("平方根", "root2"), ("立方根", "root3"), ("根号", "√"), ("平方", "²"), ("立方", "³"), ("阶乘", "!"),
    ("乘以", "*"), ("乘", "*"), ("除以", "/"), ("加上", "+"), ("加", "+"), ("减去", "-"), ("减", "-"),
    ("百分之", "percent"), ("次方", "power"), ("一半", "half"), ("的", "of"), ("×", "*"), ("÷", "/"), ("x", "*"),
    ("+", "+"), ("-", "-"), ("*", "*"), ("/", "/"), ("%", "%"), ("(", "("), (")", ")"),
)  # fmt: skip
_SHARE = re.compile(
    r"what (?:percent|per cent|percentage|%) of (?P<whole>.+) (?:is|are) (?P<part>.+)"
    r"|(?:what(?:'s| is) )?(?P<part2>.+?) (?:is|as) (?:what|a) (?:percent|per cent|percentage|%) of (?P<whole2>.+)",
    re.IGNORECASE,
)
_NTH = ("zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NTH_POWER = re.compile(rf"to the (?:(?P<digits>\d+)(?:st|nd|rd|th)|(?P<word>{'|'.join(_NTH)})) power")
_FRACTION = re.compile(r"(?<![\w./)^*+-])(\d+)/(\d+)(?![\w./(^])")
""" "1/2 divided by 1/4" are two fractions, "100/8" is a division."""
_MONEY = re.compile(r"\b(dollar|euro|pound|buck|yuan|franc)s?\b")
_SLASHED = re.compile(r"^(?:what(?:'s| is) )?(\d{1,4})/(\d{1,4})$", re.IGNORECASE)
_NAME = re.compile(r"[\d-]+")
"""A telephone number or a score, as likely."""
_MOST_TOKENS = 60


@dataclass(frozen=True, slots=True)
class Result:
    """The sum as it was understood, and what it comes to."""

    written: str
    value: str
    """ "no result" is empty."""
    exact: bool = True


def compute(question: str, language: str = "en") -> Result | None:
    """The result of the sum that the whole question is; None where it is none."""
    if _NAME.fullmatch(plain(question)) or _is_date(plain(question)):
        return None
    try:
        share = None if language == "zh" else _SHARE.match(plain(question))
        if share is not None:
            return _share(share["part"] or share["part2"], share["whole"] or share["whole2"])
        tokens = _chinese_tokens(question) if language == "zh" else _tokens(question)
        if len(tokens) < 2 or len(tokens) > _MOST_TOKENS:
            return None
        reader = _Reader(tokens)
        found = reader.chinese() if language == "zh" else reader.whole()
    except (NoSum, IndexError, OverflowError):
        return None
    except DividedByZero as zero:
        return Result(str(zero), "")
    if found.written == _told(found):
        return None
    return Result(found.written, _told(found), found.exact and exactly(found.value) is not None)


def _share(part: str, whole: str) -> Result:
    """What percentage the one is of the other."""
    one, all_of_it = (_Reader([*_tokens(text), ")"]).bracket() for text in (part, whole))
    found = combined("/", one, all_of_it)
    hundredth = Sum(found.value * 100, "", found.exact)
    return Result(found.written, f"{_told(hundredth)}%", found.exact and exactly(hundredth.value) is not None)


def _is_date(text: str) -> bool:
    """ "What is 9/11", "24/7": as likely no division at all."""
    parts = _SLASHED.search(text)
    return parts is not None and all(int(part) <= 31 for part in parts.groups())


def _told(found: Sum) -> str:
    value = exactly(found.value) if found.exact else None
    return value if value is not None and len(value) <= 40 else rounded(found.value, 10)


Token = Fraction | str


def _tokens(question: str) -> list[Token]:
    text = _RESULT.sub("", _ASKED.sub("", plain(question), count=1), count=1)
    text = _ASKED_END.sub("", text, count=1).lower().replace("what's", "")
    text = re.sub(r"(?<=\d)\s*x\s*(?=\d)", " × ", text)
    text = re.sub(rf"(?<![\w.])[$€£](?=\d)|(?<={'[a-z]'})-(?={'[a-z]'})", " ", text)
    text = text.replace("**", " ^ ")
    text = _NTH_POWER.sub(lambda match: f"to the power of {match['digits'] or _NTH.index(match['word'])}", text)
    if " " in text:
        text = _FRACTION.sub(r"(\1/\2)", text)
    money = set(_MONEY.findall(text))
    text = _MONEY.sub(" ", text) if len(money) == 1 else text
    words = re.findall(rf"{DIGITS}(?=\D|$)|[a-z]+|[^\w\s]|[²³]", text)
    if "".join(words) != re.sub(r"\s+", "", text):
        raise NoSum
    tokens: list[Token] = []
    at = 0
    while at < len(words):
        number = number_at(words, at)
        if number is not None:
            tokens.append(number[0])
            at = number[1]
            continue
        for length in range(_LONGEST, 0, -1):
            meant = _WORDS.get(" ".join(words[at : at + length]))
            if meant is not None:
                at += length
                if meant:
                    tokens.append(meant)
                break
        else:
            raise NoSum
    return tokens


def _chinese_tokens(question: str) -> list[Token]:
    text = _ASKED_ZH.sub("", plain_chinese(question).rstrip("=?"), count=1).replace(" ", "")
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        for words, meant in _ZH_WORDS:
            if text.startswith(words, at):
                tokens.append(meant)
                at += len(words)
                break
        else:
            number = re.compile(CHINESE).match(text, at)
            value = chinese_number(number[0]) if number else None
            if number is None or value is None:
                raise NoSum
            tokens.append(value)
            at = number.end()
    return tokens


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def whole(self) -> Sum:
        first = self._peek()
        if first in ("subtract", "multiply", "divide"):
            self._at += 1
            found = self._told_to(str(first))
        else:
            found = self._sum()
        if self._at != len(self._tokens):
            raise NoSum
        return found

    def bracket(self) -> Sum:
        """A sum up to the closing bracket at the end."""
        found = self._sum()
        if self._tokens[self._at :] != [")"]:
            raise NoSum
        return found

    def _told_to(self, verb: str) -> Sum:
        one = self._sum()
        joint = {"subtract": "from", "multiply": "by", "divide": "by"}[verb]
        if self._next() not in (joint, "and" if verb == "multiply" else joint):
            raise NoSum
        other = self._sum()
        if verb == "subtract":
            return combined("-", other, one)
        return combined("*" if verb == "multiply" else "/", one, other)

    def _sum(self) -> Sum:
        found = self._product()
        while self._peek() in ("+", "-"):
            operator = str(self._next())
            found = combined(operator, found, self._product())
        return found

    def _product(self) -> Sum:
        found = self._part()
        while self._peek() in ("*", "/", "mod"):
            operator = str(self._next())
            found = combined(operator, found, self._part())
        return found

    def _part(self) -> Sum:
        if self._peek() == "-":
            self._at += 1
            inner = self._part()
            return Sum(-inner.value, f"-{inside(inner, 3)}", inner.exact)
        found = self._atom()
        while (sign := self._peek()) in ("²", "³", "!", "^", "% of", "% off", "%", "of"):
            self._at += 1
            found = self._after(found, str(sign))
        return found

    def _after(self, found: Sum, sign: str) -> Sum:
        if sign in ("²", "³"):
            return power(found, Sum(Fraction(2 if sign == "²" else 3), ""), f"{inside(found, 3)}{sign}")
        if sign == "!":
            if found.value.denominator != 1 or not 0 <= found.value <= 170:
                raise NoSum
            return Sum(Fraction(math.factorial(int(found.value))), f"{inside(found, 3)}!")
        if sign == "^":
            exponent = self._part()
            return power(found, exponent, f"{inside(found, 3)}^{inside(exponent, 3)}")
        if sign == "of":
            if not 0 < found.value < 1:
                raise NoSum
            whole = self._part()
            share = f"{found.value.numerator}/{found.value.denominator}"
            return Sum(found.value * whole.value, f"{share} of {whole.written}", whole.exact, 2)
        if sign == "%":
            if self._peek() in ("+", "-"):
                raise NoSum  # "5% + 20": nobody knows of what
            return Sum(found.value / 100, f"{found.written}%", found.exact)
        whole = self._part()
        part = found.value / 100 if sign == "% of" else 1 - found.value / 100
        return Sum(part * whole.value, f"{found.written}{sign} {inside(whole, 3)}", found.exact and whole.exact, 2)

    def _atom(self) -> Sum:
        token = self._next()
        if isinstance(token, Fraction):
            return Sum(token, exactly(token, 12) or f"{token.numerator}/{token.denominator}")
        if token == "(":
            inner = self._sum()
            if self._next() != ")":
                raise NoSum
            return Sum(inner.value, f"({inner.written})", inner.exact)
        if token in ("√", "∛"):
            return root(self._part(), 2 if token == "√" else 3)
        if token in ("twice", "thrice"):
            times = Sum(Fraction(2 if token == "twice" else 3), "2" if token == "twice" else "3")
            return combined("*", times, self._part())
        if token in ("sum", "product", "average", "difference"):
            return self._listed(str(token))
        raise NoSum

    def _listed(self, kind: str) -> Sum:
        members = [self._part()]
        joint = {"sum": "+", "product": "*", "difference": "-"}.get(kind, "and")
        while self._peek() in ("and", "to", joint):
            self._at += 1
            while self._peek() == "and":
                self._at += 1
            members.append(self._part())
        if len(members) < 2 or (kind == "difference" and len(members) != 2):
            raise NoSum
        if kind == "difference":
            larger, smaller = sorted(members, key=lambda member: member.value, reverse=True)
            return combined("-", larger, smaller)
        found = members[0]
        for member in members[1:]:
            found = combined("*" if kind == "product" else "+", found, member)
        if kind == "average":
            count = Fraction(len(members))
            return combined("/", Sum(found.value, f"({found.written})", found.exact), Sum(count, str(count)))
        return found

    def chinese(self) -> Sum:
        """ "一百的百分之十二", "九的平方根", "三加五乘以二": the same sums, with what is taken of in front."""
        found = self._chinese_sum()
        if self._at != len(self._tokens):
            raise NoSum
        return found

    def _chinese_sum(self) -> Sum:
        found = self._chinese_product()
        while self._peek() in ("+", "-"):
            operator = str(self._next())
            found = combined(operator, found, self._chinese_product())
        return found

    def _chinese_product(self) -> Sum:
        found = self._chinese_part()
        while self._peek() in ("*", "/"):
            operator = str(self._next())
            found = combined(operator, found, self._chinese_part())
        return found

    def _chinese_part(self) -> Sum:
        if self._peek() == "√":
            self._at += 1
            return root(self._chinese_part(), 2)
        if self._peek() == "percent":
            self._at += 1
            share = self._atom()
            found = Sum(share.value / 100, f"{share.written}%")
        elif self._peek() == "(":
            self._at += 1
            inner = self._chinese_sum()
            if self._next() != ")":
                raise NoSum
            found = Sum(inner.value, f"({inner.written})", inner.exact)
        else:
            found = self._atom()
        while self._peek() in ("of", "²", "³", "!", "root2", "root3", "power", "%", "half") or (
            isinstance(self._peek(), Fraction) and self._tokens[self._at + 1 : self._at + 2] == ["power"]
        ):
            sign = self._next()
            if sign == "of":
                if self._peek() == "percent":
                    self._at += 1
                    share = self._atom()
                    written = f"{share.written}% of {inside(found, 3)}"
                    found = Sum(found.value * share.value / 100, written, found.exact, 2)
                elif isinstance(self._peek(), Fraction) and self._tokens[self._at + 1 : self._at + 2] == ["%"]:
                    share = self._atom()
                    self._at += 1
                    written = f"{share.written}% of {inside(found, 3)}"
                    found = Sum(found.value * share.value / 100, written, found.exact, 2)
            elif isinstance(sign, Fraction):
                self._at += 1
                found = power(found, Sum(sign, str(sign)), f"{inside(found, 3)}^{sign}")
            elif sign in ("root2", "root3"):
                found = root(found, 2 if sign == "root2" else 3)
            elif sign == "half":
                found = Sum(found.value / 2, f"1/2 of {found.written}", found.exact, 2)
            elif sign in ("²", "³", "!", "%"):
                found = self._after(found, str(sign))
            else:
                raise NoSum
        return found

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token
