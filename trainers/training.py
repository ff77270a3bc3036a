"""Training one system, by command: its settings, what it would do, and the run itself."""

import argparse
import ast
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import torch

from swapper.registry import find_trainer, named
from swapper.runtime.program import say_stopped
from swapper.types import UserError
from trainers.loop.checkpoint import has_checkpoint
from trainers.loop.config import STEP_FORMATS, LoopConfig
from trainers.loop.loop import Run
from trainers.loop.run_settings import begin_run, resume_run
from trainers.loop.trainer import Trainer


def add_training_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m trainers SYSTEM``."""
    p.add_argument("--preset", default="lite", help="recipe: lite (shipped), large (some systems) or paper")
    p.add_argument("--data", type=Path, required=True, help="folder of packed faces (see trainers/data/prepare.py)")
    p.add_argument("--out", type=Path, required=True, help="run folder, created if missing")
    p.add_argument("--resume", action="store_true", help="continue from the run folder's checkpoint")
    p.add_argument(
        "--auto-resume",
        action="store_true",
        help="begin, or continue where there is a checkpoint: for machines that may be taken away",
    )
    p.add_argument("--save-every", type=float, default=180.0, metavar="SECONDS", help="between checkpoints")
    p.add_argument("--ray", metavar="ADDRESS", help="train on a Ray cluster: its address, auto, or local")
    p.add_argument("--workers", type=int, default=1, metavar="N", help="with --ray: processes, each with a card if any")
    p.add_argument(
        "--restarts", type=int, default=3, metavar="K", help="with --ray: how often to go on after a process was lost"
    )
    p.add_argument(
        "--time-budget",
        type=float,
        default=float("inf"),
        help="seconds, after which the run saves a checkpoint and stops",
    )
    p.add_argument("--overfit", action="store_true", help="repeat one batch; the loss must collapse")
    p.add_argument("--dry-run", action="store_true", help="print settings, sizes and the first batch, train nothing")
    p.add_argument("--kimg", type=float, help="length of the run, thousand images")
    p.add_argument("--batch", type=int, help="images per step over all processes")
    p.add_argument("--seed", type=int, default=0, help="of all random numbers (default: 0)")
    p.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    p.add_argument("--compile", action="store_true", help="torch.compile the networks")
    precision = p.add_mutually_exclusive_group()
    precision.add_argument(
        "--bf16", action="store_true", default=None, help="bfloat16 (default: on a CPU, the faster of the two)"
    )
    precision.add_argument("--fp32", dest="bf16", action="store_false", help="float32")
    layout = p.add_mutually_exclusive_group()
    layout.add_argument(
        "--channels-last",
        action="store_true",
        default=None,
        help="memory layout (default: on a CPU, the faster of the two)",
    )
    layout.add_argument("--contiguous", dest="channels_last", action="store_false", help="the other layout")
    p.add_argument("--start", default="", metavar="WEIGHTS", help="start from published weights, by name or file")
    p.add_argument("--sample-every", type=float, default=20.0, metavar="KIMG", help="between sample grids")
    p.add_argument("--evaluate-every", type=float, default=50.0, metavar="KIMG", help="between validation scores")
    p.add_argument("--keep-every", type=float, default=0.0, metavar="KIMG", help="between averages that are kept")
    p.add_argument(
        "--cache", type=Path, default=Path("runs/cache"), help="folder for decoded images, which are made once"
    )
    p.add_argument("--mode", help="embedder: what to train, arcface or smooth")
    p.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting of the recipe")


def build(args: argparse.Namespace) -> tuple[Trainer, Any]:
    """The trainer and its settings after ``--preset`` and ``--set``.

    Raises:
        UserError: unknown preset or setting, or a value of the wrong type.
    """
    trainer_class, config = configured(args)
    return trainer_class(config, args.data, args.cache), config


def configured(args: argparse.Namespace) -> tuple[Any, Any]:
    """The class of a trainer and its settings after ``--preset`` and ``--set``.

    Raises:
        UserError: as of ``build``.
    """
    trainer_class = named(find_trainer(args.system, args.mode or "").cls)
    preset = getattr(trainer_class.Config, args.preset, None)
    if preset is None:
        raise UserError(
            f"Unknown preset '{args.preset}' for {args.system}. Choose lite or paper; trainers/README.md names others."
        )
    return trainer_class, dataclasses.replace(preset(), **overrides(given(args), preset()))


def given(args: argparse.Namespace) -> list[str]:
    """The settings of the recipe that were given on the command line, as ``NAME=VALUE``."""
    options = {"mode": args.mode, "kimg": args.kimg, "batch": args.batch}
    return [*args.set, *(f"{name}={value}" for name, value in options.items() if value is not None)]


def overrides(pairs: list[str], config: Any) -> dict[str, Any]:
    """Read ``NAME=VALUE`` settings against the fields of a config.

    Raises:
        UserError: a name is unknown or a value has another type than the default.
    """
    known = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    out = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        if name not in known:
            raise UserError(f"Unknown setting '{name}'. Choose from: {', '.join(known)}.")
        try:
            out[name] = text if isinstance(known[name], str) else _like(known[name], ast.literal_eval(text))
        except (ValueError, SyntaxError, TypeError, OverflowError) as error:
            raise UserError(
                f"Setting {name}: '{text}' must be a {type(known[name]).__name__} like the default ({known[name]!r})."
            ) from error
    return out


def _like(default: Any, value: Any) -> Any:
    """A value of the default's type.

    Raises:
        ValueError: it is of another, such as 1.5 where a whole number belongs, or True where a number does.
        TypeError: as ``ValueError``.
    """
    if isinstance(default, bool) or isinstance(value, bool):
        if type(default) is not type(value):
            raise ValueError("a switch and a number are not alike")
        return value
    if isinstance(default, int | float) and not isinstance(value, int | float):
        raise ValueError("no number")
    if isinstance(default, int) and value != int(value):
        raise ValueError("no whole number")
    if dataclasses.is_dataclass(default):
        raise ValueError("presets choose the sizes of networks")
    if isinstance(default, tuple | list):
        if not isinstance(value, tuple | list):
            raise ValueError("no sequence")
        return type(default)(_like(default[0], item) if default else item for item in value)
    return type(default)(value)


def loop_config(args: argparse.Namespace, config: Any) -> LoopConfig:
    """The loop's settings from the command line and the recipe's defaults."""
    return LoopConfig(
        out=args.out,
        kimg=config.kimg,
        batch=config.batch,
        seed=args.seed,
        start="" if args.resume else args.start,
        bf16=args.bf16 is not False,
        compile=args.compile,
        channels_last=args.channels_last is not False,
        device=args.device,
        time_budget=args.time_budget,
        overfit=args.overfit,
        sample_every=args.sample_every,
        save_every=args.save_every,
        evaluate_every=args.evaluate_every,
        keep_every=args.keep_every,
    )


def describe(trainer: Trainer, config: Any, loop: LoopConfig) -> str:
    """What a run would do: settings, parameter counts, the first batch's shapes."""
    parts = [
        json.dumps({"recipe": dataclasses.asdict(config), "loop": dataclasses.asdict(loop)}, default=str, indent=1)
    ]
    for name, network in trainer.networks.items():
        parts.append(f"network {name}: {sum(p.numel() for p in network.parameters()):,} parameters")
    plan = trainer.draw(torch.Generator().manual_seed(loop.seed), loop.batch)
    for name, value in trainer.batch(plan, torch.device("cpu"), 0.0).items():
        parts.append(f"batch {name}: {tuple(value.shape)} {value.dtype}")
    return "\n".join(parts)


