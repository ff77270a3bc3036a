"""All commands; exit code 2 for input that cannot be used."""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from swapper.cli.batch import add_batch_parser
from swapper.cli.bench import add_bench_parser
from swapper.cli.compare import add_compare_parser
from swapper.cli.export import add_export_parser
from swapper.cli.gallery import add_gallery_parser
from swapper.cli.image import add_image_parser
from swapper.cli.interpolate import add_interpolate_parser
from swapper.cli.options import saved_settings
from swapper.cli.provenance import add_provenance_parser
from swapper.cli.video import add_video_parser
from swapper.cli.weights import add_weights_parser
from swapper.errors import UserError
from swapper.runtime.memory import keep_freed_memory
from swapper.runtime.program import nobody_reads, say_stopped, speak_plainly
from swapper.runtime.proxies import settle_proxies

_COMMANDS = (
    add_image_parser,
    add_video_parser,
    add_batch_parser,
    add_interpolate_parser,
    add_gallery_parser,
    add_compare_parser,
    add_export_parser,
    add_bench_parser,
    add_weights_parser,
    add_provenance_parser,
)


def parser(command: str = "", settings: Mapping[str, Any] | None = None) -> argparse.ArgumentParser:
    """All commands with their arguments.

    Args:
        command: whose defaults are others.
        settings: those, by argument.
    """
    p = argparse.ArgumentParser(prog="python -m swapper", description="Swap faces in photographs and video.")
    commands = p.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in _COMMANDS:
        add(commands)
    if settings:
        commands.choices[command].set_defaults(**settings)
    return p


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    speak_plainly()
    args = parser().parse_args(argv)
    keep_freed_memory()
    try:
        settle_proxies()
        saved = saved_settings(args)
        if saved:  # what is said in the command counts more
            args = parser(args.command, saved).parse_args(argv)
        code = args.run(args)
        sys.stdout.flush()
        return code
    except BrokenPipeError as error:
        return nobody_reads(error)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        return say_stopped(stop)
