"""The discriminator's part in training a swapper: judging, and its own loss."""

from jaxtyping import Float
from torch import Tensor, cat, nn

from swapper.models.discriminators import (
    DiscriminatorOutput,
    MultiscaleDiscriminator,
    MultiscaleDiscriminatorConfig,
    PatchDiscriminator,
    PatchDiscriminatorConfig,
)
from swapper.models.simswap import SimSwapDiscriminator, SimSwapDiscriminatorConfig
from trainers import losses

DiscriminatorConfig = PatchDiscriminatorConfig | MultiscaleDiscriminatorConfig | SimSwapDiscriminatorConfig


def build_discriminator(config: DiscriminatorConfig) -> nn.Module:
    """The network that a configuration sizes."""
    if isinstance(config, PatchDiscriminatorConfig):
        return PatchDiscriminator(config)
    if isinstance(config, MultiscaleDiscriminatorConfig):
        return MultiscaleDiscriminator(config)
    return SimSwapDiscriminator(config)


def discriminate(discriminator: nn.Module, images: Float[Tensor, "b 3 s s"]) -> list[DiscriminatorOutput]:
    """What a discriminator says, one entry for each scale it works at."""
    said = discriminator(images)
    return said if isinstance(said, list) else [said]


def discriminator_loss(
    discriminator: nn.Module,
    bare: nn.Module,
    real: Float[Tensor, "b 3 s s"],
    fake: Float[Tensor, "b 3 s s"],
    penalty_weight: float,
    penalty_share: float,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Hinge loss on real and drawn faces, and the gradient penalty (R1) on some of the real ones.

    The penalty differentiates twice, which costs about as much as all the rest. Taken of a part of the batch in every
    step it has the same mean as of the whole batch in some steps, and no jumps.

    Args:
        discriminator: as the loop wraps it; called once, because wrapped networks may be called once a step.
        bare: the same network as it is.
        real: photographs, RGB in [0, 1].
        fake: results of the same step, without gradient.
        penalty_weight: of R1; 0 leaves it out.
        penalty_share: share of the batch whose gradient is penalised.
    """
    said = [score.chunk(2) for _, score in discriminate(discriminator, cat([real, fake]))]
    of_real, of_fake = [score for score, _ in said], [score for _, score in said]
    total = losses.hinge_discriminator_loss(of_fake, of_real)
    terms = {"d_real": of_real[0].float().mean(), "d_fake": of_fake[0].float().mean()}
    if penalty_weight:
        some = real[: max(1, round(len(real) * penalty_share))].detach().requires_grad_(True)
        terms["r1"] = losses.gradient_penalty(some, [score for _, score in discriminate(bare, some)])
        total = total + penalty_weight * terms["r1"]
    return total, terms
