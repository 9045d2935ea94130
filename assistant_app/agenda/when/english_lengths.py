"""English rules for numbers and lengths of time, and what is that far from now or from a day."""

from __future__ import annotations

from datetime import date, datetime

from assistant_app.agenda.when.calendar_steps import (
    Context,
    add_length,
    place,
)
from assistant_app.agenda.when.chart import Grammar, Sides
from assistant_app.agenda.when.compose import as_point, times
from assistant_app.agenda.when.english_words import FUNCTION_WORDS
from assistant_app.agenda.when.resolve import moment_of
from assistant_app.agenda.when.values import Clock, Day, Length, Number, Point, Unit


def add_rules(grammar: Grammar) -> None:
    _numbers(grammar)
    _lengths(grammar)


def _numbers(grammar: Grammar) -> None:
    @grammar.rule("NUM", "TENS")
    def tens(_c: Context, _s: Sides, tens: Number) -> Number:
        return tens

    @grammar.rule("NUM", "TENS -? ONES", bonus=0.3)
    def tens_and_ones(_c: Context, _s: Sides, tens: Number, ones: Number) -> Number:
        return Number(tens.value + ones.value)

    @grammar.rule("NUM", "NUM . NUM", bonus=-0.2)
    def decimal(_c: Context, s: Sides, whole: Number, part: Number) -> Number | None:
        return Number(whole.value + part.value / 10**part.digits) if s.tight and part.digits and whole.digits else None

    @grammar.rule("NUM", "NUM and a half")
    def and_a_half(_c: Context, _s: Sides, whole: Number) -> Number:
        return Number(whole.value + 0.5)

    @grammar.rule("NUM", "NUM and a quarter")
    def and_a_quarter(_c: Context, _s: Sides, whole: Number) -> Number:
        return Number(whole.value + 0.25)

    @grammar.rule("NUM", "NUM hundred", "a hundred", "NUM hundred and? NUM", "a hundred and? NUM", bonus=0.3)
    def hundreds(_c: Context, s: Sides, *numbers: Number) -> Number | None:
        count = numbers[0].value if s.first != "a" else 1
        rest = numbers[-1].value if s.last != "hundred" else 0
        return Number(count * 100 + rest) if 1 <= count <= 9 and rest < 100 else None

    @grammar.rule("ORD", "NUM st|nd|rd|th")
    def digits_ordinal(_c: Context, s: Sides, number: Number) -> int | None:
        return int(number.value) if s.tight and number.digits and 1 <= number.value <= 60 else None

    @grammar.rule("ORD", "ORDINAL")
    def word_ordinal(_c: Context, _s: Sides, number: int) -> int:
        return number

    @grammar.rule("ORD", "TENS -? ORDINAL")
    def tens_ordinal(_c: Context, _s: Sides, tens: Number, ones: int) -> int | None:
        return int(tens.value) + ones if ones < 10 else None

    @grammar.rule("YEAR", "NUM")
    def digits_year(_c: Context, _s: Sides, number: Number) -> int | None:
        return int(number.value) if number.digits == 4 and 1500 <= number.value <= 2199 else None

    @grammar.rule("YEAR", "NUM NUM", bonus=0.1)
    def spoken_year(_c: Context, _s: Sides, century: Number, rest: Number) -> int | None:
        fits = century.value in (18, 19, 20) and 10 <= rest.value <= 99 and not (century.digits or rest.digits)
        return int(century.value * 100 + rest.value) if fits and rest.whole else None

    @grammar.rule("YEAR", "NUM hundred", "NUM hundred and? NUM", bonus=0.5)
    def hundreds_year(_c: Context, s: Sides, century: Number, rest: Number | None = None) -> int | None:
        """nineteen hundred ninety three"""
        number = rest.value if rest else 0
        fits = century.value in range(11, 20) and not century.digits and number < 100 and float(number).is_integer()
        fits = fits and (number > 0 or s.before in ("in", "of", "since", "year"))
        return int(century.value * 100 + number) if fits else None

    @grammar.rule("YEAR", "two thousand", "two thousand and? NUM")
    def two_thousand(_c: Context, _s: Sides, rest: Number | None = None) -> int | None:
        number = rest.value if rest else 0
        return int(2000 + number) if number < 100 and float(number).is_integer() else None

    @grammar.rule("NUMBER", "NUM")
    def number(_c: Context, _s: Sides, number: Number) -> Number:
        return number

    @grammar.rule("NUMBER", "FEW")
    def few(_c: Context, _s: Sides, count: int) -> Number:
        return Number(count)


