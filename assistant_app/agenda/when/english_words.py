"""English words for times and their types. Meanings only; how they combine is in the rules."""

from __future__ import annotations

from assistant_app.agenda.when.chart import Grammar
from assistant_app.agenda.when.values import Clock, Number, Part, Unit

NUMBER_WORDS = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
"""Zero to nineteen, in order."""
_TENS = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fourty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
_ORDINALS = (
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
)
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday mon",
            "tuesday tue tues",
            "wednesday wed weds",
            "thursday thu thur thurs",
            "friday fri",
            "saturday sat",
            "sunday sun",
        )
    )
    for name in names.split()
}
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sep sept",
            "october oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}
_ALSO_OTHER_WORDS = {"may", "march", "mar", "sun", "sat", "wed", "second", "sec", "mon", "dec", "jan", "apr"}
"""Common words besides: alone they are no time."""
PARTS = {
    "morning": Part(8, 12, "morning"),
    "afternoon": Part(12, 16, "afternoon"),
    "evening": Part(16, 20, "evening"),
    "night": Part(20, 24, "night"),
    "daytime": Part(8, 18, "day"),
    "business hours": Part(8, 18, "day"),
    "office hours": Part(8, 18, "day"),
    "working hours": Part(8, 18, "day"),
    "mid morning": Part(9, 11, "morning"),
    "mid afternoon": Part(13, 15, "afternoon"),
    "midmorning": Part(9, 11, "morning"),
    "midafternoon": Part(13, 15, "afternoon"),
    "breakfast": Part(8, 12, "breakfast"),
    "brunch": Part(8, 12, "brunch"),
    "lunch": Part(11, 13, "lunch"),
    "lunchtime": Part(11, 13, "lunch"),
    "lunch time": Part(11, 13, "lunch"),
    "dinner": Part(16, 20, "dinner"),
    "dinnertime": Part(16, 20, "dinner"),
    "dinner time": Part(16, 20, "dinner"),
}
UNITS = {
    "second": Unit("second", seconds=1),
    "minute": Unit("minute", seconds=60),
    "hour": Unit("hour", seconds=3600),
    "day": Unit("day", days=1),
    "business day": Unit("day", days=1, business=True),
    "working day": Unit("day", days=1, business=True),
    "work day": Unit("day", days=1, business=True),
    "week": Unit("week", days=7),
    "fortnight": Unit("week", days=14),
    "month": Unit("month", months=1),
    "quarter": Unit("quarter", months=3),
    "year": Unit("year", months=12),
    "decade": Unit("year", months=120),
    "century": Unit("year", months=1200),
    "weekend": Unit("weekend", days=7),
    "working week": Unit("week", days=7, business=True),
    "work week": Unit("week", days=7, business=True),
    "workweek": Unit("week", days=7, business=True),
    "calendar year": Unit("year", months=12),
    "calendar month": Unit("month", months=1),
    "calendar week": Unit("week", days=7),
}
_SHORT_UNITS = {
    "sec": "second",
    "secs": "second",
    "s": "second",
    "min": "minute",
    "mins": "minute",
    "m": "minute",
    "hr": "hour",
    "hrs": "hour",
    "h": "hour",
    "d": "day",
    "wk": "week",
    "wks": "week",
    "mo": "month",
    "mos": "month",
    "yr": "year",
    "yrs": "year",
    "w": "week",
    "centuries": "century",
}


