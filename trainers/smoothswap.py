"""Train Smooth-Swap's generator: identity, change and a StyleGAN2 discriminator, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor, nn

from swapper import hub
from swapper.models.discriminators import StyleGAN2Discriminator, StyleGAN2DiscriminatorConfig
from swapper.models.ncsnpp import NCSNppConfig
from swapper.models.smoothswap import NCSNppGenerator, SmoothIdentityEmbedder
from swapper.runtime.devices import device_of
from trainers import losses
from trainers.data.supply import SupplyConfig
from trainers.loop.checkpoint import weights_file
from trainers.loop.trainer import Batch, Phase
from trainers.smoothswap_embedders import WHOLE, ArcFaceEmbedder, Embedder, SmoothEmbedder
from trainers.swap_task import Swap, SwapTask, SwapTaskConfig

ARCFACE = "arcface-mobile"


@dataclass(frozen=True)
class SmoothSwapConfig(SupplyConfig):
    """Defaults of Smooth-Swap's trainer, the paper's where it states them."""

    network: NCSNppConfig = field(default_factory=NCSNppConfig.paper)
    discriminator: StyleGAN2DiscriminatorConfig = field(default_factory=StyleGAN2DiscriminatorConfig.paper)
    embedder: str = "smooth-embedder-lite"  # name or file; arcface-mobile for the paper's comparison
    start: str = ""  # generator by name or file to go on from, at another size for instance; a new one without
    template: str = "ffhq"  # alignment of the target crops; the embedder sees sources and results as ``ffhq``
    size: int = 256  # px
    small_kimg: float = 0.0  # before this the crops have half the side; the discriminator sees them enlarged
    lr: float = 2e-4  # NCSN++'s
    lr_discriminator: float = 2e-3  # StyleGAN2's, whose weights are equalised
    batch: int = 16
    kimg: float = 8000.0
    self_swaps: int = 1  # pairs of a batch whose source is the target itself
    padded: bool = False  # photos that are mostly padding serve as sources too
    known: float = 0.0  # share of pairs with a known answer, from warped faces; the next four weights need some
    reconstruction_weight: float = 0.0  # where the answer is known
    perceptual_weight: float = 0.0  # of early features of ArcFace, where the answer is known
    arcface_weight: float = 0.0  # likeness to the source, by ArcFace too
    residual_weight: float = 0.0  # likeness to the target, by ArcFace
    expression_weight: float = 0.0  # landmark distance of lids, irises, lips and brows
    id_weight: float = 4.0  # 16 in the paper's ablation with ArcFace
    change_weight: float = 4.0  # 1 for pixels in [-1, 1]; here they lie in [0, 1]
    adversarial_weight: float = 1.0
    penalty_weight: float = 2.5  # R1; 10 for pixels in [-1, 1]
    penalty_interval: int = 16  # steps

    @classmethod
    def paper(cls) -> "SmoothSwapConfig":
        """NCSN++ at 256 px, but for what `trainers/README.md` says of all.

        The embedder is the lite one, which sees faces at 144 px; the paper's is a ResNet-50.
        """
        return cls()

    @classmethod
    def lite(cls) -> "SmoothSwapConfig":
        """A narrow generator at 128 px that a CPU can train, on warped pairs as well; see the log for its weights."""
        return cls(
            network=NCSNppConfig.lite(),
            discriminator=StyleGAN2DiscriminatorConfig(channels=(128, 128, 96, 64, 32, 16)),
            template="tight",
            size=128,
            small_kimg=36.0,
            lr=4e-4,
            lr_discriminator=1e-3,
            batch=8,
            kimg=80.0,
            padded=True,
            known=0.7,
            reconstruction_weight=100.0,
            perceptual_weight=10.0,
            expression_weight=20.0,
            residual_weight=5.0,
            arcface_weight=10.0,
            id_weight=4.0,
            penalty_weight=0.5,
        )

    @classmethod
    def large(cls) -> "SmoothSwapConfig":
        """The narrow generator at 256 px on one GPU."""
        return cls(
            network=NCSNppConfig.lite(),
            discriminator=StyleGAN2DiscriminatorConfig.lite(),
            lr=4e-4,
            batch=64,
            kimg=4000.0,
            self_swaps=4,
            padded=True,
            penalty_weight=0.5,
        )

    @classmethod
    def tiny(cls) -> "SmoothSwapConfig":
        """Seconds on a CPU, for tests."""
        return cls(
            network=NCSNppConfig(width=16, multipliers=(1, 2, 2), blocks=1, attention=(), embedding_scale=22.6),
            discriminator=StyleGAN2DiscriminatorConfig(channels=(16, 16, 16, 16, 16)),
            embedder=ARCFACE,
            size=64,
            lr=1e-3,
            batch=4,
            kimg=1.0,
            penalty_interval=2,
        )


class SmoothSwapTrainer:
    """A generator that starts from the target as it is and may change all of it, the face's shape too.

    Source: Smooth-Swap (CVPR 2022), section 3.2 and 3.3; optimisers and R1 of NCSN++ and StyleGAN2, which the paper
    builds on and does not restate. The discriminator's real faces are the targets. Where images are few, pairs with a
    known answer may join the paper's three losses.
    """

    Config = SmoothSwapConfig

    def __init__(self, config: SmoothSwapConfig, data: Path, cache: Path):
        self.config = config
        pairs = SwapTaskConfig(
            template=config.template,
            size=config.size,
            small_kimg=config.small_kimg,
            same_identity=0.0,
            padded=config.padded,
            known=config.known,
            memory_map=config.memory_map,
            pool=config.pool,
        )
        self.task = SwapTask(pairs, data, cache, WHOLE)
        self.supply = self.task.supply
        self.frozen: dict[str, nn.Module] = dict(self.task.frozen)
        self.embedder: Embedder = ArcFaceEmbedder(self.task)
        if config.embedder != ARCFACE:
            network = hub.load_path(SmoothIdentityEmbedder, weights_file(config.embedder))
            self.frozen["embedder"] = network
            self.embedder = SmoothEmbedder(network, config.template)
        generator = NCSNppGenerator(config.network)
        if config.start:
            generator = hub.load_path(NCSNppGenerator, weights_file(config.start)).requires_grad_(True)
        self.discriminator = StyleGAN2Discriminator(config.discriminator)  # unwrapped, where it is not trained
        self.networks: dict[str, nn.Module] = {"generator": generator, "discriminator": self.discriminator}
        self.averaged = ("generator",)
        rate, betas = config.lr_discriminator, (0.0, 0.99)
        self.phases = (
            Phase("G", ("generator",), lr=config.lr, betas=betas),
            Phase("D", ("discriminator",), lr=rate, betas=betas, clip=False),
            Phase("R1", ("discriminator",), lr=rate, interval=config.penalty_interval, optimizer="D", clip=False),
        )

    def draw(self, generator: Generator, count: int) -> Batch:
        """Plan pairs; some, evenly spread, are swaps of a person with themselves."""
        plan = self.task.draw(generator, count)
        own = torch.arange(count) * self.config.self_swaps % self.config.batch < self.config.self_swaps
        for of_source, of_target in (("source", "target"), ("source_mirror", "mirror")):
            plan[of_source] = torch.where(own, plan[of_target], plan[of_source])
        for answered in {"forward", "backward"} & plan.keys():
            plan[answered] = torch.where(own, 0.0, plan[answered])
        return plan

    def batch(self, plan: Batch, device: torch.device, kimg: float) -> Batch:
        """Cut targets at the side that is due, and whole sources."""
        batch = self.task.batch(plan, device, kimg)
        return batch | {"identity": self.embedder.describe(batch)}

    def loss(self, phase: str, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The generator's loss (G), the discriminator's (D) on results of the same step, and its penalty (R1)."""
        if phase == "G":
            return self._generator_loss(batch)
        if phase == "R1":
            real = batch["photo"].detach().requires_grad_(True)
            penalty = losses.gradient_penalty(real, [self.networks["discriminator"](self._enlarge(real))])
            return self.config.penalty_weight * self.config.penalty_interval * penalty, {"r1": penalty}
        real, fake = (self.networks["discriminator"](self._enlarge(batch[name])) for name in ("photo", "fake"))
        terms = {"d_real": real.float().mean(), "d_fake": fake.float().mean()}
        return losses.logistic_discriminator_loss(fake, real), terms

    def _generator_loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        c, target = self.config, batch["target"]
        result = self.networks["generator"](target, batch["identity"]).float()
        batch["fake"], seen = result.detach(), self.embedder.embed(result, batch)
        terms = {
            "id": losses.identity_loss(batch["identity"], seen),
            "change": losses.identity_change_loss(result, target),
            "adv": losses.logistic_generator_loss(self.discriminator(self._enlarge(result))),
        }
        weights = {"id": c.id_weight, "change": c.change_weight, "adv": c.adversarial_weight}
        if c.expression_weight:
            terms["expression"] = self.task.expression_loss(result, batch["photo"])
            weights["expression"] = c.expression_weight
        if c.known:
            terms |= self._arcface_terms(result, batch)
            weights |= {
                "rec": c.reconstruction_weight,
                "per": c.perceptual_weight,
                "arcface": c.arcface_weight,
                "residual": c.residual_weight,
            }
        return losses.weighted_sum(terms, weights), terms

    def _arcface_terms(self, result: Float[Tensor, "b 3 s s"], batch: Batch) -> dict[str, Tensor]:
        """Known answers, and likeness to source and target where there is no answer."""
        task, answer, told = self.task, batch["answer"], batch["known"]
        source = task.features(batch["source"]).embedding
        seen, drawn = task.embed_with_appearance(result, batch["jitter"])
        return {
            "rec": losses.reconstruction_loss(result, answer, told),
            "per": losses.perceptual_loss(task.appearance(answer, batch["jitter"]), drawn, told),
            "arcface": losses.identity_loss(source, seen.embedding),
            "residual": losses.residual_identity_loss(source, task.recognize(batch), seen.embedding),
        }

    def _enlarge(self, faces: Float[Tensor, "b 3 s s"]) -> Tensor:
        side = self.discriminator.config.size
        if faces.shape[-1] == side:
            return faces
        return F.interpolate(faces, (side, side), mode="bilinear", align_corners=False)

    def samples(self, networks: Mapping[str, nn.Module]) -> np.ndarray:
        """Sources, targets and results of fixed validation pairs."""
        return self.task.grid(
            swap_with(networks["generator"]), device_of(networks["generator"]), self.embedder.describe
        )

    def evaluate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Scores of fixed validation pairs; ``id_own``: cosine of result and source by the embedder it is told."""
        device = device_of(networks["generator"])
        swap = swap_with(networks["generator"])
        scores = self.task.scores(swap, device, describe=self.embedder.describe)
        batch = self.task.fixed(64, device)
        known = self.embedder.describe(batch)
        drawn = torch.cat(
            [swap(z, target) for z, target in zip(known.split(32), batch["target"].split(32), strict=True)]
        )
        return scores | {"id_own": 1 - float(losses.identity_loss(known, self.embedder.embed(drawn, batch)))}


def swap_with(generator: nn.Module) -> Swap:
    """The generator as a function of identities and targets."""

    def swap(identity: Float[Tensor, "b d"], target: Float[Tensor, "b 3 s s"]) -> Tensor:
        return generator(target, identity).clamp(0, 1)

    return swap
