"""English rules for ranges, open ranges, and a start with a length."""

from __future__ import annotations

from dataclasses import replace

from assistant_app.agenda.when.calendar_steps import Context, add_length, month_exists, place
from assistant_app.agenda.when.chart import Grammar, Sides
from assistant_app.agenda.when.compose import as_point, clock_in_part, nth_within, on_day, range_of, times
from assistant_app.agenda.when.english_clocks import counts_something
from assistant_app.agenda.when.english_words import FUNCTION_WORDS
from assistant_app.agenda.when.values import Clock, Day, Length, Number, Open, Part, Point, Range, Stretch, Unit


def add_rules(grammar: Grammar) -> None:
    _ranges(grammar)
    _open_ranges(grammar)


def _ranges(grammar: Grammar) -> None:
    for kind in ("D", "C", "T", "H"):
        _endpoint(grammar, kind)

    @grammar.rule("R", "from E -|to|until|till|til|through|thru E", "between E and|-|to|& E", bonus=0.6, rescue=True)
    def from_to(c: Context, _s: Sides, start: Point, end: Point) -> Range | None:
        return range_of(_day_of_now(start, end, c), _day_of_now(end, start, c), cue=True)

    @grammar.rule("R", "E -|~|–|—|to|until|till|through|thru E", "in|during E to|until|till|through|thru E")
    def bare_range(c: Context, s: Sides, start: Point, end: Point) -> Range | None:
        cue = s.has("through", "thru", "until", "till")
        return range_of(_day_of_now(start, end, c), _day_of_now(end, start, c), cue=cue)

    @grammar.rule("R", "from? NUM -|to|until|through NUM of|in D", "between NUM and NUM of|in D", bonus=1.0)
    def days_of_that_month(c: Context, _s: Sides, one: Number, other: Number, month: Day) -> Range | None:
        """from 4 to 23 of next month"""
        placed = place(month, c.today)
        if placed is None or placed.grain != "month" or placed.start is None or not one.whole or not other.whole:
            return None
        days = [int(one.value), int(other.value)]
        if days[0] >= days[1] or not all(month_exists(placed.start.year, placed.start.month, day) for day in days):
            return None
        first, last = (Day(start=placed.start.replace(day=day)) for day in days)
        return Range(Point(first), Point(last))

    @grammar.rule("R", "R of|in D", bonus=0.6)
    def nth_weekday_hours(c: Context, _s: Sides, span: Range, stretch: Day) -> Range | None:
        """the first Monday 1 to 3 pm of next month"""
        day = nth_within(span.start.day, stretch, c)
        return replace(span, start=replace(span.start, day=day)) if day else None

    @grammar.rule(
        "R", "WD -|to|through|thru|till|until WD", "from WD -|to|through|till|until WD", rescue=True, bonus=0.4
    )
    def weekday_range(_c: Context, _s: Sides, start: int, end: int) -> Range:
        return Range(Point(Day(weekday=start)), Point(Day(weekday=end)))

    @grammar.rule("HH", "H -|~|to|till|until E", bonus=0.5)
    def hours_range(_c: Context, s: Sides, start: Clock, end: Point) -> Range | None:
        return Range(Point(clock=start), end) if end.clock and end.day is None and end.clock != start else None

    @grammar.rule(
        "R", "D -|to|through|till|until the? ORD", "from D to|through|till|until the? ORD", bonus=0.5, rescue=True
    )
    def ordinal_ends(_c: Context, _s: Sides, start: Day, end: int) -> Range | None:
        fits = start.day is not None and start.start is None and start.day < end <= 31
        return Range(Point(start), Point(replace(start, day=end, weekday=None))) if fits else None

    @grammar.rule("R", "from|between the? ORD to|through|till|until|and D", bonus=0.5, rescue=True)
    def ordinal_starts(_c: Context, _s: Sides, start: int, end: Day) -> Range | None:
        fits = end.day is not None and end.start is None and start < end.day
        return Range(Point(replace(end, day=start, weekday=None)), Point(end)) if fits else None

    @grammar.rule("R", "D -|to|through|until H", "from D -|to|through|until H", bonus=0.3, rescue=True)
    def days_of_month(_c: Context, s: Sides, start: Day, end: Clock) -> Range | None:
        """November 18-19"""
        fits = start.day is not None and start.start is None and end.grain == "hour" and end.hour > start.day
        return Range(Point(start), Point(replace(start, day=end.hour, weekday=None))) if fits else None

    @grammar.rule("R", "at|around|between|from HH", bonus=0.4, rescue=True)
    def cued_hours(_c: Context, _s: Sides, hours: Range) -> Range:
        return hours

    @grammar.rule("R", "HH on? D", "HH ,? T", bonus=0.4, rescue=True)
    def hours_day(_c: Context, _s: Sides, hours: Range, day: Day | Point) -> Range | None:
        return on_day(hours, day)

    @grammar.rule("R", "D ,|at|from|between? HH", "T ,|at|from|between? HH", bonus=0.4, rescue=True)
    def day_hours(_c: Context, _s: Sides, day: Day | Point, hours: Range) -> Range | None:
        return on_day(hours, day)

    @grammar.rule("R", "D ,? R", "T ,? R", "P R", bonus=0.5)
    def day_range(_c: Context, _s: Sides, day: Day | Point | Part, span: Range) -> Range | None:
        return on_day(span, day)

    @grammar.rule("R", "R on|of|in|,? D", "R on? T", "R P", bonus=0.5)
    def range_day(_c: Context, _s: Sides, span: Range, day: Day | Point | Part) -> Range | None:
        return on_day(span, day)

    @grammar.rule("R", "HH P", "HH in the PART", bonus=0.4, rescue=True)
    def hours_part(_c: Context, _s: Sides, span: Range, part: Part) -> Range | None:
        return on_day(span, part)

    @grammar.rule("S", "from? C for LEN", "from? T for LEN", "from? D for LEN", "from H for LEN", bonus=1.0)
    def start_and_length(_c: Context, _s: Sides, start: Clock | Point | Day, length: Length) -> Stretch:
        return Stretch(as_point(start), length)

    @grammar.rule("S", "D S", bonus=0.5)
    def day_start_and_length(_c: Context, _s: Sides, day: Day, stretch: Stretch) -> Stretch | None:
        fits = stretch.start.day is None and stretch.start.exact is None and day.grain == "day"
        return replace(stretch, start=replace(stretch.start, day=day)) if fits else None

    @grammar.rule("S", "for? LEN ,? from|starting|beginning from|on? D", "for? LEN starting|from C", bonus=0.7)
    @grammar.rule("S", "for? LEN ,? from|starting|beginning from|on|at? T", bonus=0.7)
    def length_and_start(_c: Context, s: Sides, length: Length, start: Day | Clock | Point) -> Stretch | None:
        return Stretch(as_point(start), length) if s.tokens[s.start].text == "for" or _names_start(s) else None

    @grammar.rule("S", "for LEN ,? from|starting|beginning at? H", "for LEN ,? from|starting D", bonus=0.5, rescue=True)
    def length_and_hour(_c: Context, _s: Sides, length: Length, start: Clock | Day) -> Stretch:
        return Stretch(as_point(start), length)

    @grammar.rule("S", "within LEN", "within the? next LEN", bonus=1.0)
    def within(c: Context, _s: Sides, length: Length) -> Stretch:
        return Stretch(Point(exact=c.now) if length.seconds else Point(Day(start=c.today)), length)

    @grammar.rule("S", "within the? next UNIT", "within the? next UNIT and LEN", bonus=1.2)
    def within_unit(c: Context, s: Sides, unit: Unit, more: Length | None = None) -> Stretch | None:
        if unit.grain == "weekend" or (unit.days and more is None):
            return None
        one = times(1, unit)
        rest = more or Length()
        length = Length(one.months + rest.months, one.days + rest.days, one.seconds + rest.seconds, rest.grain)
        return Stretch(Point(exact=c.now) if length.seconds else Point(Day(start=c.today)), length)

    @grammar.rule("S", "the? NEXT LEN", "in|over|during the? NEXT LEN", bonus=0.8)
    def next_hours(c: Context, _s: Sides, _next: int, length: Length) -> Stretch | None:
        return Stretch(Point(exact=c.now), length) if length.seconds else None

    @grammar.rule("S", "the? PAST LEN", "the? NUMBER PAST UNIT", "in|over|during the? PAST LEN", bonus=0.8)
    def past_hours(c: Context, s: Sides, *values: int | Number | Length | Unit) -> Stretch | None:
        length = _counted_length(*values)
        one = any(isinstance(value, Number) and value.value == 1 for value in values)
        if s.tokens[s.start + 1].text == "for" or (isinstance(values[-1], Unit) and s.last.endswith("s") == one):
            return None  # "the meeting will last for two hours"
        return Stretch(Point(exact=add_length(c.now, length, -1)), length) if length and length.seconds else None

    @grammar.rule("S", "the? NEXT UNIT", "the? PAST UNIT", bonus=0.6)
    def near_hour(c: Context, s: Sides, which: int, unit: Unit) -> Stretch | None:
        """the next hour; "a last minute change" is none."""
        if not unit.seconds or s.last.endswith("s") or (s.after.isalpha() and s.after not in FUNCTION_WORDS):
            return None
        length = times(1, unit)
        return Stretch(Point(exact=c.now if which > 0 else add_length(c.now, length, -1)), length)

    @grammar.rule("LEN", "for LEN", bonus=0.3)
    def for_length(_c: Context, _s: Sides, length: Length) -> Length:
        return length


