"""Command line: ``python -m swapper COMMAND``; exit code 2 for input that cannot be used."""

import argparse
import json
import sys
from pathlib import Path

from swapper.cli.compare import add_compare_parser
from swapper.cli.interpolate import add_gallery_parser, add_interpolate_parser
from swapper.cli.options import add_blend_options, blend_settings
from swapper.cli.provenance import add_mark_options, add_provenance_parser, mark_settings
from swapper.cli.video import add_video_parser
from swapper.cli.weights import add_weights_parser
from swapper.methods.base import methods
from swapper.restore.base import restorers
from swapper.types import UserError


def parser() -> argparse.ArgumentParser:
    """All commands with their arguments."""
    p = argparse.ArgumentParser(prog="python -m swapper", description="Swap faces in photographs and video.")
    commands = p.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_image(commands.add_parser("image", help="put the source person's face on a target photo"))
    add_video_parser(commands)
    add_interpolate_parser(commands)
    add_gallery_parser(commands)
    add_compare_parser(commands)
    _add_export(commands.add_parser("export", help="write a person's MobileFaceSwap network as one small ONNX file"))
    _add_bench(commands.add_parser("bench", help="measure speed on this machine, or the robustness of the watermark"))
    add_weights_parser(commands)
    add_provenance_parser(commands)
    return p


def _add_image(p: argparse.ArgumentParser) -> None:
    p.add_argument("source", nargs="+", type=Path, help="one or several photos of the source person, then the target")
    p.add_argument("target", type=Path)
    p.add_argument("-o", "--output", type=Path, required=True, help="file to write: .png, .jpg or .webp")
    p.add_argument("--method", help=f"one of {', '.join(methods())}, or onnx:NAME")
    p.add_argument("--select", default="all", help="all, largest, or a face number, counted from the largest, 0 first")
    p.add_argument("--restore", choices=restorers(), default="none")
    p.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    add_blend_options(p)
    add_mark_options(p)
    p.set_defaults(run=run_image)


def _add_export(p: argparse.ArgumentParser) -> None:
    p.add_argument("source", nargs="+", type=Path, help="one or several photos of one person")
    p.add_argument("-o", "--output", type=Path, required=True, help="file to write: .onnx")
    p.add_argument("--fp16", action="store_true", help="store the weights in half precision: 1 MB instead of 2")
    p.add_argument("--size", type=int, help="side of the crops in pixels, a multiple of 32 (default: as trained)")
    p.set_defaults(run=run_export)


def _add_bench(p: argparse.ArgumentParser) -> None:
    p.add_argument("--json", action="store_true", help="print JSON instead of a table")
    what = p.add_mutually_exclusive_group()
    what.add_argument("--models", action="store_true", help="the networks: parameters, MACs and milliseconds")
    what.add_argument(
        "--video", action="store_true", help="a 720p clip: frames per second, compared with plain re-encoding"
    )
    what.add_argument("--marks", action="store_true", help="the watermark: correct bits after JPEG, resizing and H.264")
    p.add_argument("--only", metavar="NAME", help="with --models: only this network; a wrong name lists all")
    p.add_argument("--method", help=f"one of {', '.join(methods())}")
    p.set_defaults(run=run_bench)


def run_image(args: argparse.Namespace) -> int:
    """Swap one photograph and write it."""
    from swapper.images import check_output
    from swapper.pipeline import FaceSwapper
    from swapper.provenance import Origin, write_marked_image

    settings, blend = mark_settings(args), blend_settings(args)
    check_output(args.output)
    swapper = FaceSwapper(args.method, args.device, restore=args.restore, blend=blend)
    result = swapper.swap_image(args.source, args.target, args.select)
    written = write_marked_image(
        result.image, args.output, Origin(swapper.method.name, args.restore), settings=settings
    )
    for warning in [*result.warnings, *written.warnings]:
        print(f"warning: {warning}", file=sys.stderr)
    steps = ", ".join(f"{name} {ms:.0f} ms" for name, ms in result.timings.items())
    print(f"{args.output}: swapped {len(result.swapped)} of {len(result.faces)} faces on {swapper.device} ({steps})")
    return 0


def run_export(args: argparse.Namespace) -> int:
    """Write the network of one person."""
    import torch

    from swapper.methods.idn_onnx import check_onnx_output
    from swapper.methods.mobilefaceswap import MobileFaceSwapMethod
    from swapper.pipeline import FaceSwapper

    check_onnx_output(args.output)
    method = MobileFaceSwapMethod(torch.device("cpu"), size=args.size)
    method.export(FaceSwapper(method, "cpu").identify(args.source), args.output, args.fp16)
    size = args.output.stat().st_size / 1e6
    print(f"{args.output}: {size:.2f} MB, {method.size} px crops in the {method.template} template")
    return 0


def run_bench(args: argparse.Namespace) -> int:
    """Measure and print."""
    from swapper.bench import networks, photo, video, watermark

    if args.only and not args.models:
        raise UserError(f"--only {args.only} works together with --models alone. Add --models.")
    if args.marks:
        report = watermark.marks_report()
    elif args.video:
        report = video.video_report(args.method)
    else:
        report = networks.models_report(args.only) if args.models else photo.pipeline_report(args.method)
    print(json.dumps(report, indent=1) if args.json else photo.table(report))
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    args = parser().parse_args(argv)
    try:
        return args.run(args)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
