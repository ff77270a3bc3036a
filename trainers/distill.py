"""Distil MobileFaceSwap's student from a larger swapper, sample by sample as much as the teacher deserves."""

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from swapper import hub
from swapper.models.mobilefaceswap import MobileFaceSwap
from swapper.models.quality import QualityNetwork
from swapper.types import UserError
from trainers import losses
from trainers.adversarial import discriminate
from trainers.data.pairs import to_arcface
from trainers.loop.checkpoint import weights_file
from trainers.loop.trainer import Batch
from trainers.mobilefaceswap import MobileFaceSwapConfig, MobileFaceSwapTrainer
from trainers.teacher import load_swap_teacher


@dataclass(frozen=True)
class DistillationConfig(MobileFaceSwapConfig):
    """Settings of the student's trainer and what distillation adds; where the paper states a weight it is this one."""

    teacher: str = "ghost-lite"  # name in the manifest, or a weights file
    quality: str = ""  # Q-Net by name or file, for instance quality-lite; every picture counts as perfect without
    start: str = ""  # student by name or file to go on from, for instance mobilefaceswap-lite; a new one without
    reconstruction_weight: float = 30.0  # of the teacher's pictures, times alpha
    perceptual_weight: float = 5.0  # of their features, times alpha
    mask_weight: float = 10.0
    id_weight: float = 10.0
    adversarial_weight: float = 1.0
    known: float = 0.0
    free_mask: bool = False  # hold the mask on the background only, as the paper does, not to the face's region
    expression_weight: float = 5.0

    @classmethod
    def lite(cls) -> "DistillationConfig":
        """The shipped network: IDN of the published size, narrow IIN."""
        return cls()

    @classmethod
    def paper(cls) -> "DistillationConfig":
        """The published networks and losses, but for what `trainers/README.md` says of all.

        The learning rate and the length are not published. The teacher is our `ghost-lite` where the paper has SimSwap
        or FaceShifter; a patch discriminator stands for the teacher's two scales; the background that the mask leaves
        alone is drawn from landmarks instead of BiSeNet's labels.
        """
        return cls(
            size=224,
            lr=4e-4,
            kimg=8000.0,
            residual_weight=0.0,
            expression_weight=0.0,
            plain_kimg=0.0,
            whole_kimg=0.0,
            free_mask=True,
            full_iin=True,
        )


class DistillationTrainer(MobileFaceSwapTrainer):
    """The student follows a teacher's pictures and keeps identity and realism terms of its own.

    Source: MobileFaceSwap, section 3.3. The perceptual loss looks at features of the identity network and of the
    discriminator instead of VGG's. At first the whole drawn crop is judged instead of the blend, which could hide a
    bad drawing behind an empty mask.
    """

    Config = DistillationConfig

    def __init__(self, config: DistillationConfig, data: Path, cache: Path):
        super().__init__(config, data, cache)
        self.recipe = config
        self.teacher = load_swap_teacher(weights_file(config.teacher))
        if self.teacher.template != config.template:
            raise UserError(
                f"Teacher {config.teacher}: its faces are aligned as '{self.teacher.template}', the student's as "
                f"'{config.template}'. Use --set template={self.teacher.template}."
            )
        self.quality = hub.load_path(QualityNetwork, weights_file(config.quality)) if config.quality else None
        if config.start:
            self.networks["student"] = hub.load_path(MobileFaceSwap, weights_file(config.start)).requires_grad_(True)
        self.frozen = {**self.frozen, "teacher": self.teacher}
        if self.quality is not None:
            self.frozen["quality"] = self.quality

    def swapper_loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The teacher's pictures, and the student's own identity, mask, expression and realism."""
        c, target, discriminator = self.recipe, batch["target"], self.networks["discriminator"]
        source = self.task.features(batch["source"])
        shown = self.task.features(batch["worn"]) if c.glasses else source
        swapped = self.networks["student"](shown, target)
        result = (swapped.drawn if self.kimg < c.whole_kimg else swapped.face).float()
        batch["fake"] = result.detach()
        seen = self.task.identity(to_arcface(result, c.template, batch["jitter"]))
        said = discriminate(discriminator, result)
        with torch.no_grad():
            goal = self.teacher(source, target)
            taught = self.task.identity(to_arcface(goal, c.template, batch["jitter"]))
            maps = [taught.feature_map, *(m for features, _ in discriminate(discriminator, goal) for m in features)]
            alpha = losses.teacher_reweighting(source.embedding, taught.embedding, self.score_quality(goal))
        terms = {
            "rec": losses.distillation_loss(goal, result, alpha),
            "per": losses.perceptual_loss(maps, [seen.feature_map, *(m for f, _ in said for m in f)], alpha),
            "id": losses.identity_loss(source.embedding, seen.embedding),
            "residual": losses.residual_identity_loss(source.embedding, self.task.recognize(batch), seen.embedding),
            "mask": self._mask_loss(swapped.mask, batch["face"]),
            "expression": self.task.expression_loss(result, target),
            "adv": losses.hinge_generator_loss([score for _, score in said]),
        }
        rise = min(1.0, self.kimg / c.plain_kimg) if c.plain_kimg else 1.0
        weights = {
            "rec": c.reconstruction_weight,
            "per": c.perceptual_weight,
            "id": c.id_weight * rise,
            "residual": c.residual_weight,
            "mask": c.mask_weight,
            "expression": c.expression_weight,
            "adv": c.adversarial_weight * float(self.kimg >= c.plain_kimg),
        }
        return losses.weighted_sum(terms, weights), terms | {
            "alpha": alpha.mean(),
            "mask_mean": swapped.mask.float().mean(),
        }

    def _mask_loss(self, mask: Float[Tensor, "b 1 s s"], face: Float[Tensor, "b 1 s s"]) -> Tensor:
        if self.recipe.free_mask:
            return losses.masked_difference(mask, torch.zeros_like(mask), 1 - face)
        return losses.masked_difference(mask, face, torch.ones_like(face))

    @torch.no_grad()
    def score_quality(self, pictures: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b"]:
        """Q-Net's score of the teacher's pictures; 1 without a Q-Net."""
        return pictures.new_ones(len(pictures)) if self.quality is None else self.quality(pictures).float()
