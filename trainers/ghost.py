"""Train GHOST's AEI-Net: identity first, then much more of it together with the eyes."""

import math
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from swapper.faces.regions import region_masks
from swapper.models.discriminators import MultiscaleDiscriminatorConfig, PatchDiscriminatorConfig
from swapper.models.ghost import AEINet, AEINetConfig
from trainers import losses
from trainers.adversarial import DiscriminatorConfig, build_discriminator, discriminate
from trainers.loop.trainer import Batch, Phase
from trainers.swap_trainer import SwapTrainer, SwapTrainerConfig


@dataclass(frozen=True)
class GhostConfig(SwapTrainerConfig):
    """Defaults of GHOST's trainer, the paper's where it states them."""

    network: AEINetConfig = field(default_factory=AEINetConfig.paper)
    discriminator: DiscriminatorConfig = field(default_factory=MultiscaleDiscriminatorConfig.paper)
    lr: float = 4e-4  # of both networks
    batch: int = 16
    kimg: float = 24_000.0  # 12 epochs of VGGFace2's larger photos, about two million
    attribute_weight: float = 10.0
    enlarged_attributes: bool = True  # the attributes loss also compares the largest maps, the others' enlargement
    reconstruction_weight: float = 10.0
    attention_weight: float = 0.0  # how much more eyes, brows, lips and teeth count where the answer is told
    id_weight: float = 15.0  # first stage
    late_id_weight: float = 70.0  # second stage
    late_eye_weight: float = 1200.0  # second stage; the first has none
    second_kimg: float = 12_000.0  # start of the second stage; the paper does not say where

    @classmethod
    def paper(cls) -> "GhostConfig":
        """The published recipe, but for what `trainers/README.md` says of all.

        The reconstruction is the mean absolute difference, where GHOST has half the mean square.
        """
        return cls()

    @classmethod
    def lite(cls) -> "GhostConfig":
        """A narrow network for 192 px that a CPU can train, on warped pairs above all; see the log for its weights."""
        return cls(
            network=AEINetConfig.lite(),
            discriminator=PatchDiscriminatorConfig.lite(),
            size=192,
            batch=8,
            kimg=240.0,
            small_kimg=28.0,
            known=0.5,
            virtual=0.5,
            open_mouths=0.25,
            sharp_real=True,
            enlarged_attributes=False,
            reconstruction_weight=100.0,
            perceptual_weight=8.0,
            attention_weight=2.0,
            id_weight=15.0,
            late_id_weight=10.0,
            enough_identity=0.7,
            blended_identity=True,
            residual_weight=5.0,
            second_kimg=48.0,
            expression_weight=40.0,
            adversarial_weight=2.0,
            component_weight=1.0,
            penalty_weight=1.0,
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
            penalty_weight=10.0,
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


class GhostTrainer(SwapTrainer):
    """AEI-Net with the losses of FaceShifter and the eye loss.

    Source: GHOST, sections 3.1 and 3.2. The pupils' heatmaps are drawn from our landmark network's irises instead of
    a heatmap network's; real faces of the discriminator are the targets, since sources are cut for ArcFace.
    """

    Config = GhostConfig

    def __init__(self, config: GhostConfig, data: Path, cache: Path):
        self.config, self.generator = config, AEINet(config.network)
        networks = {"generator": self.generator, "discriminator": build_discriminator(config.discriminator)}
        phases = tuple(
            Phase(name, (network,), lr=config.lr, betas=(0.0, 0.999), weight_decay=1e-4)
            for name, network in (("G", "generator"), ("D", "discriminator"))
        )
        super().__init__(config, data, cache, networks, phases)

    def swapper_loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Realism, attributes, identity, reconstruction, eyes and expression."""
        target, task = batch["target"], self.task
        c, z_id = self.config, task.identities(batch)
        drawn = self.networks["generator"](target, task.told(batch) if c.glasses else z_id)
        result = drawn.face.float()
        batch["fake"] = result.detach()
        with torch.no_grad():
            goal = task.measure(batch["photo"])
        points = task.measure(result)
        seen, maps = self.see(result, batch)
        told = batch["same"] + batch["known"]
        terms = {
            "adv": losses.ghost_generator_loss([score for _, score in discriminate(self.discriminator, result)]),
            "att": self._attribute_loss(drawn.attributes, result),
            "components": self.component_loss(result, batch),
            "id": losses.identity_loss(z_id, seen.embedding, c.enough_identity),
            "residual": losses.residual_identity_loss(z_id, task.recognize(batch), seen.embedding),
            "rec": losses.reconstruction_loss(result, batch["answer"], told, self._attention(batch)),
            "per": losses.perceptual_loss(task.appearance(batch["answer"], batch["jitter"]), maps, told),
            "eye": losses.eye_loss(task.draw_pupils(goal), task.draw_pupils(points)),
            "expression": task.expression_distance(goal, points),
        }
        return losses.weighted_sum(terms, self.weights(self.kimg)), terms

    def _attribute_loss(self, attributes: list[Tensor], result: Tensor) -> Tensor:
        measured = self.generator.measure_attributes(result, enlarged=self.config.enlarged_attributes)
        return losses.attribute_loss(attributes[: len(measured)], measured)

    def _attention(self, batch: Batch) -> Tensor | None:
        """Where eyes, brows and mouth are, times their weight."""
        if not self.config.attention_weight:
            return None
        masks = region_masks(batch["landmarks"], batch["target"].shape[-1], ("eyes", "brows", "lips", "mouth"))
        return self.config.attention_weight * masks.amax(1, keepdim=True)

    def weights(self, kimg: float) -> dict[str, float]:
        """Weights of the loss terms after ``kimg``: the two stages."""
        c, second = self.config, kimg >= self.config.second_kimg
        return {
            "adv": c.adversarial_weight * float(kimg >= c.plain_kimg),
            "components": c.component_weight * float(kimg >= c.plain_kimg),
            "att": c.attribute_weight,
            "id": c.late_id_weight if second else c.id_weight,
            "residual": c.residual_weight,
            "rec": c.reconstruction_weight,
            "per": c.perceptual_weight,
            "eye": c.late_eye_weight * float(second),
            "expression": c.expression_weight,
        }
