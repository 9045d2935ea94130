"""`assistant train`: the decoders and adapters from a recipe and a folder of data sets."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from assistant_app.cli.invocation import DONE, Invocation, add_json, add_profile, print_json
from assistant_app.cli.progress import ProgressBar


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "train",
        help="train the model's decoders from a recipe",
        description="Train the router, the scheduling and question-answering decoders and the dialogue adapter. "
        "An interrupted run goes on where it stopped.",
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="a folder a data set")
    parser.add_argument("--recipe", type=Path, required=True, metavar="FILE", help="as in models/recipes")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the checkpoint is written")
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
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from assistant_app.app import TRUNK, build_model_store
    from assistant_app.training.interference import compare, table
    from assistant_app.training.job import Job, load_recipe
    from assistant_app.training.examples import LabelMap
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
