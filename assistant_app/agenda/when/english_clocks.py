"""English rules for clock times and parts of the day, alone and with a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from assistant_app.agenda.when.calendar_steps import (
    Context,
)
from assistant_app.agenda.when.chart import Grammar, Sides
from assistant_app.agenda.when.compose import (
    clock_in_part,
    minutes_to,
    nth_within,
    run_together,
    with_half,
)
from assistant_app.agenda.when.english_words import FUNCTION_WORDS, MOVING_WORDS, TIME_WORDS, UNITS, WAKING_WORDS
from assistant_app.agenda.when.values import Clock, Day, Number, Part, Point


def add_rules(grammar: Grammar) -> None:
    _clocks(grammar)
    _points(grammar)


def counts_something(s: Sides, clock: Clock) -> bool:
    """Whether a bare number counts what follows: "at one time", "around two weeks", "by 3 people"."""
    after = s.after
    if after.removesuffix("s") in UNITS:
        return True
    if clock.grain != "hour" or not after.isalpha() or after in TIME_WORDS:
        return False
    if after in ("of", "to") and s.last == "one":
        return True
    if s.before in TIME_WORDS:
        return False  # "tomorrow at one book a lunch"
    return after not in FUNCTION_WORDS and (not s.last.isdecimal() or after.endswith("s"))


def _clocks(grammar: Grammar) -> None:
    @grammar.rule("H", "NUM", bonus=-3.0)
    def bare_hour(_c: Context, _s: Sides, hour: Number) -> Clock | None:
        """An hour only where its surroundings say so."""
        if hour.digits in (3, 4):
            return run_together(hour)
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
        spaced = second is None and s.tokens[s.start + 1].after_space and s.tokens[s.start + 2].after_space
        if not (s.tight or spaced) or not hour.digits or minute.digits != 2:
            return None
        if hour.value > 24 or minute.value > 59 or last.value > 59:
            return None
        value = int(hour.value)
        sure = value > 12 or value == 0 or s.tokens[s.start].text.startswith("0")
        return Clock(value % 24, int(minute.value), int(last.value), sure, "second" if second else "minute")

    @grammar.rule("C", "H AMPM", bonus=0.4, rescue=True)
    def meridiem(_c: Context, _s: Sides, clock: Clock, shift: int) -> Clock | None:
        return with_half(clock, shift)

    @grammar.rule("C", "H minutes", "at H minutes", bonus=0.6, rescue=True)
    def with_minutes(_c: Context, s: Sides, clock: Clock) -> Clock | None:
        """six forty-three minutes"""
        return clock if clock.minute and s.end - s.start > 2 else None

    @grammar.rule("C", "C AMPM", bonus=0.3)
    def clock_meridiem(_c: Context, _s: Sides, clock: Clock, shift: int) -> Clock | None:
        return with_half(clock, shift)

    @grammar.rule("C", "H a|p", bonus=0.4, rescue=True)
    def short_meridiem(_c: Context, s: Sides, clock: Clock) -> Clock | None:
        return with_half(clock, 12 if s.tokens[s.end - 1].text == "p" else 0) if s.tight else None

    @grammar.rule("C", "C a|p", bonus=0.3)
    def clock_short_meridiem(_c: Context, s: Sides, clock: Clock) -> Clock | None:
        return with_half(clock, 12 if s.tokens[s.end - 1].text == "p" else 0) if s.tight else None

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
        return minutes_to(clock, 15)

    @grammar.rule("C", "NUM past H", "NUM minutes past|after H", bonus=0.4, rescue=True)
    def minutes_past(_c: Context, _s: Sides, minutes: Number, clock: Clock) -> Clock | None:
        fits = clock.minute == 0 and 1 <= minutes.value < 60
        return replace(clock, minute=int(minutes.value), grain="minute") if fits else None

    @grammar.rule("C", "NUM minutes to|before|till H", bonus=0.4, rescue=True)
    def spoken_minutes_to(_c: Context, _s: Sides, minutes: Number, clock: Clock) -> Clock | None:
        return minutes_to(clock, int(minutes.value)) if 1 <= minutes.value < 60 else None

    @grammar.rule("C", "NUM to|til H", "at NUM to|til H", bonus=0.4, rescue=True)
    def short_minutes_to(_c: Context, s: Sides, minutes: Number, clock: Clock) -> Clock | None:
        """ "ten to five"; "five to seven" is a range unless it stands after "at"."""
        told = s.first == "at" or minutes.value != 5
        written = (minutes.digits or s.last.isdecimal()) and minutes.value < 20
        fits = told and not written and minutes.value in (5, 10, 20, 25)
        return minutes_to(clock, int(minutes.value)) if fits and clock.hour <= 12 else None

    @grammar.rule("C", "NOON", "NUM NOON")
    def noon(_c: Context, _s: Sides, one: Clock | Number, clock: Clock | None = None) -> Clock | None:
        return (clock if not isinstance(one, Number) or one.value == 12 else None) or (
            one if isinstance(one, Clock) else None
        )

    @grammar.rule("C", "at|around|about H", "at around|about H", bonus=0.4, rescue=True)
    def at_hour(_c: Context, s: Sides, clock: Clock) -> Clock | None:
        return None if counts_something(s, clock) else clock

    @grammar.rule("C", "for H", bonus=0.4, rescue=True)
    def alarm_for(_c: Context, s: Sides, clock: Clock) -> Clock | None:
        """ "set an alarm for 6"; a table for 6 is none."""
        wakes = any(token.text in WAKING_WORDS for token in s.tokens)
        return clock if wakes and not counts_something(s, clock) else None

    @grammar.rule("C", "the|for C", bonus=0.1)
    def the_clock(_c: Context, _s: Sides, clock: Clock) -> Clock:
        return clock

    @grammar.rule("C", "at NUM", "NUM hours", bonus=0.2)
    def military(_c: Context, s: Sides, number: Number) -> Clock | None:
        """at 2030"""
        hour, minute = divmod(int(number.value), 100)
        fits = number.digits == 4 and hour < 24 and minute < 60
        return Clock(hour, minute, sure=True) if fits and (number.value >= 1300 or s.last == "hours") else None

    @grammar.rule("C", "at|around|about|@|approximately|exactly C", "at around|about C", bonus=0.3)
    def at_clock(_c: Context, _s: Sides, clock: Clock) -> Clock:
        return clock

    @grammar.rule("C", "C in|at the? PART", "C PART", "C this? PART", bonus=0.5)
    def clock_and_part(_c: Context, _s: Sides, clock: Clock, part: Part) -> Clock | None:
        return clock_in_part(clock, part)

    @grammar.rule("C", "H in the PART", "H at PART", "H PART", bonus=0.4, rescue=True)
    def hour_in_part(_c: Context, s: Sides, clock: Clock, part: Part) -> Clock | None:
        """ "one morning" is no time, "7 in the morning" is."""
        if s.end - s.start == 2 and clock.grain == "hour":
            return None
        return clock_in_part(clock, part)

    @grammar.rule("C", "P ,? C", bonus=0.3)
    def part_then_clock(_c: Context, _s: Sides, part: Part, clock: Clock) -> Clock | None:
        return clock_in_part(clock, part)

    @grammar.rule("P", "PART", bonus=-0.2)
    def part(_c: Context, s: Sides, part: Part) -> Part:
        return part

    @grammar.rule("P", "in|during the PART", "at|around|about PART", bonus=0.5, rescue=True)
    def in_the_part(_c: Context, _s: Sides, part: Part) -> Part:
        return part

    @grammar.rule("P", "early P", "early|earlier in the PART", bonus=0.3)
    def early(_c: Context, _s: Sides, part: Part) -> Part:
        return replace(part, end=part.start + 2)

    @grammar.rule("P", "late P", "late|later in the PART", bonus=0.3)
    def late(_c: Context, _s: Sides, part: Part) -> Part:
        return replace(part, start=part.end - 2)


def _points(grammar: Grammar) -> None:
    @grammar.rule("T", "D ,|at|-|by|for? C", bonus=0.5)
    def day_clock(_c: Context, _s: Sides, day: Day, clock: Clock) -> Point | None:
        return Point(day, clock) if day.grain == "day" and day.end is None else None

    @grammar.rule("T", "mid|middle D", "the? middle of D", "later|late in? D", "earlier|early in? D", bonus=0.5)
    def part_of_that_day(c: Context, s: Sides, day: Day) -> Point | None:
        if day.grain != "day" or day.end is not None or day.start is None:
            return None
        if s.has("mid", "middle"):
            return Point(day, part=Part(10, 14, "day"))
        if s.has("later", "late"):
            so_far = c.now.hour + c.now.minute / 60 if day.start == c.today else 0
            return Point(day, part=Part(max(12, so_far), 24, "afternoon"))
        return Point(day, part=Part(0, 12, "morning"))

    @grammar.rule("T", "T of|in D", bonus=0.6)
    def nth_weekday_of(c: Context, _s: Sides, point: Point, stretch: Day) -> Point | None:
        """the first Monday evening of next month"""
        day = nth_within(point.day, stretch, c)
        return replace(point, day=day) if day else None

    @grammar.rule("T", "D H", bonus=-0.3, rescue=True)
    def day_hour(_c: Context, s: Sides, day: Day, clock: Clock) -> Point | None:
        """ "monday 9", "march fifteenth nine": only after a day that cannot swallow the number."""
        fits = day.grain == "day" and (day.day is None or day.month is not None) and not s.tight
        return Point(day, clock) if fits else None

    @grammar.rule("T", "H D", bonus=0.2, rescue=True)
    def hour_day(_c: Context, _s: Sides, clock: Clock, day: Day) -> Point | None:
        """ "three thirty tomorrow", "9 on Monday"; a number before a month is a day."""
        fits = day.grain == "day" and day.day is None and day.month is None and day.base is None and not day.end
        return Point(day, clock) if fits else None

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

    @grammar.rule("T", "this|same time D", "the same time D", "D at? this|same time", bonus=0.5)
    def time_of_now(c: Context, _s: Sides, day: Day) -> Point | None:
        clock = Clock(c.now.hour, c.now.minute, sure=True)
        return Point(day, clock) if day.grain == "day" else None

    @grammar.rule("C", "to H", bonus=0.3, rescue=True)
    def to_hour(_c: Context, s: Sides, clock: Clock) -> Clock | None:
        """ "move it to four": only where the sentence ends with it, and moves something."""
        moves = any(token.text in MOVING_WORDS for token in s.tokens[: s.start])
        makes = s.before in ("it", "that", "them") and s.start > 1 and s.tokens[s.start - 2].text in ("change", "set")
        short = not s.last.isdecimal() or len(s.last) <= 2
        return clock if s.ends_text and short and (moves or makes or s.start == 0) else None

    @grammar.rule("C", "H", bonus=0.3, rescue=True)
    def nothing_but_an_hour(_c: Context, s: Sides, clock: Clock) -> Clock | None:
        """ "four", as the answer to "What time?"."""
        return clock if s.is_text else None

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

    @grammar.rule("T", "tonight", "to night", "tonite", "tonight's")
    def tonight(c: Context, _s: Sides) -> Point:
        return Point(Day(start=c.today), part=Part(20, 24, "night"))

    @grammar.rule("T", "D , H", bonus=-2.5, rescue=True)
    def day_comma_hour(_c: Context, _s: Sides, day: Day, clock: Clock) -> Point | None:
        fits = day.grain == "day" and day.end is None and (day.day is None or day.month is not None)
        return Point(day, clock) if fits else None

    @grammar.rule("T", "D am|pm", bonus=0.3)
    def half_of_day(_c: Context, s: Sides, day: Day) -> Point | None:
        pm = s.tokens[s.end - 1].text == "pm"
        return Point(day, part=Part(12, 16) if pm else Part(8, 12)) if day.start is not None and not day.end else None

    @grammar.rule("T", "T ,|at|- C", "T C", bonus=0.3)
    def part_clock(_c: Context, _s: Sides, point: Point, clock: Clock) -> Point | None:
        if point.part is None or point.clock is not None:
            return None
        placed = clock_in_part(clock, point.part)
        return Point(point.day, placed) if placed else None

    @grammar.rule("T", "C T", "C on? T", bonus=0.3)
    def clock_part(_c: Context, _s: Sides, clock: Clock, point: Point) -> Point | None:
        if point.part is None or point.clock is not None:
            return None
        placed = clock_in_part(clock, point.part)
        return Point(point.day, placed) if placed else None

    @grammar.rule("T", "the? rest of the day", "the? rest of today", bonus=1.0)
    def rest_of_day(c: Context, _s: Sides) -> Point:
        return Point(Day(start=c.today), part=Part(c.now.hour + c.now.minute / 60, 24, "afternoon"))

    @grammar.rule("T", "the? end of the? day", "eod", "cob", "close of business", "end of business", bonus=0.5)
    def end_of_day(c: Context, _s: Sides) -> Point:
        return Point(Day(start=c.today), Clock(23, 59, 59, sure=True, grain="second"))

    @grammar.rule("T", "the? end of the? D", bonus=0.5)
    def end_of_that_day(_c: Context, _s: Sides, day: Day) -> Point | None:
        clock = Clock(23, 59, 59, sure=True, grain="second")
        return Point(day, clock) if day.grain == "day" and day.end is None else None
