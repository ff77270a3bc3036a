"""The ``gallery`` command: look at photos once, for interpolations to know whom they meet."""

import argparse
from pathlib import Path

from swapper.cli.options import add_overwrite_option


def add_gallery_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``gallery``; it sets ``run``, a function that returns the exit code."""
    p = commands.add_parser("gallery", help="look at photos of people once, for interpolate --gallery")
    p.add_argument(
        "folder",
        type=Path,
        metavar="DIR",
        help="folder or ZIP of photos; each photo is one person, and so is each folder",
    )
    p.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="file to write: .safetensors")
    add_overwrite_option(p)
    p.set_defaults(run=run_gallery)


def run_gallery(args: argparse.Namespace) -> int:
    """Write what networks say of the people on some photos, and small pictures of them."""
    from swapper.faces.embed import local_embedders
    from swapper.pipeline import FaceSwapper
    from swapper.runtime.outputs import claim_outputs, files_of
    from swapper.runtime.threads import settle_threads
    from swapper.runtime.whole_file import writable_path
    from swapper.studies.gallery import measure_gallery
    from swapper.studies.gallery_index import SUFFIX, write_index

    writable_path(args.output, [SUFFIX])
    claim_outputs([args.output], files_of(args.folder), args.overwrite)
    settle_threads()
    found = measure_gallery([args.folder], FaceSwapper("warp", "cpu"), local_embedders())
    write_index(found, args.output)
    kept = f"{len(found)} photos of {found.persons} people, seen by {' and '.join(found.embeddings)}"
    print(f"{args.output}: {kept}, {args.output.stat().st_size / 1e3:.0f} kB")
    return 0
