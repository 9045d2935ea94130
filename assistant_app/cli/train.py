"""`assistant train`: the decoders and adapters from a recipe and a folder of data sets, or a personal adapter."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from assistant_app.brain.acquired import REFERENCE_FILE
from assistant_app.brain.personal import PersonalFolder
from assistant_app.brain.prototypes import own_sentences
from assistant_app.cli.invocation import DONE, NOT_DONE, Invocation, add_json, add_profile, print_json, say
from assistant_app.cli.personal import record_json
from assistant_app.cli.progress import ProgressBar
from assistant_app.memory.corrections import Corrections
from assistant_app.paths import shipped_models_dir


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "train",
        help="train the model's decoders from a recipe",
        description="Train the router, the scheduling and question-answering decoders and the dialogue adapter. "
        "An interrupted run goes on where it stopped. With --personal: fit an adapter on what you put right.",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="a folder a data set")
    parser.add_argument("--recipe", type=Path, metavar="FILE", help="as in models/recipes")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the checkpoint is written")
    parser.add_argument(
        "--personal", action="store_true", help="learn from your corrections (assistant personal list), in minutes"
    )
    parser.add_argument(
        "--reference",
        action="store_true",
        help="only read the program's own sentences with the decoders in --out, for new skills and “Why?”",
    )
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="cached states and finished parts (default: the cache folder)"
    )
    parser.add_argument("--trunk", type=Path, metavar="DIR", help="another language model than the fetched one")
    parser.add_argument(
        "--compare", action="store_true", help="train each task alone and together in several ways, and print a table"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that compute states")
    add_json(parser)
    add_profile(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    if args.personal:
        return _personal(args)
    if args.reference and args.out:
        return _reference(args)
    if not (args.data and args.recipe and args.out):
        args.usage_error("give --data DIR, --recipe FILE and --out DIR; or --personal")
    from assistant_app.app import TRUNK, build_model_store
    from assistant_app.training.examples import LabelMap
    from assistant_app.training.interference import compare, table
    from assistant_app.training.job import Job, load_recipe
    from assistant_app.training.train import train
    from assistant_app.training.world import World

    invocation = Invocation(args)
    recipe = load_recipe(args.recipe)
    trunk = args.trunk or build_model_store(invocation.paths).require(TRUNK)
    world = World.join()
    bar = ProgressBar(shown=world.rank == 0)
    try:
        job = Job(
            data=args.data,
            recipe=recipe,
            labels=LabelMap.load(args.recipe.parent),
            trunk_folder=trunk,
            out=args.out,
            work=args.work or invocation.paths.cache_dir / "training",
            command=f"assistant train --data DATA --recipe models/recipes/{args.recipe.name} --out models/released",
            workers=args.workers,
            report=bar.say,
            progress=bar,
            world=world,
        )
        if args.compare:
            results = compare(job)
            bar.close()
            if args.json:
                print_json([{"name": one.name, "figures": dict(one.figures), "mean": one.mean} for one in results])
            else:
                print("\n".join(table(results)))
            return DONE
        metrics = train(job)
    finally:
        bar.close()
        world.leave()
    if world.rank == 0:
        if args.json:
            print_json({"out": str(args.out), "metrics": metrics})
        else:
            for name, value in sorted(metrics.items()):
                print(f"{value:8.4f}  {name}")
    return DONE


def _personal(args: argparse.Namespace) -> int:
    from assistant_app.app import build_brain
    from assistant_app.training.personal import fit_personal

    invocation = Invocation(args)
    paths = invocation.paths
    corrections = Corrections(paths.corrections_file).newest()
    bar = ProgressBar(shown=True)
    try:
        if corrections:
            bar.say("Loading the language model")
        outcome = fit_personal(
            lambda: build_brain(invocation.settings, paths).load(),
            corrections,
            shipped_models_dir() / "recipes",
            PersonalFolder(paths.personal_dir),
            now=invocation.now(),
            progress=lambda name, done, total: bar(name, done, total, ""),
        )
    finally:
        bar.close()
    if args.json:
        print_json({"adapter": record_json(outcome.record), "figures": outcome.figures, "message": outcome.message})
    elif outcome.record:
        print(outcome.message)
    else:
        say(outcome.message)
    return DONE if outcome.record else NOT_DONE


def _reference(args: argparse.Namespace) -> int:
    from assistant_app.app import build_brain

    invocation = Invocation(args)
    model = build_brain(invocation.settings, invocation.paths, args.out).load()
    bar = ProgressBar(shown=True)
    sentences = own_sentences(shipped_models_dir() / "recipes")
    reference = model.read_reference(sentences, lambda done, total: bar("reading", done, total, ""))
    bar.close()
    reference.save(args.out / REFERENCE_FILE, model.weights_name)
    say(f"{args.out / REFERENCE_FILE}: {len(sentences)} sentences")
    return DONE
