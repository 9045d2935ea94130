"""To-do and shopping lists by voice and text: put things on, ask, tick off, take off.

Which things and which list are the router's slots; where it marked none, the sentence is divided at
the words around them ("add MILK to my SHOPPING list").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from assistant_app.agenda.events import Moment
from assistant_app.agenda.spoken import spoken_time
from assistant_app.agenda.task_files import Task
from assistant_app.agenda.tasks import DEFAULT_LIST, tidy_name
from assistant_app.agenda.when.reading import WhenReading
from assistant_app.skills.answers import NO, chosen, refuses, yes_or_no
from assistant_app.skills.api import SkillContext
from assistant_app.skills.scheduling_events import is_clock_time, times_in
from assistant_app.skills.scheduling_focus import last_actions, last_exchange
from assistant_app.skills.scheduling_words import listed, tidy
from assistant_app.turn import SCHEDULING, Action, Pending, Route, SkillReply, Utterance

ITEMS = "list_items"
CONFIRM = "list_confirm"
_SHOWN = 12
_SPOKEN = 6
_PARTS = re.compile(r"\s*(?:,|、|，|\band\b|\bplus\b|和|以及)\s*", re.IGNORECASE)
_LIST = (
    r"(?:(?:the|my|our|a|this)\s+)?(?P<list>[\w\s'-]*?)\s*\blists?\b"
    r"|(?:the|my|our)\s+(?P<named>groceries|to-?dos?|chores|tasks)\b"
)
_DIVISIONS = tuple(
    re.compile(expression, re.IGNORECASE)
    for expression in (
        rf"\b(?:add|put|include|write|note)\s+(?P<items>.+?)\s+(?:to|on|onto|in|into)\s+(?:{_LIST})",
        rf"\b(?:tick|check|cross|scratch|take)\s+(?P<items>.+?)\s+(?:off|from|out of)\s+(?:from\s+|of\s+)?(?:{_LIST})",
        rf"\b(?:tick|check|cross)\s+(?:off|out)\s+(?P<items>.+?)(?:\s+(?:on|from|off|in)\s+(?:{_LIST}))?$",
        rf"\b(?:remove|delete|erase|drop)\s+(?P<items>.+?)\s+(?:from|off|on)\s+(?:{_LIST})",
        rf"\bmark\s+(?P<items>.+?)\s+(?:as\s+)?(?:done|complete|completed|finished)\b(?:\s+on\s+(?:{_LIST}))?",
        rf"\bis\s+(?P<items>.+?)\s+on\s+(?:{_LIST})",
        r"把(?P<items>.+?)(?:加到|加入|放到|放进|添加到)(?P<list>.*?)(?:清单|列表|名单)",
        r"把(?P<items>.+?)从(?P<list>.*?)(?:清单|列表|名单)",
        r"勾掉(?P<items>.+)$",
        r".*\b(?:the|my|our|a|this|on|of)\s+(?P<list>(?:[\w'-]+\s+){0,3}?)lists?\b",
        r"^(?P<list>(?:[\w'-]+\s+){1,3}?)lists?\b",
        r"\b(?:the|my|our)\s+(?P<named>groceries|to-?dos?|chores|tasks)\b",
        r"(?P<list>[\u4e00-\u9fff]{1,6}?)(?:清单|列表|名单)",
    )
)
_EVERYTHING = frozenset(("everything", "all", "it all", "all items", "all of it", "every item"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request about lists names."""

    items: tuple[str, ...]
    list_name: str
    """As said; empty where none was named."""


# Putting on