_FUNCTION_WORDS = """
a an the this that these those and or but nor so if when while because as at by for from in into of on onto to
until till through with without about around before after since during between within over under per
i you he she it we they me him her us them my your his its our their mine yours who whom which what where why how
is are was were be been am being do does did have has had will would can could shall should may might must
not no yes please ok okay too also only just again then there here isn't it's i'm i'll we'll that's
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
"""Words of grammar: what stands before one is no adjective to it."""


TIME_WORDS = frozenset(
    (*WEEKDAYS, *MONTHS, *PARTS, "today", "tomorrow", "tonight", "sharp", "next", "am", "pm", "a", "p", "daily")
)
"""What may follow a clock time at once."""
WAKING_WORDS = frozenset(("alarm", "alarms", "wake", "remind", "reminder", "reminders"))
"""What is set for a time."""
MOVING_WORDS = frozenset(
    ("move", "moved", "reschedule", "rescheduled", "push", "pushed", "shift", "shifted", "postpone", "delay", "bring")
)
"""Verbs that give an event another time."""
LIST_JOINTS = frozenset((",", "or", "and", "/", "&"))


def add_words(grammar: Grammar) -> None:
    """The lexicon."""
    grammar.numeral = ("NUM", lambda digits: Number(int(digits[:12]), len(digits)))
    numbers = {word: Number(value) for value, word in enumerate(NUMBER_WORDS)}
    grammar.word("ONES", {word: number for word, number in numbers.items() if 1 <= number.value <= 9})
    grammar.word("NUM", numbers)
    grammar.word("TENS", {word: Number(value) for word, value in _TENS.items()})
    grammar.word("FEW", {"a few": 3, "few": 3, "several": 3, "a couple of": 2, "couple of": 2, "couple": 2})
    grammar.word("FEW", {"a couple": 2})
    grammar.word("ORDINAL", {word: value for value, word in enumerate(_ORDINALS) if value})
    grammar.word("ORDINAL", {"twentieth": 20, "thirtieth": 30})
    grammar.word("LAST", {"last": -1, "final": -1})
    grammar.word("DECADE", {word.replace("y", "ies"): Number(value) for word, value in _TENS.items()})
    for name, number in WEEKDAYS.items():
        grammar.word("WD", {name: number}, -3.0 if name in _ALSO_OTHER_WORDS else 0.0)
        if name not in ("sun", "sat"):
            grammar.word("WD", {name + ".": number})
    grammar.word("WDS", {f"{name}s": n for name, n in WEEKDAYS.items() if name.endswith("day")})
    for name, number in MONTHS.items():
        grammar.word("MONTH", {name: number}, -1.5 if name in _ALSO_OTHER_WORDS else 0.0)
        grammar.word("MONTH", {name + ".": number}, -0.5)
    meals = ("breakfast", "brunch", "lunch", "dinner")
    grammar.word("PART", {name: part for name, part in PARTS.items() if name not in meals})
    grammar.word("PART", {"nite": PARTS["night"]})
    # "Lunch with Ana" is what one does, "at lunch" is when; either way it tells the half of the day.
    grammar.word("PART", {name: PARTS[name] for name in meals}, -3.6)
    hints = {"supper": PARTS["dinner"], "wake": PARTS["morning"], "alarm": PARTS["morning"]}
    grammar.word("HINT", {**{name: PARTS[name] for name in meals}, **hints})
    greetings = ("good morning", "good afternoon", "good evening", "good night", "good day")
    grammar.word("IDIOM", {words: words for words in (*greetings, "one day", "the other day", "day to day")})
    grammar.word("PARTS", {name + "s": PARTS[name] for name in ("morning", "afternoon", "evening", "night")})
    grammar.word("UNIT", {name: unit for name, unit in UNITS.items() if name != "second"})
    grammar.word("UNIT", {"second": UNITS["second"]}, -2.5)
    grammar.word("UNIT", {name + "s": unit for name, unit in UNITS.items() if name != "century"})
    # "next year's first quarter"
    grammar.word("POSS", {name + "'s": unit for name, unit in UNITS.items()})
    grammar.word("WD", {name + "'s": number for name, number in WEEKDAYS.items() if name.endswith("day")})
    grammar.word("UNIT", {short: UNITS[name] for short, name in _SHORT_UNITS.items()})
    grammar.word("REL", {"this": 0, "current": 0, "the current": 0, "this current": 0, "same": 0, "the same": 0})
    grammar.word("REL", {"next": 1, "the next": 1, "coming": 1, "the coming": 1, "following": 1, "the following": 1})
    grammar.word("REL", {"upcoming": 1, "the upcoming": 1, "this coming": 1, "this upcoming": 1})
    grammar.word("REL", {"last": -1, "the last": -1, "past": -1, "the past": -1, "previous": -1, "the previous": -1})
    grammar.word("NEXT", {w: 1 for w in ("next", "coming", "following", "upcoming", "the next", "the coming")})
    grammar.word("NEXT", {w: 1 for w in ("the following", "the upcoming")})
    grammar.word("PAST", {w: -1 for w in ("last", "past", "previous", "the last", "the past", "the previous")})
    grammar.word("TODAY", {"today": 0, "tomorrow": 1, "yesterday": -1, "tmr": 1, "tmrw": 1, "tomorow": 1})
    grammar.word("TODAY", {"the day after tomorrow": 2, "day after tomorrow": 2, "the day before yesterday": -2})
    grammar.word("TODAY", {"day before yesterday": -2})
    grammar.word("TODAY", {"todays": 0, "tomorrows": 1})
    grammar.word("TODAY", {"today's": 0, "tomorrow's": 1, "yesterday's": -1, "current date": 0, "today's date": 0})
    grammar.word("TODAY", {"the current date": 0, "tomorow's": 1, "tommorow": 1, "tomorrow's date": 1, "2moro": 1})
    grammar.word("TODAY", {"the day after": 1, "the day before": -1, "that day": 0, "the same day": 0})
    grammar.word("NOW", dict.fromkeys(("now", "right now", "at the moment", "at present", "at the present time"), 0))
    grammar.word("NOW", dict.fromkeys(("at the minute", "at this moment", "as of now", "at this time"), 0))
    am = ("am", "a.m.", "a.m", "a m", "a . m .", "a m.")
    pm = ("pm", "p.m.", "p.m", "p m", "p . m .", "p m.")
    grammar.word("AMPM", {**dict.fromkeys(am, 0), **dict.fromkeys(pm, 12)})
    grammar.word("NOON", {"noon": Clock(12, sure=True), "midday": Clock(12, sure=True)})
    grammar.word("NOON", {name: Clock(0, sure=True) for name in ("midnight", "mid night", "mid-night")})
    grammar.word("NOON", {name: Clock(12, sure=True) for name in ("mid-day", "mid day", "high noon", "noontime")})
    every = {"every": 1, "each": 1, "every single": 1, "every other": 2, "every second": 2, "any": 1}
    every |= {"every alternate": 2, "alternate": 2, "each and every": 1}
    grammar.word("EVERY", every)
    grammar.word("OFTEN", {"daily": "DAILY", "weekly": "WEEKLY", "monthly": "MONTHLY", "yearly": "YEARLY"})
    grammar.word("OFTEN", {"annually": "YEARLY", "everyday": "DAILY", "hourly": "HOURLY", "quarterly": "QUARTERLY"})
    grammar.word("OFTEN", {"biweekly": "BIWEEKLY", "fortnightly": "BIWEEKLY"})
    grammar.word("WORKDAYS", {"weekdays": 0, "weekday": 0, "workdays": 0, "working days": 0})
    grammar.word("EDGE", {"beginning of": 0, "start of": 0, "early": 0, "early in": 0, "the beginning of": 0})
    grammar.word("EDGE", {"mid": 1, "middle of": 1, "the middle of": 1, "the start of": 0, "mid-": 1, "mid of": 1})
    grammar.word("EDGE", {"end of": 2, "the end of": 2, "late": 2, "late in": 2})
    grammar.word("PARTOF", {"later": 2, "later in": 2, "earlier": 0, "earlier in": 0, "later on": 2})
