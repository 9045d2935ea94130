"""`assistant bench agenda`: how the calendar keeps up as it grows, with khal on the same folder beside it.

The calendars are made up (the same ones each time): a tenth of the events repeat, of these some
without an end, over twenty years. Everything else is the program as it is: files in a folder, index
and journal beside it.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from assistant_app.agenda.events import EventDraft
from assistant_app.agenda.store import CalendarStore
from assistant_app.cli.bench_run import BenchRun, resident_mb
from assistant_app.cli.growth_plot import growth_plot
from assistant_app.cli.invocation import say

TARGETS_MS = {"month_view": 50.0, "next_event": 10.0, "add": 20.0, "search": 30.0}
_TITLES = {
    "month_view": "a month's view, not seen before",
    "month_again": "the same month again",
    "next_event": "next event",
    "add": "add an event",
    "move_one": "move one occasion of a series",
    "search": "search by words",
    "search_slip": "search with a slip in a word",
    "free_hours": "free hours in a week",
    "undo": "undo",
}
_ZONE = ZoneInfo("Europe/Berlin")
_NOW = datetime(2026, 11, 24, 10, 0, tzinfo=_ZONE)
_YEARS = 10
_CALENDARS = ("personal", "work", "family")
_SEED = 20261124
_KHAL_SECONDS = 900

_WHAT = (
    "Meeting Lunch Call Review Standup Dentist Training Concert Dinner Workshop Interview Visit Delivery Haircut "
    "Rehearsal Deadline Party Flight Inspection Seminar"
)
_WHOM = (
    "Anna Ben Chen Dana Elif Farid Greta Hugo Ines Jonas Keiko Lars Mina Nadia Omar Paula Quentin Rosa Stefan Tara "
    "Uma Viktor Wei Xenia Yusuf Zora"
)
_ABOUT = (
    "budget roadmap garden release contract holiday school project invoice rehearsal kitchen insurance tax bicycle "
    "research museum orchestra translation apartment passport vaccination recipe newsletter archive telescope"
)
_RULES = (
    ("FREQ=WEEKLY;COUNT={count}", 40),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT={count}", 15),
    ("FREQ=DAILY;COUNT={count}", 10),
    ("FREQ=MONTHLY;COUNT={count}", 12),
    ("FREQ=YEARLY", 12),
    ("FREQ=MONTHLY;BYDAY=2TU", 4),
    ("FREQ=WEEKLY", 5),
    ("FREQ=WEEKLY;BYDAY=MO,WE,FR", 2),
)
"""Rules with how often each occurs."""


def measure(bench: BenchRun) -> dict[str, Any]:
    """The figures of each size, and khal's where it is installed."""
    sizes = [_measure_size(bench.place / f"agenda-{events}", events, bench.repeat) for events in bench.events]
    results: dict[str, Any] = {"targets_ms": TARGETS_MS, "sizes": sizes}
    if bench.plot is not None:
        bench.plot.write_text(_plot(sizes), encoding="utf-8")
        results["plot"] = str(bench.plot)
    return results


def print_table(results: dict[str, Any]) -> None:
    sizes = results["sizes"]
    print("calendar, events" + " " * 22 + "".join(f"{size['events']:>16,}" for size in sizes))
    for name, title in _TITLES.items():
        values = "".join(f"{size['median_ms'][name]:13.1f} ms" for size in sizes)
        target = f"   at most {TARGETS_MS[name]:.0f} ms" if name in TARGETS_MS else ""
        print(f"{title:<38}{values}{target}")
    for name, title, unit in (
        ("rebuild_seconds", "make the index anew", "s"),
        ("start_ms", "open and look at every file", "ms"),
        ("index_mb", "index on disk", "MB"),
        ("resident_mb", "memory of the program", "MB"),
    ):
        print(f"{title:<38}" + "".join(f"{size[name]:{15 - len(unit)}.1f} {unit}" for size in sizes))
    for name, title in (("index_seconds", "khal: make its index"), ("month_seconds", "khal: list a month")):
        theirs = [size["khal"].get(name) if size["khal"] else None for size in sizes]
        if any(value is not None for value in theirs):
            shown = (f"{value:14.1f} s" if value is not None else f"{'-':>16}" for value in theirs)
            print(f"{title:<38}" + "".join(shown))
    if "plot" in results:
        print(f"Plotted: {results['plot']}")


