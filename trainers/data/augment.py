"""Batched image augmentation on the device; every random choice comes from a plan drawn beforehand.

A plan is a dictionary of small tensors with one row per image, so that it can be drawn for a whole batch, cut
between processes, and replayed exactly.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor

from swapper.faces.align import TEMPLATES

Plan = dict[str, Tensor]


def uniform(generator: Generator, count: int, low: float, high: float, columns: int = 1) -> Tensor:
    """Rows of uniform random numbers; a single column comes as a vector."""
    values = torch.rand(count, columns, generator=generator) * (high - low) + low
    return values.squeeze(1) if columns == 1 else values


def sometimes(generator: Generator, probability: float, value: Tensor, otherwise: float) -> Tensor:
    """Keep each row of ``value`` with a probability, else replace it by a constant."""
    keep = torch.rand(len(value), generator=generator) < probability
    return torch.where(keep.reshape(-1, *[1] * (value.dim() - 1)), value, torch.full_like(value, otherwise))


def similarity_grid(
    angle: Float[Tensor, "b"],
    scale: Float[Tensor, "b"],
    shift: Float[Tensor, "b 2"],
    mirror: Tensor,
) -> Float[Tensor, "b 2 3"]:
    """Maps from old to new crop coordinates, both as a share of the crop.

    Args:
        angle: radians, clockwise on screen, about the crop's centre.
        scale: growth of the face.
        shift: share of the crop.
        mirror: bool [b], flip left and right first.
    """
    cos, sin = angle.cos() * scale, angle.sin() * scale
    sign = 1 - 2 * mirror.float()
    linear = torch.stack([torch.stack([cos * sign, -sin], 1), torch.stack([sin * sign, cos], 1)], 1)
    centre = torch.full((len(angle), 2), 0.5, device=angle.device)
    offset = centre + shift - (linear @ centre[:, :, None]).squeeze(2)
    return torch.cat([linear, offset[:, :, None]], dim=2)


def alignment_maps(points: Float[Tensor, "b 5 2"], template: str) -> Float[Tensor, "b 2 3"]:
    """Least-squares similarity maps that carry each crop's own five points onto a template, in shares of the crop.

    Args:
        points: five points as a share of the crop.
        template: key of ``swapper.faces.align.TEMPLATES``.
    """
    goal = torch.from_numpy(TEMPLATES[template]).to(points)
    a, b = points - points.mean(1, keepdim=True), goal - goal.mean(0)
    norm = (a**2).sum((1, 2)).clamp(min=1e-12)
    cos = (a * b).sum((1, 2)) / norm
    sin = (a[:, :, 0] * b[:, 1] - a[:, :, 1] * b[:, 0]).sum(1) / norm
    linear = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    shift = goal.mean(0) - (linear @ points.mean(1)[:, :, None]).squeeze(2)
    return torch.cat([linear, shift[:, :, None]], dim=2)


def compose_maps(second: Float[Tensor, "b 2 3"], first: Float[Tensor, "b 2 3"]) -> Float[Tensor, "b 2 3"]:
    """The affine maps that apply ``first``, then ``second``."""
    linear = second[:, :, :2] @ first[:, :, :2]
    shift = second[:, :, :2] @ first[:, :, 2:] + second[:, :, 2:]
    return torch.cat([linear, shift], dim=2)


def warp_images(images: Float[Tensor, "b 3 s s"], maps: Float[Tensor, "b 2 3"], size: int) -> Float[Tensor, "b 3 t t"]:
    """Move images by affine maps given in shares of the crop (pixel = share times side, origin at pixel centres).

    Args:
        images: source crops.
        maps: old share to new share.
        size: side of the result.
    """
    side = images.shape[-1]
    row = torch.tensor([0.0, 0.0, 1.0], device=maps.device).expand(len(maps), 1, 3)
    back = torch.linalg.inv(torch.cat([maps, row], 1))[:, :2]
    steps = torch.arange(size, device=maps.device) / size
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    points = torch.stack([x, y, torch.ones_like(x)], -1).reshape(1, -1, 3)
    source = points.expand(len(maps), -1, -1) @ back.transpose(1, 2)
    normalised = (source * side + 0.5) / side * 2 - 1
    return F.grid_sample(images, normalised.reshape(-1, size, size, 2), "bilinear", "reflection", align_corners=False)


def transform_landmarks(landmarks: Float[Tensor, "b n d"], maps: Float[Tensor, "b 2 3"]) -> Float[Tensor, "b n d"]:
    """Move landmarks by affine maps; depth follows the scale."""
    moved = landmarks[:, :, :2] @ maps[:, :, :2].transpose(1, 2) + maps[:, None, :, 2]
    scale = torch.linalg.det(maps[:, :, :2]).abs().sqrt()
    return torch.cat([moved, landmarks[:, :, 2:] * scale[:, None, None]], dim=2)


def draw_color(generator: Generator, count: int, strength: float = 1.0) -> Plan:
    """Draw brightness, contrast, saturation, gamma and colour cast for ``count`` images."""
    return {
        "gain": 1 + strength * uniform(generator, count, -0.35, 0.35),
        "contrast": 1 + strength * uniform(generator, count, -0.4, 0.4),
        "saturation": 1 + strength * uniform(generator, count, -0.7, 0.5),
        "gamma": torch.exp(strength * uniform(generator, count, -0.4, 0.4)),
        "cast": 1 + strength * uniform(generator, count, -0.12, 0.12, 3),
    }


def adjust_color(images: Float[Tensor, "b 3 s s"], plan: Plan) -> Float[Tensor, "b 3 s s"]:
    """Apply a plan of ``draw_color``; results stay in [0, 1]."""

    def row(name: str) -> Tensor:
        return plan[name].to(images.device).reshape(len(images), -1, 1, 1)

    weights = images.new_tensor([0.299, 0.587, 0.114]).reshape(1, 3, 1, 1)
    grey = (images * weights).sum(1, keepdim=True)
    images = grey + (images - grey) * row("saturation")
    mean = grey.mean((2, 3), keepdim=True)
    images = ((images - mean) * row("contrast") + mean) * row("gain") * row("cast")
    return images.clamp(1e-4, 1).pow(row("gamma"))


def draw_degradation(generator: Generator, count: int) -> Plan:
    """Draw blur, resolution loss, noise and JPEG strength for ``count`` images, each only sometimes."""
    return {
        "sigma": sometimes(generator, 0.3, uniform(generator, count, 0.3, 2.5), 0.0),
        "shrink": sometimes(generator, 0.3, uniform(generator, count, 1.0, 5.0), 1.0),
        "noise": sometimes(generator, 0.3, uniform(generator, count, 0.0, 0.08), 0.0),
        "noise_seed": torch.randint(2**31, (count,), generator=generator),
        "quality": sometimes(generator, 0.4, uniform(generator, count, 15, 90), 100.0),
    }


def degrade(images: Float[Tensor, "b 3 s s"], plan: Plan) -> Float[Tensor, "b 3 s s"]:
    """Apply a plan of ``draw_degradation``: blur, lower resolution, noise, JPEG; results stay in [0, 1]."""
    device = images.device
    images = gaussian_blur(images, (plan["sigma"] + 0.5 * (plan["shrink"] - 1)).to(device))
    seed = int(plan["noise_seed"][0])
    noise = torch.randn(images.shape, generator=Generator(device).manual_seed(seed), device=device)
    images = (images + noise * plan["noise"].to(device).reshape(-1, 1, 1, 1)).clamp(0, 1)
    return jpeg(images, plan["quality"].to(device))


def gaussian_blur(images: Float[Tensor, "b c s s"], sigma: Float[Tensor, "b"]) -> Float[Tensor, "b c s s"]:
    """Blur every image with its own Gaussian (px); 0 leaves it as it is."""
    radius = max(1, math.ceil(2.5 * float(sigma.max())))
    offsets = torch.arange(-radius, radius + 1, device=images.device)
    kernel = torch.exp(-0.5 * (offsets / sigma.clamp(min=1e-3)[:, None]) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(images.shape[1], 0)
    flat = images.reshape(1, -1, *images.shape[2:])
    groups = flat.shape[1]
    flat = F.conv2d(F.pad(flat, (radius, radius, 0, 0), "reflect"), kernel[:, None, None], groups=groups)
    flat = F.conv2d(F.pad(flat, (0, 0, radius, radius), "reflect"), kernel[:, None, :, None], groups=groups)
    return flat.reshape(images.shape)


# ITU-T T.81, annex K, table K.1: the luminance quantisation table at quality 50.
_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


def jpeg(images: Float[Tensor, "b 3 s s"], quality: Float[Tensor, "b"]) -> Float[Tensor, "b 3 s s"]:
    """Block-transform coding loss as JPEG makes it, applied to each colour channel (no chroma subsampling).

    Args:
        images: RGB in [0, 1], sides a multiple of 8.
        quality: libjpeg's scale, 1 to 100; at 100 the image is left alone.
    """
    positions = torch.arange(8, device=images.device, dtype=torch.float32)
    basis = torch.cos((2 * positions[None] + 1) * positions[:, None] * math.pi / 16) / 2
    basis[0] /= math.sqrt(2)
    percent = torch.where(quality < 50, 5000 / quality.clamp(min=1), 200 - 2 * quality)
    table = torch.tensor(_LUMINANCE, device=images.device) * percent[:, None, None] / 100
    table = (table.clamp(min=1) / 255)[:, None, None, None]
    b, c, h, w = images.shape
    blocks = images.reshape(b, c, h // 8, 8, w // 8, 8).transpose(3, 4)
    coefficients = torch.round((basis @ blocks @ basis.T) / table) * table
    coded = (basis.T @ coefficients @ basis).transpose(3, 4).reshape(b, c, h, w).clamp(0, 1)
    return torch.where((quality < 99.5)[:, None, None, None], coded, images)


def draw_occlusion(generator: Generator, count: int, probability: float) -> Plan:
    """Draw a rotated ellipse or box that hides part of the face, filled with a colour and stripes."""
    return {
        "centre": uniform(generator, count, 0.15, 0.85, 2),
        "radius": sometimes(generator, probability, uniform(generator, count, 0.05, 0.28, 2), 0.0),
        "turn": uniform(generator, count, 0, math.pi),
        "power": torch.where(torch.rand(count, generator=generator) < 0.5, 2.0, 10.0),
        "fill": uniform(generator, count, 0, 1, 3),
        "stripe": uniform(generator, count, 0, 0.2, 3),
    }


def occlude(images: Float[Tensor, "b 3 s s"], plan: Plan) -> Float[Tensor, "b 3 s s"]:
    """Apply a plan of ``draw_occlusion``."""
    p = {name: value.to(images.device) for name, value in plan.items()}
    size = images.shape[-1]
    steps = torch.arange(size, device=images.device) / size
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    dx, dy = x[None] - p["centre"][:, 0, None, None], y[None] - p["centre"][:, 1, None, None]
    cos, sin = p["turn"].cos()[:, None, None], p["turn"].sin()[:, None, None]
    u, v = dx * cos + dy * sin, dy * cos - dx * sin
    radius = p["radius"].clamp(min=1e-6)[:, :, None, None]
    power = p["power"][:, None, None]
    inside = (u / radius[:, 0]).abs() ** power + (v / radius[:, 1]).abs() ** power < 1
    pattern = p["fill"][:, :, None, None] + p["stripe"][:, :, None, None] * torch.sin(u * 60)[:, None]
    return torch.where(inside[:, None], pattern.clamp(0, 1), images)