def _is_amount(s: Sides, point: Point) -> bool:
    """ "more than one" counts something."""
    return s.has("than") and not s.has("later", "earlier", "sooner") and bool(point.clock and not point.clock.sure)


def _counted_length(*values: int | Number | Length | Unit) -> Length | None:
    length = next((value for value in values if isinstance(value, Length)), None)
    if length is not None:
        return length
    count = next((value for value in values if isinstance(value, Number)), None)
    unit = next((value for value in values if isinstance(value, Unit)), None)
    return times(count.value, unit) if count and unit and unit.grain != "weekend" else None


def _counted_from(point: Point, c: Context) -> tuple[Point, bool] | None:
    """Where a point was counted from and whether forwards; None for one that was not counted."""
    day = point.day
    if day is not None and day.base is not None and day.start is not None and point.clock is None:
        return Point(Day(start=day.base)), day.start > day.base
    if point.exact is not None and point.exact != c.now:
        return Point(exact=c.now), point.exact > c.now
    return None


def _day_of_now(point: Point, other: Point, c: Context) -> Point:
    """ "between now and Friday": days on both sides."""
    if point.exact == c.now and other.day is not None and other.clock is None and other.part is None:
        return Point(Day(start=c.today))
    return point


def _names_start(s: Sides) -> bool:
    return any(token.text in ("starting", "beginning") for token in s.tokens[s.start : s.end])


