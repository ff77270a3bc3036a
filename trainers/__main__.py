"""Command line of the trainers: ``python -m trainers SYSTEM --preset lite --data DIR --out DIR``."""

import argparse
import sys

from swapper.runtime.program import say_stopped, speak_plainly, stop_at_once

if __name__ == "__main__":
    stop_at_once()  # before the imports below, which take seconds


from swapper.registry import trainer_commands
from swapper.types import UserError
from trainers.data.packed_to_shards import add_shard_arguments, shard
from trainers.data.prepare import add_prepare_arguments, prepare
from trainers.data.prepare_shards import prepare_shards
from trainers.data.warp_shards import add_warp_arguments, warp
from trainers.publish.curves import add_curves_arguments, curves
from trainers.publish.evaluate import add_evaluate_arguments, evaluate
from trainers.publish.publish import add_publish_arguments, publish
from trainers.rehearsal import add_rehearse_arguments, rehearse
from trainers.training import add_training_arguments, train


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    p = argparse.ArgumentParser(prog="python -m trainers", description="Train, score and publish every network.")
    commands = p.add_subparsers(dest="system", required=True, metavar="SYSTEM")
    for system in trainer_commands():
        add_training_arguments(commands.add_parser(system, help=f"train {system}"))
    add_prepare_arguments(commands.add_parser("prepare", help="turn photos or videos into packed faces"))
    add_shard_arguments(commands.add_parser("shard", help="turn packed faces into shards, for sets of any size"))
    add_warp_arguments(commands.add_parser("warp", help="make the pairs with known answers of a set of shards"))
    add_rehearse_arguments(commands.add_parser("rehearse", help="measure prepare and the loader on sets of any size"))
    add_evaluate_arguments(commands.add_parser("evaluate", help="score a method on the val split"))
    add_curves_arguments(commands.add_parser("curves", help="draw losses and scores of runs into one page"))
    add_publish_arguments(commands.add_parser("publish", help="turn a run into shipped weights with a card"))
    return p


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    speak_plainly()
    args = parser().parse_args(argv)
    try:
        if args.system == "prepare":
            return prepare(args) if args.shard is None else prepare_shards(args)
        others = {
            "shard": shard,
            "warp": warp,
            "publish": publish,
            "curves": curves,
            "evaluate": evaluate,
            "rehearse": rehearse,
        }
        return others.get(args.system, _train)(args)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        return say_stopped(stop)


def _train(args: argparse.Namespace) -> int:
    if args.ray is None or args.dry_run:
        return train(args)
    from trainers.on_ray import train_on_ray

    return train_on_ray(args)


if __name__ == "__main__":
    sys.exit(main())
