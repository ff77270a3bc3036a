"""How long and how a run trains, and how far it is."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from swapper.types import UserError


class StepFormat(NamedTuple):
    """How a training step computes.

    Attributes:
        bf16: networks in bfloat16, else in float32.
        channels_last: maps lie in memory with their channels last, else contiguous.
    """

    bf16: bool
    channels_last: bool

    def __str__(self) -> str:
        return f"{'bfloat16' if self.bf16 else 'float32'}, {'channels last' if self.channels_last else 'contiguous'}"


STEP_FORMATS = tuple(StepFormat(bf16, channels_last) for bf16 in (True, False) for channels_last in (True, False))


@dataclass(frozen=True)
class LoopConfig:
    """How long and how to train; everything that is the same for all systems."""

    out: Path  # run folder
    kimg: float  # thousand images after which the run is complete; the learning rate ends there
    batch: int  # images per step over all processes
    seed: int = 0
    warmup: float = 0.02  # share of the run in which the learning rate rises
    decay_from: float = 0.3  # share of the run after which it falls along a cosine
    ema_kimg: float = 5.0  # half-life of the average, thousand images
    clip: float = 1.0  # largest gradient norm of a phase; 0 turns clipping off
    start: str = ""  # weights to go on from, by name or file, in the network that is averaged; fresh ones when empty
    bf16: bool = True  # autocast to bfloat16
    compile: bool = False  # torch.compile the networks
    channels_last: bool = True  # memory layout of the networks' maps
    device: str = "auto"  # auto, cpu or cuda
    time_budget: float = float("inf")  # seconds after which this call stops with a checkpoint
    save_every: float = 180.0  # seconds between checkpoints
    log_every: int = 20  # steps
    sample_every: float = 20.0  # kimg
    evaluate_every: float = 50.0  # kimg
    keep_every: float = 0.0  # kimg between copies of the averages that stay; 0 keeps none
    overfit: bool = False  # repeat the first batch

    def __post_init__(self):
        if not self.kimg > 0 or self.batch < 1:
            raise UserError(
                f"A run of {self.kimg:g} thousand images in batches of {self.batch}: give more than 0 of both."
            )

    def rate(self, kimg: float) -> float:
        """Share of the peak learning rate after ``kimg``: linear warm-up, plateau, cosine to zero."""
        progress = min(kimg / self.kimg, 1.0)
        if self.overfit:
            return 1.0
        if progress < self.warmup:
            return max(progress / self.warmup, 1e-3)
        if progress < self.decay_from:
            return 1.0
        return 0.5 + 0.5 * math.cos(math.pi * (progress - self.decay_from) / (1 - self.decay_from))


@dataclass
class TrainingProgress:
    """Where a run stands; written with every checkpoint."""

    step: int = 0
    kimg: float = 0.0
    seconds: float = 0.0
    first: dict[str, float] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)
