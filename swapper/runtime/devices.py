"""Choosing the device that networks run on."""

import torch
from torch import nn

from swapper.types import UserError


def choose_device(name: str = "auto") -> torch.device:
    """Resolve a device name to a device of this machine.

    Args:
        name: ``auto`` (CUDA, then Apple's MPS, then the CPU), ``cpu``, ``cuda`` or ``mps``; ``cuda:1`` is the second.

    Raises:
        UserError: the device is unknown or not on this machine.
    """
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if present[kind]))
    kind, colon, number = name.partition(":")
    if kind not in present or (colon and not (number.isascii() and number.isdigit())):
        raise UserError(f"Unknown device '{name}'. Choose auto, cpu, cuda or mps.")
    count = torch.cuda.device_count() if kind == "cuda" else 1
    if not present[kind] or int(number or 0) >= count:
        raise UserError(f"Device '{name}' is not on this machine. Choose auto or cpu.")
    return torch.device(kind, int(number)) if colon else torch.device(kind)


def device_of(network: nn.Module) -> torch.device:
    """Where a network's parameters are."""
    return next(network.parameters()).device