def add(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    asked = _asked(utterance, route, context)
    if not asked.items:
        if asked.list_name and context.reminders.tasks.list_called(asked.list_name) is None:
            name = context.reminders.tasks.make_list(asked.list_name)
            return SkillReply(f"Made: the {_list_words(name)}. Say what goes on it.")
        question = f"What shall I put on the {_list_words(tidy_name(asked.list_name) or DEFAULT_LIST)}?"
        state = {"step": ITEMS, "list": asked.list_name}
        return SkillReply(question, pending=Pending(question, (), SCHEDULING, state))
    if not asked.list_name:
        asked = replace(asked, list_name=_list_talked_about(context))
    reading = next(iter(times_in(utterance, context.now())), None)
    return _add(asked, due_of(reading) if reading else None, context)


def _list_talked_about(context: SkillContext) -> str:
    """The list that something was put on a moment ago; empty where that was about something else."""
    did = last_actions(last_exchange(context))
    return did[-1].details.get("list", "") if did and did[-1].kind == "task_added" else ""


def resume_items(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    route = context.router.route(answer)
    if refuses(answer, context):
        return SkillReply("All right, nothing was put on a list.")
    if route.skill == SCHEDULING and not route.unsure and route.intent not in ("add_to_list", "create_event"):
        return None
    items = _things([slot.text for slot in route.slots if slot.name == "list_item"] or [answer.text])
    return _add(Asked(items, pending.state["list"]), None, context) if items else None


def _add(asked: Asked, due: Moment | None, context: SkillContext) -> SkillReply:
    tasks = context.reminders.tasks.add(asked.items, asked.list_name, due)
    when = f", due {spoken_time(due, context.now())}" if due else ""
    names = listed([task.title for task in tasks])
    return SkillReply(
        f"Added to the {_list_words(tasks[0].list_name)}: {names}{when}.",
        speech=f"{names} {'is' if len(tasks) == 1 else 'are'} on the {_list_words(tasks[0].list_name)}{when}.",
        actions=_actions("task_added", tasks),
    )


def due_of(reading: WhenReading) -> Moment | None:
    """A clock time, or the last day of what was named: "by Friday", "next week", "by the end of March"."""
    if is_clock_time(reading) or (reading.start is None and reading.end is not None and not reading.all_day):
        return reading.start or reading.end
    if reading.end is not None:
        return reading.end.date() if reading.includes_end_day else (reading.end - timedelta(microseconds=1)).date()
    return reading.start.date() if reading.start is not None else None


# Asking


def query(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    tasks, now = context.reminders.tasks, context.now()
    asked = _asked(utterance, route, context)
    name = tasks.list_called(asked.list_name) if asked.list_name else None
    if asked.list_name and name is None:
        return SkillReply(f"There is no {_list_words(tidy_name(asked.list_name))}. {_lists_told(context)}")
    if asked.items:
        return _is_on(asked.items, name, context)
    found = tasks.tasks(name)
    reading = next(iter(times_in(utterance, now)), None)
    if reading is not None and (until := _last_day(reading)) is not None:
        found = [task for task in found if task.due is not None and _day_of(task.due) <= until]
        return _told(found, f"due by {spoken_time(until, now)}", name, context)
    if name is None and len({task.list_name for task in found}) > 1:
        return SkillReply(_lists_told(context))
    return _told(found, "", name, context)


def _last_day(reading: WhenReading) -> Moment | None:
    end = reading.end - timedelta(microseconds=1) if reading.end is not None else reading.start
    return end.date() if end is not None else None


def _day_of(due: Moment) -> Moment:
    return due.date() if isinstance(due, datetime) else due


def _told(found: Sequence[Task], which: str, name: str | None, context: SkillContext) -> SkillReply:
    where = f"on the {_list_words(name)}" if name else "on your lists"
    if not found:
        return SkillReply(f"Nothing {which or 'is'} {where}.".replace("  ", " "))
    lines = [f"- {_task_words(task, context)}" for task in found[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"- and {len(found) - _SHOWN} more")
    things = "thing" if len(found) == 1 else "things"
    head = f"{len(found)} {things} {which + ' ' if which else ''}{where}"
    spoken = listed([task.title for task in found[:_SPOKEN]])
    rest = f", and {len(found) - _SPOKEN} more" if len(found) > _SPOKEN else ""
    return SkillReply("\n".join((f"{head}:", *lines)), speech=f"{head}: {spoken}{rest}.")


def _is_on(items: Sequence[str], name: str | None, context: SkillContext) -> SkillReply:
    told = []
    for item in items:
        found = context.reminders.tasks.search(item, name)
        if found:
            told.append(f"Yes, {found[0].title} is on the {_list_words(found[0].list_name)}.")
        else:
            where = f"the {_list_words(name)}" if name else "any list"
            told.append(f"No, {item} is not on {where}.")
    return SkillReply(" ".join(told))


def _lists_told(context: SkillContext) -> str:
    tasks = context.reminders.tasks
    counted = [f"the {_list_words(name)} with {len(tasks.tasks(name))}" for name in tasks.lists()]
    return f"You have {listed(counted)}." if counted else "You have no list yet."


# Ticking off and taking off


def complete(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    found, missing = _found(utterance, route, context)
    if not found:
        return _not_found(missing)
    done = context.reminders.tasks.complete([task.uid for task in found])
    left = len(context.reminders.tasks.tasks(done[0].list_name))
    rest = "Nothing is left" if not left else "One thing is left" if left == 1 else f"{left} things are left"
    text = f"Ticked off: {listed([task.title for task in done])}. {rest} on the {_list_words(done[0].list_name)}."
    return SkillReply(text + _missing_words(missing), actions=_actions("task_completed", done))


def remove(utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
    asked = _asked(utterance, route, context)
    tasks = context.reminders.tasks
    everything = not asked.items or asked.items[0].lower() in _EVERYTHING
    if everything and asked.list_name:
        name = tasks.list_called(asked.list_name)
        whole = tasks.tasks(name, done=None) if name else []
        if not whole:
            return SkillReply(f"There is nothing on the {_list_words(tidy_name(asked.list_name))}.")
        question = f"Shall I take all {len(whole)} things off the {_list_words(name or '')}?"
        choices = yes_or_no("Yes, clear it", "No, keep it")
        state = {"step": CONFIRM, "uids": tuple(task.uid for task in whole)}
        return SkillReply(question, pending=Pending(question, choices, SCHEDULING, state))
    found, missing = _found(utterance, route, context)
    if not found:
        return _not_found(missing)
    return _removed([task.uid for task in found], _missing_words(missing), context)


def resume_confirm(answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
    choice = chosen(answer, pending, context)
    if choice is None:
        return None
    if choice.value == NO:
        return SkillReply("All right, the list stays as it is.")
    return _removed(pending.state["uids"], "", context)


def take_off(uids: Sequence[str], context: SkillContext) -> SkillReply:
    """Take to-dos off their lists without asking: they were put there a moment ago."""
    known = {task.uid for task in context.reminders.tasks.tasks(done=None)}
    there = [uid for uid in uids if uid in known]
    return _removed(there, "", context) if there else SkillReply("It is gone already.")


def change_due(did: Sequence[Action], reading: WhenReading | None, context: SkillContext) -> SkillReply:
    """ "By Friday", said of what was just put on a list."""
    tasks = context.reminders.tasks
    due = due_of(reading) if reading is not None else None
    known = {task.uid for task in tasks.tasks(done=None)}
    uids = [action.uid for action in did if action.uid in known]
    if due is None or not uids:
        return SkillReply("When is it due? Say, for example: by Friday.")
    changed = [tasks.edit(uid, due=due) for uid in uids]
    names = listed([task.title for task in changed])
    text = f"{names} {'is' if len(changed) == 1 else 'are'} due {spoken_time(due, context.now())}."
    return SkillReply(text, actions=_actions("task_edited", changed))


def _removed(uids: Sequence[str], note: str, context: SkillContext) -> SkillReply:
    removed = context.reminders.tasks.remove(uids)
    names = listed([task.title for task in removed[:_SPOKEN]])
    more = f" and {len(removed) - _SPOKEN} more" if len(removed) > _SPOKEN else ""
    text = f"Taken off the {_list_words(removed[0].list_name)}: {names}{more}. Say “undo” to bring it back.{note}"
    return SkillReply(text, actions=_actions("task_deleted", removed))


def _found(utterance: Utterance, route: Route, context: SkillContext) -> tuple[list[Task], list[str]]:
    """The to-dos that the request names, and what it names and is on no list."""
    tasks = context.reminders.tasks
    asked = _asked(utterance, route, context)
    name = tasks.list_called(asked.list_name) if asked.list_name else None
    found: dict[str, Task] = {}
    missing = []
    for item in asked.items:
        fitting = tasks.search(item, name)
        if fitting:
            found[fitting[0].uid] = fitting[0]
        else:
            missing.append(item)
    return list(found.values()), missing


def _not_found(missing: Sequence[str]) -> SkillReply:
    if not missing:
        return SkillReply("Which thing? Say its name, for example: tick off milk.")
    return SkillReply(f"I found no {listed(list(missing))} on a list.")


def _missing_words(missing: Sequence[str]) -> str:
    return f" I found no {listed(list(missing))}." if missing else ""


# Words


def _asked(utterance: Utterance, route: Route, context: SkillContext) -> Asked:
    marked = [slot.text for slot in route.slots if slot.name == "list_item"]
    list_name = " ".join(slot.text for slot in route.slots if slot.name == "list_name")
    if not marked or not list_name:
        divided = _divided(utterance, context)
        titles = [slot.text for slot in route.slots if slot.name == "title"]
        marked = marked or ([divided["items"]] if divided.get("items") else titles)
        list_name = list_name or divided.get("list") or divided.get("named") or ""
    return Asked(_things(marked), list_name)


def _divided(utterance: Utterance, context: SkillContext) -> dict[str, str]:
    """The things and the list by the words around them, times left out."""
    text = utterance.text.strip().rstrip(".?!。？！")
    spans = sorted((span for r in times_in(utterance, context.now()) for span in r.spans), reverse=True)
    for start, end in spans:
        if re.search(r"\blists?\b|清单", text[:start]):  # a time after the list is when it is due
            text = (text[:start] + text[end:]).strip()
    for expression in _DIVISIONS:
        if found := expression.search(text):
            return {name: value.strip() for name, value in found.groupdict().items() if value and value.strip()}
    return {}


def _things(words: Sequence[str]) -> tuple[str, ...]:
    """ "eggs, bread and cheese" are three."""
    parts = [tidy(part) for text in words for part in _PARTS.split(text)]
    return tuple(dict.fromkeys(part for part in parts if part))


def _list_words(name: str) -> str:
    """ "shopping list"; a name that says so already stays as it is."""
    return name if "list" in name.casefold() or not name.isascii() else f"{name} list"


def _task_words(task: Task, context: SkillContext) -> str:
    return f"{task.title}, due {spoken_time(task.due, context.now())}" if task.due else task.title


def _actions(kind: str, tasks: Sequence[Task]) -> tuple[Action, ...]:
    made = []
    for task in tasks:
        details = {"title": task.title, "list": task.list_name}
        if task.due is not None:
            due = task.due.replace(tzinfo=None) if isinstance(task.due, datetime) else task.due
            details["due"] = due.isoformat()
        made.append(Action(kind, task.uid, details))
    return tuple(made)
