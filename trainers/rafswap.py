"""Train RAFSwap: encoder and mask predictor around a generator that already draws people."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from swapper import hub
from swapper.faces.regions import region_masks
from swapper.methods.rafswap import draw_regions
from swapper.models.discriminators import PatchDiscriminatorConfig
from swapper.models.rafswap import RAFSwap, RAFSwapConfig, RAFSwapped
from swapper.models.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from swapper.models.trunks import MobileTrunk
from swapper.types import UserError
from trainers import losses
from trainers.adversarial import DiscriminatorConfig, build_discriminator, discriminate
from trainers.identity_trunk import identity_trunk
from trainers.loop.checkpoint import weights_file
from trainers.loop.trainer import Batch, Phase, image_grid
from trainers.rafswap_ablation import leave_out
from trainers.swap_trainer import SwapTrainer, SwapTrainerConfig


@dataclass(frozen=True)
class RAFSwapTrainingConfig(SwapTrainerConfig):
    """Defaults of RAFSwap's trainer, the paper's where it states them; the network works at ``size``."""

    network: RAFSwapConfig = field(default_factory=lambda: replace(RAFSwapConfig.paper(), global_layers=2))
    discriminator: DiscriminatorConfig = field(default_factory=PatchDiscriminatorConfig.lite)  # where it is heard
    prior: str = "stylegan2"  # generator by name or file; a new one, trained along, without
    train_prior: bool = False  # change the generator too
    from_arcface: bool = False  # start the mobile trunk from the mobile ArcFace network
    without: str = ""  # part left out for an ablation: fra, sfa or fmp
    template: str = "ffhq"
    lr: float = 1e-4
    batch: int = 8
    kimg: float = 400.0  # 50 thousand steps
    same_image: float = 0.2
    same_identity: float = 0.0
    id_weight: float = 0.15
    reconstruction_weight: float = 4.0  # 1 for pixels in [-1, 1]; here they lie in [0, 1]
    perceptual_weight: float = 0.2  # 0.8 of LPIPS, whose values are about a quarter of our distance's
    perceptual_everywhere: bool = True  # to the target where the answer is not told
    answer_weight: float = 0.0  # mean absolute difference where the answer is told
    norm_weight: float = 5e-4  # distance of W+ from its average
    area_weight: float = 0.0  # squared distance of the mask's mean from ``area``, which keeps it from closing
    area: float = 0.45  # share of the crop that faces take up
    adversarial_weight: float = 0.0  # a trained prior needs nobody to judge it
    whole_kimg: float = 0.0  # before this the drawn face is judged instead of the blend, so that no mask can hide it

    @classmethod
    def paper(cls) -> "RAFSwapTrainingConfig":
        """The published sizes; the generator is StyleGAN2's at 1024 px.

        But for what `trainers/README.md` says of all, and the likeness is judged by `arcface-mobile` on aligned faces,
        not by an ArcFace of 50 layers on a fixed window; our perceptual distance stands in for LPIPS.
        """
        return cls()

    @classmethod
    def lite(cls) -> "RAFSwapTrainingConfig":
        """A network for 128 px that a CPU can train with no prior: on warped pairs, before a discriminator."""
        generator = StyleGAN2Config(channels=(192, 192, 192, 128, 64, 32), style=256, mapping=4)
        styles, masks = ((2, 3), (1, 4), (0, 5)), (16, 32, 64)
        return cls(
            network=replace(RAFSwapConfig.lite(), size=128, styles=styles, mask_sizes=masks, generator=generator),
            prior="",
            from_arcface=True,
            template="tight",
            size=128,
            lr=1e-3,
            kimg=60.0,
            same_image=0.1,
            same_identity=0.2,
            known=0.7,
            id_weight=12.0,
            residual_weight=5.0,
            reconstruction_weight=0.0,
            answer_weight=100.0,
            perceptual_weight=8.0,
            perceptual_everywhere=False,
            expression_weight=30.0,
            adversarial_weight=2.0,
            penalty_weight=1.0,
            area_weight=40.0,
            plain_kimg=4.0,
            whole_kimg=20.0,
        )

    @classmethod
    def large(cls) -> "RAFSwapTrainingConfig":
        """The shipped network at 256 px on one GPU."""
        return cls(
            network=RAFSwapConfig.lite(),
            prior="stylegan2-lite",
            from_arcface=True,
            lr=3e-4,
            batch=64,
            kimg=3000.0,
            id_weight=0.5,
            whole_kimg=500.0,
        )

    @classmethod
    def small(cls) -> "RAFSwapTrainingConfig":
        """``lite`` at 64 px, for ablations: an hour or less on a CPU core."""
        lite = cls.lite()
        generator = StyleGAN2Config(channels=(128, 128, 128, 96, 48), style=256, mapping=4)
        styles, masks = ((2, 3), (1, 4), (0, 3)), (8, 16, 32)
        network = replace(lite.network, size=64, styles=styles, mask_sizes=masks, generator=generator)
        return replace(lite, network=network, size=64, kimg=20.0, plain_kimg=2.0, whole_kimg=8.0)

    @classmethod
    def tiny(cls) -> "RAFSwapTrainingConfig":
        """Seconds on a CPU, for tests: no prior."""
        network = RAFSwapConfig(
            size=64,
            trunk="irse",
            trunk_blocks=(1, 1, 1, 1),
            trunk_widths=(8, 16, 16, 16),
            reduction=4,
            width=16,
            heads=2,
            global_layers=2,
            styles=((2, 3), (1, 4), (0, 3)),
            injected=(0, 1, 2),
            mask_sizes=(16, 32),
            mask_widths=(8, 8),
            generator=StyleGAN2Config(channels=(16, 16, 16, 16, 16), style=16, mapping=2),
        )
        return cls(network=network, prior="", size=64, lr=5e-3, batch=4, kimg=1.0)


class RAFSwapTrainer(SwapTrainer):
    """Identity, reconstruction and perceptual loss; nobody says where the mask should be.

    Source: RAFSwap (CVPR 2022), section 3.5; the weight on W+'s distance from the official code. The perceptual
    distance looks at early features of the identity network in place of LPIPS. Where there is no trained prior, pairs
    with a known answer, a discriminator, and the terms of the other trainers may join.
    """

    Config = RAFSwapTrainingConfig

    def __init__(self, config: RAFSwapTrainingConfig, data: Path, cache: Path):
        self.config = config
        self.network = build_network(config)
        networks: dict[str, nn.Module] = {"rafswap": self.network}
        phases = (Phase("G", ("rafswap",), lr=config.lr),)
        if config.adversarial_weight:
            networks["discriminator"] = build_discriminator(config.discriminator)
            phases += (Phase("D", ("discriminator",), lr=4e-4, betas=(0.0, 0.999), weight_decay=1e-4),)
        super().__init__(config, data, cache, networks, phases, whole=True)
        self.threads = ThreadPoolExecutor()

    def batch(self, plan: Batch, device: torch.device, kimg: float) -> Batch:
        """Cut targets and whole sources, and draw the regions of both."""
        return self._with_regions(super().batch(plan, device, kimg))

    def _with_regions(self, batch: Batch) -> Batch:
        regions = self.config.network.regions
        both = torch.cat([batch["landmarks"], batch["source_landmarks"]]).cpu()
        parts = self.threads.map(lambda part: draw_regions(part, regions), both.split(8))
        target, source = torch.cat(list(parts)).to(batch["target"].device).chunk(2)
        batch |= {"target_regions": target, "source_regions": source}
        return batch | {"embedding": self.task.features(batch["source"]).embedding}

    def swapper_loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted sum of the paper's losses, and of others that have a weight."""
        c, task, answer = self.config, self.task, batch["answer"]
        swapped = swap_batch(self.networks["rafswap"], batch)
        result = swapped.face.float() if self.kimg < c.whole_kimg else blend(swapped, batch["target"])
        batch["fake"] = result.detach()
        told = batch["identical"] + batch["known"]
        source = batch["embedding"]
        seen, maps = task.embed_with_appearance(result, batch["jitter"])
        goal, compared = task.appearance(answer, batch["jitter"]), torch.ones_like(told)
        terms = {
            "id": losses.identity_loss(source, seen.embedding),
            "rec": ((result - answer).square().mean((1, 2, 3)) * told).mean(),
            "answer": losses.reconstruction_loss(result, answer, told),
            "perceptual": losses.perceptual_loss(goal, maps, compared if c.perceptual_everywhere else told),
            "norm": losses.style_norm_loss(swapped.latents, self.network.generator.latent_average),
        }
        if c.area_weight:
            terms["area"] = (swapped.mask.float().mean((1, 2, 3)) - c.area).square().mean()
        if c.residual_weight:
            terms["residual"] = losses.residual_identity_loss(source, task.recognize(batch), seen.embedding)
        if c.expression_weight:
            terms["expression"] = task.expression_loss(result, batch["photo"])
        if c.adversarial_weight:
            terms["adv"] = losses.hinge_generator_loss([score for _, score in discriminate(self.discriminator, result)])
        total = losses.weighted_sum(terms, self.weights(self.kimg))
        return total, terms | {"mask_mean": swapped.mask.float().mean()}

    def weights(self, kimg: float) -> dict[str, float]:
        """Weights of the loss terms after ``kimg``."""
        c = self.config
        return {
            "id": c.id_weight,
            "rec": c.reconstruction_weight,
            "answer": c.answer_weight,
            "perceptual": c.perceptual_weight,
            "norm": c.norm_weight,
            "area": c.area_weight * float(kimg >= c.whole_kimg),
            "residual": c.residual_weight,
            "expression": c.expression_weight,
            "adv": c.adversarial_weight * float(kimg >= c.plain_kimg),
        }

    def samples(self, networks: Mapping[str, nn.Module]) -> np.ndarray:
        """Sources, targets, what the generator draws, masks and results of fixed validation pairs."""
        network = networks["rafswap"]
        batch = self._with_regions(self.task.fixed(12, next(network.parameters()).device))
        swapped = swap_batch(network, batch)
        rows = [batch["whole"], batch["target"], swapped.face, swapped.mask.expand_as(swapped.face)]
        return image_grid([list(row) for row in [*rows, blend(swapped, batch["target"])]])

    def evaluate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Scores of fixed validation pairs; ``mask_iou``: overlap of the mask with the face by its landmarks."""
        network = networks["rafswap"]
        device = next(network.parameters()).device

        def swap(known: Batch, target: Float[Tensor, "b 3 s s"]) -> Tensor:
            return blend(swap_batch(network, known), target)

        scores = self.task.scores(swap, device, describe=self._with_regions)
        batch = self._with_regions(self.task.fixed(32, device))
        face = region_masks(batch["landmarks"].cpu(), self.config.size, ("face",)) > 0.5
        mask = swap_batch(network, batch).mask.cpu() > 0.5
        overlap = (face & mask).sum((1, 2, 3)) / (face | mask).sum((1, 2, 3))
        return scores | {"mask_iou": float(overlap.mean())}


def build_network(config: RAFSwapTrainingConfig) -> RAFSwap:
    """The network with its prior in place, which stays as it is unless the recipe says otherwise.

    Raises:
        UserError: the prior is not there, or of other sizes than the recipe's network wants.
    """
    network = RAFSwap(replace(config.network, size=config.size))
    if config.prior:
        prior = hub.load_path(StyleGAN2Generator, weights_file(config.prior))
        if prior.config != config.network.generator:
            raise UserError(
                f"Prior '{config.prior}': it is {prior.config}, but the recipe needs {config.network.generator}. "
                "Choose the preset that it was trained with."
            )
        network.generator.load_state_dict(prior.state_dict())
        network.generator.requires_grad_(config.train_prior)
    network.generator.mapping.requires_grad_(False)  # W+ comes from the encoder
    if config.from_arcface and isinstance(network.encoder.trunk, MobileTrunk):
        network.encoder.trunk.load_state_dict(identity_trunk().state_dict())
    leave_out(network, config.without)
    return network


def swap_batch(network: nn.Module, batch: Batch) -> RAFSwapped:
    """Swap every pair of a batch that has its regions and embeddings."""
    names = ("target", "target_regions", "whole", "source_regions", "embedding")
    return network(*(batch[name] for name in names))


def blend(swapped: RAFSwapped, target: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b 3 s s"]:
    """I_out: the drawn face where the mask says so, the target elsewhere."""
    mask = swapped.mask.float()
    return mask * swapped.face.float() + (1 - mask) * target
