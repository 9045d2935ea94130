"""What time it is elsewhere, how far clocks are apart, and how many days there are until a day.

Places are those of `agenda.when.zones` and of the facts in the box, days are read by `agenda.when`; here is only what
is asked of them. A question that holds anything else is not one of these.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from assistant_app.agenda.spoken import spoken_clock, spoken_day, spoken_duration
from assistant_app.agenda.when import parse_when
from assistant_app.agenda.when.zones import SHORT_NAMES, zone_names, zone_of
from assistant_app.knowledge.facts.asking import fold, plain, plain_chinese
from assistant_app.skills.api import SkillContext
from assistant_app.turn import SkillReply, Source, Utterance

ZONES = "IANA time zone database"
CALENDAR = "Calendar arithmetic"
_AROUND_TIME = frozenset(
    (
        "what",
        "whats",
        "is",
        "s",
        "the",
        "it",
        "in",
        "now",
        "right",
        "current",
        "currently",
        "local",
        "at",
        "moment",
        "time",
        "exact",
        "exactly",
        "for",
    )
)
_IN_ZONE = re.compile(r"(?:the )?(\w+(?: \w+)?) time ?zone$")
_AROUND_ZONE = frozenset(
    (
        "what",
        "whats",
        "which",
        "is",
        "s",
        "the",
        "in",
        "for",
        "of",
        "timezone",
        "located",
        "use",
        "does",
        "city",
        "that",
    )
)
_DIFFERENCE = re.compile(
    r"(?:what(?:'s| is) )?(?:the )?time difference between (?P<one>.+?) and (?P<other>.+)"
    r"|how many hours (?:are there )?between (?P<one2>.+?) and (?P<other2>.+)"
    r"|(?:what(?:'s| is) )?(?:the )?time difference (?:to|with|from) (?P<other3>.+)"
    r"|how (?:many hours|far) (?:ahead|behind) is (?P<other4>.+)",
    re.IGNORECASE,
)
_DAYS_UNTIL = re.compile(
    r"(?:how many (?P<unit>days|weeks|nights|sleeps)|how long) "
    r"(?:is it |are there |are |do we have |is there )?(?:left |to go )?"
    r"(?:until|till|til|to|before) (?P<day>.+?)(?: is here| comes)?",
    re.IGNORECASE,
)
_DAYS_BETWEEN = re.compile(
    r"how many (?P<unit>days|weeks) (?:are there |are |is it )?(?:between|from) "
    r"(?P<first>.+?) (?:and|to|until) (?P<last>.+)",
    re.IGNORECASE,
)
_ZH_AROUND_TIME = re.compile(r"(?:现在|当地|时间|的|是|几点钟?|了|什么|几点了|此刻)")
_ZH_DAYS_UNTIL = re.compile(
    r"(?:离|距离|距)(?P<day>.+?)(?:还有|还剩)(?:多少|几)(?P<unit>天|周|个星期)(?:了)?"
    r"|(?:还有|还剩)(?:多少|几)(?P<unit2>天|周|个星期)(?:就?到|就?是|才是|才到|过)(?P<day2>.+?)"
)


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    zone: str


def clock_or_days(utterance: Utterance, context: SkillContext) -> SkillReply | None:
    """The answer, where the whole question asks for a far clock or for days."""
    if utterance.language == "zh":
        text = plain_chinese(utterance.text)
        return _chinese_clock(text, context) or _chinese_days(text, context)
    text = plain(utterance.text)
    return _zone(text, context) or _clock(text, context) or _difference(text, context) or _days(text, context)


def _clock(text: str, context: SkillContext) -> SkillReply | None:
    words = fold(_IN_ZONE.sub(r"\1", text.lower())).split()
    unknown = [n for n, word in enumerate(words) if word not in _AROUND_TIME]
    if "time" not in words or not unknown or unknown[-1] - unknown[0] != len(unknown) - 1:
        return None
    place = _place(" ".join(words[unknown[0] : unknown[-1] + 1]), context)
    if place is None:
        return None
    now = context.now()
    there = now.astimezone(zone_of(place.zone))
    day = {0: "", 1: " tomorrow", -1: " yesterday"}[(there.date() - now.date()).days]
    return SkillReply(
        f"It is {there:%H:%M}{day} in {place.name}.",
        speech=f"It is {spoken_clock(there)}{day} in {place.name}.",
        sources=(_zone_source(place, there),),
    )


def _zone(text: str, context: SkillContext) -> SkillReply | None:
    """ "What time zone is Lima in", "London's timezone"."""
    words = fold(text.lower().replace("time zone", "timezone")).split()
    unknown = [n for n, word in enumerate(words) if word not in _AROUND_ZONE]
    if "timezone" not in words or not unknown or unknown[-1] - unknown[0] != len(unknown) - 1:
        return None
    place = _place(" ".join(words[unknown[0] : unknown[-1] + 1]), context)
    if place is None or place.zone[0] in "+-":
        return None
    there = context.now().astimezone(zone_of(place.zone))
    shift = f"{there:%z}"
    offset = f"UTC{shift[:3]}{'' if shift[3:] == '00' else ':' + shift[3:]}"
    name = f"{there:%Z}"
    told = f"{name}, {offset}" if name.isalpha() and name != "UTC" else offset
    return SkillReply(
        f"{place.name[0].upper()}{place.name[1:]} is in the time zone {place.zone}, now {told}.",
        sources=(_zone_source(place, there),),
    )


def _difference(text: str, context: SkillContext) -> SkillReply | None:
    match = _DIFFERENCE.fullmatch(text)
    if match is None:
        return None
    other = _place(match["other"] or match["other2"] or match["other3"] or match["other4"], context)
    named = match["one"] or match["one2"]
    here = _Place("here", getattr(context.zone, "key", "UTC"))
    one = _place(named, context) if named else here
    if one is None or other is None:
        return None
    now = context.now()
    first, second = (now.astimezone(zone_of(place.zone)) for place in (one, other))
    apart = (second.utcoffset() or timedelta()) - (first.utcoffset() or timedelta())
    name = one.name
    if not apart:
        told = f"{other.name} has the same time as {name}." if named else f"{other.name} has the same time as here."
    else:
        told = (
            f"{other.name} is {spoken_duration(abs(apart))} {'ahead of' if apart > timedelta() else 'behind'} {name}."
        )
    sources = (_zone_source(other, second), *((_zone_source(one, first),) if named else ()))
    return SkillReply(f"{told[0].upper()}{told[1:]}", sources=sources)


def _days(text: str, context: SkillContext) -> SkillReply | None:
    now = context.now()
    between = _DAYS_BETWEEN.fullmatch(text)
    if between is not None:
        first, last = (_day(between[part], now, "en") for part in ("first", "last"))
        if first is None or last is None:
            return None
        return _counted(abs((last - first).days), between["unit"], f"from {_written(first)} to {_written(last)}")
    match = _DAYS_UNTIL.fullmatch(text)
    day = _day(match["day"], now, "en") if match else None
    if match is None or day is None or day < now.date():
        return None
    if day == now.date():
        return SkillReply("That is today.")
    return _counted((day - now.date()).days, match["unit"] or "days", f"until {spoken_day(day, now.date())}")


def _counted(days: int, unit: str, what: str) -> SkillReply:
    weeks, rest = divmod(days, 7)
    if unit == "weeks":
        parts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((weeks, "week"), (rest, "day")) if n]
        told = " and ".join(parts) or "0 weeks"
    else:
        told = f"{days} {unit if days != 1 else unit[:-1]}"
    return SkillReply(f"{told} {what}.", sources=(Source(CALENDAR, "computed on this machine", f"{told} {what}"),))


def _chinese_clock(text: str, context: SkillContext) -> SkillReply | None:
    if "几点" not in text and "时间" not in text:
        return None
    name = _ZH_AROUND_TIME.sub("", text)
    place = _place(name, context) if name else None
    if place is None:
        return None
    now = context.now()
    there = now.astimezone(zone_of(place.zone))
    day = {0: "", 1: "明天", -1: "昨天"}[(there.date() - now.date()).days]
    return SkillReply(
        f"{name}现在是{day}{there:%H:%M}。",
        speech=f"{name}现在是{day}{spoken_clock(there, 'zh')}。",
        sources=(_zone_source(place, there),),
    )


def _chinese_days(text: str, context: SkillContext) -> SkillReply | None:
    match = _ZH_DAYS_UNTIL.fullmatch(text)
    if match is None:
        return None
    today = context.now().date()
    day = _day(match["day"] or match["day2"], context.now(), "zh")
    if day is None or day < today:
        return None
    days = (day - today).days
    weeks, rest = divmod(days, 7)
    in_weeks = (match["unit"] or match["unit2"]) != "天" and weeks
    length = (f"{weeks}周" + (f"零{rest}天" if rest else "")) if in_weeks else f"{days}天"
    told = f"还有{length}，{spoken_day(day, today, 'zh')}。" if days else "就是今天。"
    return SkillReply(told, sources=(Source(CALENDAR, "computed on this machine", told),))


def _day(words: str, now: datetime, language: str) -> date | None:
    """The one day that all of these words name."""
    words = words.strip(" ?.!？。，")
    reading = parse_when(words, now=now, language=language)
    whole = reading is not None and len(reading.spans) == 1 and reading.spans[0] == (0, len(words))
    if reading is None or not whole or not reading.all_day or reading.start is None:
        return None
    single = reading.end is None and reading.grain == "day" and not reading.recurrence and reading.duration is None
    return reading.start.date() if single else None


def _place(name: str, context: SkillContext) -> _Place | None:
    """A place with its time: a zone's name, a city of the box, or a country by its capital."""
    folded = fold(name).removeprefix("the ")
    key = zone_names().get(folded)
    if key is not None:
        return _Place(_titled(folded), key)
    if context.facts is None:
        return None
    city = context.facts.city(folded)
    if city is not None:
        return _Place(city.name, city.zone)
    capital = context.facts.capital_of(folded)
    return _Place(f"{capital.name} ({_titled(folded)})", capital.zone) if capital else None


def _titled(name: str) -> str:
    """ "EST", "Eastern time", "Isle of Man"."""
    if name in SHORT_NAMES:
        return name.upper() if len(name) < 6 else f"{name.capitalize()} time"
    small = ("of", "and", "the", "de", "da", "do", "es")
    words = name.split()
    return " ".join(word if word in small else word.upper() if len(word) < 3 else word.capitalize() for word in words)


def _written(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _zone_source(place: _Place, there: datetime) -> Source:
    return Source(ZONES, place.zone, f"{place.name}: {there:%Y-%m-%d %H:%M} {there:%Z} (UTC{there:%z})")
