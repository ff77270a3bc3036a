"""The ``bench`` command: speed and steadiness on this machine, or what the watermark outlives."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from swapper.cli.options import add_method_option, settle_choices
from swapper.errors import UserError

if TYPE_CHECKING:
    from rich.progress import Progress

_SOAK_QUICK = 60.0  # seconds


def add_bench_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``bench``; it sets ``run``, a function that returns the exit code."""
    does = "measure speed on this machine, or the robustness of the watermark"
    p = commands.add_parser(
        "bench", help=does, description="Measure each step of swapping a photo, or what an option names."
    )
    p.add_argument("--json", action="store_true", help="print JSON instead of a table")
    what = p.add_mutually_exclusive_group()
    what.add_argument("--models", action="store_true", help="the networks: parameters, MACs and milliseconds")
    what.add_argument("--peers", action="store_true", help="well-known swapping networks, side by side on one thread")
    what.add_argument(
        "--video", action="store_true", help="a 720p clip: frames per second, compared with plain re-encoding"
    )
    what.add_argument("--batch", action="store_true", help="batches: photos and clips a second by number of workers")
    what.add_argument("--marks", action="store_true", help="the watermark: correct bits after JPEG, resizing and H.264")
    what.add_argument("--soak", action="store_true", help="photos, a long video and the app: does memory stay flat?")
    p.add_argument("--quick", action="store_true", help="measure less: rougher figures, some left out")
    p.add_argument("--paper", action="store_true", help="with --models: the published sizes too; takes long")
    p.add_argument("--faces", type=int, choices=range(1, 9), metavar="N", help="with --video: in the clip, 1 to 8")
    p.add_argument("--seconds", type=float, metavar="S", help="with --soak: how long in all (default: 900)")
    p.add_argument("--only", metavar="NAME", help="with --models: only this network; a wrong name lists all")
    add_method_option(p)
    p.set_defaults(run=run_bench)


def run_bench(args: argparse.Namespace) -> int:
    """Measure and print."""
    for name in ("only", "paper"):
        if getattr(args, name) and not args.models:
            said = f"--only {args.only}" if name == "only" else "--paper"
            raise UserError(f"{said} works together with --models alone. Add --models.")
    if args.faces is not None and not args.video:
        raise UserError(f"--faces {args.faces} works together with --video alone. Add --video.")
    if args.seconds is not None and not (args.soak and args.seconds > 0):
        raise UserError(f"--seconds {args.seconds:g} works together with --soak alone, and is more than 0.")
    other = next((name for name in ("models", "peers", "marks", "soak") if getattr(args, name)), None)
    if args.weights and other:
        raise UserError(f"--weights {args.weights} does not work together with --{other}. Leave one of the two out.")
    if args.method:
        settle_choices(args.trust, [args.method])
    from swapper.bench import photo
    from swapper.runtime.threads import settle_threads

    settle_threads()
    with _bar() as bar:
        report = _report(args, _told_on(bar))
    print(json.dumps(report, indent=1) if args.json else photo.table(report))
    return 0


def _report(args: argparse.Namespace, tell: Callable[[int, int, str], None]) -> dict[str, Any]:
    """What was asked for, measured less with ``--quick``."""
    from swapper.bench import batch, networks, peers, photo, soak, video, watermark

    quick = args.quick
    if args.soak:
        return soak.soak_report(args.seconds or (_SOAK_QUICK if quick else soak.SECONDS), args.method)
    if args.marks:
        return watermark.marks_report(watermark.PHOTOS[:2]) if quick else watermark.marks_report()
    if args.batch:
        less = {"photos": 8, "clips": 4, "seconds": 0.5} if quick else {}
        return batch.batch_report(args.method, weights=args.weights, **less)
    if args.video:
        less = {"seconds": 2.0, "pairs": 1} if quick else {}
        return video.video_report(args.method, weights=args.weights, faces=args.faces or 1, **less)
    if args.peers:
        return peers.peers_report(seconds=0.2 if quick else 2.0, quick=quick, tell=tell)
    if args.models:
        more = {"seconds": 1.0} if args.only and not quick else {}  # for each measurement
        return networks.models_report(args.only, paper=args.paper, quick=quick, tell=tell, **more)
    return photo.pipeline_report(args.method, weights=args.weights, **({"repeats": 2} if quick else {}))


def _told_on(bar: "Progress") -> Callable[[int, int, str], None]:
    """Move a bar, or say on stderr what comes next where it is no terminal."""
    task = bar.add_task("", total=None)

    def tell(done: int, count: int, name: str) -> None:
        bar.update(task, completed=done, total=count, description=name)
        if bar.disable:
            print(f"{done + 1}/{count} {name}", file=sys.stderr, flush=True)

    return tell


def _bar() -> "Progress":
    """A bar on a terminal's stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
