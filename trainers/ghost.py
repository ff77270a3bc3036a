"""Train GHOST's AEI-Net: identity first, then much more of it together with the eyes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from swapper.models.arcface import IdentityFeatures
from swapper.models.discriminators import MultiscaleDiscriminatorConfig, PatchDiscriminatorConfig
from swapper.models.ghost import AEINet, AEINetConfig
from trainers import losses
from trainers.adversarial import DiscriminatorConfig, build_discriminator, discriminator_loss, judge
from trainers.loop import Batch, Phase
from trainers.swapping import Swap, SwapTask


@dataclass(frozen=True)
class GhostConfig:
    """Defaults of GHOST's trainer, the paper's where it states them."""

    network: AEINetConfig = field(default_factory=AEINetConfig.paper)
    discriminator: DiscriminatorConfig = field(default_factory=MultiscaleDiscriminatorConfig.paper)
    template: str = "tight"  # alignment of the target crops; the eyes are as far apart as in the paper's
    size: int = 256  # px
    small_kimg: float = 0.0  # before this the crops have half the side
    lr: float = 4e-4  # of both networks
    batch: int = 16
    kimg: float = 24_000.0  # 12 epochs of VGGFace2's larger photos, about two million
    same_image: float = 0.0  # share of pairs
    same_identity: float = 0.2  # SimSwap's way: another photo of the person where there is one
    adversarial_weight: float = 1.0
    attribute_weight: float = 10.0
    reconstruction_weight: float = 10.0
    id_weight: float = 15.0  # first stage
    late_id_weight: float = 70.0  # second stage
    late_eye_weight: float = 1200.0  # second stage; the first has none
    second_kimg: float = 12_000.0  # start of the second stage; the paper does not say where
    expression_weight: float = 0.0  # landmark distance of lids, irises, lips and brows
    penalty_weight: float = 0.0  # R1
    penalty_share: float = 0.25  # of the batch
    plain_kimg: float = 0.0  # before this the discriminator is not heard

    @classmethod
    def paper(cls) -> "GhostConfig":
        """The published recipe."""
        return cls()

    @classmethod
    def lite(cls) -> "GhostConfig":
        """A narrow network for 128 px that a CPU can train; few photos, so expression and D get more guidance."""
        return cls(
            network=AEINetConfig.lite(),
            discriminator=PatchDiscriminatorConfig.lite(),
            size=128,
            kimg=120.0,
            second_kimg=40.0,
            expression_weight=10.0,
            penalty_weight=5.0,
            plain_kimg=4.0,
        )

    @classmethod
    def large(cls) -> "GhostConfig":
        """A fifth of the published network for 256 px and one GPU, from 128 px up."""
        return cls(
            network=AEINetConfig(
                attributes=(32, 64, 128, 256, 256, 256),
                widths=(384, 384, 384, 256, 192, 96, 64),
                identity_length=math.sqrt(512),
            ),
            discriminator=MultiscaleDiscriminatorConfig.lite(),
            batch=32,
            kimg=3000.0,
            small_kimg=1500.0,
            second_kimg=750.0,
            expression_weight=10.0,
            penalty_weight=5.0,
            plain_kimg=10.0,
        )

    @classmethod
    def tiny(cls) -> "GhostConfig":
        """Seconds on a CPU, for tests."""
        return cls(
            network=AEINetConfig(attributes=(16, 24, 32, 32, 32), widths=(32,) * 6, identity_length=math.sqrt(512)),
            discriminator=PatchDiscriminatorConfig(widths=(16, 32), strides=(2, 2)),
            size=64,
            kimg=1.0,
            second_kimg=0.5,
            expression_weight=10.0,
            penalty_weight=5.0,
        )


class GhostTrainer:
    """AEI-Net with the losses of FaceShifter and the eye loss.

    Source: GHOST, sections 3.1 and 3.2. The pupils' heatmaps are drawn from our landmark network's irises instead of
    a heatmap network's; real faces of the discriminator are the targets, since sources are cut for ArcFace.
    """

    Config = GhostConfig

    def __init__(self, config: GhostConfig, data: Path, cache: Path):
        self.config = config
        self.task = SwapTask(
            data, cache, config.template, config.size, config.same_image, config.same_identity, padded=True
        )
        self.generator, self.discriminator = AEINet(config.network), build_discriminator(config.discriminator)
        self.networks: dict[str, nn.Module] = {"generator": self.generator, "discriminator": self.discriminator}
        self.averaged = ("generator",)
        self.phases = tuple(
            Phase(name, (network,), lr=config.lr, betas=(0.0, 0.999), weight_decay=1e-4)
            for name, network in (("G", "generator"), ("D", "discriminator"))
        )
        self.frozen = self.task.frozen
        self.kimg = 0.0

    def draw(self, generator: Generator, count: int) -> Batch:
        """Plan pairs."""
        return self.task.draw(generator, count)

    def batch(self, plan: Batch, device: torch.device, kimg: float) -> Batch:
        """Cut the pairs at the side that is due."""
        self.kimg = kimg
        half = kimg < self.config.small_kimg
        return self.task.batch(plan, device, self.config.size // 2 if half else self.config.size)

    def loss(self, phase: str, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The generator's loss (G) and the discriminator's (D), which sees the results of the same step."""
        if phase == "G":
            return self._generator_loss(batch)
        c, network = self.config, self.networks["discriminator"]
        return discriminator_loss(
            network, self.discriminator, batch["target"], batch["fake"], c.penalty_weight, c.penalty_share
        )

    def _generator_loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        target, task = batch["target"], self.task
        z_id = task.features(batch["source"]).embedding
        drawn = self.networks["generator"](target, z_id)
        result = drawn.face.float()
        batch["fake"] = result.detach()
        with torch.no_grad():
            goal = task.measure(target)
        points = task.measure(result)
        terms = {
            "adv": losses.ghost_generator_loss([score for _, score in judge(self.discriminator, result)]),
            "att": losses.attribute_loss(drawn.attributes, self.generator.measure_attributes(result)),
            "id": losses.identity_loss(z_id, task.embed(result, batch["jitter"])),
            "rec": losses.reconstruction_loss(result, target, batch["same"]),
            "eye": losses.eye_loss(task.draw_pupils(goal), task.draw_pupils(points)),
            "expression": task.expression_distance(goal, points),
        }
        weights = self.weights(self.kimg)
        return torch.stack([weights[name] * term for name, term in terms.items()]).sum(), terms

    def weights(self, kimg: float) -> dict[str, float]:
        """Weights of the loss terms after ``kimg``: the two stages."""
        c, second = self.config, kimg >= self.config.second_kimg
        return {
            "adv": c.adversarial_weight * float(kimg >= c.plain_kimg),
            "att": c.attribute_weight,
            "id": c.late_id_weight if second else c.id_weight,
            "rec": c.reconstruction_weight,
            "eye": c.late_eye_weight * float(second),
            "expression": c.expression_weight,
        }

    def samples(self, networks: Mapping[str, nn.Module]) -> np.ndarray:
        """Sources, targets and results of fixed validation pairs."""
        return self.task.grid(swap_with(networks["generator"]), _device(networks))

    def evaluate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Scores of fixed validation pairs."""
        return self.task.scores(swap_with(networks["generator"]), _device(networks))


def swap_with(generator: nn.Module) -> Swap:
    """AEI-Net as a function of source features and targets."""

    def swap(features: IdentityFeatures, target: Float[Tensor, "b 3 s s"]) -> Tensor:
        return generator(target, features.embedding).face

    return swap


def _device(networks: Mapping[str, nn.Module]) -> torch.device:
    return next(networks["generator"].parameters()).device
