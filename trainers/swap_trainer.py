"""What the trainers of one swapper against one discriminator share."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor, nn

from swapper.models.arcface import IdentityFeatures
from swapper.runtime.devices import device_of
from trainers.adversarial import discriminator_loss
from trainers.data.pairs import Whole
from trainers.facial_components import (
    ComponentDiscriminator,
    component_discriminator_loss,
    component_generator_loss,
    cut_components,
)
from trainers.loop.trainer import Batch, Phase
from trainers.swap_task import SwapTask, SwapTaskConfig
from trainers.teacher import swap_with


def _with_components(phase: Phase) -> Phase:
    """The discriminators' phase also trains the one of eyes and mouth."""
    return replace(phase, trained=(*phase.trained, "component_discriminator")) if phase.name == "D" else phase


@dataclass(frozen=True)
class SwapTrainerConfig(SwapTaskConfig):
    """Settings of pairs, of the losses that all swappers may have, and of the discriminator."""

    residual_weight: float = 0.0  # likeness to the target
    enough_identity: float = 1.0  # cosine to the source from which on no more likeness is asked for
    blended_identity: bool = False  # measure likeness on the face pasted into its target
    perceptual_weight: float = 0.0  # of early features of the identity network, where the answer is told
    expression_weight: float = 0.0  # landmark distance of lids, irises, lips and brows
    adversarial_weight: float = 1.0
    component_weight: float = 0.0  # realism of eyes and mouth, scored by a network of their own
    penalty_weight: float = 0.0  # R1
    penalty_share: float = 0.25  # of the batch
    plain_kimg: float = 0.0  # before this the discriminator is not heard


class SwapTrainer(ABC):
    """A swapper (phase G) and a discriminator (phase D) on pairs of photos, as ``trainers.loop`` wants them.

    Attributes:
        swapper: the swapping network's name.
        discriminator: the discriminator as it is, not as the loop wraps it; missing where there is none.
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
        """Load the photos and the frozen networks.

        Args:
            config: settings.
            data: folder of packed faces.
            cache: folder of decoded images.
            networks: the swapper, and ``discriminator`` if there is one.
            phases: of the swapper, G, and of the discriminator, D.
            whole: also cut the sources as the targets are cut.
        """
        self.task = SwapTask(config, data, cache, Whole(config.template, config.size) if whole else None)
        if config.component_weight:
            self.component_discriminator = ComponentDiscriminator()
            networks = {**networks, "component_discriminator": self.component_discriminator}
            phases = tuple(_with_components(phase) for phase in phases)
        self.settings, self.networks, self.phases = config, networks, phases
        if "discriminator" in networks:
            self.discriminator = networks["discriminator"]
        (self.swapper,) = (name for name in networks if not name.endswith("discriminator"))
        self.averaged = (self.swapper,)
        self.frozen, self.supply = self.task.frozen, self.task.supply
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
        real, fake = batch["real"], batch["fake"]
        loss, terms = discriminator_loss(wrapped, self.discriminator, real, fake, c.penalty_weight, c.penalty_share)
        if c.component_weight:
            cut = (cut_components(real, batch["real_landmarks"]), cut_components(fake, batch["landmarks"]))
            wrapped = self.networks["component_discriminator"]
            of_components, more = component_discriminator_loss(
                wrapped, self.component_discriminator, *cut, c.penalty_weight
            )
            loss, terms = loss + of_components, terms | more
        return loss, terms

    def component_loss(self, result: Tensor, batch: Batch) -> Tensor:
        """Realism of the results' eyes and mouths; zero where they have no weight."""
        if not self.settings.component_weight:
            return result.new_zeros(())
        return component_generator_loss(self.component_discriminator, cut_components(result, batch["landmarks"]))

    def see(self, result: Tensor, batch: Batch) -> tuple[IdentityFeatures, tuple[Tensor, Tensor, Tensor]]:
        """Identity and looks of results, pasted into their targets if the settings say so."""
        shown = self.task.blend(result, batch) if self.settings.blended_identity else result
        return self.task.embed_with_appearance(shown, batch["jitter"])

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
