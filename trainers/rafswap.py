"""Train RAFSwap: encoder and mask predictor around a generator that already draws people."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from swapper import hub
from swapper.faces.regions import region_masks
from swapper.methods.rafswap import draw_regions
from swapper.models.rafswap import RAFSwap, RAFSwapConfig, RAFSwapped
from swapper.models.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from swapper.models.trunks import MobileTrunk
from swapper.types import UserError
from trainers import losses
from trainers.checkpoint import weights_file
from trainers.identity_trunk import PerceptualFeatures, identity_trunk
from trainers.loop import Batch, Phase, image_grid
from trainers.rafswap_ablation import leave_out
from trainers.swapping import SwapTask


@dataclass(frozen=True)
class RAFSwapTrainingConfig:
    """Defaults of RAFSwap's trainer, the paper's where it states them; faces are cut whole (``ffhq``)."""

    network: RAFSwapConfig = field(default_factory=lambda: replace(RAFSwapConfig.paper(), global_layers=2))
    prior: str = "stylegan2"  # generator by name or file; a new one, trained along, without
    train_prior: bool = False  # change the generator too
    from_arcface: bool = False  # start the mobile trunk from the mobile ArcFace network
    without: str = ""  # part left out for an ablation: fra, sfa or fmp
    lr: float = 1e-4
    batch: int = 8
    kimg: float = 400.0  # 50 thousand steps
    same_image: float = 0.2  # share of pairs whose source is the target itself
    padded: bool = False  # photos that are mostly padding serve as sources too
    id_weight: float = 0.15
    reconstruction_weight: float = 4.0  # 1 for pixels in [-1, 1]; here they lie in [0, 1]
    perceptual_weight: float = 0.2  # 0.8 of LPIPS, whose values are about a quarter of our distance's
    norm_weight: float = 5e-4  # distance of W+ from its average
    whole_kimg: float = 0.0  # before this the drawn face is judged instead of the blend, so that no mask can hide it

    @classmethod
    def paper(cls) -> "RAFSwapTrainingConfig":
        """The published sizes; the generator is StyleGAN2's at 1024 px."""
        return cls()

    @classmethod
    def lite(cls) -> "RAFSwapTrainingConfig":
        """The shipped structure at 128 px, around the 128 px prior that a CPU can train."""
        prior = StyleGAN2Config(channels=(192, 192, 192, 128, 96, 48), style=256, mapping=4)
        network = replace(RAFSwapConfig.lite(), size=128, styles=((2, 3), (1, 4), (0, 5)), generator=prior)
        return cls(
            network=network,
            prior="stylegan2-lite",
            from_arcface=True,
            lr=3e-4,
            batch=16,
            kimg=150.0,
            padded=True,
            id_weight=0.5,
            whole_kimg=40.0,
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
            padded=True,
            id_weight=0.5,
            whole_kimg=500.0,
        )

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
        return cls(network=network, prior="", lr=5e-3, batch=4, kimg=1.0)


class RAFSwapTrainer:
    """Identity, reconstruction and perceptual loss; nobody says where the mask should be.

    Source: RAFSwap (CVPR 2022), section 3.5; the weight on W+'s distance from the official code. The perceptual
    distance looks at features of our own in place of LPIPS.
    """

    Config = RAFSwapTrainingConfig

    def __init__(self, config: RAFSwapTrainingConfig, data: Path, cache: Path):
        self.config = config
        self.task = SwapTask(
            data, cache, "ffhq", config.network.size, config.same_image, 0.0, config.padded, whole=True
        )
        self.network = build_network(config)
        self.networks: dict[str, nn.Module] = {"rafswap": self.network}
        self.threads = ThreadPoolExecutor()
        self.kimg = 0.0
        self.averaged = ("rafswap",)
        self.features = PerceptualFeatures()
        self.frozen: dict[str, nn.Module] = {**self.task.frozen, "features": self.features}
        self.phases = (Phase("G", ("rafswap",), lr=config.lr),)

    def draw(self, generator: Generator, count: int) -> Batch:
        """Plan pairs."""
        return self.task.draw(generator, count)

    def batch(self, plan: Batch, device: torch.device, kimg: float) -> Batch:
        """Cut targets and whole sources, and draw the regions of both."""
        self.kimg = kimg
        return self._with_regions(self.task.batch(plan, device, self.config.network.size))

    def _with_regions(self, batch: Batch) -> Batch:
        regions = self.config.network.regions
        both = torch.cat([batch["landmarks"], batch["source_landmarks"]]).cpu()
        parts = self.threads.map(lambda part: draw_regions(part, regions), both.split(8))
        target, source = torch.cat(list(parts)).to(batch["target"].device).chunk(2)
        return batch | {"target_regions": target, "source_regions": source}

    def loss(self, phase: str, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted sum of the paper's losses."""
        c, target = self.config, batch["target"]
        swapped = swap_batch(self.networks["rafswap"], batch)
        result = swapped.face.float() if self.kimg < c.whole_kimg else blend(swapped, target)
        with torch.no_grad():
            seen = self.features(target)
        offset = swapped.latents.float() - self.network.generator.latent_average
        squared = (result - target).square().mean((1, 2, 3))
        terms = {
            "id": losses.identity_loss(
                self.task.features(batch["source"]).embedding, self.task.embed(result, batch["jitter"])
            ),
            "rec": (squared * batch["identical"]).mean(),
            "perceptual": losses.perceptual_loss(seen, self.features(result), torch.ones_like(squared)),
            "norm": offset.norm(dim=2).mean(),
        }
        weights = {
            "id": c.id_weight,
            "rec": c.reconstruction_weight,
            "perceptual": c.perceptual_weight,
            "norm": c.norm_weight,
        }
        total = losses.weighted_sum(terms, weights)
        return total, terms | {"mask_mean": swapped.mask.float().mean()}

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
        face = region_masks(batch["landmarks"].cpu(), self.config.network.size, ("face",)) > 0.5
        mask = swap_batch(network, batch).mask.cpu() > 0.5
        overlap = (face & mask).sum((1, 2, 3)) / (face | mask).sum((1, 2, 3))
        return scores | {"mask_iou": float(overlap.mean())}


def build_network(config: RAFSwapTrainingConfig) -> RAFSwap:
    """The network with its prior in place, which stays as it is unless the recipe says otherwise.

    Raises:
        UserError: the prior is not there, or of other sizes than the recipe's network wants.
    """
    network = RAFSwap(config.network)
    if config.prior:
        prior = hub.load_path(StyleGAN2Generator, weights_file(config.prior))
        if prior.config != config.network.generator:
            raise UserError(
                f"Prior '{config.prior}': it is {prior.config}, and the recipe wants {config.network.generator}. "
                "Choose the preset it was trained with."
            )
        network.generator.load_state_dict(prior.state_dict())
        network.generator.requires_grad_(config.train_prior)
    network.generator.mapping.requires_grad_(False)  # W+ comes from the encoder
    if config.from_arcface and isinstance(network.encoder.trunk, MobileTrunk):
        network.encoder.trunk.load_state_dict(identity_trunk().state_dict())
    leave_out(network, config.without)
    return network


def swap_batch(network: nn.Module, batch: Batch) -> RAFSwapped:
    """Swap every pair of a batch that has its regions."""
    return network(batch["target"], batch["target_regions"], batch["whole"], batch["source_regions"])


def blend(swapped: RAFSwapped, target: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b 3 s s"]:
    """I_out: the drawn face where the mask says so, the target elsewhere."""
    mask = swapped.mask.float()
    return mask * swapped.face.float() + (1 - mask) * target
