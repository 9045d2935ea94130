"""Timers by voice and text: start, ask, pause, resume, lengthen, shorten, cancel.

The router says what is wanted, `agenda.reminders` counts; this file tells which timer is meant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from assistant_app.agenda.reminders import Reminders, timer_title
from assistant_app.agenda.ring_state import Timer
from assistant_app.agenda.spoken import spoken_number
from assistant_app.agenda.when import find_times
from assistant_app.agenda.word_search import fold
from assistant_app.skills.answers import NO, chosen, refuses
from assistant_app.skills.api import SkillContext
from assistant_app.skills.scheduling_focus import timer_talked_about, timer_uid
from assistant_app.skills.scheduling_words import listed, tidy
from assistant_app.turn import SCHEDULING, Action, Choice, Pending, Route, SkillReply, Utterance

LENGTH = "timer_length"
WHICH = "timer_which"
ALL = "all"
_ALL_WORDS = frozenset(("all", "every", "both", "everything", "timers", "所有", "全部"))
_MORE = re.compile(r"\b(more|extra|additional)\s+", re.IGNORECASE)
_NAME_ENDS = re.compile(r"\s*(\btimers?\b|\bcountdown\b|计时器?|定时器?)\s*$", re.IGNORECASE)


def start(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    lengths = lengths_in(utterance, context.now())
    name = timer_name(route)
    if not lengths:
        question = f"For how long shall the {name.lower()} timer run?" if name else "For how long?"
        return SkillReply(question, pending=Pending(question, (), SCHEDULING, {"step": LENGTH, "name": name}))
    return _start(lengths, name, context)


def resume_length(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    lengths = lengths_in(answer, context.now())
    if lengths:
        return _start(lengths[:1], pending.state["name"], context)
    if answer.text.strip().isdecimal():  # "ten" and "10" alone are minutes
        return _start([timedelta(minutes=int(answer.text))], pending.state["name"], context)
    return SkillReply("All right, no timer.") if refuses(answer, context) else None


def _start(lengths: Sequence[timedelta], name: str, context: SkillContext) -> SkillReply:
    reminders = context.reminders
    made = [reminders.start_timer(length, name) for length in lengths]
    told = listed([spoken_length(length) for length in lengths])
    named = f"{name} timer" if name else "Timer" if len(made) == 1 else f"{len(made)} timers"
    return SkillReply(
        f"{named} set: {told}.",
        speech=f"{named}, {told}, starting now.",
        actions=tuple(_action("timer_started", timer, reminders) for timer in made),
    )


def query(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    reminders = context.reminders
    running = reminders.timers()
    if not running:
        return SkillReply("No timer is running.")
    found = _meant(utterance, route, running, context) or running
    return SkillReply(" ".join(f"{_left_said(timer, reminders)}." for timer in found))


def pause(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    return _act("pause", utterance, route, context)


def resume(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    return _act("resume", utterance, route, context)


def cancel(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    over = [ring for ring in context.reminders.ringing() if ring.kind == "timer"]
    if over and not timer_name(route):  # "stop the timer" while it rings
        context.reminders.dismiss(over)
        return SkillReply("Stopped.")
    return _act("cancel", utterance, route, context)


def lengthen(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    return _change_length(utterance, route, context, 1)


def shorten(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    return _change_length(utterance, route, context, -1)


def _change_length(utterance: Utterance, route: Route, context: SkillContext, sign: int) -> SkillReply:
    lengths = lengths_in(utterance, context.now())
    if not lengths:
        return SkillReply("By how much? Say it with the timer, for example: add two minutes to the timer.")
    # "Add five minutes to the ten minute timer": the first length is what is added, a second one names the timer.
    by = lengths[0] * sign
    return _act("change", utterance, route, context, by=by, of_length=lengths[1] if lengths[1:] else None)


def _act(
    what: str,
    utterance: Utterance,
    route: Route,
    context: SkillContext,
    *,
    by: timedelta = timedelta(),
    of_length: timedelta | None = None,
) -> SkillReply:
    reminders = context.reminders
    running = reminders.timers()
    able = [timer for timer in running if what not in ("pause", "resume") or timer.paused == (what == "resume")]
    if not able:
        return SkillReply(_nothing_to(what, running))
    if what == "change":
        found = _by_name(timer_name(route), able) or _of_length(of_length, able) or able
    else:
        found = _meant(utterance, route, able, context) or able
    last = timer_talked_about(utterance.text, context, able)
    if found == able and last is not None and not _wants_all(utterance):  # "pause it"
        found = [last]
    if timer_name(route) and not _by_name(timer_name(route), able):
        return SkillReply(f"There is no timer called “{timer_name(route)}”. {_all_said(able, reminders)}")
    if len(found) > 1 and not (what != "change" and _wants_all(utterance)):
        return _ask_which(what, found, by, context)
    return _done(what, found, by, context)


def resume_which(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    choice = chosen(answer, pending, context)
    if choice is None:
        return None
    if choice.value == NO:
        return SkillReply("All right, nothing was changed.")
    wanted = pending.state["timers"] if choice.value == ALL else (int(choice.value),)
    found = [timer for timer in context.reminders.timers() if timer.id in wanted]
    if not found:
        return SkillReply("That timer is over.")
    return _done(pending.state["what"], found, pending.state["by"], context)


def _done(what: str, found: Sequence[Timer], by: timedelta, context: SkillContext) -> SkillReply:
    reminders = context.reminders
    names = listed([_the(timer) for timer in found])
    names = names[0].upper() + names[1:]
    if what == "cancel":
        for timer in found:
            reminders.cancel_timer(timer)
        text = f"{names} {'is' if len(found) == 1 else 'are'} cancelled."
        return SkillReply(text, actions=tuple(_action("timer_cancelled", timer, reminders) for timer in found))
    change: dict[str, Any] = {"pause": reminders.pause, "resume": reminders.resume}
    changed = [reminders.lengthen(timer, by) if what == "change" else change[what](timer) for timer in found]
    text = " ".join(f"{_left_said(timer, reminders)}." for timer in changed)
    kind = {"pause": "timer_paused", "resume": "timer_resumed", "change": "timer_changed"}[what]
    return SkillReply(text, actions=tuple(_action(kind, timer, reminders) for timer in changed))


def change_length(timer: Timer, by: timedelta, context: SkillContext) -> SkillReply:
    """Let a timer run so much longer, or shorter where `by` is negative."""
    return _done("change", [timer], by, context)


def cancel_these(uids: Sequence[str], context: SkillContext) -> SkillReply:
    """Cancel those of these timers, named as in actions, that still run."""
    found = [timer for timer in context.reminders.timers() if timer_uid(timer) in uids]
    return _done("cancel", found, timedelta(), context) if found else SkillReply("That timer is over.")


def _ask_which(what: str, found: Sequence[Timer], by: timedelta, context: SkillContext) -> SkillReply:
    verb = {"change": "change"}.get(what, what)
    question = f"Which timer shall I {verb}?"
    labels = [Choice(f"{_short(timer)}", str(timer.id)) for timer in found]
    both = () if what == "change" else (Choice(f"All {len(found)}", ALL),)
    pending = Pending(
        question,
        (*labels, *both, Choice("None of them", NO)),
        SCHEDULING,
        {"step": WHICH, "what": what, "by": by, "timers": tuple(timer.id for timer in found)},
    )
    said = "; ".join(_left_said(timer, context.reminders) for timer in found)
    return SkillReply(f"{question} {said}.", pending=pending)


def _meant(utterance: Utterance, route: Route, timers: Sequence[Timer], context: SkillContext) -> list[Timer]:
    """Those of the name or of the length that was said; none where neither was."""
    named = _by_name(timer_name(route), timers)
    if named:
        return named
    lengths = lengths_in(utterance, context.now())
    return _of_length(lengths[0] if lengths else None, timers)


def _by_name(name: str, timers: Sequence[Timer]) -> list[Timer]:
    wanted = {_stem(word) for word in fold(name)}
    return [t for t in timers if wanted and wanted & {_stem(word) for word in fold(t.name)}]


def _of_length(length: timedelta | None, timers: Sequence[Timer]) -> list[Timer]:
    return [t for t in timers if length is not None and abs(t.length_s - length.total_seconds()) < 1]


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def _wants_all(utterance: Utterance) -> bool:
    lowered = utterance.text.lower()
    words = set(re.findall(r"[a-z]+", lowered))
    return bool(words & _ALL_WORDS) or any(word in lowered for word in _ALL_WORDS if not word.isascii())


def timer_name(route: Route) -> str:
    """Out of the title slots, without the word "timer"."""
    slots = sorted((slot for slot in route.slots if slot.name in ("title", "list_item")), key=lambda slot: slot.start)
    name = _NAME_ENDS.sub("", tidy(" ".join(slot.text for slot in slots)))
    return "" if name.lower() in ("timer", "a timer", "the timer") else name


def lengths_in(utterance: Utterance, now: datetime) -> list[timedelta]:
    """The lengths of time in a text: "ten minutes", "in ten minutes" and "two more minutes"."""
    text = utterance.text
    found = _lengths(text, now, utterance.language)
    if found or utterance.language != "en":
        return found
    plainer = re.sub(r"\bsecond\b", "seconds", re.sub(r"\banother\b", "a", _MORE.sub("", text), flags=re.I), flags=re.I)
    return _lengths(re.sub(r"\bby\b", "", plainer, flags=re.IGNORECASE), now, "en")


def _lengths(text: str, now: datetime, language: str) -> list[timedelta]:
    lengths = []
    for reading in find_times(text, now=now, language=language):
        if reading.duration is not None and reading.start is None:
            lengths.append(reading.duration)
        elif reading.start is not None and reading.grain in ("second", "minute", "hour") and reading.start > now:
            lengths.append(reading.start - now)
    return lengths


def spoken_length(length: timedelta) -> str:
    """ "one minute and thirty seconds", to the second."""
    seconds = round(length.total_seconds())
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [
        f"{spoken_number(count)} {unit}{'' if count == 1 else 's'}"
        for count, unit in ((hours, "hour"), (minutes, "minute"), (seconds, "second"))
        if count
    ]
    return listed(parts) if parts else "no time"


def _left_said(timer: Timer, reminders: Reminders) -> str:
    left = spoken_length(timedelta(seconds=max(0.0, reminders.left(timer))))
    state = " It is paused" if timer.paused else ""
    named = f" on {_the(timer)}" if timer.name or len(reminders.timers()) > 1 else ""
    return f"{left[0].upper()}{left[1:]} left{named}.{state}" if state else f"{left[0].upper()}{left[1:]} left{named}"


def _all_said(timers: Sequence[Timer], reminders: Reminders) -> str:
    return " ".join(f"{_left_said(timer, reminders)}." for timer in timers)


def _the(timer: Timer) -> str:
    return f"the {_short(timer)}"


def _short(timer: Timer) -> str:
    """ "pasta timer", "ten minute timer"."""
    if timer.name:
        return f"{timer.name.lower() if timer.name.isascii() else timer.name} timer"
    return f"{spoken_length(timedelta(seconds=timer.length_s)).replace('minutes', 'minute')} timer"


def _nothing_to(what: str, running: Sequence[Timer]) -> str:
    if not running:
        return "No timer is running."
    return "The timer is running already." if what == "resume" else "It is paused already."


def _action(kind: str, timer: Timer, reminders: Reminders) -> Action:
    ends = datetime.fromtimestamp(timer.ends_wall, reminders.store.zone).replace(tzinfo=None)
    details = {"title": timer_title(timer), "seconds": f"{timer.length_s:.0f}"}
    if not timer.paused:
        details["ends"] = ends.isoformat(timespec="seconds")
    return Action(kind, timer_uid(timer), details)
