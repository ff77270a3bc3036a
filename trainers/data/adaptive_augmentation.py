"""Adaptive discriminator augmentation: as much as keeps the discriminator from knowing the few photos by heart."""

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from trainers.data import augment
from trainers.data.augment import Plan

_GROUPS = 4  # turn, scale, shift, colour: each happens or not on its own
_FOLLOWING = 0.05  # weight of a new batch in the running sign


def draw_changes(generator: Generator, count: int) -> Plan:
    """Draw what may happen to each of ``count`` images, and the chance below which it does not."""
    plan = {
        "chance": torch.rand(count, _GROUPS, generator=generator),
        "angle": augment.uniform(generator, count, -0.5, 0.5),
        "scale": torch.exp(0.2 * torch.randn(count, generator=generator)),
        "shift": augment.uniform(generator, count, -0.125, 0.125, 2),
    }
    return plan | augment.draw_color(generator, count)


class AdaptiveAugmentation(nn.Module):
    """Changes images before the discriminator sees them, real ones and drawn ones alike, with a chance that adapts.

    Attributes:
        probability: of each group of changes, in [0, 1].
        sign: running mean of the sign of the scores of real images; near 1 the discriminator overfits.

    Source: StyleGAN2-ADA (NeurIPS 2020), sections 2.2 and 3.1, with the changes that suit aligned faces.
    """

    probability: Tensor
    sign: Tensor

    def __init__(self, target: float, kimg: float) -> None:
        """Start without augmentation.

        Args:
            target: of the sign; 0 never augments.
            kimg: thousand images in which the probability can go from 0 to 1.
        """
        super().__init__()
        self.target, self.kimg = target, kimg
        self.register_buffer("probability", torch.zeros(()))
        self.register_buffer("sign", torch.zeros(()))

    def forward(self, images: Float[Tensor, "b 3 s s"], plan: Plan) -> Float[Tensor, "b 3 s s"]:
        """Apply a plan of ``draw_changes``; gradients pass through."""
        if not self.target or not float(self.probability):
            return images
        turn, scale, shift, color = (plan["chance"].to(images.device) < self.probability).unbind(1)
        maps = augment.similarity_grid(
            torch.where(turn, plan["angle"].to(images.device), 0.0),
            torch.where(scale, plan["scale"].to(images.device), 1.0),
            torch.where(shift[:, None], plan["shift"].to(images.device), 0.0),
            torch.zeros_like(turn),
        )
        images = augment.warp_images(images, maps, images.shape[-1])
        return torch.where(color[:, None, None, None], augment.adjust_color(images, plan), images)

    def follow(self, scores: Float[Tensor, "b 1"]) -> None:
        """Adapt to the discriminator's scores of a batch of real images."""
        if self.target:
            self.sign.lerp_(scores.float().sign().mean(), _FOLLOWING)
            step = len(scores) / (1000 * self.kimg)
            self.probability.add_(torch.sign(self.sign - self.target) * step).clamp_(0, 1)
