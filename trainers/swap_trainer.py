"""What the trainers of one swapper against one discriminator share."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor, nn

from swapper.runtime.devices import device_of
from trainers.adversarial import discriminator_loss
from trainers.data.pairs import Whole
from trainers.loop.loop import Batch, Phase
from trainers.swap_task import SwapTask
from trainers.teacher import swap_with


@dataclass(frozen=True)
class SwapTrainerConfig:
    """Settings of pairs and of the discriminator."""

    template: str = "tight"  # alignment of the target crops; the eyes are as far apart as in GHOST's
    size: int = 256  # px
    small_kimg: float = 0.0  # before this the crops have half the side
    same_image: float = 0.0  # share of pairs
    same_identity: float = 0.2  # another photo of the person where there is one
    known: float = 0.0  # share of pairs with a known answer, from warped faces; the shares above are of the rest
    residual_weight: float = 0.0  # likeness to the target
    expression_weight: float = 0.0  # landmark distance of lids, irises, lips and brows
    adversarial_weight: float = 1.0
    penalty_weight: float = 0.0  # R1
    penalty_share: float = 0.25  # of the batch
    plain_kimg: float = 0.0  # before this the discriminator is not heard


class SwapTrainer(ABC):
    """A swapper (phase G) and a discriminator (phase D) on pairs of photos, as ``trainers.loop`` wants them.

    Attributes:
        swapper: the swapping network's name.
        discriminator: the discriminator as it is, not as the loop wraps it; missing where nobody judges.
        kimg: thousand images so far.
    """

    discriminator: nn.Module

    def __init__(
        self,
        config: SwapTrainerConfig,
        data: Path,
        cache: Path,
        networks: dict[str, nn.Module],
        phases: tuple[Phase, ...],
        whole: bool = False,
    ):
        """Load the photos and the judges.

        Args:
            config: settings.
            data: folder of packed faces.
            cache: folder of decoded images.
            networks: the swapper, and ``discriminator`` if there is one.
            phases: of the swapper, G, and of the discriminator, D.
            whole: also cut the sources as the targets are cut.
        """
        self.task = SwapTask(
            data,
            cache,
            config.template,
            config.size,
            config.same_image,
            config.same_identity,
            padded=True,
            whole=Whole(config.template, config.size) if whole else None,
            known=config.known,
            small_kimg=config.small_kimg,
        )
        self.settings, self.networks, self.phases = config, networks, phases
        if "discriminator" in networks:
            self.discriminator = networks["discriminator"]
        (self.swapper,) = set(networks) - {"discriminator"}
        self.averaged = (self.swapper,)
        self.frozen = self.task.frozen
        self.kimg = 0.0

    def draw(self, generator: Generator, count: int) -> Batch:
        """Plan pairs."""
        return self.task.draw(generator, count)

    def batch(self, plan: Batch, device: torch.device, kimg: float) -> Batch:
        """Cut the pairs at the side that is due."""
        self.kimg = kimg
        return self.task.batch(plan, device, kimg)

    def loss(self, phase: str, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The swapper's loss (G) and the discriminator's (D), which sees the results of the same step."""
        if phase == "G":
            return self.swapper_loss(batch)
        wrapped, c = self.networks["discriminator"], self.settings
        photo, fake = batch["photo"], batch["fake"]
        return discriminator_loss(wrapped, self.discriminator, photo, fake, c.penalty_weight, c.penalty_share)

    @abstractmethod
    def swapper_loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of phase G; leaves the results in ``batch["fake"]``."""

    def samples(self, networks: Mapping[str, nn.Module]) -> np.ndarray:
        """Sources, targets and results of fixed validation pairs."""
        network = networks[self.swapper]
        return self.task.grid(swap_with(network), device_of(network))

    def evaluate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Scores of fixed validation pairs."""
        network = networks[self.swapper]
        return self.task.scores(swap_with(network), device_of(network))
