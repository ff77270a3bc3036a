"""Checkpoints of a run: written beside the old one and swapped in, so that a crash never loses both."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from swapper import hub
from swapper.types import UserError


def save_checkpoint(
    run: Path,
    networks: Mapping[str, nn.Module],
    averages: Mapping[str, nn.Module],
    optimizers: Mapping[str, Any],
    progress: Mapping[str, Any],
) -> None:
    """Write ``RUN/last`` whole or not at all.

    Args:
        run: run folder.
        networks: as trained, unwrapped.
        averages: exponential moving averages by network name.
        optimizers: by phase name.
        progress: plain numbers, kept as JSON.
    """
    fresh, last, old = run / "last.new", run / "last", run / "last.old"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, network in networks.items():
        save_file(_tensors(network), fresh / f"{name}.safetensors", metadata=_sizes(network))
    for name, average in averages.items():
        save_file(_tensors(average), fresh / f"{name}-ema.safetensors", metadata=_sizes(networks[name]))
    torch.save({name: optimizer.state_dict() for name, optimizer in optimizers.items()}, fresh / "optimizers.pt")
    (fresh / "progress.json").write_text(json.dumps(dict(progress)))
    shutil.rmtree(old, ignore_errors=True)
    if last.exists():
        last.rename(old)
    fresh.rename(last)
    shutil.rmtree(old, ignore_errors=True)


def _tensors(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().contiguous().cpu() for name, value in module.state_dict().items()}


def weights_file(source: str) -> Path:
    """The file that a recipe's setting means: itself, or the one of that name in the manifest.

    Raises:
        UserError: the name is unknown or its file cannot be had.
    """
    path = Path(source)
    return path if path.suffix == ".safetensors" else hub.resolve(source)


def _sizes(network: nn.Module) -> dict[str, str] | None:
    config = getattr(network, "config", None)
    return {"config": json.dumps(asdict(cast(Any, config)))} if is_dataclass(config) else None


def has_checkpoint(run: Path) -> bool:
    """Whether a run can be resumed.

    Args:
        run: run folder.
    """
    return any((run / name).exists() for name in ("last", "last.old"))


def load_checkpoint(
    run: Path,
    networks: Mapping[str, nn.Module],
    averages: Mapping[str, nn.Module],
    optimizers: Mapping[str, Any],
) -> dict[str, Any]:
    """Load ``RUN/last`` into everything given.

    Returns:
        The progress that was saved.

    Raises:
        UserError: there is no checkpoint.
    """
    last = run / "last"
    if not last.exists():  # a crash between the two renames leaves the old one under its other name
        last = run / "last.old"
    if not last.exists():
        raise UserError(f"Nothing to resume: {run} has no checkpoint. Start without --resume.")
    for name, network in networks.items():
        network.load_state_dict(load_file(last / f"{name}.safetensors"))
    for name, average in averages.items():
        average.load_state_dict(load_file(last / f"{name}-ema.safetensors"))
    states = torch.load(last / "optimizers.pt", weights_only=True, map_location="cpu")
    for name, optimizer in optimizers.items():
        optimizer.load_state_dict(states[name])
    return json.loads((last / "progress.json").read_text())
