"""A data folder of a few rows a set, in the published formats, with sentences of our own."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

EVENTS = ["lunch with anna", "the dentist", "a team meeting", "the piano lesson", "a call with ben", "the car service"]
DAYS = ["tomorrow", "on friday", "next monday", "on sunday", "tonight", "on the third"]


def write_rows(file: Path, rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(file, "wt", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")


def make_data(folder: Path) -> Path:
    hwu = []
    for event in EVENTS:
        for day in DAYS:
            hwu.append(("calendar_set", f"schedule [event_name : {event}] [date : {day}]"))
            hwu.append(("calendar_remove", f"cancel [event_name : {event}] [date : {day}]"))
        hwu.append(("general_joke", f"tell me a joke about {event}"))
        hwu.append(("general_joke", f"make me laugh about {event}"))
    write_rows(
        folder / "hwu64" / "all.jsonl.gz",
        [{"intent": intent, "annotation": text, "in_slurp_devel": False} for intent, text in hwu],
    )
    write_rows(
        folder / "nq_open" / "dev_part.jsonl.gz",
        [{"question": f"who wrote the book about {event}", "answers": ["anna berg"]} for event in EVENTS]
        + [
            {"question": f"where is the house of {event} {day}", "answers": ["rome"]}
            for event in EVENTS
            for day in DAYS
        ],
    )
    passages = []
    # Of these three articles the last is held out.
    for number, (name, town) in enumerate([("anna berg", "rome"), ("ben stone", "oslo"), ("carla reed", "bern")]):
        context = f"The book about the river was written by {name}. The writer lived in {town} for many years."
        for question, answer in ((f"who wrote the book {number}", name), (f"where did the writer live {number}", town)):
            passages.append(
                {
                    "title": f"article {30 + number}",
                    "context": context,
                    "question": question,
                    "answers": [{"text": answer, "start": context.index(answer)}],
                }
            )
        passages.append(
            {
                "title": f"article {30 + number}",
                "context": context,
                "question": f"what does it cost {number}",
                "answers": [],
            }
        )
    write_rows(folder / "squad2" / "dev_part.jsonl.gz", passages)
    write_rows(
        folder / "personality_chat" / "queries.jsonl.gz",
        [
            {"style": "friendly", "query": f"do you like {event}", "reply": "Yes, very much."}
            for event in EVENTS + [f"{event} {day}" for event in EVENTS for day in DAYS]
        ],
    )
    return folder


RECIPE: dict[str, Any] = {
    "seed": 5,
    "trunk": {"name": "tiny", "utterance_depths": [0, 2, 4]},
    "encoder": {"width": 32, "feed_forward": 64, "layers": 1, "heads": 2, "dropout": 0.0},
    "most": {"hwu64": 500, "nq_open": 500, "squad2": 0, "personality_chat": 500, "own": 0},
    "most_held_out": {"default": 100},
    "understanding": {
        "epochs": 12,
        "batch": 16,
        "learning_rate": 5e-3,
        "weight_decay": 0.0,
        "label_smoothing": 0.0,
        "auxiliary_weight": 0.5,
        "joint": {
            "epochs": 1,
            "batch": 8,
            "first_layer": 2,
            "rank": 2,
            "learning_rate": 1e-3,
            "adapter_learning_rate": 1e-3,
        },
    },
    "question_answering": {
        "first_layer": 2,
        "rank": 2,
        "epochs": 3,
        "batch": 2,
        "most_questions": 3,
        "strangers": 1,
        "longest_passage": 200,
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "most_held_out": {"squad2": 10},
        "made": {"most_a_passage": 2},
    },
    "dialogue": {"epochs": 2, "batch": 8, "learning_rate": 5e-3, "rank": 2, "first_layer": 2},
    "interference": {"most": 200, "most_held_out": 60, "epochs": 8, "learning_rate": 5e-3},
    "use": {"dialogue_scale": 2.0},
}
