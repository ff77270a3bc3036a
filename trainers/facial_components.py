"""Eyes and mouth by themselves: crops of them, and a discriminator that sees nothing else."""

import torch
from jaxtyping import Float
from torch import Tensor, cat, nn

from swapper.faces import mesh
from swapper.models.discriminators import DiscriminatorOutput, PatchDiscriminator, PatchDiscriminatorConfig
from trainers import losses
from trainers.data import augment

SIDE = 48  # px of the crops
_EYE_WIDTH, _MOUTH_WIDTH = 0.75, 1.05  # of the crops, in eye distances


Components = tuple[Tensor, Tensor]  # eyes and mouths


def cut_components(images: Float[Tensor, "b 3 s s"], landmarks: Float[Tensor, "b 478 d"]) -> Components:
    """Cut both eyes, the right one mirrored, and the mouth out of upright crops, differentiably.

    Args:
        images: RGB in [0, 1].
        landmarks: mesh points as a share of the side.

    Returns:
        The eyes (2 b, 3, 48, 48), all left ones first, and the mouths (b, 3, 48, 48).
    """
    distance = (landmarks[:, mesh.LEFT_IRIS_CENTRE, :2] - landmarks[:, mesh.RIGHT_IRIS_CENTRE, :2]).norm(dim=1)

    def cut(points: tuple[int, ...], width: float, mirrored: bool = False) -> Tensor:
        centre = landmarks[:, list(points), :2].mean(1)
        zoom = 1 / (width * distance).clamp(min=0.05)
        across = -zoom if mirrored else zoom
        linear = torch.diag_embed(torch.stack([across, zoom], 1))
        shift = 0.5 - (linear @ centre[:, :, None]).squeeze(2)
        return augment.warp_images(images, torch.cat([linear, shift[:, :, None]], 2), SIDE)

    eyes = cat([cut(mesh.LEFT_EYE, _EYE_WIDTH), cut(mesh.RIGHT_EYE, _EYE_WIDTH, mirrored=True)])
    return eyes, cut(mesh.LIPS_OUTER, _MOUTH_WIDTH)


class ComponentDiscriminator(nn.Module):
    """One network of patches for eyes and one for mouths.

    Source: GFPGAN (CVPR 2021), section 3.4, facial component loss; ours takes both eyes to one network.
    """

    def __init__(self) -> None:
        super().__init__()
        config = PatchDiscriminatorConfig(widths=(32, 64, 128), strides=(2, 2, 2))
        self.eyes, self.mouth = PatchDiscriminator(config), PatchDiscriminator(config)

    def forward(self, components: Components) -> list[DiscriminatorOutput]:
        """Score what ``cut_components`` cut.

        Args:
            components: eyes and mouths, RGB in [0, 1].
        """
        eyes, mouths = components
        return [self.eyes(eyes), self.mouth(mouths)]


def component_generator_loss(discriminator: nn.Module, drawn: Components) -> Tensor:
    """Realism of drawn eyes and mouths, with gradient.

    Args:
        discriminator: as it is, not as the loop wraps it.
        drawn: from ``cut_components``.
    """
    return losses.ghost_generator_loss([score for _, score in discriminator(drawn)])


def component_discriminator_loss(
    discriminator: nn.Module, bare: nn.Module, real: Components, fake: Components, penalty_weight: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """Hinge loss on real and drawn components, with R1 on the real ones.

    Args:
        discriminator: as the loop wraps it; called once.
        bare: the same network as it is.
        real: of photographs.
        fake: of results, without gradient.
        penalty_weight: of R1; 0 leaves it out.
    """
    said = discriminator(tuple(cat([r, f]) for r, f in zip(real, fake, strict=True)))
    of_real, of_fake = zip(*(score.chunk(2) for _, score in said), strict=True)
    total = losses.hinge_discriminator_loss(of_fake, of_real) / len(said)  # the mean of eyes and mouth
    terms = {"component_real": of_real[1].float().mean(), "component_fake": of_fake[1].float().mean()}
    if penalty_weight:
        eyes, mouths = (part[: len(part) // 2].detach().requires_grad_(True) for part in real)
        (_, eye_score), (_, mouth_score) = bare((eyes, mouths))
        penalty = losses.gradient_penalty(eyes, [eye_score]) + losses.gradient_penalty(mouths, [mouth_score])
        terms["component_r1"] = penalty
        total = total + penalty_weight * penalty
    return total, terms
