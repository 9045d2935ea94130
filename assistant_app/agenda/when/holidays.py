"""Holidays by name: those of the user's country, and days that are kept almost everywhere.

Public holidays come from the `holidays` library (MIT), in English and Chinese; days that no law makes
free (Halloween, Mother's Day, 情人节) are in a table here. It knows no grammar.
"""

from __future__ import annotations

import functools
import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.easter import easter

_LOCALES = {"en": "en_US", "zh": "zh_CN"}
_ELSEWHERE = {"en": ("US", "GB", "IN", "IL", "AE", "CN"), "zh": ("CN", "HK", "TW")}
"""Whose holidays are meant where the user's own country has none of that name."""
_SAMPLE_YEARS = (2024, 2025, 2026)
"""Years whose names are read into the lexicon."""
_OBSERVANCES: dict[str, tuple[int, int] | tuple[int, int, int] | int] = {
    "new year|new year's|new year's day|元旦|元旦节|新年": (1, 1),
    "new year's eve|nye|跨年夜": (12, 31),
    "groundhog day": (2, 2),
    "valentine's day|valentine's|st valentine's day|情人节": (2, 14),
    "international women's day|women's day|妇女节|三八节": (3, 8),
    "saint patrick's day|st patrick's day|st. patrick's day|saint patrick|st patrick": (3, 17),
    "april fools|april fools' day|april fool's day|愚人节": (4, 1),
    "earth day|地球日": (4, 22),
    "children's day|儿童节|六一儿童节": (6, 1),
    "juneteenth|freedom day|jubilee day": (6, 19),
    "independence day|fourth of july|4th of july": (7, 4),
    "teacher's day|teachers' day|教师节": (9, 10),
    "halloween|hallowe'en|万圣节": (10, 31),
    "all saints' day|all saints day|all hallows": (11, 1),
    "guy fawkes night|bonfire night": (11, 5),
    "singles day|singles' day|光棍节|双十一": (11, 11),
    "christmas|xmas|christmas day|x-mas|圣诞节|圣诞": (12, 25),
    "christmas eve|xmas eve|平安夜|圣诞夜": (12, 24),
    "boxing day": (12, 26),
    "martin luther king day|mlk day|mlk": (1, 0, 3),
    "mother's day|mothers' day|母亲节": (5, 6, 2),
    "father's day|fathers' day|父亲节": (6, 6, 3),
    "thanksgiving|thanksgiving day|感恩节": (11, 3, 4),
    "labor day|labour day": (9, 0, 1),
    "memorial day": (5, 0, -1),
    "presidents' day|president's day": (2, 0, 3),
    "columbus day|indigenous peoples' day": (10, 0, 2),
    "easter|easter sunday|复活节": 0,
    "good friday|耶稣受难日": -2,
    "palm sunday": -7,
    "easter monday": 1,
    "ash wednesday": -46,
    "shrove tuesday|mardi gras|pancake day": -47,
    "ascension day": 39,
    "pentecost|whit sunday": 49,
    "whit monday": 50,
}
"""Names and when: (month, day), (month, weekday, which), or days after Easter Sunday."""
_AFTER_HOLIDAY = {"black friday": ("thanksgiving", 1), "cyber monday": ("thanksgiving", 4), "元宵节": ("春节", 14)}
_ALSO_CALLED = {
    "eid al-fitr": ("eid al fitr", "eid ul fitr", "eid"),
    "eid al-adha": ("eid al adha",),
    "chinese new year": ("lunar new year", "spring festival"),
    "diwali": ("deepavali",),
    "春节": ("大年初一", "农历新年", "过年"),
    "除夕": ("大年三十", "年三十", "除夕夜"),
    "国庆节": ("国庆", "十一国庆"),
    "中秋节": ("中秋",),
    "端午节": ("端午",),
    "清明节": ("清明",),
    "劳动节": ("五一", "五一劳动节"),
}
_SINGLE_WORDS = frozenset(
    ("diwali", "holi", "hanukkah", "passover", "purim", "sukkot", "juneteenth", "dussehra", "onam", "pongal", "vesak")
)
"""Holidays of one word that mean nothing else."""
_SUBSTITUTES = re.compile(r"observed|substitut|day off|休息日|补假|調休|补休|翌日|in lieu", re.I)


