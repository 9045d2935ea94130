"""Time zones by what people call them: cities, countries, abbreviations, offsets.

Cities and countries come from the time zone database's own tables, the rest is here. "EST" and "PST"
are read as the wall time of those places, summer or winter, as people mean them.
"""

from __future__ import annotations

import functools
import zoneinfo
from datetime import timedelta, timezone, tzinfo
from importlib import resources
from pathlib import Path

_CALLED = {
    "UTC": "utc|gmt|z|zulu|coordinated universal time|greenwich mean|universal|greenwich",
    "America/New_York": "et|est|edt|eastern|eastern standard|eastern daylight|us eastern|boston|washington|"
    "washington dc|philadelphia|atlanta|miami|nyc|east coast",
    "America/Chicago": "ct|cst|cdt|central|central standard|central daylight|us central|houston|dallas|austin|texas",
    "America/Denver": "mt|mst|mdt|mountain|mountain standard|mountain daylight|us mountain",
    "America/Los_Angeles": "pt|pst|pdt|pacific|pacific standard|pacific daylight|us pacific|california|seattle|"
    "san francisco|silicon valley|las vegas|west coast",
    "America/Anchorage": "akst|akdt|alaska",
    "Pacific/Honolulu": "hst|hawaii",
    "America/Halifax": "ast|adt|atlantic",
    "America/St_Johns": "nst|ndt|newfoundland",
    "America/Sao_Paulo": "brt|brasilia|rio|rio de janeiro|brazil",
    "Europe/London": "bst|uk|british|british summer|britain|england|scotland|edinburgh|wales|manchester",
    "Europe/Paris": "cet|cest|central european|lyon",
    "Europe/Berlin": "munich|frankfurt|hamburg|cologne|germany|german",
    "Europe/Zurich": "geneva|basel|bern|swiss",
    "Europe/Madrid": "barcelona|spanish",
    "Europe/Rome": "milan|italian",
    "Europe/Helsinki": "eet|eest|eastern european",
    "Europe/Lisbon": "wet|west|portugal",
    "Europe/Moscow": "msk|russia|moscow standard",
    "Asia/Kolkata": "ist|india|indian standard|delhi|new delhi|mumbai|bangalore|bengaluru|chennai|hyderabad|calcutta",
    "Asia/Shanghai": "beijing|china|china standard|chinese|shenzhen|guangzhou|北京|上海|中国",
    "Asia/Tokyo": "jst|japan standard|japanese|osaka|kyoto|东京|日本",
    "Asia/Seoul": "kst|korean|korea|首尔|韩国",
    "Asia/Hong_Kong": "hkt|香港",
    "Asia/Taipei": "台北|台湾",
    "Asia/Singapore": "sgt|新加坡",
    "Asia/Dubai": "gst|uae|abu dhabi|gulf standard|迪拜",
    "Asia/Jerusalem": "israel|tel aviv",
    "Australia/Sydney": "aest|aedt|australian eastern|canberra|悉尼",
    "Australia/Adelaide": "acst|acdt",
    "Australia/Perth": "awst",
    "Pacific/Auckland": "nzst|nzdt|new zealand",
    "Africa/Johannesburg": "sast|south africa|cape town",
    "Africa/Nairobi": "eat",
    "Africa/Lagos": "wat",
}
_CHINESE = {"伦敦": "Europe/London", "巴黎": "Europe/Paris", "柏林": "Europe/Berlin", "莫斯科": "Europe/Moscow"}
_CHINESE |= {"纽约": "America/New_York", "洛杉矶": "America/Los_Angeles", "旧金山": "America/Los_Angeles"}
_CHINESE |= {"芝加哥": "America/Chicago", "格林尼治": "UTC", "美东": "America/New_York", "美西": "America/Los_Angeles"}
_SHORT_NAMES = """
utc gmt et est edt ct cst cdt mst mdt pt pst pdt akst akdt hst bst cet cest eet eest ist jst kst hkt sgt aest aedt
acst acdt awst nzst nzdt sast msk eastern central pacific mountain
"""
SHORT_NAMES = frozenset(_SHORT_NAMES.split())
"""Names that need no "time" behind them: "3 pm PST"."""


@functools.lru_cache(maxsize=1)
def zone_names() -> dict[str, str]:
    """What zones are called, lower case, to their keys; without the word "time"."""
    names: dict[str, str] = dict(_CHINESE)
    countries = {code: name for code, name in _rows("iso3166.tab")}
    zones_of: dict[str, list[str]] = {}
    for code, key in ((row[0], row[2]) for row in _rows("zone.tab")):
        zones_of.setdefault(code, []).append(key)
        names[key.rsplit("/", 1)[-1].replace("_", " ").lower()] = key
    for code, keys in zones_of.items():
        if len(keys) == 1 and code in countries:
            names[countries[code].lower()] = keys[0]
    for key, called in _CALLED.items():
        names.update(dict.fromkeys(called.split("|"), key))
    return names


@functools.lru_cache(maxsize=1)
def _countries_of_zones() -> dict[str, str]:
    return {row[2]: row[0] for row in _rows("zone.tab")}


def country_of(zone: tzinfo | None) -> str | None:
    """Two letters of the country a zone lies in; None for UTC and the like."""
    return _countries_of_zones().get(getattr(zone, "key", ""))


def zone_of(name: str) -> tzinfo:
    """A zone by its key, or by its offset: "+05:30"."""
    if name[0] in "+-":
        hours, minutes = name[1:].split(":")
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-offset if name[0] == "-" else offset)
    return zoneinfo.ZoneInfo(name)


def _rows(table: str) -> list[list[str]]:
    """The rows of a table of the time zone database; none where it is not installed."""
    for folder in zoneinfo.TZPATH:
        file = Path(folder, table)
        if file.is_file():
            return _split(file.read_text(encoding="utf-8"))
    try:
        return _split(resources.files("tzdata").joinpath("zoneinfo", table).read_text(encoding="utf-8"))
    except (ModuleNotFoundError, FileNotFoundError):
        return []


def _split(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
