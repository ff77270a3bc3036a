"""Damage that photographs take on their way, for renovation to undo; random choices come from a plan."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor

from trainers.data import augment
from trainers.data.augment import Plan


def draw_damage(generator: Generator, count: int, strength: float = 1.0, halved: float = 0.0) -> Plan:
    """Draw blur, lost resolution, noise and coding loss for ``count`` photos, each only sometimes.

    Args:
        generator: random numbers.
        count: photos.
        strength: 1 goes up to a blur of 3 px, a quarter of the side, noise of 0.06 and JPEG quality 30.
        halved: share of photos that only lose half their side: soft, and otherwise clean.

    Source: GHOST (blur, JPEG, downsampling) and HiFaceGAN (noise too), milder: swapped faces are soft, not ruined.
    """
    sometimes, uniform = augment.sometimes, augment.uniform
    plan = {
        "sigma": sometimes(generator, 0.5, strength * uniform(generator, count, 0.3, 3.0), 0.0),
        "shrink": sometimes(generator, 0.7, 1 + strength * uniform(generator, count, 0.2, 3.0), 1.0),
        "noise": sometimes(generator, 0.4, strength * uniform(generator, count, 0.0, 0.06), 0.0),
        "noise_seed": torch.randint(2**31, (count,), generator=generator),
        "quality": sometimes(generator, 0.6, 100 - strength * uniform(generator, count, 5, 70), 100.0),
    }
    clean = torch.rand(count, generator=generator) < halved
    half = {"sigma": 0.0, "shrink": 2.0, "noise": 0.0, "quality": 100.0}
    return plan | {name: plan[name].masked_fill(clean, value) for name, value in half.items()}


def damage(images: Float[Tensor, "b 3 s s"], plan: Plan) -> Float[Tensor, "b 3 s s"]:
    """Apply a plan of ``draw_damage``: blur, shrink, noise, JPEG at the small size, enlarge; results in [0, 1].

    Args:
        images: RGB in [0, 1], sides a multiple of 8.
        plan: one row for each.
    """
    device, side = images.device, images.shape[-1]
    blurred = augment.gaussian_blur(images, plan["sigma"].to(device))
    noise = plan["noise"].to(device)[:, None, None, None]
    quality = plan["quality"].to(device)
    results = []
    for row, (shrink, seed) in enumerate(zip(plan["shrink"].tolist(), plan["noise_seed"].tolist(), strict=True)):
        small = _resize(blurred[row : row + 1], max(8, round(side / shrink / 8) * 8))
        grain = torch.randn(small.shape, generator=Generator(device).manual_seed(seed), device=device)
        small = augment.jpeg((small + grain * noise[row]).clamp(0, 1), quality[row : row + 1])
        results.append(_resize(small, side))
    return torch.cat(results).clamp(0, 1)


def halve(images: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b 3 s s"]:
    """Photos of half the side, enlarged again bicubically: what plain resampling makes of them."""
    side = images.shape[-1]
    return _resize(_resize(images, side // 2), side).clamp(0, 1)


def _resize(images: Tensor, side: int) -> Tensor:
    if images.shape[-1] == side:
        return images
    return F.interpolate(images, (side, side), mode="bicubic", antialias=side < images.shape[-1])
