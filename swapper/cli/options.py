"""Options that commands share: the method and its device, how a face is blended in, how files are marked."""

import argparse
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swapper import hub
from swapper.compose.settings import KEPT_REGIONS
from swapper.errors import UserError
from swapper.provenance.settings import DEFAULT_LABEL, MarkSettings
from swapper.registry import method_choices, needed_weights, restorer_choices
from swapper.registry.encoders import ENCODERS, USUAL, encoder_choices
from swapper.registry.masks import MASKS
from swapper.registry.upscalers import upscaler_choices
from swapper.restore.default import default_restorer

if TYPE_CHECKING:
    from swapper.batch.engine import Engine
    from swapper.compose.settings import BlendSettings

_AMOUNTS = (  # name, unit, what it says
    ("likeness", "AMOUNT", "0 keeps the target's identity, 1 uses the source's, up to 1.5 exaggerates it"),
    ("expression", "SHARE", "how closely lids, irises, brows and lips in photos follow the target's, 0 to 1"),
    ("keep-mouth", "SHARE", "share of the target's open mouth (teeth, tongue) that stays, 0 to 1"),
    ("light", "SHARE", "how closely tint and, in photos, light and shade follow the target's, 0 to 1"),
    ("detail", "SHARE", "share of the target's pores, lashes and grain that the face takes on, 0 to 1"),
)
UNCONFIRMED = (
    "--no-mark: nothing in the file would say that a face in it was swapped. "
    "Add --confirm-no-mark if you will say so yourself wherever it is shown."
)


def add_method_option(p: argparse.ArgumentParser, published: bool = True) -> None:
    """Add ``--method`` and ``--weights``.

    Args:
        p: of a command that swaps.
        published: published swappers may be named as well.
    """
    p.add_argument("--method", help=f"one of {method_choices(published)}")
    add_weights_option(p, "it names the method where none is given")
    if published:
        add_trust_option(p)


def add_weights_option(p: argparse.ArgumentParser, what: str, several: bool = False) -> None:
    """Add ``--weights``.

    Args:
        p: of a command that swaps.
        what: else there is to say of the file.
        several: it may be given for several methods.
    """
    does = f"weights file of your own, as 'weights convert' makes it; {what}"
    if several:
        p.add_argument("--weights", type=Path, action="append", default=[], metavar="FILE", help=does)
    else:
        p.add_argument("--weights", type=Path, metavar="FILE", help=does)


def add_trust_option(p: argparse.ArgumentParser) -> None:
    """Add ``--trust``, which ``settle_choices`` reads."""
    p.add_argument(
        "--trust", action="store_true", help="use published weights that are unverified; nothing in them runs"
    )


def settle_choices(trust: bool, methods: Iterable[str | None], *others: str | None) -> None:
    """Refuse unverified weights that nobody trusts, and download those that somebody does.

    Args:
        trust: somebody has said so.
        methods: names; None stands for the usual one.
        others: names of restorations, masks and upscalers.

    Raises:
        UserError: one of them needs unverified weights that are not trusted, or that cannot be downloaded.
    """
    hub.settle_trust(needed_weights(methods, others), trust)


def add_resolution_option(p: argparse.ArgumentParser) -> None:
    """Add ``--resolution``."""
    does = "side of the swapped face in pixels: a multiple of the published swapper's own, up to 1024"
    p.add_argument("--resolution", type=int, metavar="PIXELS", help=does)


def add_mask_option(p: argparse.ArgumentParser) -> None:
    """Add ``--mask``."""
    each = "; ".join(f"{name}: {info.sentence}" for name, info in MASKS.items())
    p.add_argument("--mask", choices=tuple(MASKS), default="own", help=f"what is not swapped over. {each}")


def add_restore_option(p: argparse.ArgumentParser, moving: bool = False) -> None:
    """Add ``--restore``.

    Args:
        p: of a command that swaps.
        moving: for videos.
    """
    does = "sharpens the swapped face; %(default)s when not given"
    p.add_argument("--restore", choices=restorer_choices(), default=default_restorer(moving), help=does)


def add_upscale_option(p: argparse.ArgumentParser) -> None:
    """Add ``--upscale``.

    Args:
        p: of a command that swaps photos.
    """
    does = "enlarges the whole result of a photo, twice or four times as high and wide (default: none)"
    p.add_argument("--upscale", choices=upscaler_choices(), default="none", help=does)


def add_moving_options(p: argparse.ArgumentParser) -> None:
    """Add ``--map``, ``--start``, ``--end``, ``--select`` and what says how videos are written.

    Args:
        p: of a command that swaps videos.
    """
    p.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="SRC=REF",
        help="the person in photo REF becomes the one in photo SRC; may be given several times. Others are left alone, "
        "unless --select is given as well",
    )
    p.add_argument("--start", type=_seconds, default=0.0, metavar="S", help="start of the part: seconds, or 1:02:03.5")
    p.add_argument("--end", type=_seconds, metavar="S", help="end of the part: seconds, or 1:02:03.5")
    p.add_argument("--select", help="all (the default), largest, or a face number, counted from the largest, 0 first")
    p.add_argument("--quality", type=int, default=18, metavar="CRF", help="0 (best) to 51 (default: 18)")
    p.add_argument("--steadiness", type=float, default=1.0, help="how strongly jitter is smoothed, 0 to 1 (default: 1)")
    p.add_argument("--fps", type=float, metavar="RATE", help="frames a second at most (default: as in the video)")
    each = ", ".join(f"{name} ({info.label})" for name, info in ENCODERS.items())
    usual = "what the file format usually has (the default)"
    does = f"of the pictures: {each}, or {usual}; animations such as GIFs have their own"
    p.add_argument("--encoder", choices=encoder_choices(), default=USUAL, help=does)