def _endpoint(grammar: Grammar, kind: str) -> None:
    @grammar.rule("E", kind)
    def endpoint(_c: Context, _s: Sides, value: Day | Clock | Point) -> Point:
        return as_point(value)


def _open_ranges(grammar: Grammar) -> None:
    @grammar.rule("O", "after E", "later|greater|more than E", "any? time after E", "> E", bonus=0.6)
    def after_point(_c: Context, s: Sides, point: Point) -> Open | None:
        if (s.has("more") and point.day and point.day.base) or (s.first == ">" and (s.has("=") or point.clock)):
            return None
        return Open(point, after=True) if not _is_amount(s, point) else None

    @grammar.rule("O", "more than E", "over E", "at least E", bonus=1.0)
    def more_than(c: Context, _s: Sides, point: Point) -> Open | None:
        """more than two weeks ago"""
        base = _counted_from(point, c)
        return None if base is None else Open(point, after=base[1])

    @grammar.rule("R", "less than E", "under E", "at most E", bonus=1.0)
    def less_than(c: Context, _s: Sides, point: Point) -> Range | None:
        """less than three days after tomorrow"""
        base = _counted_from(point, c)
        if base is None:
            return None
        return Range(base[0], point) if base[1] else Range(point, base[0])

    @grammar.rule("O", "> = E", "≥ E", bonus=0.6)
    def from_on(_c: Context, _s: Sides, point: Point) -> Open | None:
        return Open(point, after=True, inclusive=True) if point.clock is None else None

    @grammar.rule("O", "< = E", "≤ E", bonus=0.6)
    def up_to(_c: Context, _s: Sides, point: Point) -> Open | None:
        return Open(point, after=False, inclusive=True) if point.clock is None else None

    @grammar.rule("D", "= D", bonus=0.1)
    def equal(_c: Context, _s: Sides, day: Day) -> Day:
        return day

    @grammar.rule("O", "till|until|to date", "up till|until|to now", bonus=1.0)
    def to_date(c: Context, s: Sides) -> Open | None:
        fits = s.before not in ("up", "due", "prior", "subject", "relevant", "respect")
        return Open(Point(Day(start=c.today)), after=False) if fits else None

    @grammar.rule("O", "after|before|by|until|till|til|since H", bonus=0.3, rescue=True)
    def open_hour(_c: Context, s: Sides, clock: Clock) -> Open | None:
        divides = s.first == "by" and any(token.text.startswith(("divi", "multipl")) for token in s.tokens)
        if divides or counts_something(s, clock):
            return None
        return Open(Point(clock=clock), after=s.tokens[s.start].text in ("after", "since"), inclusive=True)

    @grammar.rule("O", "after|before PART", bonus=0.6, rescue=True)
    def meal(_c: Context, s: Sides, part: Part) -> Open:
        return Open(Point(part=part), after=s.tokens[s.start].text == "after")

    @grammar.rule("O", "since E", "starting|beginning|from E", "starting|beginning from|on|in E", bonus=0.4)
    def since(_c: Context, s: Sides, point: Point) -> Open | None:
        """ "sales from last week" are those of that week."""
        stretch = point.day is not None and point.clock is None and (point.day.end or point.day.grain != "day")
        return Open(point, after=True, inclusive=True) if s.first != "from" or not stretch else None

    @grammar.rule("O", "E or|and later|after|greater|onwards|onward", "E onwards|onward", bonus=0.5)
    def or_later(_c: Context, s: Sides, point: Point) -> Open | None:
        return Open(point, after=True, inclusive=True) if s.end - s.start > 1 else None

    @grammar.rule("O", "as early as E", "no earlier than E", bonus=0.5)
    def as_early_as(_c: Context, _s: Sides, point: Point) -> Open:
        return Open(point, after=True, inclusive=True)

    @grammar.rule("O", "before E", "earlier|sooner|less than E", "no later than E", "prior to E", "< E", bonus=0.6)
    def before(_c: Context, s: Sides, point: Point) -> Open | None:
        if (s.has("less") and point.day and point.day.base) or (s.first == "<" and (s.has("=") or point.clock)):
            return None
        if _is_amount(s, point):
            return None
        return Open(point, after=False)

    @grammar.rule("O", "until|till|til|by E", "as late as E", "not after E", "ending on? E", bonus=0.5)
    def until(_c: Context, _s: Sides, point: Point) -> Open:
        return Open(point, after=False, inclusive=True)

    @grammar.rule("O", "D O", "T O", bonus=0.5)
    def day_open(_c: Context, _s: Sides, day: Day | Point, span: Open) -> Open | None:
        point = as_point(day)
        fits = span.point.clock and not span.point.day and point.day and point.day.grain == "day" and not point.clock
        if not fits or not span.point.clock:
            return None
        clock = (clock_in_part(span.point.clock, point.part) if point.part else None) or span.point.clock
        return replace(span, point=Point(point.day, clock))

    @grammar.rule("O", "O on? D", bonus=0.3)
    def open_day(_c: Context, _s: Sides, span: Open, day: Day) -> Open | None:
        fits = (span.point.clock or span.point.part) and not span.point.day and day.grain == "day" and not day.end
        return replace(span, point=replace(span.point, day=day)) if fits else None

    @grammar.rule("E", "P")
    def part_end(_c: Context, _s: Sides, part: Part) -> Point:
        return Point(part=part)
