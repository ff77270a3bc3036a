"""The ``export`` command: one person's network as a file of its own."""

import argparse
from pathlib import Path

from swapper.cli.options import add_overwrite_option, add_weights_option


def add_export_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``export``; it sets ``run``, a function that returns the exit code."""
    p = commands.add_parser("export", help="write a person's MobileFaceSwap network as one small ONNX file")
    p.add_argument("source", nargs="+", type=Path, help="one or several photos of one person")
    p.add_argument("-o", "--output", type=Path, required=True, help="file to write: .onnx")
    p.add_argument("--fp16", action="store_true", help="store the weights in half precision: 1 MB instead of 2")
    p.add_argument("--size", type=int, help="side of the crops in pixels, a multiple of 32 (default: as trained)")
    add_weights_option(p, "the shipped MobileFaceSwap without it")
    add_overwrite_option(p)
    p.set_defaults(run=run_export)


def run_export(args: argparse.Namespace) -> int:
    """Write the network of one person."""
    import torch

    from swapper.methods.mobilefaceswap import MobileFaceSwapMethod
    from swapper.pipeline import FaceSwapper
    from swapper.runtime.outputs import claim_outputs
    from swapper.runtime.threads import settle_threads
    from swapper.runtime.whole_file import writable_path

    writable_path(args.output, [".onnx"])
    claim_outputs([args.output], args.source, args.overwrite)
    settle_threads()
    method = MobileFaceSwapMethod(torch.device("cpu"), size=args.size, weights=args.weights)
    method.export(FaceSwapper(method, "cpu").identify(args.source), args.output, args.fp16)
    size = args.output.stat().st_size / 1e6
    print(f"{args.output}: {size:.2f} MB, {method.size} px crops in the {method.template} template")
    return 0