@dataclass(frozen=True, slots=True)
class Holiday:
    """A holiday by its name, in whatever year."""

    name: str
    country: str
    """Empty for one of the table here."""
    language: str = "en"
    offset_days: int = 0
    """The day before is -1: "Thanksgiving eve"."""

    def date_in(self, year: int) -> date | None:
        found = _named(self.country, self.language, year).get(self.name) if self.country else _observed(self.name, year)
        return found + timedelta(days=self.offset_days) if found else None

    @property
    def yearly(self) -> tuple[int, ...] | None:
        """(month, day) or (month, weekday, which) of one that follows such a rule."""
        rule = None if self.country or self.offset_days else _OBSERVANCES.get(self.name)
        return rule if isinstance(rule, tuple) else None

    def next_from(self, day: date) -> date | None:
        dates = (self.date_in(year) for year in range(day.year, day.year + 3))
        return next((found for found in dates if found and found >= day), None)

    def last_before(self, day: date) -> date | None:
        dates = (self.date_in(year) for year in range(day.year, day.year - 3, -1))
        return next((found for found in dates if found and found < day), None)


def holiday_words(language: str, country: str) -> dict[str, Holiday]:
    """Every name, lower case, with its holiday; the user's country wins where several have one of that name."""
    words: dict[str, Holiday] = {}
    chinese = language == "zh"
    for names in _OBSERVANCES:
        for name in names.split("|"):
            if name.isascii() != chinese:
                words[name] = Holiday(names, "", language)
    for name in _AFTER_HOLIDAY:
        if name.isascii() != chinese:
            words[name] = Holiday(name, "", language)
    for code in reversed((country, *(c for c in _ELSEWHERE[language] if c != country))):
        for year in _SAMPLE_YEARS:
            for name in _named(code, language, year):
                holiday = Holiday(name, code, language)
                known = name not in words or (code == country and not chinese)
                if known and (chinese or " " in name or "-" in name or name in _SINGLE_WORDS):
                    words[name] = holiday
                    words.update((other, holiday) for other in _ALSO_CALLED.get(name, ()) if other not in words)
    for name, holiday in list(words.items()):
        if "'" in name:
            for other in (name.replace("'s", "s").replace("s'", "s"), name.replace("'s", "").replace("s'", "")):
                words.setdefault(other, holiday)
    return words


def _observed(names: str, year: int) -> date | None:
    if names in _AFTER_HOLIDAY:
        base, days = _AFTER_HOLIDAY[names]
        key = next((key for key in _OBSERVANCES if base in key.split("|")), None)
        found = _observed(key, year) if key else _named("CN", "zh", year).get(base)
        return found + timedelta(days=days) if found else None
    rule = _OBSERVANCES[names]
    if isinstance(rule, int):
        sunday: date = easter(year)
        return sunday + timedelta(days=rule)
    if len(rule) == 2:
        return date(year, *rule)
    month, weekday, nth = rule
    if nth > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
    last = date(year, month, monthrange(year, month)[1])
    return last - timedelta(days=(last.weekday() - weekday) % 7)


@functools.lru_cache(maxsize=256)
def _named(country: str, language: str, year: int) -> dict[str, date]:
    """Names, lower case, and first days of a country's public holidays in a year."""
    import holidays

    try:
        found = holidays.country_holidays(country, years=year, language=_LOCALES[language])
    except NotImplementedError:
        return {}
    named: dict[str, date] = {}
    for day, names in sorted(found.items()):
        for name in re.split(r"; ?|/", names):
            if _SUBSTITUTES.search(name):
                continue
            plain = re.sub(r"\s*[(（].*?[)）]", "", name).strip().lower().replace("’", "'").replace(" jr.", "")
            plain = plain.removeprefix("农历")
            if plain and not any("\u3040" <= sign <= "\u30ff" for sign in plain):
                named.setdefault(plain, day)
    return named
