"""Times, lengths and repeats in words, by the user's locale.

Everything a person reads about an event goes through here. Knows values, no widgets.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from PySide6.QtCore import QCoreApplication, QDate, QLocale, QTime

from assistant_app.agenda.events import Moment
from assistant_app.turn import Route


def tr(text: str, *, n: int = -1) -> str:
    """Translate a sentence of this module."""
    return QCoreApplication.translate("words", text, "", n)


def qdate(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)


def pydate(day: QDate) -> date:
    return date(day.year(), day.month(), day.day())


def time_words(moment: datetime | time) -> str:
    """15:30, or 3:30 PM where that is the custom."""
    return QLocale().toString(QTime(moment.hour, moment.minute), QLocale.FormatType.ShortFormat)


def day_words(day: date, *, year: bool = False) -> str:
    """Thursday 26 November, always with the weekday."""
    locale = QLocale()
    if locale.language() == QLocale.Language.Chinese:
        pattern = "yyyy年M月d日 dddd" if year else "M月d日 dddd"
    else:
        pattern = "dddd d MMMM yyyy" if year else "dddd d MMMM"
    return locale.toString(qdate(day), pattern)


def short_day_words(day: date) -> str:
    """Thu 26 Nov."""
    locale = QLocale()
    pattern = "M月d日 ddd" if locale.language() == QLocale.Language.Chinese else "ddd d MMM"
    return locale.toString(qdate(day), pattern)


def day_range_words(first: date, last: date) -> str:
    """23–29 Nov, 30 Nov – 6 Dec, 11月23日–29日."""
    locale = QLocale()
    if locale.language() == QLocale.Language.Chinese:
        end = f"{last.day}日" if last.month == first.month else locale.toString(qdate(last), "M月d日")
        return f"{locale.toString(qdate(first), 'M月d日')}–{end}"
    if first.month == last.month:
        return f"{first.day}–{locale.toString(qdate(last), 'd MMM')}"
    return f"{locale.toString(qdate(first), 'd MMM')} – {locale.toString(qdate(last), 'd MMM')}"


def month_words(day: date) -> str:
    """November 2026."""
    locale = QLocale()
    pattern = "yyyy年M月" if locale.language() == QLocale.Language.Chinese else "MMMM yyyy"
    return locale.toString(qdate(day), pattern)


def relative_day_words(day: date, today: date) -> str:
    """Yesterday, today, tomorrow; else weekday and date."""
    distance = (day - today).days
    if distance == 0:
        return tr("Today")
    if distance == 1:
        return tr("Tomorrow")
    if distance == -1:
        return tr("Yesterday")
    return day_words(day, year=day.year != today.year)


def span_words(start: Moment, end: Moment, zone: ZoneInfo) -> str:
    """Thursday 26 November, 15:30–16:15."""
    if not isinstance(start, datetime):
        last = end - timedelta(days=1) if not isinstance(end, datetime) else end.date()
        if last <= start:
            return tr("{day}, all day").format(day=day_words(start))
        return f"{short_day_words(start)} – {short_day_words(last)}"
    begin = start.astimezone(zone)
    if not isinstance(end, datetime):
        return f"{day_words(begin.date())}, {time_words(begin)}"
    finish = end.astimezone(zone)
    if finish.date() == begin.date() or (finish.time() == time() and (finish - begin) <= timedelta(days=1)):
        return f"{day_words(begin.date())}, {time_words(begin)}–{time_words(finish)}"
    return (
        f"{short_day_words(begin.date())} {time_words(begin)} – {short_day_words(finish.date())} {time_words(finish)}"
    )


def hours_words(start: Moment, end: Moment, zone: ZoneInfo) -> str:
    """15:30–16:15, or all day."""
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return tr("All day")
    return f"{time_words(start.astimezone(zone))}–{time_words(end.astimezone(zone))}"


def length_words(length: timedelta) -> str:
    """45 min, 2 h, 1 h 30 min."""
    minutes = round(length.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    if hours and rest:
        return tr("{hours} h {minutes} min").format(hours=hours, minutes=rest)
    if hours:
        return tr("{hours} h").format(hours=hours)
    return tr("{minutes} min").format(minutes=rest)


def moment_from(text: str) -> Moment | None:
    """An ISO date or time of an action's details."""
    try:
        return datetime.fromisoformat(text) if len(text) > 10 else date.fromisoformat(text)
    except ValueError:
        return None


