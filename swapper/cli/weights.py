"""The ``weights`` command: list, download, verify and convert weights files."""

import argparse
import json
import sys
from pathlib import Path

from swapper import hub
from swapper.cli.options import add_overwrite_option
from swapper.errors import UserError
from swapper.registry import CONVERTERS, recommended_weights
from swapper.registry.pipeline_reading import read_pipeline
from swapper.registry.pipelines import KEY
from swapper.runtime.outputs import claim_outputs
from swapper.runtime.program import interruptible, say_stopped
from swapper.runtime.text_table import text_table
from swapper.runtime.whole_file import check_place


def add_weights_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``weights`` and its own commands; each sets ``run``, a function that returns the exit code."""
    parser = commands.add_parser("weights", help="list, download, verify or convert weights")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list all known files, and where they are on this machine")
    listing.set_defaults(run=run_list)
    pull = actions.add_parser("pull", help="download files that are not here yet")
    pull.add_argument("names", nargs="*", metavar="NAME", help="of 'weights list'")
    pull.add_argument("--all-recommended", action="store_true", help="the published swapper that leads for photos")
    pull.add_argument("--trust", action="store_true", help="unverified files as well")
    pull.set_defaults(run=run_pull)
    verify = actions.add_parser("verify", help="check every file on this machine against the manifest")
    verify.set_defaults(run=run_verify)
    convert = actions.add_parser("convert", help="convert an official checkpoint to a weights file of this project")
    convert.add_argument("system", metavar="SYSTEM", help=f"what the checkpoint holds: {', '.join(CONVERTERS)}")
    convert.add_argument("file", type=Path, metavar="FILE", help=".pdparams, .pth, .tar or .onnx")
    convert.add_argument("-o", "--output", type=Path, metavar="OUT", help="safetensors file (default: next to FILE)")
    add_overwrite_option(convert)
    convert.set_defaults(run=run_convert)


def run_list(_args: argparse.Namespace) -> int:
    """Print one line per file: name, size, where it is, licence, what it was trained on."""
    rows = [(row.name, _megabytes(row.bytes), _state(row), row.licence, row.trained_on) for row in hub.entries()]
    print(text_table(("name", "size", "where", "licence", "trained on"), rows, words=(0, 2, 3, 4)))
    return 0


def run_pull(args: argparse.Namespace) -> int:
    """Make files available and print where they are; Ctrl-C ends it at any time.

    Raises:
        UserError: no file is named, or one cannot be had.
    """
    wanted: list[str] = [*args.names, *(recommended_weights() if args.all_recommended else [])]
    names = list(dict.fromkeys(wanted))
    if not names:
        raise UserError("No weights were named. Give names of 'python -m swapper weights list', or --all-recommended.")
    try:
        with interruptible():
            for name in names:
                print(f"{name}: {hub.resolve(name, args.trust)}", flush=True)
    except KeyboardInterrupt as stop:
        return say_stopped(stop, "What came so far is kept; run the same command to resume.")
    return 0


def run_verify(_args: argparse.Namespace) -> int:
    """Check what is here; 2 when anything is wrong."""
    wrong = 0
    for row in hub.entries():
        path = hub.find_local(row) or hub.find_cached(row)
        if path is None:
            continue
        try:
            hub.verify(row, path)
        except UserError as error:
            print(error, file=sys.stderr)
            wrong += 1
            continue
        print(f"{row.name}: {_checked(row)} ({path})")
    for path in _unlisted():
        print(f"{path}: the manifest does not list it. Remove it or publish it.", file=sys.stderr)
        wrong += 1
    return 2 if wrong else 0


def run_convert(args: argparse.Namespace) -> int:
    """Convert one checkpoint and print what was written."""
    from swapper.convert import convert
    from swapper.methods.identity_files import command_for

    output = args.output or args.file.with_suffix(".safetensors")
    check_place(output)
    claim_outputs([output], [args.file], args.overwrite)
    network = convert(args.system, args.file, output)
    parameters = sum(p.numel() for p in network.parameters())
    print(f"{output}: {type(network).__name__}, {parameters:,} parameters")
    said = hub.read_metadata(output)
    if KEY in said:
        needs = read_pipeline(said, json.loads(said[KEY])["system"], str(output), 0).identity
        if needs is not None:
            command = command_for(needs, output.parent)
            print(f"To swap with it, {needs.weights}.safetensors has to lie beside it: {command}")
    return 0


def _checked(row: "hub.WeightEntry") -> str:
    return f"here, but unverified: {row.doubt}" if row.doubt else "ok"


def _state(row: "hub.WeightEntry") -> str:
    return f"{_place(row)}, unverified" if row.doubt else _place(row)


def _place(row: "hub.WeightEntry") -> str:
    local = hub.find_local(row)
    if local is not None:
        return "shipped" if local.parent == hub.shipped_folder() else "own folder"
    return "downloaded" if hub.find_cached(row) is not None else "not here"


def _megabytes(size: int | None) -> str:
    return "? MB" if size is None else f"{size / 1e6:.1f} MB"


def _unlisted() -> list[Path]:
    listed = {row.file_name for row in hub.entries()}
    return [path for path in sorted(hub.shipped_folder().glob("*.safetensors")) if path.name not in listed]
