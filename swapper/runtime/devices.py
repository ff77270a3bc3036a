"""Choosing the device that networks run on."""

import ctypes
from contextlib import suppress

import torch
from torch import nn

from swapper.types import UserError

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # glibc's malloc.h


def choose_device(name: str = "auto") -> torch.device:
    """Turn a user's choice into a device that exists.

    Args:
        name: ``auto`` (CUDA, then Apple's MPS, then the CPU), ``cpu``, ``cuda`` or ``mps``.

    Raises:
        UserError: the device is unknown or not on this machine.
    """
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if present[kind]))
    kind = name.partition(":")[0]
    if kind not in present:
        raise UserError(f"Unknown device '{name}'. Choose auto, cpu, cuda or mps.")
    if not present[kind]:
        raise UserError(f"Device '{name}' is not on this machine. Choose auto or cpu.")
    return torch.device(name)


def device_of(network: nn.Module) -> torch.device:
    """Where a network's parameters are."""
    return next(network.parameters()).device


def keep_freed_memory(most: int = 256 << 20) -> None:
    """Let glibc keep some of the memory that this process frees; does nothing with another C library.

    Small networks on a CPU otherwise spend up to half of their time on getting fresh pages for their maps. It changes
    the whole process, so a program calls it, not a part of one.

    Args:
        most: bytes, below 2^31; single maps up to an eighth of it are kept.
    """
    with suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, most // 8)
        library.mallopt(_TRIM_THRESHOLD, most)