def _measure_size(place: Path, events: int, repeat: int) -> dict[str, Any]:
    say(f"Writing {events:,} events")
    root = place / "calendars"
    write_calendars(root, events)
    store = _open(place)
    try:
        say("Making the index")
        began = time.perf_counter()
        with _bar(events) as progress:
            store.rebuild_index(progress)
        rebuild_seconds = time.perf_counter() - began
    finally:
        store.close()
    began = time.perf_counter()
    store = _open(place)
    try:
        store.next_after(_NOW)
        start_ms = (time.perf_counter() - began) * 1000
        times = _times(store, max(repeat, 5))
        resident = resident_mb()
    finally:
        store.close()
    result = {
        "events": events,
        "median_ms": {name: round(statistics.median(values), 2) for name, values in times.items()},
        "worst_ms": {name: round(max(values), 2) for name, values in times.items()},
        "occurrences_in_a_month": _occurrences(place),
        "rebuild_seconds": round(rebuild_seconds, 1),
        "start_ms": round(start_ms, 1),
        "index_mb": round((place / "index.sqlite").stat().st_size / 1e6, 1),
        "resident_mb": resident,
        "khal": _khal(place, root),
    }
    shutil.rmtree(place, ignore_errors=True)
    return result


def _open(place: Path) -> CalendarStore:
    return CalendarStore(
        place / "calendars",
        index_file=place / "index.sqlite",
        journal_file=place / "journal.sqlite",
        zone=_ZONE,
        clock=lambda: _NOW,
    )


def _occurrences(place: Path) -> int:
    store = _open(place)
    try:
        return len(store.between(*_month(0)))
    finally:
        store.close()


