"""Train SimSwap: identity written into the target's features, which weak feature matching holds on to."""

from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from swapper.models.discriminators import PatchDiscriminatorConfig
from swapper.models.simswap import SimSwapDiscriminatorConfig, SimSwapGenerator, SimSwapGeneratorConfig
from trainers import losses
from trainers.adversarial import DiscriminatorConfig, build_discriminator, discriminate
from trainers.loop.trainer import Batch, Phase
from trainers.swap_trainer import SwapTrainer, SwapTrainerConfig


@dataclass(frozen=True)
class SimSwapConfig(SwapTrainerConfig):
    """Defaults of SimSwap's trainer, the paper's where it states them."""

    network: SimSwapGeneratorConfig = field(default_factory=SimSwapGeneratorConfig.paper)
    discriminator: DiscriminatorConfig = field(default_factory=SimSwapDiscriminatorConfig.paper)
    size: int = 224  # px
    lr: float = 4e-4  # of both networks
    batch: int = 16
    kimg: float = 8000.0  # 500,000 steps
    same_identity: float = 0.5  # the paper alternates batches of one person and of two
    id_weight: float = 10.0
    late_id_weight: float = 10.0
    late_kimg: float = 0.0  # when the identity's weight changes
    reconstruction_weight: float = 10.0
    feature_weight: float = 10.0  # weak feature matching, summed over the discriminator's scales
    weak_layers: int = 2  # deepest layers of the discriminator that are matched
    penalty_weight: float = 1e-5  # R1

    @classmethod
    def paper(cls) -> "SimSwapConfig":
        """The published recipe, but for what `trainers/README.md` says of all, and `arcface-mobile` for its ArcFace."""
        return cls()

    @classmethod
    def lite(cls) -> "SimSwapConfig":
        """A narrow network for 128 px that a CPU can train, on warped pairs above all."""
        return cls(
            network=SimSwapGeneratorConfig.lite_128(),
            discriminator=PatchDiscriminatorConfig.lite(),
            size=128,
            kimg=120.0,
            known=0.5,
            virtual=0.5,
            open_mouths=0.25,
            sharp_real=True,
            id_weight=30.0,
            late_kimg=60.0,
            enough_identity=0.7,
            blended_identity=True,
            reconstruction_weight=40.0,
            perceptual_weight=8.0,
            expression_weight=40.0,
            component_weight=1.0,
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
            adversarial_weight=0.5,
            penalty_weight=2.0,
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


class SimSwapTrainer(SwapTrainer):
    """ID injection generator with identity, reconstruction, weak feature matching and a hinge GAN.

    Source: SimSwap, section 3.3. Pairs of one person are mixed into every batch instead of having batches of their
    own; real faces of the discriminator are the targets.
    """

    Config = SimSwapConfig

    def __init__(self, config: SimSwapConfig, data: Path, cache: Path):
        self.config = config
        networks = {
            "generator": SimSwapGenerator(config.network),
            "discriminator": build_discriminator(config.discriminator),
        }
        phases = (
            Phase("G", ("generator",), lr=config.lr, betas=(0.0, 0.99)),
            Phase("D", ("discriminator",), lr=config.lr, betas=(0.0, 0.99)),
        )
        super().__init__(config, data, cache, networks, phases)

    def swapper_loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Identity, reconstruction, weak feature matching, expression and realism."""
        target, embedding = batch["target"], self.task.identities(batch)
        described = self.task.told(batch) if self.config.glasses else embedding
        result = self.networks["generator"](target, F.normalize(described)).float()
        batch["fake"] = result.detach()
        # Both halves in one pass, as in D's own phase, so that batch normalisation sees the same mixture.
        said = discriminate(self.discriminator, torch.cat([batch["answer"], result]))
        deep = [[maps.chunk(2) for maps in features[-self.config.weak_layers :]] for features, _ in said]
        told, (seen, looks) = batch["same"] + batch["known"], self.see(result, batch)
        matches = [losses.feature_matching_loss(*zip(*layers, strict=True)) for layers in deep]
        terms = {
            "id": losses.identity_loss(embedding, seen.embedding, self.config.enough_identity),
            "rec": losses.reconstruction_loss(result, batch["answer"], told),
            "per": losses.perceptual_loss(self.task.appearance(batch["answer"], batch["jitter"]), looks, told),
            "components": self.component_loss(result, batch),
            "features": torch.stack(matches).sum(),
            "expression": self.task.expression_loss(result, batch["photo"]),
            "adv": losses.hinge_generator_loss([score.chunk(2)[1] for _, score in said]),
        }
        return losses.weighted_sum(terms, self.weights(self.kimg)), terms

    def weights(self, kimg: float) -> dict[str, float]:
        """Weights of the loss terms after ``kimg``."""
        c, heard = self.config, float(kimg >= self.config.plain_kimg)
        return {
            "id": c.late_id_weight if kimg >= c.late_kimg else c.id_weight,
            "rec": c.reconstruction_weight,
            "per": c.perceptual_weight,
            "components": c.component_weight * heard,
            "features": c.feature_weight * heard,
            "expression": c.expression_weight,
            "adv": c.adversarial_weight * heard,
        }