def _lengths(grammar: Grammar) -> None:
    @grammar.rule("LEN", "NUMBER -? UNIT", "NUMBER more|full|whole UNIT", bonus=0.3, rescue=True)
    def length(_c: Context, s: Sides, count: Number, unit: Unit) -> Length | None:
        if s.last == "s" and count.digits and count.value % 10 == 0 and count.digits > 1:
            return None  # the 1990s, 90s
        if len(s.last) == 1 and (not s.tight or (s.after.isalpha() and s.after not in FUNCTION_WORDS)):
            return None  # 3D printing
        if s.last == "second" and count.value != 1 and not count.digits:
            return None
        if unit.grain == "hour" and count.digits == 4:
            return None  # 0830 hours
        if unit.grain == "quarter" and s.before not in ("for", "of", "over"):
            return None  # three quarters
        if unit.grain == "weekend":
            return Length(days=2 * count.value)
        return times(count.value, unit)

    @grammar.rule("LEN", "NUMBER nights", "one night", "a night", bonus=0.3)
    def nights(_c: Context, s: Sides, count: Number = Number(1)) -> Length | None:  # noqa: B008  a frozen value
        fits = s.last == "nights" or (s.before == "for" and not s.after.isalpha())
        return Length(days=count.value) if fits else None

    @grammar.rule("LEN", "a|an|another|one UNIT")
    def one(_c: Context, s: Sides, unit: Unit) -> Length | None:
        short = s.last.endswith("s") or len(s.last) == 1 or s.last == "quarter"
        if s.last == "second" and s.after.isalpha() and s.after not in FUNCTION_WORDS:
            return None  # "a second opinion"
        return times(1, unit) if unit.grain != "weekend" and not short else None

    @grammar.rule("LEN", "half an|a UNIT", "half UNIT", "a half UNIT")
    def half(_c: Context, _s: Sides, unit: Unit) -> Length:
        return times(0.5, unit)

    @grammar.rule("LEN", "a quarter of an UNIT", "quarter of an UNIT")
    def quarter(_c: Context, _s: Sides, unit: Unit) -> Length:
        return times(0.25, unit)

    @grammar.rule("LEN", "three quarters of an UNIT")
    def three_quarters(_c: Context, _s: Sides, unit: Unit) -> Length:
        return times(0.75, unit)

    @grammar.rule("LEN", "a|an|one UNIT and a quarter", "NUM UNIT and a quarter", bonus=0.6)
    def and_quarter(_c: Context, _s: Sides, one: Number | Unit, unit: Unit | None = None) -> Length | None:
        found = unit or (one if isinstance(one, Unit) else None)
        return times((one.value if isinstance(one, Number) else 1) + 0.25, found) if found else None

    @grammar.rule("LEN", "a|an|one UNIT and a? half", "NUM UNIT and a half", bonus=0.6)
    def and_half(_c: Context, _s: Sides, one: Number | Unit, unit: Unit | None = None) -> Length:
        count = one.value if isinstance(one, Number) else 1
        found = unit or one
        assert isinstance(found, Unit)
        return times(count + 0.5, found)

    @grammar.rule("LEN", "LEN and|,? LEN")
    def together(_c: Context, _s: Sides, big: Length, small: Length) -> Length | None:
        order = ["year", "quarter", "month", "week", "day", "hour", "minute", "second"]
        if order.index(big.grain) >= order.index(small.grain):
            return None
        return Length(big.months + small.months, big.days + small.days, big.seconds + small.seconds, small.grain)

    @grammar.rule("D", "in|after LEN", "LEN from now|today|hence|later", "LEN from now", "LEN later|hence", bonus=1.0)
    def ahead(c: Context, _s: Sides, length: Length) -> Day | None:
        return _counted(c, c.today, length, 1)

    @grammar.rule("D", "LEN ago|back", "LEN before|prior now|today", bonus=1.0)
    def ago(c: Context, _s: Sides, length: Length) -> Day | None:
        return _counted(c, c.today, length, -1)

    @grammar.rule("D", "LEN from|after|following D", bonus=1.0)
    def after(c: Context, _s: Sides, length: Length, day: Day) -> Day | None:
        placed = place(day, c.today)
        return _counted(c, placed.start, length, 1) if placed and placed.start and not placed.end else None

    @grammar.rule("D", "LEN before|prior D", "LEN prior to D", bonus=1.0)
    def before(c: Context, _s: Sides, length: Length, day: Day) -> Day | None:
        placed = place(day, c.today)
        return _counted(c, placed.start, length, -1) if placed and placed.start and not placed.end else None

    @grammar.rule("D", "the? day after|before D", bonus=1.2)
    def beside(c: Context, s: Sides, day: Day) -> Day | None:
        """the day after Christmas"""
        placed = place(day, c.today)
        sign = -1 if s.has("before") else 1
        return _counted(c, placed.start, Length(days=1), sign) if placed and placed.start and not placed.end else None

    @grammar.rule("T", "LEN after|past T", "LEN after|past C", "LEN before T", "LEN before C", bonus=1.0)
    def from_moment(c: Context, s: Sides, length: Length, point: Point | Clock) -> Point | None:
        """two hours after noon, ten minutes before 4 pm tomorrow"""
        moment = moment_of(as_point(point), c)
        if moment is None or not length.seconds:
            return None
        return Point(exact=add_length(moment, length, -1 if s.has("before") else 1))

    @grammar.rule("T", "in|after LEN", "LEN from now", "LEN later|hence", "LEN after now", bonus=1.0)
    def time_ahead(c: Context, _s: Sides, length: Length) -> Point | None:
        return Point(exact=add_length(c.now, length)) if length.seconds else None

    @grammar.rule("T", "LEN ago|back", "LEN before now", bonus=1.0)
    def time_ago(c: Context, _s: Sides, length: Length) -> Point | None:
        return Point(exact=add_length(c.now, length, -1)) if length.seconds else None

    @grammar.rule("T", "NOW")
    def now(c: Context, _s: Sides, _now: int) -> Point:
        return Point(exact=c.now)


def _counted(c: Context, start: date, length: Length, sign: int) -> Day | None:
    if length.seconds:
        return None
    base = datetime(start.year, start.month, start.day)
    return Day(start=add_length(base, length, sign).date(), base=start)
