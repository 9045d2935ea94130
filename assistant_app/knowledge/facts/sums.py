"""Values with the sum they are the result of, and how they combine; exact wherever they can be."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

_LARGEST_POWER = 400
_MOST_BITS = 2000


@dataclass(frozen=True, slots=True)
class Sum:
    """A value with the sum that it is the result of."""

    value: Fraction
    written: str
    """ "15% of 80"."""
    exact: bool = True
    level: int = 3
    """How tightly it binds: 1 a sum, 2 a product, 3 a single thing."""


class NoSum(Exception):
    """The words are no sum."""


class DividedByZero(Exception):
    """They are one that has no result."""


_SIGNS = {"+": "+", "-": "-", "*": "×", "/": "÷", "mod": "mod"}
_LEVELS = {"+": 1, "-": 1, "*": 2, "/": 2, "mod": 2}
_DO: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "mod": lambda a, b: a % b,
}


def combined(operator: str, one: Sum, other: Sum) -> Sum:
    level = _LEVELS[operator]
    written = f"{inside(one, level)} {_SIGNS[operator]} {inside(other, level + (operator in ('-', '/', 'mod')))}"
    if operator in ("/", "mod") and not other.value:
        raise DividedByZero(written)
    return Sum(_checked(_DO[operator](one.value, other.value)), written, one.exact and other.exact, level)


def inside(found: Sum, level: int) -> str:
    return f"({found.written})" if found.level < level else found.written


def power(base: Sum, exponent: Sum, written: str) -> Sum:
    if exponent.value.denominator != 1 or abs(exponent.value) > _LARGEST_POWER:
        raise NoSum
    if not base.value and exponent.value < 0:
        raise DividedByZero(written)
    if base.value.numerator.bit_length() * abs(int(exponent.value)) > _MOST_BITS:
        raise NoSum
    return Sum(_checked(base.value ** int(exponent.value)), written, base.exact)


def root(inner: Sum, degree: int) -> Sum:
    written = f"{'√' if degree == 2 else '∛'}{inside(inner, 3)}"
    value = inner.value
    if value < 0:
        raise NoSum
    top, bottom = (_whole_root(part, degree) for part in (value.numerator, value.denominator))
    if top is not None and bottom is not None:
        return Sum(Fraction(top, bottom), written, inner.exact)
    return Sum(Fraction(float(value) ** (1 / degree)), written, exact=False)


def _whole_root(number: int, degree: int) -> int | None:
    near = round(number ** (1 / degree)) if degree == 3 else math.isqrt(number)
    return next((root for root in (near - 1, near, near + 1) if root >= 0 and root**degree == number), None)


def _checked(value: Fraction) -> Fraction:
    if value.numerator.bit_length() > _MOST_BITS or value.denominator.bit_length() > _MOST_BITS:
        raise NoSum
    return value
