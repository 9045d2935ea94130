"""Conversations and rows for every side of the evaluation, in the published formats, in sentences of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.training.small_data import make_data, write_rows


def make_five_sided_data(folder: Path) -> Path:
    make_data(folder)
    write_rows(folder / "sgd" / "part_one.jsonl.gz", [_calendar_conversation()])
    hotels = [
        f"i need a hotel with a view of {what}" for what in ("the sea", "the lake", "a park", "the hills", "oslo")
    ]
    write_rows(
        folder / "sgd" / "part_two.jsonl.gz",
        [{"id": f"x/{n}", "services": ["Hotels_1"], "turns": [text, "For when?"]} for n, text in enumerate(hotels)],
    )
    write_rows(
        folder / "banking77" / "some.jsonl.gz",
        [{"text": f"please explain my loan for {what}"} for what in ("a car", "a house", "a boat", "school", "a shop")],
    )
    write_rows(folder / "smcalflow" / "some.jsonl.gz", [_smcalflow_conversation()])
    return folder


def _frame(**parts: Any) -> dict[str, Any]:
    return {"service": "Calendar_1", "acts": [], **parts}


def _calendar_conversation() -> dict[str, Any]:
    state = {"event_date": ["tomorrow"], "event_time": ["4 pm"], "event_name": ["swim class"]}
    monday = {**state, "event_date": ["monday"], "event_time": [], "event_name": []}
    return {
        "id": "own/1",
        "services": ["Calendar_1"],
        "turns": [
            {
                "s": "U",
                "t": "what is on my calendar on monday",
                "frames": [_frame(intent="GetEvents", state=monday, acts=[["INFORM_INTENT", "intent", ["GetEvents"]]])],
            },
            {
                "s": "A",
                "t": "there is your haircut.",
                "frames": [
                    _frame(
                        acts=[["OFFER", "event_name", ["haircut"]], ["OFFER", "event_time", ["10 am"]]],
                        call={"method": "GetEvents", "parameters": {"event_date": "2019-03-04"}},
                    )
                ],
            },
            {
                "s": "U",
                "t": "add the swim class tomorrow at 4 pm",
                "frames": [_frame(intent="AddEvent", state=state, acts=[["INFORM_INTENT", "intent", ["AddEvent"]]])],
            },
            {
                "s": "A",
                "t": "done.",
                "frames": [
                    _frame(
                        call={
                            "method": "AddEvent",
                            "parameters": {
                                "event_date": "2019-03-02",
                                "event_time": "16:00",
                                "event_name": "swim class",
                            },
                        }
                    )
                ],
            },
        ],
    }


def _smcalflow_conversation() -> dict[str, Any]:
    refer = "(Event.id (singleton (QueryEventResponse.results (FindEventWrapperWithDefaults {}))))"
    dentist = refer.format('(Event.subject_? (?~= "dentist"))')
    return {
        "id": "own-flow",
        "turns": [
            {
                "user": "schedule the piano lesson tomorrow at 5 pm",
                "program": "(Yield (CreateCommitEventWrapper (CreatePreflightEventWrapper (& "
                '(Event.subject_? (?= "piano lesson")) (Event.start_? (?= '
                "(DateAtTimeWithDefaults (Tomorrow) (NumberPM 5L))))))))",
                "agent": "Is this good?",
            },
            {
                "user": "cancel the dentist",
                "program": f"(Yield (DeleteCommitEventWrapper (DeletePreflightEventWrapper {dentist})))",
                "agent": "This one?",
            },
            {"user": "yes", "program": "(Yield (Execute (^(Dynamic) ConfirmAndReturnAction)))", "agent": "Done."},
            {"user": "will it rain", "program": "(Yield (WillRain (WeatherQueryApi (Here))))", "agent": "No."},
            {"user": "lovely", "program": "(PleasantryAnythingElseCombined)", "agent": "Good."},
            {
                "user": "add two things and delete three",
                "program": "(FenceMultiAction)",
                "agent": "One by one, please.",
            },
        ],
    }
