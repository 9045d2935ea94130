"""`assistant evaluate`: the model's and the assistant's figures on a folder of data sets.

A table on standard output, and a page with plots beside it. The conversations run in profiles that are
thrown away; nothing of the user's is read or changed.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from assistant_app.cli.invocation import DONE, Invocation, add_clock, add_json, add_profile, print_json, say
from assistant_app.cli.progress import ProgressBar
from assistant_app.errors import InputError
from assistant_app.paths import shipped_models_dir

if TYPE_CHECKING:
    from assistant_app.app import LazyBrain, LocalAssistant
    from assistant_app.training.job import Job

SIDES = ("tasks", "carry_over", "experience", "resources", "explainability")
DOMAINS = ("alarms", "lists", "weather", "music", "lights", "messages", "travel", "food")
_WHEN_WRITTEN = datetime(2019, 3, 1, 8)
"""The day on which the people in the Schema-Guided Dialogue conversations speak; a Friday."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "evaluate",
        help="measure the model on data sets",
        description="Measure the model on every data set in DIR (a folder a set; each *.jsonl.gz is one split): each "
        "task, skills it never saw, whole conversations, resources, and whether its reasons are its reasons.",
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="a folder a data set")
    parser.add_argument("--task", nargs="+", default=[], metavar="SET", help="only these sets")
    parser.add_argument(
        "--side", nargs="+", default=list(SIDES), choices=SIDES, metavar="SIDE", help=f"only these: {', '.join(SIDES)}"
    )
    parser.add_argument(
        "--most", type=_count, metavar="N", help="at most N texts or conversations of a set, chosen by their hash"
    )
    parser.add_argument(
        "--held-out", action="store_true", help="only texts the released recipe never trains on (our data folder)"
    )
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="write every prediction as a JSON line")
    parser.add_argument(
        "--spoken",
        type=_count,
        nargs="?",
        const=300,
        metavar="N",
        help="also have N sentences (300) spoken and transcribed, and look for their slots in what was heard (minutes)",
    )
    parser.add_argument(
        "--leave-out",
        nargs="*",
        choices=DOMAINS,
        metavar="DOMAIN",
        help="also train the router anew without each of these domains, and add them again (minutes each; all if "
        f"none is named): {', '.join(DOMAINS)}",
    )
    parser.add_argument(
        "--decoders", type=Path, metavar="DIR", help="measure this checkpoint instead of the one that is shipped"
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="where report.html and figures.json are written (default: evaluation in the cache folder)",
    )
    add_json(parser)
    add_clock(parser)
    add_profile(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if not args.data.is_dir():
        raise InputError("no_data", f"There is no folder {args.data}. Name one that holds a folder a data set.")
    from assistant_app.app import TRUNK, build_brain, build_model_store
    from assistant_app.training.evaluation import SETS, Weights, evaluate, resident_mb, table, write_report
    from assistant_app.training.tasks import LabelMap

    unknown = sorted(set(args.task) - set(SETS))
    if unknown:
        raise InputError("no_such_set", f"No figures are defined for {', '.join(unknown)}; known: {', '.join(SETS)}.")
    invocation = Invocation(args)
    now = invocation.fixed_now or _WHEN_WRITTEN.replace(tzinfo=invocation.zone)
    folder = args.report or invocation.paths.cache_dir / "evaluation"
    try:  # before anything takes its time
        folder.mkdir(parents=True, exist_ok=True)
        predictions = args.predictions.open("w", encoding="utf-8") if args.predictions else None
    except OSError as error:
        raise InputError(
            "cannot_write", f"{error.filename} cannot be written ({error.strerror}). Name another place."
        ) from error
    before_mb = resident_mb()
    own = invocation.settings.model.decoders
    decoders = args.decoders or (Path(own).expanduser() if own else shipped_models_dir() / "released")
    # Nothing of the user's counts: no personal adapter, no corrections.
    paths = dataclasses.replace(invocation.paths, data_dir=folder / "nobody")
    brain = build_brain(invocation.settings, paths, decoders)
    model = brain.load()
    trunk = build_model_store(invocation.paths).require(TRUNK)
    bar = ProgressBar(shown=True)
    with contextlib.ExitStack() as stack:
        stack.callback(bar.close)
        if predictions:
            stack.enter_context(predictions)
        report = evaluate(
            model,
            args.data,
            LabelMap.load(shipped_models_dir() / "recipes"),
            now=now,
            new_assistant=_new_assistant(invocation, brain),
            weights=Weights(trunk, decoders, before_mb),
            sides=args.side,
            tasks=args.task,
            limit=args.most,
            held_out_only=args.held_out,
            hear=stack.enter_context(_hearing(invocation)) if args.spoken else None,
            sentences_heard=args.spoken or 0,
            training=_training(args, invocation, trunk) if args.leave_out is not None else None,
            left_out=args.leave_out or DOMAINS,
            predictions=predictions,
            on_progress=lambda name, done, total: bar(name, done, total, ""),
        )
    page, figures = write_report(
        report,
        folder,
        title="Evaluation of the assistant",
        about=_about(args, decoders, now),
    )
    say(f"The report is {page}, its figures {figures}.")
    if args.json:
        print_json(report)
    else:
        for line in table(report):
            print(line)
    return DONE


def _training(args: argparse.Namespace, invocation: Invocation, trunk: Path) -> Job:
    """What a small training of the router needs; it reads the data folder and keeps states in the cache folder."""
    from assistant_app.training.job import Job, load_recipe
    from assistant_app.training.tasks import LabelMap
    from assistant_app.training.world import World

    recipes = shipped_models_dir() / "recipes"
    work = invocation.paths.cache_dir / "training"
    return Job(
        data=args.data,
        recipe=load_recipe(recipes / "released.toml"),
        labels=LabelMap.load(recipes),
        trunk_folder=trunk,
        out=work,
        work=work,
        command="",
        workers=os.cpu_count() or 1,
        report=say,
        world=World.join(),
    )


@contextlib.contextmanager
def _hearing(invocation: Invocation) -> Iterator[Callable[[str], str]]:
    """Our own voice and our own recogniser, one after the other. What was heard once is kept in the cache folder."""
    from assistant_app.app import build_speaker, build_transcriber
    from assistant_app.cli.sound_memory import SoundMemory
    from assistant_app.turn import Cancel

    voice = invocation.settings.voice
    kept = invocation.paths.cache_dir / "evaluation" / f"heard-{voice.engine}-{voice.voice or 'first'}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    rows = map(json.loads, kept.read_text(encoding="utf-8").splitlines()) if kept.is_file() else ()
    heard: dict[str, str] = {row["text"]: row["heard"] for row in rows}
    sound = SoundMemory()
    speaker = build_speaker(invocation.settings, output=sound)
    transcriber = build_transcriber(invocation.settings, invocation.paths)

    def hear(text: str) -> str:
        if text in heard:
            return heard[text]
        speech = speaker.start(lambda _sentence: None, Cancel())
        speech.feed(text)
        speech.finish()
        speech.wait()
        clip = sound.clip()
        if speech.problem or clip is None:
            raise InputError("no_voice", speech.problem or f"There is no sound of {text!r}.")
        heard[text] = transcriber.transcribe(clip, language="en").text.strip()
        with kept.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"text": text, "heard": heard[text]}, ensure_ascii=False) + "\n")
        return heard[text]

    try:
        yield hear
    finally:
        speaker.close()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


