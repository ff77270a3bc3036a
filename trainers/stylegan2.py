"""Train StyleGAN2 on whole faces: non-saturating GAN, R1 and path length now and then, adaptive augmentation."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Generator, Tensor, nn

from swapper import hub
from swapper.metrics.realism import RealismFeatures, feature_distance, kernel_distance
from swapper.models.arcface import MobileFaceNet
from swapper.models.discriminators import StyleGAN2Discriminator, StyleGAN2DiscriminatorConfig
from swapper.models.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from swapper.types import Crop, UserError
from trainers import losses
from trainers.data.adaptive_augmentation import AdaptiveAugmentation, draw_changes
from trainers.data.faces import Faces, load_faces
from trainers.data.pairs import to_arcface
from trainers.data.supply import FaceSupply, SupplyConfig
from trainers.loop.trainer import Batch, Phase, image_grid

_TRUNCATION = 0.7  # of the lower half of the sample grid
_SCORED = 400  # pictures that are compared with validation photos


@dataclass(frozen=True)
class StyleGAN2TrainingConfig(SupplyConfig):
    """Defaults of StyleGAN2's trainer, the paper's for its config F at 256 px."""

    network: StyleGAN2Config = field(
        default_factory=lambda: StyleGAN2Config(channels=StyleGAN2Config.paper().channels[:7])
    )
    discriminator: StyleGAN2DiscriminatorConfig = field(default_factory=StyleGAN2DiscriminatorConfig.paper)
    sharp: bool = True  # only photos whose eyes were 63 px apart or more; the others hold no detail for 256 px
    lr: float = 2e-3
    batch: int = 32
    kimg: float = 25000.0
    mixing: float = 0.9  # share of pictures whose rows of W+ come from two random vectors
    penalty_weight: float = 2.5  # R1; 10 for pixels in [-1, 1], here they lie in [0, 1]
    penalty_interval: int = 16  # steps
    path_weight: float = 2.0
    path_interval: int = 4  # steps
    path_share: float = 0.5  # of the batch
    path_decay: float = 0.01  # how fast the mean path length follows
    sign_target: float = 0.0  # share of reals (less fakes) the discriminator may be sure of; 0: no augmentation
    sign_kimg: float = 500.0  # in which augmentation can rise from never to always

    @classmethod
    def paper(cls) -> "StyleGAN2TrainingConfig":
        """Config F, for large sets of photos."""
        return cls()

    @classmethod
    def lite(cls) -> "StyleGAN2TrainingConfig":
        """A narrow network at 128 px that a CPU can train, augmented as few photos need it."""
        return cls(
            network=StyleGAN2Config(channels=(192, 192, 192, 128, 96, 48), style=256, mapping=4),
            discriminator=StyleGAN2DiscriminatorConfig(channels=(192, 192, 192, 128, 96, 48)),
            sharp=False,
            batch=16,
            kimg=300.0,
            penalty_weight=0.5,
            sign_target=0.6,
            sign_kimg=100.0,
        )

    @classmethod
    def small(cls) -> "StyleGAN2TrainingConfig":
        """64 px, what a CPU core can train in an hour or two."""
        channels = (128, 128, 128, 96, 48)
        return replace(
            cls.lite(),
            network=StyleGAN2Config(channels=channels, style=128, mapping=4),
            discriminator=StyleGAN2DiscriminatorConfig(channels=channels),
            kimg=100.0,
            sign_kimg=50.0,
        )

    @classmethod
    def large(cls) -> "StyleGAN2TrainingConfig":
        """The shipped network at 256 px on one GPU."""
        return cls(
            network=StyleGAN2Config.lite(),
            discriminator=StyleGAN2DiscriminatorConfig.lite(),
            sharp=False,
            batch=64,
            kimg=6000.0,
            penalty_weight=0.5,
            sign_target=0.6,
        )

    @classmethod
    def tiny(cls) -> "StyleGAN2TrainingConfig":
        """Seconds on a CPU, for tests."""
        return cls(
            network=StyleGAN2Config(channels=(32, 32, 32, 16), style=32, mapping=2),
            discriminator=StyleGAN2DiscriminatorConfig(channels=(32, 32, 32, 16)),
            lr=2e-2,
            batch=4,
            kimg=1.0,
            penalty_weight=0.5,
            penalty_interval=4,
        )


class StyleGAN2Trainer:
    """Pictures of people who do not exist; the generator is RAFSwap's prior.

    Source: StyleGAN2 (CVPR 2020), sections 2 to 4 and appendix B; StyleGAN2-ADA (NeurIPS 2020), section 3.1.
    """

    Config = StyleGAN2TrainingConfig

    def __init__(self, config: StyleGAN2TrainingConfig, data: Path, cache: Path):
        self.config = config
        size = config.network.size
        self.supply = FaceSupply(data, size, cache, config, self._use, padded=False, sharp=config.sharp)
        self.val = load_faces(data, "val", size, cache, padded=False)
        if not len(self.rows):
            raise UserError(f"StyleGAN2: none of {len(self.train)} photos is sharp. Give --set sharp=False.")
        self.generator = StyleGAN2Generator(config.network)  # unwrapped, where they are not trained
        self.discriminator = StyleGAN2Discriminator(config.discriminator)
        self.augmentation = AdaptiveAugmentation(config.sign_target, config.sign_kimg)
        self.path = MeanPathLength(config.path_decay)
        self.networks: dict[str, nn.Module] = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "augmentation": self.augmentation,
            "path": self.path,
        }
        self.averaged = ("generator",)
        self.identity = hub.load(MobileFaceNet, "arcface-mobile")
        self.frozen: dict[str, nn.Module] = {"identity": self.identity}
        self.phases = (
            self._phase("G", "generator"),
            self._phase("path", "generator", config.path_interval),
            self._phase("D", "discriminator"),
            self._phase("R1", "discriminator", config.penalty_interval),
        )

    def _use(self, faces: Faces) -> None:
        self.train = faces
        self.rows = torch.nonzero(faces.sharp if self.config.sharp else torch.ones(len(faces))).squeeze(1)

    def _phase(self, name: str, network: str, interval: int = 0) -> Phase:
        """A phase with Adam as StyleGAN2 sets it; ``interval`` makes it a lazy regulariser of the one before."""
        if interval:
            main = {"path": "G", "R1": "D"}[name]
            return Phase(name, (network,), lr=self.config.lr, interval=interval, optimizer=main, clip=False)
        return Phase(name, (network,), lr=self.config.lr, betas=(0.0, 0.99), clip=False)

    def draw(self, generator: Generator, count: int) -> Batch:
        """Plan photos, random vectors for each phase, and what the augmentation may do in each."""
        plan = {
            "index": self.rows[torch.randint(len(self.rows), (count,), generator=generator)],
            "mirror": torch.rand(count, generator=generator) < 0.5,
        }
        for phase in ("G", "path", "D"):
            plan[f"z_{phase}"] = self._vectors(generator, count)
        for images in ("drawn", "fake", "real"):
            plan |= {f"{images}_{name}": value for name, value in draw_changes(generator, count).items()}
        return plan

    def _vectors(self, generator: Generator, count: int) -> Float[Tensor, "count l d"]:
        """One random vector for each row of W+, of which there are one or two different ones in a picture."""
        network = self.config.network
        z = torch.randn(count, 2, network.style, generator=generator)
        crossover = torch.randint(1, network.latents, (count,), generator=generator)
        mixed = torch.rand(count, generator=generator) < self.config.mixing
        crossover = torch.where(mixed, crossover, network.latents)
        second = (torch.arange(network.latents) >= crossover[:, None]).long()
        return z[torch.arange(count)[:, None], second]

    def batch(self, plan: Batch, device: torch.device, kimg: float) -> Batch:
        """Fetch and mirror the photos."""
        real = self.train.pixels(plan["index"], device)
        mirror = plan["mirror"].to(device)[:, None, None, None]
        rest = {name: value.to(device) for name, value in plan.items() if name not in ("index", "mirror")}
        return rest | {"real": torch.where(mirror, real.flip(3), real)}

    def loss(self, phase: str, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The generator's loss (G) and path length penalty (path), the discriminator's loss (D) and penalty (R1)."""
        match phase:
            case "G":
                drawn = self.networks["generator"](batch["z_G"]).float()
                fake = self.discriminator(self._augment(drawn, "drawn", batch))
                return losses.logistic_generator_loss(fake), {"adv": fake.float().mean()}
            case "path":
                return self._path_length(batch)
            case "D":
                return self._discriminator_loss(batch)
            case _:
                real = self._augment(batch["real"], "real", batch).detach().requires_grad_(True)
                penalty = losses.gradient_penalty(real, [self.networks["discriminator"](real)])
                return self.config.penalty_weight * self.config.penalty_interval * penalty, {"r1": penalty}

    def _augment(self, images: Tensor, name: str, batch: Batch) -> Tensor:
        prefix = f"{name}_"
        plan = {key.removeprefix(prefix): value for key, value in batch.items() if key.startswith(prefix)}
        return self.augmentation(images, plan)

    def _discriminator_loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        with torch.no_grad():
            drawn = self.generator(batch["z_D"]).float()
        fake = self.networks["discriminator"](self._augment(drawn, "fake", batch))
        real = self.networks["discriminator"](self._augment(batch["real"], "real", batch))
        self.augmentation.follow(real.detach())
        terms = {"d_real": real.float().mean(), "d_fake": fake.float().mean()}
        terms |= {"d_sign": self.augmentation.sign.clone(), "augmented": self.augmentation.probability.clone()}
        return losses.logistic_discriminator_loss(fake, real), terms

    def _path_length(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        c = self.config
        count = max(1, round(len(batch["z_path"]) * c.path_share))
        z = batch["z_path"][:count]
        offset = torch.zeros_like(z, requires_grad=True)  # the gradient by it is that by W+
        drawn = self.networks["generator"](z, 1.0, offset)
        lengths = losses.path_lengths(drawn * 2, offset, torch.randn_like(drawn))  # pixels in [-1, 1] as in the paper
        mean = self.path(lengths)
        penalty = (lengths - mean).square().mean()
        return c.path_weight * c.path_interval * penalty, {"path_length": mean}

    def samples(self, networks: Mapping[str, nn.Module]) -> UInt8[np.ndarray, "h w 3"]:
        """The same random people every time, above with their full variety, below truncated; photos in the last row."""
        generator = networks["generator"]
        z = torch.randn(16, self.config.network.style, generator=Generator().manual_seed(0))
        rows = [draw(generator, z, 1.0).split(8), draw(generator, z, _TRUNCATION).split(8)]
        photos = self.train.pixels(self.rows[:: max(1, len(self.rows) // 8)][:8])
        return image_grid([list(row) for row in (*rows[0], *rows[1], photos) if len(row) == 8])

    def evaluate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """How the pictures' features differ from the validation photos', and how near they come to training photos.

        Returns:
            ``frechet``, ``kernel``: distances of feature distributions; ``likeness`` and ``likeness_most``: mean and
            largest cosine of a picture's identity with the nearest training photo's (of those in memory);
            ``likeness_val`` the same mean for validation photos, who are other people.
        """
        generator = networks["generator"]
        count = min(_SCORED, len(self.val))
        z = torch.randn(count, self.config.network.style, generator=Generator().manual_seed(2))
        drawn = draw(generator, z, 1.0)
        realism = RealismFeatures(self.identity, next(generator.parameters()).device)
        looks, reals = realism.measure(_crops(drawn)), realism.measure(_crops(_all_pixels(self.val)))
        nearest = (self._embed(drawn) @ self.train.arcface.T).amax(1)
        return {
            "frechet": feature_distance(looks, reals),
            "kernel": kernel_distance(looks, reals),
            "likeness": float(nearest.mean()),
            "likeness_most": float(nearest.max()),
            "likeness_val": float((self.val.arcface @ self.train.arcface.T).amax(1).mean()),
        }

    def _embed(self, faces: Float[Tensor, "n 3 s s"]) -> Float[Tensor, "n d"]:
        device = next(self.identity.parameters()).device
        parts = [self.identity(to_arcface(part.to(device), "ffhq")).embedding.float().cpu() for part in faces.split(32)]
        return F.normalize(torch.cat(parts))


class MeanPathLength(nn.Module):
    """The running mean of path lengths, kept in checkpoints."""

    mean: Tensor

    def __init__(self, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, lengths: Float[Tensor, "b"]) -> Tensor:
        """Follow a batch and return the new mean, without gradient."""
        self.mean.lerp_(lengths.detach().mean().to(self.mean.dtype), self.decay)
        return self.mean.clone()


def draw(generator: nn.Module, z: Float[Tensor, "n d"], truncation: float) -> Float[Tensor, "n 3 s s"]:
    """Pictures of many random vectors, in [0, 1] on the CPU."""
    device = next(generator.parameters()).device
    return torch.cat([generator(part.to(device), truncation).float().clamp(0, 1).cpu() for part in z.split(16)])


def _all_pixels(faces: Faces) -> Float[Tensor, "n 3 s s"]:
    return faces.pixels(torch.arange(len(faces)))


def _crops(images: Float[Tensor, "n 3 s s"]) -> list[Crop]:
    pixels = (images * 255).round().byte().permute(0, 2, 3, 1).numpy()
    return [Crop(image, np.eye(2, 3, dtype=np.float32)) for image in pixels]
