"""The ``provenance`` command: what a file says about how it was made."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from swapper.provenance.credentials import Credentials
    from swapper.provenance.detection import Mark

NO_MARK = 3  # exit code


def add_provenance_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``provenance``."""
    parser = commands.add_parser(
        "provenance",
        help="check whether a file was made by Swapper: content credentials, watermark",
        epilog="Exit code: 0 when a mark was found and nothing is wrong with it; 3 when there is no mark; 2 when the "
        "file was changed after signing or cannot be read, and for wrong arguments.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a picture or a video")
    parser.add_argument("--json", action="store_true", help="print JSON instead of sentences")
    parser.set_defaults(run=run_provenance)


def run_provenance(args: argparse.Namespace) -> int:
    """Print what is found; 0 when a mark was found and nothing is wrong, 3 when none was, 2 otherwise."""
    from swapper.video.file_check import check_file

    found = check_file(args.file)
    credentials, mark = found.credentials, found.mark
    if found.problem:
        print(f"warning: {found.problem}", file=sys.stderr)
    if args.json:
        print(json.dumps({"credentials": asdict(credentials) if credentials else None, "watermark": _facts(mark)}))
    else:
        print(f"content credentials: {_said(credentials)}")
        print(f"watermark: {_found(mark)}")
    if credentials is None:
        return 0 if mark is not None else 2 if found.problem else NO_MARK
    return 0 if credentials.valid else 2


def _said(credentials: "Credentials | None") -> str:
    if credentials is None:
        return "none"
    if not credentials.valid:
        return f"INVALID, the file was changed after signing or is damaged ({', '.join(credentials.problems)})"
    signer = "this installation" if credentials.ours else f"'{credentials.signer}', whom this machine does not know"
    swap = credentials.swap
    details = [f"made with {credentials.software}" if credentials.software else ""]
    details += [f"method {swap['method']}, restoration {swap['restoration']}" if "method" in swap else ""]
    details += [f"upscaler {swap['upscaler']}" if "upscaler" in swap else "", credentials.source_type]
    return f"valid, signed by {signer}; " + "; ".join(detail for detail in details if detail)


def _found(mark: "Mark | None") -> str:
    if mark is None:
        return "none"
    from swapper.provenance.origin import read_message

    return f"found, {read_message(mark.message)} (score {mark.score:.1f}, scale {mark.scale:.2f})"


def _facts(mark: "Mark | None") -> dict[str, Any] | None:
    if mark is None:
        return None
    from swapper.provenance.origin import read_message

    said = read_message(mark.message)
    return {"message": mark.message, "says": said, "score": round(mark.score, 2), "scale": round(mark.scale, 3)}
