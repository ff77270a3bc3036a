"""The ``bench`` command: speed and steadiness on this machine, or what the watermark outlives."""

import argparse
import json

from swapper.cli.options import add_method_option
from swapper.errors import UserError


def add_bench_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``bench``; it sets ``run``, a function that returns the exit code."""
    p = commands.add_parser("bench", help="measure speed on this machine, or the robustness of the watermark")
    p.add_argument("--json", action="store_true", help="print JSON instead of a table")
    what = p.add_mutually_exclusive_group()
    what.add_argument("--models", action="store_true", help="the networks: parameters, MACs and milliseconds")
    what.add_argument(
        "--video", action="store_true", help="a 720p clip: frames per second, compared with plain re-encoding"
    )
    what.add_argument("--batch", action="store_true", help="batches: photos and clips a second by number of workers")
    what.add_argument("--marks", action="store_true", help="the watermark: correct bits after JPEG, resizing and H.264")
    what.add_argument("--soak", action="store_true", help="photos, a long video and the app: does memory stay flat?")
    p.add_argument("--seconds", type=float, metavar="S", help="with --soak: how long in all (default: 900)")
    p.add_argument("--only", metavar="NAME", help="with --models: only this network; a wrong name lists all")
    add_method_option(p, published=False)
    p.set_defaults(run=run_bench)


def run_bench(args: argparse.Namespace) -> int:
    """Measure and print."""
    from swapper.bench import batch, networks, photo, soak, video, watermark

    if args.only and not args.models:
        raise UserError(f"--only {args.only} works together with --models alone. Add --models.")
    if args.seconds is not None and not (args.soak and args.seconds > 0):
        raise UserError(f"--seconds {args.seconds:g} works together with --soak alone, and is more than 0.")
    other = next((name for name in ("models", "marks", "soak") if getattr(args, name)), None)
    if args.weights and other:
        raise UserError(f"--weights {args.weights} does not work together with --{other}. Leave one of the two out.")
    if args.soak:
        report = soak.soak_report(args.seconds or soak.SECONDS, args.method)
    elif args.marks:
        report = watermark.marks_report()
    elif args.batch:
        report = batch.batch_report(args.method, weights=args.weights)
    elif args.video:
        report = video.video_report(args.method, weights=args.weights)
    else:
        report = (
            networks.models_report(args.only)
            if args.models
            else photo.pipeline_report(args.method, weights=args.weights)
        )
    print(json.dumps(report, indent=1) if args.json else photo.table(report))
    return 0
