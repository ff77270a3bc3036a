"""Train SimSwap: identity written into the target's features, which weak feature matching holds on to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor, nn

from swapper.models.arcface import IdentityFeatures
from swapper.models.discriminators import PatchDiscriminatorConfig
from swapper.models.simswap import SimSwapDiscriminatorConfig, SimSwapGenerator, SimSwapGeneratorConfig
from trainers import losses
from trainers.adversarial import DiscriminatorConfig, build_discriminator, discriminator_loss, judge
from trainers.loop import Batch, Phase
from trainers.swapping import Swap, SwapTask


@dataclass(frozen=True)
class SimSwapConfig:
    """Defaults of SimSwap's trainer, the paper's where it states them."""

    network: SimSwapGeneratorConfig = field(default_factory=SimSwapGeneratorConfig.paper)
    discriminator: DiscriminatorConfig = field(default_factory=SimSwapDiscriminatorConfig.paper)
    template: str = "tight"  # alignment of the target crops
    size: int = 224  # px
    small_kimg: float = 0.0  # before this the crops have half the side
    lr: float = 4e-4  # of both networks
    batch: int = 16
    kimg: float = 8000.0  # 500,000 steps
    same_image: float = 0.0  # share of pairs
    same_identity: float = 0.5  # the paper alternates batches of one person and of two
    id_weight: float = 10.0
    late_id_weight: float = 10.0
    late_kimg: float = 0.0  # when the identity's weight changes
    reconstruction_weight: float = 10.0
    feature_weight: float = 10.0  # weak feature matching, summed over the discriminator's scales
    weak_layers: int = 2  # deepest layers of the discriminator that are matched
    expression_weight: float = 0.0  # landmark distance of lids, irises, lips and brows
    adversarial_weight: float = 1.0
    penalty_weight: float = 1e-5  # R1
    penalty_share: float = 0.25  # of the batch
    plain_kimg: float = 0.0  # before this the discriminator is not heard

    @classmethod
    def paper(cls) -> "SimSwapConfig":
        """The published recipe."""
        return cls()

    @classmethod
    def lite(cls) -> "SimSwapConfig":
        """A narrow network for 128 px that a CPU can train; identity weighs as in the newer official code at first."""
        return cls(
            network=SimSwapGeneratorConfig.lite_128(),
            discriminator=PatchDiscriminatorConfig.lite(),
            size=128,
            kimg=120.0,
            same_identity=0.3,
            id_weight=30.0,
            late_kimg=60.0,
            expression_weight=10.0,
            penalty_weight=5.0,
            plain_kimg=4.0,
        )

    @classmethod
    def large(cls) -> "SimSwapConfig":
        """The narrow network for 256 px and one GPU."""
        return cls(
            network=SimSwapGeneratorConfig.lite(),
            discriminator=SimSwapDiscriminatorConfig.lite(),
            size=256,
            small_kimg=1000.0,
            batch=32,
            kimg=3000.0,
            id_weight=30.0,
            late_kimg=1500.0,
            expression_weight=10.0,
            penalty_weight=1.0,
            plain_kimg=10.0,
        )

    @classmethod
    def tiny(cls) -> "SimSwapConfig":
        """Seconds on a CPU, for tests."""
        return cls(
            network=SimSwapGeneratorConfig(widths=(16, 32, 64), blocks=2, size=64, normalised=True),
            discriminator=SimSwapDiscriminatorConfig(widths=(16, 32, 32)),
            size=64,
            kimg=1.0,
            expression_weight=10.0,
            penalty_weight=1.0,
        )


class SimSwapTrainer:
    """ID injection generator with identity, reconstruction, weak feature matching and a hinge GAN.

    Source: SimSwap, section 3.3. Pairs of one person are mixed into every batch instead of having batches of their
    own; real faces of the discriminator are the targets.
    """

    Config = SimSwapConfig

    def __init__(self, config: SimSwapConfig, data: Path, cache: Path):
        self.config = config
        self.task = SwapTask(
            data, cache, config.template, config.size, config.same_image, config.same_identity, padded=True
        )
        self.discriminator = build_discriminator(config.discriminator)
        self.networks: dict[str, nn.Module] = {
            "generator": SimSwapGenerator(config.network),
            "discriminator": self.discriminator,
        }
        self.averaged = ("generator",)
        self.phases = (
            Phase("G", ("generator",), lr=config.lr, betas=(0.0, 0.99)),
            Phase("D", ("discriminator",), lr=config.lr, betas=(0.0, 0.99)),
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
        target, embedding = batch["target"], self.task.features(batch["source"]).embedding
        result = self.networks["generator"](target, F.normalize(embedding)).float()
        batch["fake"] = result.detach()
        # Both halves in one pass, as in D's own phase, so that batch normalisation sees the same mixture.
        said = judge(self.discriminator, torch.cat([target, result]))
        deep = [[maps.chunk(2) for maps in features[-self.config.weak_layers :]] for features, _ in said]
        matches = [losses.feature_matching_loss(*zip(*layers, strict=True)) for layers in deep]
        terms = {
            "id": losses.identity_loss(embedding, self.task.embed(result, batch["jitter"])),
            "rec": losses.reconstruction_loss(result, target, batch["same"]),
            "features": torch.stack(matches).sum(),
            "expression": self.task.expression_loss(result, target),
            "adv": losses.hinge_generator_loss([score.chunk(2)[1] for _, score in said]),
        }
        weights = self.weights(self.kimg)
        return torch.stack([weights[name] * term for name, term in terms.items()]).sum(), terms

    def weights(self, kimg: float) -> dict[str, float]:
        """Weights of the loss terms after ``kimg``."""
        c, heard = self.config, float(kimg >= self.config.plain_kimg)
        return {
            "id": c.late_id_weight if kimg >= c.late_kimg else c.id_weight,
            "rec": c.reconstruction_weight,
            "features": c.feature_weight * heard,
            "expression": c.expression_weight,
            "adv": c.adversarial_weight * heard,
        }

    def samples(self, networks: Mapping[str, nn.Module]) -> np.ndarray:
        """Sources, targets and results of fixed validation pairs."""
        return self.task.grid(swap_with(networks["generator"]), _device(networks))

    def evaluate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Scores of fixed validation pairs."""
        return self.task.scores(swap_with(networks["generator"]), _device(networks))


def swap_with(generator: nn.Module) -> Swap:
    """The generator as a function of source features and targets."""

    def swap(features: IdentityFeatures, target: Float[Tensor, "b 3 s s"]) -> Tensor:
        return generator(target, F.normalize(features.embedding)).clamp(0, 1)

    return swap


def _device(networks: Mapping[str, nn.Module]) -> torch.device:
    return next(networks["generator"].parameters()).device
