"""The ``video`` command: swap the faces of a video, or of every video in a folder."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    add_restore_option,
    add_settings_option,
    blend_settings,
    mark_settings,
    settle_choices,
)
from swapper.errors import UserError
from swapper.provenance.settings import MarkSettings
from swapper.runtime.finished import Finished
from swapper.runtime.outputs import claim_outputs
from swapper.runtime.program import interruptible, say_stopped
from swapper.runtime.there import exists, is_folder, make_folder
from swapper.runtime.whole_file import check_place
from swapper.version import __version__

if TYPE_CHECKING:
    from swapper.video.job import VideoProgress, VideoResult


RESUMES = "Run the same command to resume."


def add_video_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``video``; it sets ``run``, a function that returns the exit code."""
    p = commands.add_parser("video", help="put the source person's face on the faces of a video")
    p.add_argument(
        "source",
        nargs="*",
        type=Path,
        help="one or several photos of the source person, then the video; none with --map",
    )
    p.add_argument("target", type=Path, help="a video, or a folder of videos")
    p.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        help="file to write: .mp4, .mov, .mkv or .webm, an animated .gif, .webp, .apng or .avif; or a folder",
    )
    add_moving_options(p)
    add_method_option(p)
    add_resolution_option(p)
    add_mask_option(p)
    add_restore_option(p, moving=True)
    add_device_option(p)
    add_blend_options(p)
    add_settings_option(p)
    add_mark_options(p)
    add_overwrite_option(p)
    p.set_defaults(run=run_video)


def run_video(args: argparse.Namespace) -> int:
    """Swap one video or a folder of them."""
    from swapper.methods.base import default_method
    from swapper.pipeline import FaceSwapper
    from swapper.runtime.threads import settle_threads
    from swapper.video.encode import check_video_output
    from swapper.video.job import VideoSettings
    from swapper.video.journal import holds_parts

    settings = VideoSettings(args.start, args.end, args.quality, args.steadiness, args.fps, args.encoder)
    marks, blend = mark_settings(args), blend_settings(args)
    people = [pair_of(text) for text in args.map]
    if not args.source and not people:
        raise UserError("No source photo was given. Give at least one photo of the source person before the video.")
    pairs, finished = _files(args.target, args.output), Finished(_described(args, people))
    before = _claim(pairs, [*args.source, *(photo for pair in people for photo in pair)], finished, args)
    pairs = [pair for pair in pairs if pair not in before]
    if not pairs:
        return 0
    for _, output in pairs:
        check_video_output(output, args.encoder)
    settle_choices(args.trust, [args.method], args.restore, args.mask)
    settle_threads()
    method = args.method or (None if args.weights else default_method(moving=True))
    swapper = FaceSwapper(
        method,
        args.device,
        restore=args.restore,
        blend=blend,
        threads=1,
        weights=args.weights,
        resolution=args.resolution,
        mask=args.mask,
    )
    others = args.select is not None or not people
    source = swapper.identify(args.source) if args.source and others else None
    people = [(swapper.identify(photo), reference) for photo, reference in people]
    wanted = {"select": args.select or "all", "people": people, "settings": settings, "marks": marks}
    for target, output in pairs:
        try:
            with interruptible(), _bar() as bar:
                result = swapper.swap_video(source, target, output, _shown_on(bar, target.name), **wanted)
        except KeyboardInterrupt as stop:
            return say_stopped(stop, RESUMES if before or holds_parts(output) else "")
        if is_folder(args.target):
            finished.add(output, target)
            before.append((target, output))
        _say_finished(output, result, str(swapper.device))
    return 0


def _say_finished(output: Path, result: "VideoResult", device: str) -> None:
    for warning in result.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(
        f"{output}: swapped faces in {result.swapped} of {result.frames} frames on {device} "
        f"in {result.seconds:.1f} s ({result.fps:.1f} frames/s)"
    )


def _described(args: argparse.Namespace, people: list[tuple[Path, Path]]) -> dict[str, Any]:
    """Everything that the results of a command depend on besides the video."""
    elsewhere = {"command", "run", "target", "output", "overwrite", "device", "trust"}
    given = {name: value for name, value in vars(args).items() if name not in elsewhere}
    marks = MarkSettings.from_environment()
    return {**given, "map": people, "marks": (marks.mark, marks.label), "version": __version__}


def _claim(
    pairs: list[tuple[Path, Path]], photos: list[Path], finished: Finished, args: argparse.Namespace
) -> list[tuple[Path, Path]]:
    """Check all outputs; those of a folder that the same command has finished before, which need not be made again."""
    before: list[tuple[Path, Path]] = []
    if is_folder(args.target) and not args.overwrite:
        before = [(target, output) for target, output in pairs if finished.knows(output, target)]
    fresh = [output for target, output in pairs if (target, output) not in before]
    claim_outputs(fresh, [*photos, *(target for target, _ in pairs)], args.overwrite)
    for _, output in before:
        print(f"{output}: this command has finished it before. Add --overwrite to make it again.", file=sys.stderr)
    return before


def _shown_on(bar: Progress, name: str) -> Callable[["VideoProgress"], None]:
    """A callback that moves a bar."""
    task = bar.add_task(name, total=1.0, speed="")

    def show(now: "VideoProgress") -> None:
        bar.update(task, completed=now.fraction, speed=f"{now.frames}/{now.total} frames, {now.fps:.1f}/s")

    return show


def _bar() -> Progress:
    """A bar on a terminal's stderr, nothing elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[speed]}"), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def pair_of(text: str) -> tuple[Path, Path]:
    """``SRC=REF``; of several equals signs the one that separates two files counts.

    Args:
        text: what was given after ``--map``.

    Raises:
        UserError: it is no pair.
    """
    cuts = [i for i, letter in enumerate(text) if letter == "="]
    pairs = [(Path(text[:i]), Path(text[i + 1 :])) for i in cuts if text[:i] and text[i + 1 :]]
    if not pairs:
        raise UserError(f"--map {text} is not a pair of photos. Give SRC=REF.")
    return next((pair for pair in pairs if exists(pair[0]) and exists(pair[1])), pairs[0])


def _files(target: Path, output: Path) -> list[tuple[Path, Path]]:
    """Videos and the files they become; a new name is said where two would have the same."""
    from swapper.batch.names import VIDEOS, result_names, video_name

    if not is_folder(target):
        return [(target, output / video_name(target) if is_folder(output) else output)]
    videos = [path for path in target.iterdir() if path.suffix.lower() in VIDEOS]
    if not videos:
        raise UserError(f"Folder '{target}': it contains no video. Give another folder, or a single file.")
    names = result_names(videos, video_name)
    for path, name in names.items():
        usual = video_name(path)
        if name != usual:
            print(f"{path.name}: its result is named {name}, because {usual} is another's.", file=sys.stderr)
    make_folder(output)
    pairs = sorted((path, output / name) for path, name in names.items())
    for _, result in pairs:
        check_place(result)
    return pairs
