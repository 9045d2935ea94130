"""The calendar by voice and text: what each intent of the router leads to.

The router says what is wanted and `agenda.when` says when; this file joins the two and knows no
phrases. Creating is `scheduling_create`, moving, deleting and undoing `scheduling_changes`,
asking `scheduling_queries`; alarms, timers, lists and what rings have files of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from assistant_app.skills import scheduling_alarms as alarms
from assistant_app.skills import scheduling_changes as changes
from assistant_app.skills import scheduling_context as conversation
from assistant_app.skills import scheduling_corrections as corrections
from assistant_app.skills import scheduling_create as create
from assistant_app.skills import scheduling_details as details
from assistant_app.skills import scheduling_lists as lists
from assistant_app.skills import scheduling_queries as queries
from assistant_app.skills import scheduling_reminders as rings
from assistant_app.skills import scheduling_scope as scope
from assistant_app.skills import scheduling_timers as timers
from assistant_app.skills import scheduling_wide as wide
from assistant_app.skills.api import SkillContext
from assistant_app.turn import SCHEDULING, Pending, Route, SkillReply, Utterance

Act = Callable[[Utterance, Route, SkillContext], SkillReply]
Resume = Callable[[Utterance, Pending, SkillContext], SkillReply | None]

ACTS: Mapping[str, Act] = {
    "create_event": create.create,
    "set_reminder": create.create_reminder,
    "query_events": queries.query,
    "query_reminders": queries.query_reminders,
    "find_free_time": queries.find_free_time,
    "ask_date_time": queries.date_and_time,
    "move_event": changes.move,
    "cancel_event": changes.cancel,
    "cancel_reminder": changes.cancel_reminder,
    "undo": changes.undo,
    "set_alarm": alarms.set_alarm,
    "query_alarms": alarms.query_alarms,
    "change_alarm": alarms.change_alarm,
    "cancel_alarm": alarms.cancel_alarm,
    "snooze": rings.snooze,
    "dismiss": rings.dismiss,
    "set_timer": timers.start,
    "query_timer": timers.query,
    "pause_timer": timers.pause,
    "resume_timer": timers.resume,
    "lengthen_timer": timers.lengthen,
    "shorten_timer": timers.shorten,
    "cancel_timer": timers.cancel,
    "add_to_list": lists.add,
    "query_list": lists.query,
    "complete_item": lists.complete,
    "remove_from_list": lists.remove,
    conversation.CHANGE_LAST: corrections.change,
    conversation.DISCARD_LAST: corrections.discard,
    conversation.REJECT_LAST: corrections.reject,
    conversation.QUERY_AROUND: details.around,
    conversation.QUERY_DETAIL: details.detail,
}

RESUMES: Mapping[str, Resume] = {
    create.TITLE: create.resume_title,
    create.TIME: create.resume_time,
    changes.WHICH: changes.resume_which,
    changes.WHERE_TO: changes.resume_where_to,
    changes.CONFIRM_DELETE: changes.resume_delete,
    changes.CONFIRM_MOVE: changes.resume_move,
    scope.SCOPE: scope.resume_scope,
    wide.WIDE_DELETE: wide.resume_delete,
    wide.WIDE_MOVE: wide.resume_move,
    alarms.ALARM_TIME: alarms.resume_alarm_time,
    alarms.WHICH_ALARM: alarms.resume_which,
    alarms.CONFIRM_ALARMS: alarms.resume_confirm,
    timers.LENGTH: timers.resume_length,
    timers.WHICH: timers.resume_which,
    lists.ITEMS: lists.resume_items,
    lists.CONFIRM: lists.resume_confirm,
    corrections.CORRECTION: corrections.resume_correction,
}


class Scheduling:
    name = SCHEDULING
    title = "Calendar"
    examples: Sequence[str] = (
        "Schedule a dentist appointment next Thursday at half past three",
        "What's on tomorrow?",
        "Am I free on Friday afternoon?",
        "Remind me to call mum tomorrow at nine",
        "Set a pasta timer for nine minutes",
        "Wake me at half past six on weekdays",
        "Add milk to my shopping list",
    )

    def act(self, utterance: Utterance, route: Route, context: SkillContext) -> SkillReply:
        act = ACTS.get(route.intent)
        if act is None:
            return SkillReply(f"That is about the calendar ({route.intent.replace('_', ' ')}), and I cannot do it yet.")
        return act(utterance, route, context)

    def in_context(self, utterance: Utterance, route: Route, context: SkillContext) -> Route | None:
        return conversation.in_context(utterance, route, context)

    def resume(self, answer: Utterance, pending: Pending, context: SkillContext) -> SkillReply | None:
        read = corrections.in_answer(answer, pending, context)
        if isinstance(read, SkillReply):
            return read
        return RESUMES[pending.state["step"]](read, pending, context)