def _new_assistant(invocation: Invocation, brain: LazyBrain) -> Callable[[Path, datetime], LocalAssistant]:
    """Assistants with profiles of their own and the one model."""
    from assistant_app.app import build_assistant

    def new_assistant(folder: Path, now: datetime) -> LocalAssistant:
        paths = dataclasses.replace(
            invocation.paths, config_dir=folder / "config", data_dir=folder / "data", cache_dir=folder / "cache"
        )
        zone = now.tzinfo.key if isinstance(now.tzinfo, ZoneInfo) else "UTC"
        calendar = dataclasses.replace(invocation.settings.calendar, folder="", time_zone=zone)
        settings = dataclasses.replace(invocation.settings, calendar=calendar)
        assistant = build_assistant(settings, paths, now=lambda: now)
        assistant.brain = brain
        assistant.context = dataclasses.replace(assistant.context, router=brain, answerer=brain, dialogue=brain)
        return assistant

    return new_assistant


def _about(args: argparse.Namespace, decoders: Path, now: datetime) -> list[tuple[str, str]]:
    """What the report says of its run: enough to make it again."""
    checkpoint: dict[str, Any] = json.loads((decoders / "checkpoint.json").read_text(encoding="utf-8"))
    command = ["assistant evaluate --data DIR"]
    command += [f"--task {' '.join(args.task)}"] if args.task else []
    command += [f"--side {' '.join(args.side)}"] if tuple(args.side) != SIDES else []
    command += [f"--most {args.most}"] if args.most is not None else []
    command += [f"--spoken {args.spoken}"] if args.spoken else []
    command += [f"--leave-out {' '.join(args.leave_out)}".rstrip()] if args.leave_out is not None else []
    command += ["--held-out"] if args.held_out else []
    return [
        ("command", " ".join(command)),
        ("trunk", str(checkpoint.get("trunk_name", ""))),
        ("decoders trained by", str(checkpoint.get("command", ""))),
        ("measured", datetime.now().astimezone().isoformat(timespec="minutes")),
        ("time in the conversations", now.isoformat(timespec="minutes")),
    ]
