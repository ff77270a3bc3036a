"""The ``image`` command: swap the faces of one photograph."""

import argparse
import sys
from pathlib import Path

from swapper.cli.options import (
    add_blend_options,
    add_device_option,
    add_mark_options,
    add_mask_option,
    add_method_option,
    add_overwrite_option,
    add_resolution_option,
    add_restore_option,
    add_settings_option,
    add_upscale_option,
    blend_settings,
    mark_settings,
    settle_choices,
)


def add_image_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``image``; it sets ``run``, a function that returns the exit code."""
    p = commands.add_parser("image", help="put the source person's face on a target photo")
    p.add_argument("source", nargs="+", type=Path, help="one or several photos of the source person, then the target")
    p.add_argument("target", type=Path, help="the photo to change")
    p.add_argument("-o", "--output", type=Path, required=True, help="file to write: .png, .jpg or .webp")
    add_method_option(p)
    add_resolution_option(p)
    add_mask_option(p)
    p.add_argument(
        "--select",
        default="all",
        help="all (the default), largest, or a face number, counted from the largest, 0 first",
    )
    add_restore_option(p)
    add_upscale_option(p)
    add_device_option(p)
    add_blend_options(p)
    add_settings_option(p)
    add_mark_options(p)
    add_overwrite_option(p)
    p.set_defaults(run=run_image)


def run_image(args: argparse.Namespace) -> int:
    """Swap one photograph and write it."""
    from swapper.images import check_output
    from swapper.pipeline import FaceSwapper
    from swapper.provenance import Origin, write_marked_image
    from swapper.runtime.outputs import claim_outputs
    from swapper.runtime.threads import settle_threads

    settings, blend = mark_settings(args), blend_settings(args)
    check_output(args.output)
    claim_outputs([args.output], [*args.source, args.target], args.overwrite)
    settle_choices(args.trust, [args.method], args.restore, args.mask, args.upscale)
    settle_threads()
    swapper = FaceSwapper(
        args.method,
        args.device,
        restore=args.restore,
        blend=blend,
        weights=args.weights,
        resolution=args.resolution,
        mask=args.mask,
    )
    result = swapper.swap_image(args.source, args.target, args.select, upscale=args.upscale)
    origin = Origin(swapper.method_name, args.restore, upscale=args.upscale)
    written = write_marked_image(result.picture, args.output, origin, settings=settings)
    for warning in [*result.warnings, *written.warnings]:
        print(f"warning: {warning}", file=sys.stderr)
    steps = ", ".join(f"{name} {ms:.0f} ms" for name, ms in result.timings.items())
    print(f"{args.output}: swapped {len(result.swapped)} of {len(result.faces)} faces on {swapper.device} ({steps})")
    return 0