def details_words(details: Mapping[str, str], zone: ZoneInfo, prefix: str = "") -> str:
    """When an action's event is, from its ISO details; "" where they name no time."""
    start = moment_from(details.get(f"{prefix}start", ""))
    end = moment_from(details.get(f"{prefix}end", ""))
    if start is None:
        return ""
    if isinstance(start, datetime) and start.tzinfo is None:
        start = start.replace(tzinfo=zone)
    if isinstance(end, datetime) and end.tzinfo is None:
        end = end.replace(tzinfo=zone)
    if end is None or isinstance(end, datetime) != isinstance(start, datetime):
        end = start if isinstance(start, datetime) else start + timedelta(days=1)
    return span_words(start, end, zone)


_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def repeat_words(recurrence: str) -> str:
    """An RRULE as a person says it; "" for none, the rule itself where it is beyond these words."""
    if not recurrence:
        return ""
    parts = dict(part.split("=", 1) for part in recurrence.upper().split(";") if "=" in part)
    interval = int(parts.get("INTERVAL", "1")) if parts.get("INTERVAL", "1").isdigit() else 1
    once = {
        "DAILY": tr("Every day"),
        "WEEKLY": tr("Every week"),
        "MONTHLY": tr("Every month"),
        "YEARLY": tr("Every year"),
    }
    more = {
        "DAILY": tr("Every {n} days"),
        "WEEKLY": tr("Every {n} weeks"),
        "MONTHLY": tr("Every {n} months"),
        "YEARLY": tr("Every {n} years"),
    }
    frequency = parts.get("FREQ", "")
    if frequency not in once or set(parts) - {"FREQ", "INTERVAL", "BYDAY", "COUNT", "UNTIL", "WKST", "BYMONTHDAY"}:
        return recurrence
    words = once[frequency] if interval == 1 else more[frequency].format(n=interval)
    if days := parts.get("BYDAY"):
        names = days.split(",")
        if any(name not in _DAYS for name in names):
            return recurrence
        if names == list(_DAYS[:5]) and interval == 1:
            words = tr("Every weekday")
        else:
            locale = QLocale()
            said = ", ".join(locale.dayName(_DAYS.index(name) + 1) for name in names)
            words = tr("{repeat} on {days}").format(repeat=words, days=said)
    if (count := parts.get("COUNT", "")).isdigit():
        words = tr("{repeat}, {n} times").format(repeat=words, n=count)
    if until := parts.get("UNTIL"):
        try:
            last = datetime.strptime(until[:8], "%Y%m%d").date()
        except ValueError:
            return recurrence
        words = tr("{repeat} until {day}").format(repeat=words, day=day_words(last, year=True))
    return words


def confidence_word(route: Route) -> str:
    """Sure, fairly sure, not sure."""
    if route.unsure or route.confidence < 0.6:
        return tr("Not sure")
    return tr("Sure") if route.confidence >= 0.9 else tr("Fairly sure")


def skill_words(skill: str) -> str:
    """A skill's name for people."""
    known = {
        "scheduling": tr("Calendar"),
        "question_answering": tr("Questions"),
        "dialogue": tr("Conversation"),
        "unknown": tr("Outside its skills"),
        "clarification": tr("Asking back"),
        "correcting": tr("Putting right"),
    }
    return known.get(skill, skill.replace("_", " ").capitalize())


def intent_words(intent: str) -> str:
    """An intent's name for people."""
    return intent.replace("_", " ").replace(".", " ")


def milliseconds_words(value: float) -> str:
    """820 ms, 1.4 s."""
    if value >= 1000:
        return tr("{seconds} s").format(seconds=QLocale().toString(value / 1000, "f", 1))
    return tr("{value} ms").format(value=round(value))
