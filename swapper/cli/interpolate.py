"""The ``interpolate`` command: from one person to another on the face of a third."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from swapper.faces.embed import IdentityEmbedder
    from swapper.images import Still
    from swapper.pipeline import FaceSwapper
    from swapper.studies.gallery import Gallery
    from swapper.studies.interpolation_study import PathChoice
    from swapper.types import Crop, Face

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
    p.add_argument("--steps", type=int, default=9, help="pictures between the two people (default: %(default)s)")
    p.add_argument(
        "--embedder",
        choices=tuple(identity_spaces()),
        help="embedder of the first path's method (default: that of --method, or smooth)",
    )
    p.add_argument("--method", help="draws the first path; default: the recommended one of the smooth embedder")
    add_weights_option(p, "it names the method where none is given")
    add_trust_option(p)
    p.add_argument(
        "--against",
        default="own",
        metavar="own|same|none|M",
        help="draws the second path, of the other embedder: own, a method of that embedder (the default); same, the "
        "first path's method, so that only the embedder differs; none; or the name of a method",
    )
    p.add_argument(
        "--people",
        type=Path,
        metavar="PATH",
        help="photos of further people, a folder or a ZIP: every two people are a pair, and the verdict is a mean over "
        "all pairs with its interval; the gallery's people when not given",
    )
    p.add_argument(
        "--gallery",
        type=Path,
        metavar="PATH",
        help="photos of other people, to count those met on the way: a folder, a ZIP, or a file of the gallery "
        "command; the made-up people that ship when not given",
    )
    add_device_option(p)
    add_mark_options(p)
    add_overwrite_option(p)
    p.set_defaults(run=run_interpolate)


def run_interpolate(args: argparse.Namespace) -> int:
    """Write the pictures of an interpolation, and what they measure."""
    from swapper.interpolation import path_shares
    from swapper.pipeline import FaceSwapper
    from swapper.provenance import Origin, write_marked_image
    from swapper.runtime.outputs import claim_outputs, files_of
    from swapper.runtime.there import make_folder
    from swapper.runtime.threads import settle_threads
    from swapper.studies.evaluators import load_evaluators
    from swapper.studies.interpolation_report import REPORT, REPORTS, picture_name, write_interpolation
    from swapper.studies.interpolation_run import Wanted, run_interpolation
    from swapper.studies.interpolation_scores import explain, headline
    from swapper.studies.interpolation_study import Step

    settings, choices, shares = mark_settings(args), _paths(args), path_shares(args.steps)
    numbers = [(path, number) for path in range(len(choices)) for number in range(len(shares))]
    pictures = [args.output / picture_name(*number, ".png") for number in numbers]
    inputs = [args.first, args.second, args.target, *files_of(args.gallery), *files_of(args.people)]
    claim_outputs([*pictures, *(args.output / name for name in REPORTS)], inputs, args.overwrite)
    settle_choices(args.trust, [choice.method for choice in choices])
    settle_threads()
    built: dict[str, FaceSwapper] = {}

    def build(name: str) -> FaceSwapper:
        own = args.weights if name == choices[0].method else None
        built.setdefault(name, FaceSwapper(name, args.device, restore="none", weights=own))
        return built[name]

    swapper, *_ = [build(choice.method) for choice in choices]  # what is missing ends it here and not later
    photos = swapper.source_crop(args.first), swapper.source_crop(args.second)
    others = _people(args.people, swapper)
    target, faces = _read_target(args.target, swapper)
    evaluators = load_evaluators(swapper.device)
    gallery = _gallery(args.gallery, swapper, evaluators.embedders)
    make_folder(args.output)
    wanted = Wanted(choices, photos, others, target, faces, shares)

    def told(path: int, number: int, step: Step) -> None:
        origin = Origin(build(choices[path].method).method_name, sources=2)
        done = path * len(shares) + number
        write_marked_image(step.picture, pictures[done], origin, settings=settings)
        print(f"picture {done + 1} of {len(pictures)}", file=sys.stderr, flush=True)

    found = run_interpolation(wanted, build, evaluators, gallery, told)
    about = _about(args, [build(choice.method).method_name for choice in choices], len(pictures), len(others))
    for warning in write_interpolation(args.output, found, about, settings):
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{args.output / REPORT}: {headline(found.scores)}. {' '.join(explain(found.scores))}")
    return 0


def _paths(args: argparse.Namespace) -> "list[PathChoice]":
    """The paths that were asked for."""
    from swapper.methods.weights import find_weights, weights_system
    from swapper.studies.interpolation_study import choose_paths

    if not 1 <= args.steps <= MOST_STEPS:
        raise UserError(f"--steps must be 1 to {MOST_STEPS}, not {args.steps}.")
    method = args.method or (weights_system(find_weights(args.weights)) if args.weights else None)
    return choose_paths(method, args.against, args.embedder)


def _read_target(path: Path, swapper: "FaceSwapper") -> "tuple[Still, list[Face]]":
    """The target and its faces."""
    from swapper.images import read_still

    target = read_still(path)
    faces = swapper.find_faces(target.image)
    if not faces:
        raise UserError(f"Target '{path}': no face was found. Choose a photo in which a face is larger.")
    return target, faces


def _about(args: argparse.Namespace, methods: list[str], pictures: int, others: int) -> dict[str, Any]:
    """What the report says of how it was made."""
    return {
        "methods": methods,
        "pictures": pictures,
        "first": args.first.name,
        "second": args.second.name,
        "target": args.target.name,
        "further people": others,
        "gallery": args.gallery.name if args.gallery else "shipped",
    }


def _people(place: Path | None, swapper: "FaceSwapper") -> "list[Crop]":
    """The first photo of each further person."""
    from swapper.studies.interpolation_run import MOST_PEOPLE
    from swapper.studies.photo_places import photos_in

    if place is None:
        return []
    found: dict[int, Crop] = {}
    with photos_in([place]) as photos:
        for person, path in photos:
            if person not in found:
                found[person] = swapper.source_crop(path)
    if len(found) > MOST_PEOPLE:
        raise UserError(f"--people: {len(found)} people are more than the {MOST_PEOPLE} possible. Leave some out.")
    return list(found.values())


def _gallery(
    wanted: Path | None, swapper: "FaceSwapper", embedders: "Mapping[str, IdentityEmbedder]"
) -> "Gallery | None":
    """People who may be met; None, after a warning, where the shipped ones cannot be used."""
    from swapper.runtime.there import is_file
    from swapper.studies.gallery import measure_gallery
    from swapper.studies.gallery_index import SHIPPED, read_index

    if wanted is None:
        try:
            return read_index(SHIPPED, embedders)
        except UserError as error:
            print(f"warning: {error}", file=sys.stderr)
            return None
    if is_file(wanted) and wanted.suffix.lower() != ".zip":
        return read_index(wanted, embedders)
    return measure_gallery([wanted], swapper, embedders)
