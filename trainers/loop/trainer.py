"""What a trainer brings to the loop: networks, phases, batches, losses, and pictures to look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Generator, Tensor, nn

from trainers.data.supply import FaceSupply

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Phase:
    """One optimiser step within a training step.

    Attributes:
        name: shown in the log, ``G`` or ``D`` for instance.
        trained: names of the networks it updates; all others are frozen meanwhile.
        lr: peak learning rate.
        betas: Adam's averaging constants.
        weight_decay: decoupled (AdamW).
        interval: run once in so many steps.
        optimizer: the earlier phase whose optimiser takes this one's steps too; its own when empty. StyleGAN2's lazy
            regularisation needs it: an optimiser of its own would scale the regulariser's weight away.
        clip: limit the gradient's norm to ``LoopConfig.clip``.
        begins: thousand images before which it rests, a discriminator that nobody hears yet for instance.
    """

    name: str
    trained: tuple[str, ...]
    lr: float
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    interval: int = 1
    optimizer: str = ""
    clip: bool = True
    begins: float = 0.0


@runtime_checkable
class Trainer(Protocol):
    """What one system brings to the loop.

    Attributes:
        networks: by name; the loop moves, wraps, saves and averages them. Parameters that come without
            ``requires_grad`` are never trained.
        averaged: names of the networks whose exponential moving average is kept and published.
        phases: the optimiser steps, in order.
        frozen: networks used by the losses only; moved to the device, never saved.
        supply: the photos that ``draw`` chooses among; the loop tells it the step. None where there are none.
    """

    networks: dict[str, nn.Module]
    averaged: tuple[str, ...]
    phases: tuple[Phase, ...]
    frozen: dict[str, nn.Module]
    supply: FaceSupply | None

    def draw(self, generator: Generator, count: int) -> Batch:
        """Plan a batch: small tensors with one row per image (indices, augmentation), on the CPU."""
        ...

    def batch(self, plan: Batch, device: torch.device, kimg: float) -> Batch:
        """Carry a plan out: images and labels on the device, at the resolution due after ``kimg``."""
        ...

    def loss(self, phase: str, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The scalar to minimise in a phase, and its terms under the paper's names."""
        ...

    def samples(self, networks: Mapping[str, nn.Module]) -> UInt8[np.ndarray, "h w 3"]:
        """A grid of pictures on fixed validation faces."""
        ...

    def evaluate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Scores on the validation split."""
        ...


def image_grid(rows: Sequence[Sequence[Tensor]]) -> UInt8[np.ndarray, "h w 3"]:
    """Lay out [3, s, s] images in [0, 1] as a table; all must have one size."""
    lines = [torch.cat([image.detach().float().cpu().clamp(0, 1) for image in row], dim=2) for row in rows]
    return (torch.cat(lines, dim=1).permute(1, 2, 0) * 255).round().byte().numpy()
