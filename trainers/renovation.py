"""Train face renovation: undo blur, lost resolution, noise and coding loss without changing the size or the person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor, nn

from swapper import hub
from swapper.models.arcface import MobileFaceNet
from swapper.models.discriminators import MultiscaleDiscriminatorConfig, PatchDiscriminatorConfig
from swapper.models.renovation import RenovationGenerator, RenovationGeneratorConfig
from swapper.types import UserError
from trainers import losses
from trainers.adversarial import DiscriminatorConfig, build_discriminator, discriminate, discriminator_loss
from trainers.data.damage import damage, draw_damage, halve
from trainers.data.faces import Faces, load_faces
from trainers.data.pairs import to_arcface
from trainers.data.supply import FaceSupply, SupplyConfig
from trainers.fidelity import peak_signal_to_noise, structural_similarity
from trainers.identity_trunk import PerceptualFeatures
from trainers.loop.trainer import Batch, Phase, image_grid

_SCORED = 48  # validation photos


@dataclass(frozen=True)
class RenovationConfig(SupplyConfig):
    """Defaults of the renovation trainer; the paper's are HiFaceGAN's, since GHOST does not state its own."""

    network: RenovationGeneratorConfig = field(default_factory=RenovationGeneratorConfig.paper)
    discriminator: DiscriminatorConfig = field(default_factory=MultiscaleDiscriminatorConfig.paper)
    lr: float = 1e-4
    lr_discriminator: float = 4e-4
    batch: int = 16
    kimg: float = 3500.0  # 50 epochs of FFHQ
    strength: float = 1.0  # of the damage
    halved: float = 0.25  # share of photos that only lose half their side
    l1_weight: float = 10.0  # not in the paper, whose feature losses carry the colours too
    perceptual_weight: float = 1.0  # 10 of VGG's; our distance is larger
    perceptual_side: int = 0  # px of a window, at another place each time, whose features are compared; 0 for all
    feature_weight: float = 10.0  # features of the discriminator
    adversarial_weight: float = 1.0
    penalty_weight: float = 0.0  # R1
    penalty_share: float = 0.25  # of the batch
    plain_kimg: float = 0.0  # before this the discriminator is not heard; it learns from three quarters of that on

    @classmethod
    def paper(cls) -> "RenovationConfig":
        """GHOST's network with HiFaceGAN's losses."""
        return cls()

    @classmethod
    def lite(cls) -> "RenovationConfig":
        """The shipped network, which starts from the picture as it is; the adversarial part is small."""
        return cls(
            network=RenovationGeneratorConfig.lite(),
            discriminator=PatchDiscriminatorConfig.lite(),
            lr=1e-3,
            lr_discriminator=2e-4,
            batch=16,
            kimg=40.0,
            perceptual_side=128,
            feature_weight=0.0,
            adversarial_weight=0.05,
            penalty_weight=5.0,
            plain_kimg=24.0,
        )

    @classmethod
    def large(cls) -> "RenovationConfig":
        """The shipped network on one GPU."""
        return cls(
            network=RenovationGeneratorConfig.lite(),
            discriminator=PatchDiscriminatorConfig.paper(),
            lr=1e-3,
            lr_discriminator=2e-4,
            batch=64,
            kimg=3000.0,
            feature_weight=0.0,
            adversarial_weight=0.05,
            penalty_weight=5.0,
            plain_kimg=300.0,
        )

    @classmethod
    def tiny(cls) -> "RenovationConfig":
        """Seconds on a CPU, for tests."""
        return cls(
            network=RenovationGeneratorConfig(
                widths=(16, 32, 32), hidden=8, kernel=1, norm="image", residual=True, size=64
            ),
            discriminator=PatchDiscriminatorConfig(widths=(8, 16), strides=(2, 2)),
            lr=3e-3,
            batch=4,
            kimg=1.0,
            feature_weight=0.0,
            adversarial_weight=0.01,
            penalty_weight=1.0,
        )


class RenovationTrainer:
    """Damaged sharp photos in, the photos themselves out.

    Source: GHOST (IEEE Access 2022), super-resolution stage, trained as in HiFaceGAN (ACM MM 2020), section 4.1. A
    hinge GAN in place of its least squares, and features of our own in place of VGG's.
    """

    Config = RenovationConfig

    def __init__(self, config: RenovationConfig, data: Path, cache: Path):
        self.config = config
        size = config.network.size
        self.supply = FaceSupply(data, size, cache, config, self._use, padded=False, sharp=True)
        self.val = load_faces(data, "val", size, cache, padded=False)
        self.val_rows = torch.nonzero(self.val.sharp).squeeze(1)
        if not len(self.rows) or not len(self.val_rows):
            raise UserError("Renovation: one of the splits has no sharp photo. Give larger photos to trainers prepare.")
        self.discriminator = build_discriminator(config.discriminator)
        self.networks: dict[str, nn.Module] = {
            "generator": RenovationGenerator(config.network),
            "discriminator": self.discriminator,
        }
        self.averaged = ("generator",)
        self.phases = (
            Phase("G", ("generator",), lr=config.lr, betas=(0.0, 0.9)),
            Phase(
                "D",
                ("discriminator",),
                lr=config.lr_discriminator,
                betas=(0.0, 0.9),
                begins=0.75 * config.plain_kimg,
            ),
        )
        self.features = PerceptualFeatures()
        self.identity = hub.load(MobileFaceNet, "arcface-mobile")
        self.frozen: dict[str, nn.Module] = {"features": self.features, "identity": self.identity}
        self.kimg = 0.0

    def _use(self, faces: Faces) -> None:
        self.train, self.rows = faces, torch.nonzero(faces.sharp).squeeze(1)

    def draw(self, generator: Generator, count: int) -> Batch:
        """Plan photos and their damage."""
        plan = {
            "window": torch.rand(1, 2, generator=generator).expand(count, 2),
            "index": self.rows[torch.randint(len(self.rows), (count,), generator=generator)],
            "mirror": torch.rand(count, generator=generator) < 0.5,
        }
        return plan | draw_damage(generator, count, self.config.strength, self.config.halved)

    def batch(self, plan: Batch, device: torch.device, kimg: float) -> Batch:
        """Fetch and damage the photos."""
        self.kimg = kimg
        sharp = self.train.pixels(plan["index"], device)
        sharp = torch.where(plan["mirror"].to(device)[:, None, None, None], sharp.flip(3), sharp)
        return {"sharp": sharp, "damaged": damage(sharp, plan), "window": plan["window"]}

    def loss(self, phase: str, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The generator's loss (G) and the discriminator's (D), which sees the results of the same step."""
        if phase == "G":
            return self._generator_loss(batch)
        c, network = self.config, self.networks["discriminator"]
        return discriminator_loss(
            network, self.discriminator, batch["sharp"], batch["fake"], c.penalty_weight, c.penalty_share
        )

    def _generator_loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        c, sharp = self.config, batch["sharp"]
        restored = self.networks["generator"](batch["damaged"]).float()
        batch["fake"] = restored.detach()
        part = self._window(batch["window"], sharp.shape[-1])
        with torch.no_grad():
            seen = self.features(sharp[part])
        terms = {
            "l1": F.l1_loss(restored, sharp),
            "perceptual": losses.perceptual_loss(seen, self.features(restored[part]), sharp.new_ones(len(sharp))),
        }
        weights = {"l1": c.l1_weight, "perceptual": c.perceptual_weight}
        if self.kimg >= c.plain_kimg:
            terms |= self._discriminator_terms(restored, sharp)
            weights |= {"features": c.feature_weight, "adv": c.adversarial_weight}
        return losses.weighted_sum(terms, weights), terms

    def _discriminator_terms(
        self, restored: Float[Tensor, "b 3 s s"], sharp: Float[Tensor, "b 3 s s"]
    ) -> dict[str, Tensor]:
        with torch.no_grad():
            real = discriminate(self.discriminator, sharp)
        said = discriminate(self.discriminator, restored)
        matches = [losses.feature_matching_loss(r.features, f.features) for r, f in zip(real, said, strict=True)]
        return {
            "features": torch.stack(matches).sum(),
            "adv": losses.hinge_generator_loss([score for _, score in said]),
        }

    def _window(self, window: Float[Tensor, "b 2"], size: int) -> tuple[slice, ...]:
        side = self.config.perceptual_side or size
        top, left = (int(share * (size - side)) for share in window[0].tolist())
        return slice(None), slice(None), slice(top, top + side), slice(left, left + side)

    def samples(self, networks: Mapping[str, nn.Module]) -> np.ndarray:
        """Damaged, restored and untouched validation photos."""
        generator = networks["generator"]
        sharp, damaged = self._fixed(12, next(generator.parameters()).device)
        restored = generator(damaged).clamp(0, 1)
        parts = torch.arange(len(sharp)).split(6)
        return image_grid([list(x[p]) for p in parts for x in (damaged, restored, sharp) if len(p) == len(parts[0])])

    def _fixed(self, count: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """The same validation photos with the same damage every time."""
        spread = torch.linspace(0, len(self.val_rows) - 1, min(count, len(self.val_rows))).long()  # over all people
        sharp = self.val.pixels(self.val_rows[spread], device)
        plan = draw_damage(Generator().manual_seed(1), len(sharp), self.config.strength)
        plan["shrink"].clamp_(min=1.5)  # none is left whole, whose endless ratio would hide the others
        return sharp, damage(sharp, plan)

    def evaluate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Fidelity on validation photos, of the results and of what they were made from.

        Returns:
            ``psnr`` (dB), ``ssim`` and ``distance`` (perceptual, lower is better) of restored photos, with ``_none``
            of the damaged ones; with ``_half`` of photos enlarged from half their size, and ``_bicubic`` of those
            before; ``identity``: cosine before and after restoring; ``identity_sharp``: the same of untouched photos.
        """
        generator = networks["generator"]
        sharp, damaged = self._fixed(_SCORED, next(generator.parameters()).device)
        small = halve(sharp)
        restored, enlarged, kept = (_restore(generator, faces) for faces in (damaged, small, sharp))
        pictures = {"": restored, "_none": damaged, "_half": enlarged, "_bicubic": small}
        scores = self._fidelity(pictures, sharp)
        scores["identity"] = self._likeness(damaged, restored)
        return scores | {"identity_sharp": self._likeness(sharp, kept)}

    def _fidelity(self, pictures: Mapping[str, Tensor], sharp: Float[Tensor, "n 3 s s"]) -> dict[str, float]:
        """Means of each measure over all photos, by measure and name of the pictures."""
        sums: dict[str, float] = {}
        for rows in torch.arange(len(sharp)).split(16):
            truth, one = sharp[rows], sharp.new_ones(len(rows))
            seen = self.features(truth)
            for name, faces in pictures.items():
                found = {
                    "psnr": peak_signal_to_noise(faces[rows], truth).mean(),
                    "ssim": structural_similarity(faces[rows], truth).mean(),
                    "distance": losses.perceptual_loss(seen, self.features(faces[rows]), one),
                }
                for key, value in found.items():
                    share = float(value) * len(rows) / len(sharp)
                    sums[f"{key}{name}"] = sums.get(f"{key}{name}", 0.0) + share
        return sums

    def _likeness(self, before: Float[Tensor, "n 3 s s"], after: Float[Tensor, "n 3 s s"]) -> float:
        first, second = (self.identity(to_arcface(faces, "ffhq")).embedding for faces in (before, after))
        return float(F.cosine_similarity(first, second).mean())


def _restore(generator: nn.Module, faces: Float[Tensor, "n 3 s s"]) -> Float[Tensor, "n 3 s s"]:
    return torch.cat([generator(part).float().clamp(0, 1) for part in faces.split(16)])