def _month(number: int) -> tuple[datetime, datetime]:
    """The month so many months from this one."""
    first = (_NOW.year * 12 + _NOW.month - 1) + number
    start, end = (datetime(m // 12, m % 12 + 1, 1, tzinfo=_ZONE) for m in (first, first + 1))
    return start, end


def _times(store: CalendarStore, repeat: int) -> dict[str, list[float]]:
    """Milliseconds of each action, run after run."""
    found: dict[str, list[float]] = {name: [] for name in _TITLES}

    def timed(name: str, act: Callable[..., Any], *given: Any, **named: Any) -> None:
        began = time.perf_counter()
        act(*given, **named)
        found[name].append((time.perf_counter() - began) * 1000)

    randomly = random.Random(_SEED)
    months = list(range(-6, 7))
    randomly.shuffle(months)
    for number in range(min(repeat, len(months))):
        start, end = _month(months[number])
        timed("month_view", store.between, start, end)
        timed("month_again", store.between, start, end)
    for number in range(repeat):
        now = _NOW + timedelta(hours=37 * number)
        timed("next_event", store.next_after, now)
        week = now, now + timedelta(days=7)
        timed("free_hours", store.free_slots, timedelta(hours=1), *week, day_starts_hour=8, day_ends_hour=18)
    what, whom, about = _WHAT.split(), _WHOM.split(), _ABOUT.split()
    for _ in range(repeat):
        for words in (
            randomly.choice(what),
            f"{randomly.choice(what)} with {randomly.choice(whom)}",
            f"{randomly.choice(about)} {randomly.choice(whom)}",
            randomly.choice(about)[:4],
        ):
            timed("search", store.search, words)
        word = randomly.choice(about)
        timed("search_slip", store.search, word[:2] + word[3:])
    for number in range(repeat):
        start = _NOW + timedelta(days=number, hours=3)
        draft = EventDraft(f"Measured {number}", start, start + timedelta(hours=1), location="Here")
        timed("add", store.add, draft)
        timed("undo", store.undo)
    series = store.add(EventDraft("Series", _NOW, _NOW + timedelta(hours=1), recurrence="FREQ=WEEKLY;COUNT=50"))
    for number in range(repeat):
        day = (_NOW + timedelta(weeks=number)).date()
        start = _NOW + timedelta(weeks=number, hours=2)
        timed("move_one", store.move, series.uid, start, scope="one", occurrence=day)
    store.delete(series.uid)
    return found


# The calendars that are measured


def write_calendars(root: Path, events: int) -> None:
    """Made-up calendars, the same for the same number."""
    randomly = random.Random(_SEED + events)
    for name in _CALENDARS:
        (root / name).mkdir(parents=True, exist_ok=True)
    for number in range(events):
        calendar = randomly.choices(_CALENDARS, (5, 4, 1))[0]
        (root / calendar / f"{number:06}.ics").write_bytes(_event(number, randomly))


def _event(number: int, randomly: random.Random) -> bytes:
    title = f"{randomly.choice(_WHAT.split())} with {randomly.choice(_WHOM.split())}"
    start = _NOW.replace(hour=8, minute=0) + timedelta(
        days=randomly.randint(-_YEARS * 365, _YEARS * 365), minutes=15 * randomly.randint(0, 40)
    )
    lines = [
        f"UID:{number:06}@bench",
        "DTSTAMP:20260101T000000Z",
        f"SUMMARY:{title}",
        f"DESCRIPTION:About the {randomly.choice(_ABOUT.split())} and the {randomly.choice(_ABOUT.split())}",
    ]
    if randomly.random() < 0.1:
        lines += [f"DTSTART;VALUE=DATE:{start:%Y%m%d}", f"DTEND;VALUE=DATE:{start + timedelta(days=1):%Y%m%d}"]
    else:
        end = start + timedelta(minutes=15 * randomly.randint(1, 8))
        lines += [f"DTSTART;TZID={_ZONE.key}:{start:%Y%m%dT%H%M%S}", f"DTEND;TZID={_ZONE.key}:{end:%Y%m%dT%H%M%S}"]
    if number % 10 == 0:
        rule = randomly.choices([rule for rule, _ in _RULES], [weight for _, weight in _RULES])[0]
        lines.append("RRULE:" + rule.format(count=randomly.randint(4, 60)))
        if randomly.random() < 0.2:
            lines.append(f"EXDATE;TZID={_ZONE.key}:{start + timedelta(weeks=2):%Y%m%dT%H%M%S}")
    text = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Bench//EN", "BEGIN:VEVENT", *lines, "END:VEVENT"]
    return "\r\n".join([*text, "END:VCALENDAR", ""]).encode()


# khal


def _khal(place: Path, root: Path) -> dict[str, float] | None:
    """Seconds of khal for its first list, which makes its index, and for the next; None where it is not installed."""
    khal = shutil.which("khal") or str(Path(sys.executable).with_name("khal"))
    if not Path(khal).exists():
        return None
    home = place / "khal"
    home.mkdir()
    config = home / "config"
    config.write_text(
        f"[calendars]\n[[all]]\npath = {root}/*\ntype = discover\n[sqlite]\npath = {home}/khal.db\n"
        f"[locale]\nlocal_timezone = {_ZONE.key}\ndefault_timezone = {_ZONE.key}\n"
        "timeformat = %H:%M\ndateformat = %d.%m.%Y\nlongdateformat = %d.%m.%Y\n"
        "datetimeformat = %d.%m.%Y %H:%M\nlongdatetimeformat = %d.%m.%Y %H:%M\n",
        encoding="utf-8",
    )
    environment = os.environ | {"HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CACHE_HOME": str(home)}
    environment |= {"LC_ALL": "C.UTF-8"}
    command = [khal, "-c", str(config), "list", "--format", "{title}", f"{_month(0)[0]:%d.%m.%Y}", "30d"]
    found: dict[str, float] = {}
    for name in ("index_seconds", "month_seconds"):
        say("khal: makes its index" if name == "index_seconds" else "khal: lists a month")
        began = time.perf_counter()
        try:
            subprocess.run(
                command,
                env=environment,
                check=True,
                timeout=_KHAL_SECONDS,
                capture_output=True,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            say(f"khal was stopped after {_KHAL_SECONDS} seconds")
            return found | {f"{name}_more_than": float(_KHAL_SECONDS)}
        except subprocess.CalledProcessError as error:
            say(f"khal failed: {error.stderr.decode('utf-8', 'replace').strip().splitlines()[-1:]}")
            return found or None
        found[name] = round(time.perf_counter() - began, 2)
    return found


# Around it


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Callable[[int, int], None]]:
    """A progress bar as a `Progress`."""
    from tqdm import tqdm

    with tqdm(total=total, unit=" files", leave=False) as bar:
        yield lambda done, of: bar.update(done - bar.n)


def _plot(sizes: list[dict[str, Any]]) -> str:
    names = ("month_view", "next_event", "add", "search")
    lines = {_TITLES[name]: [(size["events"], size["median_ms"][name]) for size in sizes] for name in names}
    return growth_plot("Calendar: milliseconds by number of events", lines)
