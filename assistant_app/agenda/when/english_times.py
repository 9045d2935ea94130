"""English rules for clock times, parts of day, ranges, open ranges and repetitions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from assistant_app.agenda.when.calendar_steps import Context
from assistant_app.agenda.when.chart import Grammar, Sides
from assistant_app.agenda.when.values import Clock, Day, Length, Number, Open, Part, Point, Range, Repeat, Stretch, Unit

_WEEKDAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WORKDAYS = _WEEKDAY_CODES[:5]


def add_rules(grammar: Grammar) -> None:
    _clocks(grammar)
    _points(grammar)
    _ranges(grammar)
    _open_ranges(grammar)
    _repeats(grammar)


def _clocks(grammar: Grammar) -> None:
    @grammar.rule("H", "NUM", bonus=-3.0)
    def bare_hour(_c: Context, _s: Sides, hour: Number) -> Clock | None:
        """An hour only where its surroundings say so."""
        if hour.digits in (3, 4):
            return _run_together(hour)
        if hour.value != int(hour.value) or not 0 <= hour.value <= 24 or hour.digits > 2:
            return None
        value = int(hour.value)
        return Clock(value % 24, sure=value > 12 or value == 0, grain="hour")

    @grammar.rule("H", "NUM -? NUM", bonus=-2.5)
    def spoken(_c: Context, _s: Sides, hour: Number, minute: Number) -> Clock | None:
        """three thirty, four oh five"""
        fits = 1 <= hour.value <= 24 and 10 <= minute.value < 60 and not hour.digits and not minute.digits
        return Clock(int(hour.value) % 24, int(minute.value), sure=hour.value > 12) if fits else None

    @grammar.rule("H", "NUM oh|o ONES", bonus=-2.5)
    def oh(_c: Context, _s: Sides, hour: Number, minute: Number) -> Clock | None:
        return Clock(int(hour.value), int(minute.value)) if 1 <= hour.value <= 12 else None

    @grammar.rule("H", "NUM . NUM", bonus=-2.5)
    def dotted(_c: Context, s: Sides, hour: Number, minute: Number) -> Clock | None:
        fits = s.tight and hour.digits in (1, 2) and minute.digits == 2 and hour.value < 24 and minute.value < 60
        return Clock(int(hour.value), int(minute.value), sure=hour.value > 12) if fits else None

    @grammar.rule("C", "NUM : NUM", "NUM : NUM : NUM")
    def digital(_c: Context, s: Sides, hour: Number, minute: Number, second: Number | None = None) -> Clock | None:
        last = second or Number(0)
        if not s.tight or hour.value > 24 or minute.value > 59 or last.value > 59 or minute.digits != 2:
            return None
        value = int(hour.value)
        sure = value > 12 or value == 0 or s.tokens[s.start].text.startswith("0")
        return Clock(value % 24, int(minute.value), int(last.value), sure, "second" if second else "minute")

    @grammar.rule("C", "H AMPM", bonus=0.4, rescue=True)
    def meridiem(_c: Context, _s: Sides, clock: Clock, shift: int) -> Clock | None:
        return _with_half(clock, shift)

    @grammar.rule("C", "C AMPM", bonus=0.3)
    def clock_meridiem(_c: Context, _s: Sides, clock: Clock, shift: int) -> Clock | None:
        return _with_half(clock, shift)

    @grammar.rule("C", "H a|p", bonus=0.4, rescue=True)
    def short_meridiem(_c: Context, s: Sides, clock: Clock) -> Clock | None:
        return _with_half(clock, 12 if s.tokens[s.end - 1].text == "p" else 0) if s.tight else None

    @grammar.rule("C", "C a|p", bonus=0.3)
    def clock_short_meridiem(_c: Context, s: Sides, clock: Clock) -> Clock | None:
        return _with_half(clock, 12 if s.tokens[s.end - 1].text == "p" else 0) if s.tight else None

    @grammar.rule("C", "H o'clock", "H oclock", "H o ' clock", bonus=0.4, rescue=True)
    def o_clock(_c: Context, _s: Sides, clock: Clock) -> Clock:
        return clock

    @grammar.rule("C", "H h|ish", bonus=0.4, rescue=True)
    def hour_sign(_c: Context, s: Sides, clock: Clock) -> Clock | None:
        written = s.tokens[s.end - 1].text
        return replace(clock, sure=clock.sure or written == "h") if s.tight else None

    @grammar.rule("C", "NUM h NUM", bonus=1.0)
    def french(_c: Context, s: Sides, hour: Number, minute: Number) -> Clock | None:
        fits = s.tight and hour.value < 24 and minute.value < 60 and minute.digits == 2
        return Clock(int(hour.value), int(minute.value), sure=True) if fits else None

    @grammar.rule("C", "half past? H", bonus=0.4, rescue=True)
    def half_past(_c: Context, _s: Sides, clock: Clock) -> Clock | None:
        return replace(clock, minute=30, grain="minute") if clock.minute == 0 else None

    @grammar.rule("C", "a? quarter past|after H", bonus=0.4, rescue=True)
    def quarter_past(_c: Context, _s: Sides, clock: Clock) -> Clock | None:
        return replace(clock, minute=15, grain="minute") if clock.minute == 0 else None

    @grammar.rule("C", "a? quarter to|before|of|till H", bonus=0.4, rescue=True)
    def quarter_to(_c: Context, _s: Sides, clock: Clock) -> Clock | None:
        return _minutes_to(clock, 15)

    @grammar.rule("C", "NUM past H", "NUM minutes past|after H", bonus=0.4, rescue=True)
    def minutes_past(_c: Context, _s: Sides, minutes: Number, clock: Clock) -> Clock | None:
        fits = clock.minute == 0 and 1 <= minutes.value < 60
        return replace(clock, minute=int(minutes.value), grain="minute") if fits else None

    @grammar.rule("C", "NUM minutes to|before|till H", bonus=0.4, rescue=True)
    def minutes_to(_c: Context, _s: Sides, minutes: Number, clock: Clock) -> Clock | None:
        return _minutes_to(clock, int(minutes.value)) if 1 <= minutes.value < 60 else None

    @grammar.rule("C", "NUM to|til H", "at NUM to|til H", bonus=0.4, rescue=True)
    def short_minutes_to(_c: Context, s: Sides, minutes: Number, clock: Clock) -> Clock | None:
        """ "ten to five"; "five to seven" is a range unless it stands after "at"."""
        told = s.tokens[s.start].text == "at" or minutes.value != 5
        written = minutes.digits or s.tokens[s.end - 1].text.isdecimal()
        return (
            _minutes_to(clock, int(minutes.value))
            if told and not written and minutes.value in (5, 10, 20, 25)
            else None
        )

    @grammar.rule("C", "NOON", "NUM NOON")
    def noon(_c: Context, _s: Sides, one: Clock | Number, clock: Clock | None = None) -> Clock | None:
        return (clock if not isinstance(one, Number) or one.value == 12 else None) or (
            one if isinstance(one, Clock) else None
        )

    @grammar.rule("C", "at|around|about H", "at around|about H", bonus=0.4, rescue=True)
    def at_hour(_c: Context, _s: Sides, clock: Clock) -> Clock:
        return clock

    @grammar.rule("C", "at NUM", "NUM hours", bonus=0.2)
    def military(_c: Context, s: Sides, number: Number) -> Clock | None:
        """at 2030"""
        hour, minute = divmod(int(number.value), 100)
        fits = number.digits == 4 and hour < 24 and minute < 60
        return Clock(hour, minute, sure=True) if fits and number.value >= 1300 else None

    @grammar.rule("C", "at|around|about|@|approximately|exactly C", "at around|about C", bonus=0.3)
    def at_clock(_c: Context, _s: Sides, clock: Clock) -> Clock:
        return clock

    @grammar.rule("C", "C in|at the? PART", "C PART", "C this? PART", bonus=0.5)
    def clock_in_part(_c: Context, _s: Sides, clock: Clock, part: Part) -> Clock | None:
        return in_part(clock, part)

    @grammar.rule("C", "H in the PART", "H at PART", "H PART", bonus=0.4, rescue=True)
    def hour_in_part(_c: Context, s: Sides, clock: Clock, part: Part) -> Clock | None:
        """ "one morning" is no time, "7 in the morning" is."""
        if s.end - s.start == 2 and clock.grain == "hour":
            return None
        return in_part(clock, part)

    @grammar.rule("C", "P ,? C", bonus=0.3)
    def part_then_clock(_c: Context, _s: Sides, part: Part, clock: Clock) -> Clock | None:
        return in_part(clock, part)

    @grammar.rule("P", "PART", bonus=-0.2)
    def part(_c: Context, s: Sides, part: Part) -> Part:
        return part

    @grammar.rule("P", "in|during the PART", "at PART", bonus=0.5)
    def in_the_part(_c: Context, _s: Sides, part: Part) -> Part:
        return part

    @grammar.rule("P", "early P", "early in the PART", bonus=0.3)
    def early(_c: Context, _s: Sides, part: Part) -> Part:
        return replace(part, end=part.start + 2)

    @grammar.rule("P", "late P", "late in the PART", bonus=0.3)
    def late(_c: Context, _s: Sides, part: Part) -> Part:
        return replace(part, start=part.end - 2)


def _run_together(number: Number) -> Clock | None:
    """1630, 830"""
    hour, minute = divmod(int(number.value), 100)
    looks_like_year = 1900 <= number.value < 2060
    if hour > 23 or minute > 59 or (number.digits == 3 and hour == 0) or looks_like_year:
        return None
    return Clock(hour, minute, sure=hour > 12 or hour == 0)


def _with_half(clock: Clock, shift: int) -> Clock | None:
    if clock.hour > 12:
        return replace(clock, sure=True) if shift else None
    if clock.hour == 0 and shift == 0:
        return replace(clock, sure=True)
    return replace(clock, hour=clock.hour % 12 + shift, sure=True)


def _minutes_to(clock: Clock, minutes: int) -> Clock | None:
    if clock.minute:
        return None
    hour = (clock.hour - 1) % 24
    if not clock.sure and hour == 0:
        hour = 12
    return Clock(hour, 60 - minutes, sure=clock.sure)


def in_part(clock: Clock, part: Part) -> Clock | None:
    if clock.sure:
        return clock
    if part.name == "morning":
        return replace(clock, hour=clock.hour % 12, sure=True) if clock.hour < 12 else None
    if part.name == "night" and (clock.hour < 5 or clock.hour == 12):
        return replace(clock, hour=clock.hour % 12, sure=True)
    if part.name in ("breakfast", "brunch", "lunch"):
        return replace(clock, hour=clock.hour if clock.hour > 6 else clock.hour + 12, sure=True)
    return replace(clock, hour=clock.hour % 12 + 12, sure=True)


def _points(grammar: Grammar) -> None:
    @grammar.rule("T", "D ,|at|-|by? C", bonus=0.5)
    def day_clock(_c: Context, _s: Sides, day: Day, clock: Clock) -> Point | None:
        return Point(day, clock) if day.grain == "day" else None

    @grammar.rule("T", "D ,? H", bonus=-0.3, rescue=True)
    def day_hour(_c: Context, s: Sides, day: Day, clock: Clock) -> Point | None:
        """ "monday 9", "march fifteenth nine": only after a day that cannot swallow the number."""
        fits = day.grain == "day" and (day.day is None or day.month is not None) and not s.tight
        return Point(day, clock) if fits else None

    @grammar.rule("T", "H D", bonus=0.2, rescue=True)
    def hour_day(_c: Context, _s: Sides, clock: Clock, day: Day) -> Point | None:
        """ "three thirty tomorrow", "9 on Monday"; a number before a month is a day."""
        return Point(day, clock) if day.grain == "day" and day.day is None and day.month is None else None

    @grammar.rule("T", "C ,|on|of? D", "C on the? D", bonus=0.5)
    def clock_day(_c: Context, _s: Sides, clock: Clock, day: Day) -> Point | None:
        return Point(day, clock) if day.grain == "day" else None

    @grammar.rule("T", "D ,? P", "P of|on|,? D", bonus=0.5)
    def day_part(_c: Context, _s: Sides, one: Day | Part, other: Day | Part) -> Point | None:
        day, part = (one, other) if isinstance(one, Day) else (other, one)
        fits = isinstance(day, Day) and isinstance(part, Part) and day.grain == "day"
        return Point(day, part=part) if fits and isinstance(day, Day) and isinstance(part, Part) else None

    @grammar.rule("T", "D in the PART", "D at PART", bonus=1.0)
    def day_in_part(_c: Context, _s: Sides, day: Day, part: Part) -> Point | None:
        return Point(day, part=part) if day.grain == "day" else None

    @grammar.rule("T", "T of|on|,? D", bonus=0.3)
    def weekday_part_of_week(_c: Context, _s: Sides, point: Point, week: Day) -> Point | None:
        """Wednesday evening next week"""
        fits = week.grain == "week" and week.start and point.day and point.day.weekday is not None
        if not fits or point.day is None or week.start is None or point.day.weekday is None:
            return None
        return replace(point, day=Day(start=week.start + timedelta(days=point.day.weekday)))

    @grammar.rule("T", "this P", "this early|late P", bonus=1.0)
    def this_part(c: Context, s: Sides, part: Part) -> Point:
        return Point(Day(start=c.today), part=part)

    @grammar.rule("T", "early|late this PART", bonus=1.0)
    def early_this_part(c: Context, s: Sides, part: Part) -> Point:
        early = s.tokens[s.start].text == "early"
        part = replace(part, end=part.start + 2) if early else replace(part, start=part.end - 2)
        return Point(Day(start=c.today), part=part)

    @grammar.rule("T", "next PART", "last PART", bonus=1.0)
    def near_part(c: Context, s: Sides, part: Part) -> Point:
        shift = 1 if s.tokens[s.start].text == "next" else -1
        return Point(Day(start=c.today + timedelta(days=shift)), part=part)

    @grammar.rule("T", "tonight", "to night")
    def tonight(c: Context, _s: Sides) -> Point:
        return Point(Day(start=c.today), part=Part(20, 24, "night"))

    @grammar.rule("T", "D am|pm", bonus=0.3)
    def half_of_day(_c: Context, s: Sides, day: Day) -> Point | None:
        pm = s.tokens[s.end - 1].text == "pm"
        return Point(day, part=Part(12, 16) if pm else Part(8, 12)) if day.start is not None else None

    @grammar.rule("T", "T ,|at|- C", "T C", bonus=0.3)
    def part_clock(_c: Context, _s: Sides, point: Point, clock: Clock) -> Point | None:
        if point.part is None or point.clock is not None:
            return None
        placed = in_part(clock, point.part)
        return Point(point.day, placed) if placed else None

    @grammar.rule("T", "C T", "C on? T", bonus=0.3)
    def clock_part(_c: Context, _s: Sides, clock: Clock, point: Point) -> Point | None:
        if point.part is None or point.clock is not None:
            return None
        placed = in_part(clock, point.part)
        return Point(point.day, placed) if placed else None

    @grammar.rule("T", "the? end of the? day", "eod", "cob", "close of business", "end of business", bonus=0.5)
    def end_of_day(c: Context, _s: Sides) -> Point:
        return Point(Day(start=c.today), Clock(23, 59, 59, sure=True, grain="second"))

    @grammar.rule("T", "the? end of D", bonus=0.5)
    def end_of_that_day(_c: Context, _s: Sides, day: Day) -> Point | None:
        clock = Clock(23, 59, 59, sure=True, grain="second")
        return Point(day, clock) if day.grain == "day" and day.end is None else None


def _ranges(grammar: Grammar) -> None:
    for kind in ("D", "C", "T", "H"):
        _endpoint(grammar, kind)

    @grammar.rule("R", "from E -|to|until|till|til|through|thru E", "between E and|-|to|& E", bonus=0.6, rescue=True)
    def from_to(_c: Context, _s: Sides, start: Point, end: Point) -> Range | None:
        return range_of(start, end, cue=True)

    @grammar.rule("R", "E -|~|–|—|to|until|till|through|thru E")
    def bare_range(_c: Context, s: Sides, start: Point, end: Point) -> Range | None:
        return range_of(start, end, cue=False)

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

    @grammar.rule("S", "for? LEN from|starting|beginning from|on? D", "for? LEN starting|from C", bonus=0.7)
    def length_and_start(_c: Context, s: Sides, length: Length, start: Day | Clock) -> Stretch | None:
        return Stretch(as_point(start), length) if s.tokens[s.start].text == "for" or _names_start(s) else None

    @grammar.rule("S", "for LEN ,? from|starting|beginning at? H", "for LEN ,? from|starting D", bonus=0.5, rescue=True)
    def length_and_hour(_c: Context, _s: Sides, length: Length, start: Clock | Day) -> Stretch:
        return Stretch(as_point(start), length)

    @grammar.rule("S", "within LEN", "within the? next LEN", "in the? next LEN", bonus=1.0)
    def within(c: Context, _s: Sides, length: Length) -> Stretch:
        return Stretch(Point(exact=c.now) if length.seconds else Point(Day(start=c.today)), length)

    @grammar.rule("LEN", "for LEN", bonus=0.3)
    def for_length(_c: Context, _s: Sides, length: Length) -> Length:
        return length


def _names_start(s: Sides) -> bool:
    return any(token.text in ("starting", "beginning") for token in s.tokens[s.start : s.end])


def _endpoint(grammar: Grammar, kind: str) -> None:
    @grammar.rule("E", kind)
    def endpoint(_c: Context, _s: Sides, value: Day | Clock | Point) -> Point:
        return as_point(value)


def as_point(value: Day | Clock | Point | Part) -> Point:
    if isinstance(value, Day):
        return Point(day=value)
    if isinstance(value, Clock):
        return Point(clock=value)
    return Point(part=value) if isinstance(value, Part) else value


def range_of(start: Point, end: Point, *, cue: bool) -> Range | None:
    start_timed, end_timed = (bool(p.clock or p.exact) for p in (start, end))
    if not start_timed and not end_timed and start.day and end.day:
        day = start.day
        if day.month is None and end.day.month is not None and day.day is not None and day.weekday is None:
            start = Point(replace(day, month=end.day.month, year=end.day.year))
        elif day.month is not None and day.year is None and end.day.year is not None and day.start is None:
            start = Point(replace(day, year=end.day.year))
        elif day.month is not None and end.day.month is None and end.day.day is not None and end.day.start is None:
            end = Point(replace(end.day, month=day.month, year=day.year))
        # "next week - Monday" is no range; "2014 through May 2nd" is one where a word says so.
        return (
            Range(start, end) if cue or day.month is not None or end.day is None or day.grain == end.day.grain else None
        )
    if start_timed and end_timed:
        unsure = all(p.clock and not p.clock.sure and p.clock.grain == "hour" and p.day is None for p in (start, end))
        return None if unsure and not cue else Range(start, end)
    if start.day and not start_timed and not start.part and end.clock and end.day is None:
        # "the 9th to 12": two numbers of the month
        if start.day.month is None and start.day.day and end.clock.grain == "hour" and cue:
            return Range(start, Point(replace(start.day, day=end.clock.hour)))
        return None
    if start.clock and not start.day and end.day and not end_timed and end.day.day and start.clock.grain == "hour":
        hour = start.clock.hour
        if (end.day.month is not None and not start.clock.sure) or hour > 12:
            return Range(Point(replace(end.day, day=hour, weekday=None)), end) if hour else None
    return Range(start, end) if start.exact or end.exact else None


def on_day(span: Range, day: Day | Point | Part) -> Range | None:
    """Give a range of clock times its day or part of day."""
    point = as_point(day)
    if span.start.exact or span.end.exact or point.clock or point.exact:
        return None
    if not span.start.clock and not span.end.clock:
        if point.day and point.day.grain == "year" and span.start.day and span.end.day and point.day.year:
            year = point.day.year
            if span.start.day.month and span.start.day.year is None and span.end.day.month:
                return Range(Point(replace(span.start.day, year=year)), Point(replace(span.end.day, year=year)))
        return None
    start, end = span.start, span.end
    if point.part and start.clock and end.clock:
        placed_end = in_part(end.clock, point.part) or end.clock
        placed_start = in_part(start.clock, point.part) or start.clock
        if placed_start.hour > placed_end.hour and not start.clock.sure:
            placed_start = start.clock
        start, end = replace(start, clock=placed_start), replace(end, clock=placed_end)
    if point.day is None:
        return Range(start, end)
    if start.day is not None or (point.day.grain != "day"):
        return None
    return Range(replace(start, day=point.day), end)


def _open_ranges(grammar: Grammar) -> None:
    @grammar.rule("O", "after E", "later|greater|more than E", "any? time after E", bonus=0.6)
    def after_point(_c: Context, _s: Sides, point: Point) -> Open:
        return Open(point, after=True)

    @grammar.rule("O", "after|before|by|until|till|til|since H", bonus=0.3, rescue=True)
    def open_hour(_c: Context, s: Sides, clock: Clock) -> Open:
        return Open(Point(clock=clock), after=s.tokens[s.start].text in ("after", "since"), inclusive=True)

    @grammar.rule("O", "since E", "starting|beginning|from E", "starting|beginning from|on|in E", bonus=0.4)
    def since(_c: Context, _s: Sides, point: Point) -> Open:
        return Open(point, after=True, inclusive=True)

    @grammar.rule("O", "E or|and later|after|greater|onwards|onward", "E onwards|onward", bonus=0.5)
    def or_later(_c: Context, s: Sides, point: Point) -> Open | None:
        return Open(point, after=True, inclusive=True) if s.end - s.start > 1 else None

    @grammar.rule("O", "as early as E", "no earlier than E", bonus=0.5)
    def as_early_as(_c: Context, _s: Sides, point: Point) -> Open:
        return Open(point, after=True, inclusive=True)

    @grammar.rule("O", "before E", "earlier|sooner|less than E", "no later than E", "prior to E", bonus=0.6)
    def before(_c: Context, _s: Sides, point: Point) -> Open:
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
        clock = (in_part(span.point.clock, point.part) if point.part else None) or span.point.clock
        return replace(span, point=Point(point.day, clock))

    @grammar.rule("O", "O on? D", bonus=0.3)
    def open_day(_c: Context, _s: Sides, span: Open, day: Day) -> Open | None:
        fits = span.point.clock and not span.point.day and day.grain == "day"
        return replace(span, point=replace(span.point, day=day)) if fits else None

    @grammar.rule("E", "P")
    def part_end(_c: Context, _s: Sides, part: Part) -> Point:
        return Point(part=part)


def _repeats(grammar: Grammar) -> None:
    @grammar.rule("SET", "OFTEN")
    def often(_c: Context, _s: Sides, freq: str) -> Repeat:
        return {"QUARTERLY": Repeat("MONTHLY", 3), "BIWEEKLY": Repeat("WEEKLY", 2)}.get(freq) or Repeat(freq)

    @grammar.rule("SET", "EVERY UNIT", "once a UNIT", bonus=0.8)
    def every_unit(_c: Context, _s: Sides, interval: int | Unit, unit: Unit | None = None) -> Repeat | None:
        count, found = (1, interval) if isinstance(interval, Unit) else (interval, unit)
        return every(count, found) if found else None

    @grammar.rule("SET", "every|each NUM UNIT", "once every NUM UNIT", bonus=0.8)
    def every_several(_c: Context, _s: Sides, count: Number, unit: Unit) -> Repeat | None:
        return every(int(count.value), unit) if count.value >= 1 and count.whole else None

    @grammar.rule("WDL", "WD ,|and|& WD", "WD , and WD", "WDS ,|and|& WDS")
    def two_weekdays(_c: Context, _s: Sides, one: int, other: int) -> tuple[int, ...] | None:
        return (one, other) if one != other else None

    @grammar.rule("WDL", "WD ,? WDL", "WDS ,? WDL")
    def more_weekdays(_c: Context, _s: Sides, one: int, others: tuple[int, ...]) -> tuple[int, ...] | None:
        return None if one in others else (one, *others)

    @grammar.rule("SET", "EVERY WD", "EVERY WDL", bonus=0.4, rescue=True)
    def every_weekday(_c: Context, _s: Sides, interval: int, days: int | tuple[int, ...]) -> Repeat:
        return Repeat("WEEKLY", interval, codes(days))

    @grammar.rule("SET", "on? WDS", "on? WDL", bonus=0.6)
    def plural_weekdays(_c: Context, s: Sides, days: int | tuple[int, ...]) -> Repeat | None:
        plural = s.tokens[s.end - 1].text.endswith("days")
        return Repeat("WEEKLY", 1, codes(days)) if plural else None

    @grammar.rule("SET", "EVERY WORKDAYS", "on? WORKDAYS", "every workday", bonus=0.6)
    def workdays(_c: Context, s: Sides, *_ignored: int) -> Repeat | None:
        text = s.tokens[s.end - 1].text
        return Repeat("WEEKLY", 1, _WORKDAYS) if text != "weekday" or s.end - s.start > 1 else None

    @grammar.rule("SET", "on? weekends", "EVERY weekend", bonus=0.9)
    def weekends(_c: Context, _s: Sides, *_interval: int) -> Repeat:
        return Repeat("WEEKLY", 1, ("SA", "SU"))

    @grammar.rule("SET", "EVERY PART", "in? the? PARTS", "nightly", bonus=0.9)
    def every_part(_c: Context, _s: Sides, *values: int | Part) -> Repeat:
        part = values[-1] if values and isinstance(values[-1], Part) else None
        return Repeat("DAILY", part=part)

    @grammar.rule("SET", "EVERY WD PART", "WDS PART", "WD PARTS", bonus=0.4, rescue=True)
    def weekday_parts(_c: Context, _s: Sides, *values: int | Part) -> Repeat | None:
        part, weekday = values[-1], values[-2]
        return (
            Repeat("WEEKLY", 1, codes(weekday), part=part)
            if isinstance(part, Part) and isinstance(weekday, int)
            else None
        )

    @grammar.rule("SET", "the? ORD WD of|in? EVERY UNIT", "the? LAST WD of|in? EVERY UNIT", bonus=0.4, rescue=True)
    def nth_weekday(_c: Context, _s: Sides, nth: int, weekday: int, interval: int, unit: Unit) -> Repeat | None:
        fits = unit.grain == "month" and nth <= 5
        return Repeat("MONTHLY", interval, (f"{nth}{_WEEKDAY_CODES[weekday]}",)) if fits else None

    @grammar.rule("SET", "every ORD WD", "every LAST WD", bonus=0.4, rescue=True)
    def every_nth_weekday(_c: Context, s: Sides, nth: int, weekday: int) -> Repeat | None:
        fits = nth != 2 and nth <= 5
        return Repeat("MONTHLY", 1, (f"{nth}{_WEEKDAY_CODES[weekday]}",)) if fits else None

    @grammar.rule("SET", "the? ORD day? of EVERY UNIT", "EVERY UNIT on the ORD", "OFTEN on the ORD", bonus=1.0)
    def nth_of_month(_c: Context, _s: Sides, *values: int | Unit | str) -> Repeat | None:
        numbers = [value for value in values if isinstance(value, int)]
        unit = next((value for value in values if isinstance(value, Unit)), None)
        monthly = "MONTHLY" in values or (unit is not None and unit.grain == "month")
        day = numbers[0] if unit and isinstance(values[-1], Unit) else numbers[-1]
        return Repeat("MONTHLY", month_day=day) if monthly and 1 <= day <= 31 else None

    @grammar.rule("SET", "EVERY D", "D EVERY UNIT", bonus=0.8)
    def every_date(_c: Context, s: Sides, *values: int | Day | Unit) -> Repeat | None:
        day = next((value for value in values if isinstance(value, Day)), None)
        unit = next((value for value in values if isinstance(value, Unit)), None)
        if day is None or day.month is None or day.day is None or day.year or (unit and unit.grain != "year"):
            return None
        return Repeat("YEARLY", month=day.month, month_day=day.day)

    @grammar.rule("SET", "SET ,|at? C", "SET at H", "C ,|on? SET", bonus=0.6)
    def set_clock(_c: Context, _s: Sides, one: Repeat | Clock, other: Repeat | Clock) -> Repeat | None:
        repeat, clock = (one, other) if isinstance(one, Repeat) else (other, one)
        if not isinstance(repeat, Repeat) or not isinstance(clock, Clock) or repeat.clock:
            return None
        placed = in_part(clock, repeat.part) if repeat.part else clock
        return replace(repeat, clock=placed) if placed else None

    @grammar.rule("SET", "SET ,? R", "R ,? SET", "SET HH", "HH SET", bonus=0.6)
    def set_range(_c: Context, _s: Sides, one: Repeat | Range, other: Repeat | Range) -> Repeat | None:
        repeat, span = (one, other) if isinstance(one, Repeat) else (other, one)
        if not isinstance(repeat, Repeat) or not isinstance(span, Range) or repeat.clock or span.start.day:
            return None
        return replace(repeat, clock=span.start.clock, end_clock=span.end.clock) if span.start.clock else None

    @grammar.rule("SET", "SET P", "P SET", "SET in the PART", bonus=0.5)
    def set_part(_c: Context, _s: Sides, one: Repeat | Part, other: Repeat | Part) -> Repeat | None:
        repeat, part = (one, other) if isinstance(one, Repeat) else (other, one)
        if not isinstance(repeat, Repeat) or not isinstance(part, Part) or repeat.part or repeat.clock:
            return None
        return replace(repeat, part=part)

    @grammar.rule("SET", "SET O", bonus=0.5)
    def set_limits(_c: Context, _s: Sides, repeat: Repeat, span: Open) -> Repeat | None:
        day = span.point.day
        if day is None or span.point.clock or (repeat.begin if span.after else repeat.until):
            return None
        return replace(repeat, begin=day) if span.after else replace(repeat, until=day)


def codes(days: int | tuple[int, ...]) -> tuple[str, ...]:
    numbers = (days,) if isinstance(days, int) else days
    return tuple(_WEEKDAY_CODES[number] for number in sorted(numbers))


def every(count: int, unit: Unit) -> Repeat | None:
    if unit.business:
        return Repeat("WEEKLY", 1, _WORKDAYS)
    if unit.grain == "weekend":
        return Repeat("WEEKLY", count, ("SA", "SU"))
    if unit.months:
        return (
            Repeat("YEARLY", count * unit.months // 12)
            if unit.months % 12 == 0
            else Repeat("MONTHLY", count * unit.months)
        )
    if unit.days:
        return Repeat("WEEKLY", count * unit.days // 7) if unit.days % 7 == 0 else Repeat("DAILY", count * unit.days)
    freq = {1: "SECONDLY", 60: "MINUTELY", 3600: "HOURLY"}[unit.seconds]
    return Repeat(freq, count)