def train(args: argparse.Namespace) -> int:
    """Train one system, or describe the run; returns the exit code."""
    args.resume |= args.auto_resume and has_checkpoint(args.out)
    torch.manual_seed(args.seed)  # the networks start alike
    trainer, config = build(args)
    loop = loop_config(args, config)
    if args.dry_run:
        print(describe(trainer, config, loop))
        return 0
    recipe, loop_settings = dataclasses.asdict(config), dataclasses.asdict(loop)
    settings = {"system": args.system, "preset": args.preset, "recipe": recipe, "loop": loop_settings}
    if args.resume:
        named_settings = [pair.partition("=")[0] for pair in given(args)]
        for change in resume_run(args.out, settings, named_settings):
            print(f"{args.out}: {change}", file=sys.stderr)
    else:
        begin_run(args.out, settings)
    run = Run(trainer, loop)
    if run.device.type == "cpu" and run.accelerator.num_processes == 1 and not loop.compile:
        choose_format(run, args)
    if args.resume:
        run.resume()
    progress = run.train()
    if run.stop.number is not None:
        return say_stopped(run.stop.exception, "Run the same command with --resume to go on.")
    if run.accelerator.is_main_process:
        print(f"{progress.kimg:.1f} of {loop.kimg:g} thousand images done in {args.out}")
    return 0


def choose_format(run: Run, args: argparse.Namespace) -> None:
    """Time the precisions and layouts that the command line leaves open, and say which one the run takes."""
    given = {"bf16": args.bf16, "channels_last": args.channels_last}
    formats = [f for f in STEP_FORMATS if all(value in (None, getattr(f, name)) for name, value in given.items())]
    if len(formats) > 1:
        seconds = run.choose_format(formats)
        print(f"Trains in {run.format}; seconds a step:", "; ".join(f"{f} {s:.3g}" for f, s in seconds.items()))
