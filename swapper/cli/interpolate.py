"""The ``interpolate`` command: from one person to another on the face of a third."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from swapper.cli.options import (
    add_device_option,
    add_mark_options,
    add_overwrite_option,
    add_trust_option,
    add_weights_option,
    mark_settings,
    settle_choices,
)
from swapper.errors import UserError
from swapper.registry import identity_spaces

if TYPE_CHECKING:
    import numpy as np

    from swapper.faces.embed import IdentityEmbedder
    from swapper.pipeline import FaceSwapper

MOST_STEPS = 99  # pictures between the two people


def add_interpolate_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``interpolate``; it sets ``run``, a function that returns the exit code."""
    p = commands.add_parser("interpolate", help="interpolate between two people on the face of a third")
    p.add_argument("first", type=Path, metavar="A", help="photo of the first person")
    p.add_argument("second", type=Path, metavar="B", help="photo of the second person")
    p.add_argument("target", type=Path, metavar="TARGET", help="photo whose largest face is swapped")
    p.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="folder to write, created if missing"
    )
    p.add_argument("--steps", type=int, default=9, help="pictures between the two people")
    p.add_argument("--embedder", choices=tuple(identity_spaces()), help="identity space to interpolate in")
    p.add_argument("--method", help="default: the recommended one of those that can interpolate")
    add_weights_option(p)
    add_trust_option(p)
    p.add_argument(
        "--gallery",
        type=Path,
        metavar="PATH",
        help="photos of other people, to count those met on the way: a folder, or a file of the gallery command; "
        "the made-up people of the examples when not given",
    )
    add_device_option(p)
    add_mark_options(p)
    add_overwrite_option(p)
    p.set_defaults(run=run_interpolate)


def run_interpolate(args: argparse.Namespace) -> int:
    """Write the pictures of an interpolation, and what they measure."""
    from swapper.images import read_still
    from swapper.interpolation import path_shares
    from swapper.methods.weights import find_weights, weights_system
    from swapper.pipeline import FaceSwapper
    from swapper.provenance import Origin, write_marked_image
    from swapper.runtime.outputs import claim_outputs, files_of
    from swapper.runtime.threads import settle_threads
    from swapper.studies.evaluators import load_evaluators
    from swapper.studies.interpolation_report import REPORT, REPORTS, shown, write_interpolation
    from swapper.studies.interpolation_scores import explain, headline, score_interpolation
    from swapper.studies.interpolation_study import choose_interpolating_method, interpolate_faces

    settings = mark_settings(args)
    if not 1 <= args.steps <= MOST_STEPS:
        raise UserError(f"--steps must be 1 to {MOST_STEPS}, not {args.steps}.")
    if args.output.exists() and not args.output.is_dir():
        raise UserError(f"Output '{args.output}': this is a file. Give a folder.")
    shares = path_shares(args.steps)
    pictures = [args.output / f"frame-{number:02d}.png" for number in range(len(shares))]
    inputs = [args.first, args.second, args.target, *files_of(args.gallery)]
    claim_outputs([*pictures, *(args.output / name for name in REPORTS)], inputs, args.overwrite)
    method = args.method or (weights_system(find_weights(args.weights)) if args.weights else None)
    method = choose_interpolating_method(method, args.embedder)
    settle_choices(args.trust, [method])
    settle_threads()
    swapper = FaceSwapper(method, args.device, restore="none", weights=args.weights)
    photos = swapper.source_crop(args.first), swapper.source_crop(args.second)
    target = read_still(args.target)
    faces = swapper.find_faces(target.image)
    if not faces:
        raise UserError(f"Target '{args.target}': no face was found. Choose a photo in which a face is larger.")
    evaluators = load_evaluators(swapper.device)
    gallery = _gallery(args.gallery, swapper, evaluators.embedders)
    args.output.mkdir(parents=True, exist_ok=True)
    origin = Origin(swapper.method_name, sources=2)
    people = swapper.method.identify(photos[:1]), swapper.method.identify(photos[1:])
    images, crops = [], []
    for number, step in enumerate(interpolate_faces(swapper, people, target, faces, shares)):
        write_marked_image(step.picture, pictures[number], origin, settings=settings)
        images.append(shown(step.image))
        crops.append(step.crop)
        print(f"picture {number + 1} of {len(shares)}", file=sys.stderr, flush=True)
    scores = score_interpolation(crops, shares, photos, evaluators, gallery)
    about = {
        "method": swapper.method_name,
        "pictures": len(shares),
        "first": args.first.name,
        "second": args.second.name,
        "target": args.target.name,
    }
    for warning in write_interpolation(args.output, images, crops, photos, scores, about, origin, settings):
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{args.output / REPORT}: {headline(scores)}. {explain(scores)}")
    return 0


def _gallery(
    wanted: Path | None, swapper: "FaceSwapper", embedders: "Mapping[str, IdentityEmbedder]"
) -> "dict[str, np.ndarray] | None":
    """Embeddings of people it may resemble; None, after a warning, where the shipped ones do not fit."""
    from swapper.studies.gallery_index import SHIPPED, read_index
    from swapper.studies.interpolation_study import embed_folder

    if wanted is not None:
        return read_index(wanted, embedders) if wanted.is_file() else embed_folder(wanted, swapper, embedders)
    try:
        return read_index(SHIPPED, embedders)
    except UserError as error:
        print(f"warning: {error}", file=sys.stderr)
        return None
