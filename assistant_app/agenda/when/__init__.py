"""Words to times.

    find_times(text, now=..., language="en") -> every expression of time in the text
    parse_when(text, now=..., language="en") -> the one reading of the whole text, or None

Tokens with their places (`tokens`) get types from a lexicon, rules combine them bottom up in a chart
(`chart`, `english_*`, `chinese`), the best-scoring cover of the sentence is chosen, and its meanings are
placed on the calendar (`resolve`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from assistant_app.agenda import spoken
from assistant_app.agenda.when import (
    english_clocks,
    english_days,
    english_lengths,
    english_occasions,
    english_periods,
    english_ranges,
    english_repeats,
    english_words,
    english_zones,
)
from assistant_app.agenda.when.calendar_steps import Context, add_length
from assistant_app.agenda.when.chart import Grammar, Item, best_cover
from assistant_app.agenda.when.doubts import is_doubtful
from assistant_app.agenda.when.holidays import holiday_words
from assistant_app.agenda.when.reading import WhenReading
from assistant_app.agenda.when.resolve import length_of, resolve
from assistant_app.agenda.when.sharing import Piece, share_context
from assistant_app.agenda.when.tokens import Token, tokenise
from assistant_app.agenda.when.values import Clock, Day, Length, Open, Part, Point, Range, Repeat, Stretch
from assistant_app.agenda.when.zones import country_of, zone_of

__all__ = ["WhenReading", "find_times", "parse_when"]

_WHOLE = {"D": 0.0, "C": 0.0, "T": 0.5, "R": 0.5, "S": 0.5, "O": 0.4, "SET": 0.5, "LEN": 0.0, "P": -0.1, "IDIOM": 1.0}
"""Types that may stand for themselves, with what speaks for them."""
_PER_ITEM = -1.0
"""Fewer, longer expressions explain a sentence better."""
_PER_TOKEN = 1.5
_LONGEST_TOKENS = 400
"""A text longer than this is read in pieces."""


@functools.lru_cache(maxsize=8)
def _grammar(language: str, country: str) -> Grammar:
    grammar = Grammar()
    grammar.word("HOLIDAY", holiday_words(language, country))
    if language == "zh":
        from assistant_app.agenda.when import chinese, chinese_occasions, chinese_repeats, chinese_times

        chinese.add_words(grammar)
        for rules in (chinese, chinese_times, chinese_occasions, chinese_repeats):
            rules.add_rules(grammar)
    else:
        english_words.add_words(grammar)
        english_zones.add_words(grammar)
        for rules in (
            english_lengths,
            english_days,
            english_periods,
            english_clocks,
            english_ranges,
            english_repeats,
            english_occasions,
            english_zones,
        ):
            rules.add_rules(grammar)
    return grammar


def find_times(text: str, *, now: datetime, language: str = "en", country: str | None = None) -> list[WhenReading]:
    """Every expression of time in the text, in order. `now` is aware, in the user's zone.

    `country` (two letters) decides whose holidays are meant and the order of day and month in digits;
    left out, it is the one the zone of `now` lies in.
    """
    return [reading for _, reading in _found(text, now, language, country)[1]]


def parse_when(text: str, *, now: datetime, language: str = "en", country: str | None = None) -> WhenReading | None:
    """One reading of the whole text: its day, clock time and length put together, wherever they stand."""
    context, found = _found(text, now, language, country)
    if len(found) < 2:
        return found[0][1] if found else None
    return _combined(text, found, context, language)


def _found(
    text: str, now: datetime, language: str, country: str | None
) -> tuple[Context, list[tuple[object, WhenReading]]]:
    language = "zh" if language == "zh" else "en"
    country = country or country_of(now.tzinfo) or {"en": "US", "zh": "CN"}[language]
    grammar, tokens = _grammar(language, country), tokenise(text)
    lexical = grammar.lexical(tokens)
    context = Context(now, next((item.value for item in lexical if item.kind == "HINT"), None), country)
    pieces: list[Piece] = []
    for part in _stretches(tokens, lexical):
        items = grammar.parse(tokens, part, context)
        whole = [_weighed(item) for item in items if item.kind in _WHOLE and not is_doubtful(item, tokens)]
        pieces += [Piece(item.start, item.end, item.value) for item in best_cover(whole)]
    found: list[tuple[object, WhenReading]] = []
    for piece in share_context(pieces, tokens):
        reading = resolve(piece.value, context)
        if reading is None:
            continue
        last = piece.end - 1
        if tokens[last].text == "." and tokens[last - 1].text not in ("m", "a", "p"):
            last -= 1  # the sentence's full stop
        span = (tokens[piece.start].start, tokens[last].end)
        reading = replace(reading, text=text[span[0] : span[1]], spans=(span,))
        found.append((piece.value, _said(reading, piece.value, context.now, language)))
    return context, found


def _weighed(item: Item) -> Item:
    return item._replace(score=_PER_TOKEN * (item.end - item.start) + item.score + _WHOLE[item.kind] + _PER_ITEM)


def _stretches(tokens: list[Token], lexical: list[Item]) -> Iterator[list[Item]]:
    """The known words, in one piece; those of a very long text in pieces, cut where nothing is known if possible."""
    if len(tokens) <= _LONGEST_TOKENS:
        yield lexical
        return
    within: set[int] = set()
    for item in lexical:
        within.update(range(item.start + 1, item.end))
        within.update((item.start,) if tokens[item.start].text.isalnum() else ())
    first = 0
    while first < len(tokens):
        last = min(first + _LONGEST_TOKENS, len(tokens))
        cut = next((n for n in range(last, first + _LONGEST_TOKENS // 2, -1) if n not in within), last)
        yield [item for item in lexical if item.start >= first and item.end <= cut]
        first = cut


def _combined(text: str, found: list[tuple[object, WhenReading]], c: Context, language: str) -> WhenReading:
    """Put the pieces of one request together: the first day, the first clock time, the first length."""
    values = [value for value, _ in found]
    spans = tuple(span for _, reading in found for span in reading.spans)
    length = next((v for v in values if isinstance(v, Length)), None)
    merged = _merged([v for v in values if not isinstance(v, Length)])
    if merged is None:
        return found[0][1]
    if length is not None and isinstance(merged, Point) and (merged.clock or merged.exact or not length.seconds):
        merged = Stretch(merged, length)
        length = None
    reading = resolve(merged, c)
    if reading is None:
        return found[0][1]
    if length is not None and reading.start is not None and reading.recurrence and not reading.all_day:
        delta = timedelta(days=length.days, seconds=length.seconds)
        reading = replace(reading, end=add_length(reading.start, length), duration=delta)
    elif length is not None and reading.duration is None:
        reading = replace(reading, duration=length_of(length))
    words = text[spans[0][0] : spans[-1][1]]
    return _said(replace(reading, text=words, spans=spans), merged, c.now, language)


def _merged(values: list[object]) -> Point | Range | Stretch | Open | Repeat | None:
    day = next((v for v in values if isinstance(v, Day) and v.grain == "day" and v.end is None), None)
    clock = next((v for v in values if isinstance(v, Clock)), None)
    part = next((v for v in values if isinstance(v, Part)), None)
    points = [v for v in values if isinstance(v, Point)]
    for value in values:
        if isinstance(value, Repeat):
            return replace(value, clock=value.clock or clock)
        if isinstance(value, Range):
            return replace(value, start=replace(value.start, day=day)) if _needs_day(value.start) and day else value
        if isinstance(value, Stretch):
            return replace(value, start=_completed(value.start, day, clock))
    if points:
        point = points[0]
        if point.exact is None and point.clock is None and clock is not None:
            return replace(point, clock=clock, part=None) if not point.part else _part_clock(point, clock)
        return point
    if day is not None or clock is not None:
        if clock is not None and part is not None:
            return _part_clock(Point(day, part=part), clock)
        return Point(day, clock, None if clock else part)
    opened = next((v for v in values if isinstance(v, Open)), None)
    if opened is not None:
        return opened
    first = next((v for v in values if isinstance(v, Day)), None)
    return Point(first) if first else (Point(part=part) if part else None)


def _completed(point: Point, day: Day | None, clock: Clock | None) -> Point:
    if point.exact is not None:
        return point
    return replace(point, day=point.day or day, clock=point.clock or (None if point.part else clock))


def _needs_day(point: Point) -> bool:
    return point.day is None and point.exact is None


def _part_clock(point: Point, clock: Clock) -> Point:
    assert point.part is not None
    if not clock.sure and point.part.name != "morning":
        clock = replace(clock, hour=clock.hour % 12 + 12, sure=True)
    return Point(point.day, replace(clock, sure=True))


def _said(reading: WhenReading, value: object, now: datetime, language: str) -> WhenReading:
    """The reading with its words."""
    start, end, chinese = reading.start, reading.end, language == "zh"
    if start is None and end is None:
        words = spoken.spoken_duration(reading.duration, language) if reading.duration else ""
    elif start is None:
        assert end is not None
        words = spoken.spoken_time(end.date() if reading.all_day else end, now, language)
        before = reading.all_day and not reading.includes_end_day
        words = f"{words}之前" if chinese else f"before {words}" if before else f"until {words}"
    elif reading.all_day:
        last = end.date() if end and reading.includes_end_day else (end - timedelta(days=1)).date() if end else None
        words = spoken.spoken_day(start.date(), now.date(), language)
        if last and last > start.date():
            words += f"{'至' if chinese else ' to '}{spoken.spoken_day(last, now.date(), language)}"
    elif end is not None:
        words = spoken.written_range(start, end, now, language)
    else:
        words = spoken.spoken_time(start, now, language)
    if isinstance(value, Open) and start is not None:
        words = f"{words}以后" if chinese else f"from {words} on"
    if reading.zone is not None and start is not None:
        there = reading.zone.rsplit("/", 1)[-1].replace("_", " ")
        there = f"UTC{there}" if there[0] in "+-" else there
        words += f" ({start.astimezone(zone_of(reading.zone)):%H:%M} {there})"
    if reading.recurrence is not None:
        first = f"从{words}开始" if chinese else f"from {words}"
        words = f"{spoken.spoken_recurrence(reading.recurrence, language)}{'，' if chinese else ', '}{first}"
    return replace(reading, words=words)