def add_device_option(p: argparse.ArgumentParser) -> None:
    """Add ``--device``."""
    p.add_argument("--device", default="auto", help="auto (the default), cpu, cuda or mps")


def add_engine_options(p: argparse.ArgumentParser, usual: str) -> None:
    """Add ``--workers`` and ``--ray``, which ``batch.engine.Engine`` takes.

    Args:
        p: of a command that can share its work out.
        usual: what happens without them.
    """
    p.add_argument("--workers", type=int, metavar="N", help=f"processes that share the work (default: {usual})")
    p.add_argument("--ray", metavar="ADDRESS", help="run on a Ray cluster: its address, auto, or local to start one")


def engine_of(args: argparse.Namespace) -> "Engine | None":
    """Where the work of a command is shared out; None where it is done in this process.

    Args:
        args: of a parser with ``add_engine_options`` and ``add_device_option``.

    Raises:
        UserError: there is no such number of workers.
    """
    from swapper.batch.engine import Engine

    if args.workers is None and args.ray is None:
        return None
    kind = args.device.partition(":")[0]
    return Engine(args.workers, args.ray, gpu=None if kind == "auto" else kind == "cuda")


def add_overwrite_option(p: argparse.ArgumentParser) -> None:
    """Add ``--overwrite``, which ``runtime.outputs.claim_outputs`` takes.

    Args:
        p: of a command that writes files.
    """
    p.add_argument("--overwrite", action="store_true", help="replace files that exist already; never an input")


def add_blend_options(p: argparse.ArgumentParser) -> None:
    """Add ``--likeness``, ``--expression``, ``--keep-mouth``, ``--light``, ``--detail``, ``--keep`` and others.

    ``blend_settings`` reads them.

    Args:
        p: of a command that swaps.
    """
    for name, unit, does in _AMOUNTS:
        p.add_argument(f"--{name}", type=float, default=argparse.SUPPRESS, metavar=unit, help=f"{does} (default: 1)")
    p.add_argument(
        "--no-occluders",
        dest="occluders",
        action="store_false",
        help="also swap over glasses, hair, hands and other things in front of a face",
    )
    p.add_argument(
        "--keep",
        nargs="+",
        choices=KEPT_REGIONS,
        default=argparse.SUPPRESS,
        metavar="REGION",
        help=f"parts of the target that stay as they are: {', '.join(KEPT_REGIONS)}",
    )


def blend_settings(args: argparse.Namespace) -> "BlendSettings":
    """The settings that a command was given.

    Args:
        args: of a parser with ``add_blend_options``.

    Raises:
        UserError: a value out of its range.
    """
    from swapper.compose.settings import BlendSettings

    given = {field.name: getattr(args, field.name) for field in fields(BlendSettings) if field.name in args}
    return BlendSettings(**given)


def add_settings_option(p: argparse.ArgumentParser) -> None:
    """Add ``--settings``, which ``saved_settings`` reads.

    Args:
        p: of a command that swaps.
    """
    p.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="settings that were saved in the app; other options count more than what is in the file",
    )


def saved_settings(args: argparse.Namespace) -> dict[str, Any]:
    """What the file of ``--settings`` says, by argument; nothing where none was given.

    Args:
        args: of any command.

    Raises:
        UserError: the file cannot be used.
    """
    path = getattr(args, "settings", None)
    if path is None:
        return {}
    from swapper.compose.preset import read_preset

    found = read_preset(path).values()
    usual = {name for name in ("method", "restore", "fps") if not found[name]}
    elsewhere = {name for name in ("steadiness", "quality", "fps", "encoder", "upscale") if name not in args}
    return {name: value for name, value in found.items() if name not in usual | elsewhere}


def add_mark_options(p: argparse.ArgumentParser) -> None:
    """Add ``--label``, ``--no-mark`` and its confirmation to a command that writes swapped files."""
    p.add_argument(
        "--label",
        nargs="?",
        const=DEFAULT_LABEL,
        metavar="WORDS",
        help=f"draw a visible label into a corner: these words, or '{DEFAULT_LABEL}' without any",
    )
    p.add_argument(
        "--no-mark",
        action="store_true",
        help="write neither watermark nor content credentials (requires --confirm-no-mark)",
    )
    p.add_argument("--confirm-no-mark", action="store_true", help="I will disclose that the result is face-swapped")


def mark_settings(args: argparse.Namespace) -> MarkSettings:
    """Settings from the options of ``add_mark_options``.

    Raises:
        UserError: ``--no-mark`` without its confirmation.
    """
    settings = MarkSettings.from_environment()
    if args.no_mark and not args.confirm_no_mark:
        raise UserError(UNCONFIRMED)
    settings = replace(settings, mark=settings.mark and not args.no_mark)
    return settings if args.label is None else replace(settings, label=args.label)


def _seconds(text: str) -> float:
    """Seconds, from a number or from hours, minutes and seconds with colons between them."""
    parts = text.split(":")
    if len(parts) > 3:
        raise argparse.ArgumentTypeError(f"'{text}' is no time; give seconds, or hours:minutes:seconds")
    try:
        return sum(float(part) * 60**power for power, part in enumerate(reversed(parts)))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no time; give seconds, or hours:minutes:seconds") from error
