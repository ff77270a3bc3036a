"""Train MobileFaceSwap's student: directly, and by distillation once a teacher's weights are there."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from swapper.faces.regions import region_masks
from swapper.models.discriminators import PatchDiscriminator, PatchDiscriminatorConfig
from swapper.models.mobilefaceswap import IdentityInjectionModule, IdentityInjectionNetworkConfig, MobileFaceSwap
from trainers import losses
from trainers.loop.trainer import Batch, Phase
from trainers.swap_trainer import SwapTrainer, SwapTrainerConfig


@dataclass(frozen=True)
class MobileFaceSwapConfig(SwapTrainerConfig):
    """Defaults of the student's trainer."""

    size: int = 128  # px; it swaps at the side it was trained at: at others identity is lost
    lr: float = 3e-4  # three times more and the predicted kernels jump about: nothing is learned
    lr_discriminator: float = 4e-4
    batch: int = 8
    kimg: float = 200.0
    same_image: float = 0.1  # share of pairs
    same_identity: float = 0.2
    known: float = 0.7  # share of pairs with a known answer, from warped faces; the shares above are of the rest
    id_weight: float = 8.0
    residual_weight: float = 4.0
    reconstruction_weight: float = 100.0  # known answers, pairs of one person, and what surrounds every face
    perceptual_weight: float = 5.0  # of early features of the identity network, where the answer is told
    feature_weight: float = 20.0  # weak feature matching
    expression_weight: float = 35.0
    color_weight: float = 20.0
    mask_weight: float = 25.0
    adversarial_weight: float = 2.0
    penalty_weight: float = 1.0
    plain_kimg: float = 6.0  # before this the discriminator is not heard, and identity less
    whole_kimg: float = 40.0  # before this the drawn crop is judged instead of the blend, so that no mask can hide it
    full_iin: bool = False  # the IIN in its published size

    @classmethod
    def lite(cls) -> "MobileFaceSwapConfig":
        """The shipped network: IDN of the published size, narrow IIN.

        Trained without a teacher, unlike the paper's (`distill` has one); a patch discriminator for the teacher's two
        scales; the background that the mask leaves alone is drawn from landmarks instead of BiSeNet's labels.
        """
        return cls()


class MobileFaceSwapTrainer(SwapTrainer):
    """The student with the losses of its teachers: identity, reconstruction, attributes, realism, mask.

    Source: MobileFaceSwap, section 3.3; weak feature matching from SimSwap.
    """

    Config = MobileFaceSwapConfig

    def __init__(self, config: MobileFaceSwapConfig, data: Path, cache: Path):
        self.config = config
        sizes = IdentityInjectionNetworkConfig.paper() if config.full_iin else IdentityInjectionNetworkConfig.lite()
        student = MobileFaceSwap(sizes)
        start_as_copy(student)
        networks = {"student": student, "discriminator": PatchDiscriminator(PatchDiscriminatorConfig.lite())}
        phases = (
            Phase("G", ("student",), lr=config.lr, betas=(0.5, 0.99)),
            Phase("D", ("discriminator",), lr=config.lr_discriminator, betas=(0.5, 0.99)),
        )
        super().__init__(config, data, cache, networks, phases)

    def batch(self, plan: Batch, device: torch.device, kimg: float) -> Batch:
        """Cut the pairs, and the background that the mask must leave alone."""
        batch = super().batch(plan, device, kimg)
        face = region_masks(batch["landmarks"].cpu(), batch["target"].shape[-1], ("face",)).to(device)
        return batch | {"face": face}

    def swapper_loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Identity, reconstruction, attributes, mask and realism."""
        c, photo, answer = self.config, batch["photo"], batch["answer"]
        features = self.task.features(batch["source"])
        swapped = self.networks["student"](features, batch["target"])
        result = (swapped.drawn if self.kimg < c.whole_kimg else swapped.face).float()
        batch["fake"] = result.detach()
        fake = self.networks["discriminator"](result)
        seen, maps = self.task.embed_with_appearance(result, batch["jitter"])
        told = batch["same"] + batch["known"]
        with torch.no_grad():
            real = self.networks["discriminator"](answer)
        terms = {
            "id": losses.identity_loss(features.embedding, seen.embedding),
            "residual": losses.residual_identity_loss(features.embedding, self.task.recognize(batch), seen.embedding),
            "rec": losses.reconstruction_loss(result, answer, told),
            "per": losses.perceptual_loss(self.task.appearance(answer, batch["jitter"]), maps, told),
            "around": losses.masked_difference(swapped.drawn, photo, 1 - batch["face"]),
            "features": losses.feature_matching_loss(real.features[-2:], fake.features[-2:]),
            "expression": self.task.expression_loss(result, photo),
            "color": losses.color_loss(result, photo),
            "mask": losses.masked_difference(swapped.mask, batch["face"], torch.ones_like(swapped.mask)),
            "adv": losses.hinge_generator_loss([fake.score]),
        }
        heard = float(self.kimg >= c.plain_kimg)
        weights = {
            "id": c.id_weight * min(1.0, self.kimg / c.plain_kimg),
            "residual": c.residual_weight,
            "rec": c.reconstruction_weight,
            "per": c.perceptual_weight,
            "around": c.reconstruction_weight / 2,
            "features": c.feature_weight * heard,
            "expression": c.expression_weight,
            "color": c.color_weight,
            "mask": c.mask_weight,
            "adv": c.adversarial_weight * heard,
        }
        return losses.weighted_sum(terms, weights), terms | {"mask_mean": swapped.mask.float().mean()}


def start_as_copy(student: MobileFaceSwap) -> None:
    """Let every predicted depthwise kernel start near one that hands the picture on, the same for all persons.

    Left to chance, each person starts with other random kernels, and no decoder can follow them all. A kernel's taps
    are the pixels of the prediction's map, so their constant part has to come from one constant feature, whose zero
    padding tells the taps apart: rows (1, -1, 1) times the same columns give the middle of a 3x3 map, or the four
    inner pixels of a 4x4 map.
    """
    tap = torch.tensor([1.0, -1.0, 1.0])
    for index, module in enumerate([*student.iin.encoder, *student.iin.decoder]):
        assert isinstance(module, IdentityInjectionModule)
        prediction = module.prediction
        gain = math.sqrt(2) * (0.25 if index < len(student.iin.encoder) else 1.0)  # the root makes up for LeakyReLU
        with torch.no_grad():
            prediction.norm.weight[0] = 0
            prediction.norm.bias[0] = 1
            prediction.head.weight.mul_(0.1)
            nn.init.constant_(cast(Tensor, prediction.head.bias), 0)
            variety = 0.07 * torch.randn_like(prediction.head.weight[:, 0])
            prediction.head.weight[:, 0] = gain * (torch.outer(tap, tap) + variety)
