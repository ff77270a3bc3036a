"""The ``batch`` command: swap the faces of many photos, GIFs and videos, in several processes or on a cluster."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from swapper.cli.options import (
    add_blend_options,
    add_device_option,
    add_mark_options,
    add_mask_option,
    add_method_option,
    add_moving_options,
    add_overwrite_option,
    add_resolution_option,
    add_settings_option,
    add_upscale_option,
    mark_settings,
    settle_choices,
)
from swapper.cli.video import RESUMES, pair_of
from swapper.errors import UserError
from swapper.registry import restorer_choices
from swapper.runtime.program import interruptible, say_stopped
from swapper.runtime.there import is_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swapper.batch.batch import BatchState
    from swapper.batch.job import JobSettings

SOME_FAILED = 3  # exit code
_EVERY = 5.0  # seconds between lines on progress, of --json


def add_batch_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``batch``; it sets ``run``, a function that returns the exit code."""
    p = commands.add_parser("batch", help="swap many photos, GIFs and videos; the same command again does the rest")
    p.add_argument("jobs", type=Path, help="a folder of photos and videos, or a table of jobs: .csv or .jsonl")
    p.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder of the results")
    p.add_argument(
        "--source",
        action="append",
        default=[],
        type=Path,
        metavar="PHOTO",
        help="of the source person; may be repeated",
    )
    p.add_argument("--workers", type=int, metavar="N", help="jobs at a time (default: what cores and memory allow)")
    p.add_argument("--ray", metavar="ADDRESS", help="run on a Ray cluster: its address, auto, or local to start one")
    p.add_argument("--retry", type=int, default=1, metavar="K", help="begin a job again whose worker died (default: 1)")
    p.add_argument("--json", action="store_true", help="print JSON lines: results, and how far it is")
    add_moving_options(p)
    add_method_option(p)
    add_resolution_option(p)
    add_mask_option(p)
    does = "sharpens the swapped face; on for photos and off for videos when not given"
    p.add_argument("--restore", choices=restorer_choices(), help=does)
    add_upscale_option(p)
    add_device_option(p)
    add_blend_options(p)
    add_settings_option(p)
    add_mark_options(p)
    add_overwrite_option(p)
    p.set_defaults(run=run_batch_command)


def run_batch_command(args: argparse.Namespace) -> int:
    """Do what is missing; 0 when all is done then, 3 when some jobs failed."""
    from swapper.batch.batch import run_batch
    from swapper.batch.engine import Engine
    from swapper.batch.manifest import Defaults, read_jobs

    marks = mark_settings(args)
    people = tuple((source.absolute(), reference.absolute()) for source, reference in map(pair_of, args.map))
    sources = tuple(path.absolute() for path in args.source)
    missing = next((path for path in [*sources, *sum(people, ())] if not is_file(path)), None)
    if missing is not None:
        raise UserError(f"Source '{missing}': file not found. Check the path.")
    kind = args.device.partition(":")[0]
    engine = Engine(args.workers, args.ray, args.retry, None if kind == "auto" else kind == "cuda")
    jobs = read_jobs(args.jobs, args.output, Defaults(sources, people, job_settings(args)))
    said = [job.settings for job in jobs]
    others = {name for one in said for name in (one.restore, one.mask, one.upscale)}
    settle_choices(args.trust, {one.method for one in said}, *others)
    try:
        with interruptible(), _json_lines() if args.json else _shown() as show:
            state = run_batch(
                jobs, args.output, engine, device=args.device, marks=marks, overwrite=args.overwrite, show=show
            )
    except KeyboardInterrupt as stop:
        return say_stopped(stop, RESUMES)
    if not args.json:
        print(f"{args.output}: {state.done} done, {state.failed} failed, {state.before} finished before")
    return SOME_FAILED if state.failed else 0


def job_settings(args: argparse.Namespace) -> "JobSettings":
    """Settings of the jobs from the options of ``batch``.

    Raises:
        UserError: a value out of its range.
    """
    from swapper.batch.job import SETTINGS, JobSettings

    given = {name: getattr(args, name) for name in SETTINGS if name in args}
    return JobSettings(**{**given, "weights": _file_or_name(args.weights)})


def _file_or_name(weights: Path | None) -> str | None:
    """Weights as any worker finds them: a whole path, or the name of a file of the manifest."""
    if weights is None:
        return None
    return str(weights.absolute() if is_file(weights) else weights)


@contextmanager
def _shown() -> "Iterator[Callable[[BatchState], None]]":
    """A bar on a terminal's stderr; and a line for each job that ends."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[ended]} of {task.total:.0f} jobs, {task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, redirect_stdout=sys.stdout.isatty(), disable=not sys.stderr.isatty()
    ) as bar:
        task, begun = bar.add_task("batch", total=None, ended=0, rate=""), time.monotonic()

        def show(state: "BatchState") -> None:
            ended = state.done + state.failed
            left = state.total - state.before
            rate = f"{ended / max(time.monotonic() - begun, 1e-6) * 60:.1f} a minute"
            bar.update(task, total=left, completed=state.share * left, ended=ended, rate=rate)
            if state.line is None:
                return
            line = state.line
            for warning in line.warnings:
                print(f"warning: {line.id}: {warning}", file=sys.stderr)
            if line.error is not None:
                print(f"error: {line.id}: {line.error}", file=sys.stderr)
            else:
                print(f"{line.id}: {line.output}, {line.faces} faces, {line.seconds:.1f} s", flush=True)

        yield show


@contextmanager
def _json_lines() -> "Iterator[Callable[[BatchState], None]]":
    """Lines on stdout for programs: ``result`` as in results.jsonl, ``progress`` at least whenever a job ends."""
    begun, last = time.monotonic(), 0.0

    def show(state: "BatchState") -> None:
        nonlocal last
        if state.line is not None:
            print(f'{{"event": "result", {state.line.text()[1:]}')
        spent = time.monotonic() - begun
        if state.line is None and last and spent - last < _EVERY:
            return
        last = spent
        left = spent * (1 - state.share) / state.share if state.share else None
        said = {"total": state.total, "before": state.before, "done": state.done, "failed": state.failed}
        row = {"event": "progress", **said, "seconds": round(spent, 1), "seconds_left": left and round(left, 1)}
        print(json.dumps(row), flush=True)

    yield show
