"""Restoring in the template a network was trained on, whatever template the crops have."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32
from torch import Tensor

from swapper.faces.align import Placement, affine_scale, compose_affine, invert_affine, template_to_template

RestorationNetwork = Callable[[Tensor], Tensor]


def restore_aligned(
    faces: Float[Tensor, "b 3 s s"],
    template: Placement,
    network: RestorationNetwork,
    size: int,
    strength: float,
    own: str = "ffhq",
) -> Float[Tensor, "b 3 s s"]:
    """Apply to crops the change that a network makes in its own template.

    Only the change travels back, so pixels that the network leaves alone, or that lie outside its crop, stay exactly
    as they were.

    Args:
        faces: RGB in [0, 1].
        template: alignment of the crops: key of ``faces.align.TEMPLATES``, or where the face lies in them.
        network: restores a batch, RGB in [0, 1], its own template, ``size`` pixels.
        size: side at which it works.
        strength: share of the change that is made, in [0, 1].
        own: its template, key of ``faces.align.TEMPLATES``.
    """
    matrix = template_to_template(template, faces.shape[-1], own, size)
    seen = warp_batch(faces, matrix, size)
    change = network(seen).clamp(0, 1) - seen
    moved = warp_batch(change, invert_affine(matrix), faces.shape[-1], padding="zeros")
    return (faces + strength * moved).clamp(0, 1)


def warp_batch(
    faces: Float[Tensor, "b c s s"], matrix: Float32[np.ndarray, "2 3"], size: int, padding: str = "reflection"
) -> Float[Tensor, "b c t t"]:
    """Move crops by one affine map, bilinearly; shrinking is anti-aliased.

    Args:
        faces: any channels.
        matrix: their pixels to the result's pixels.
        size: side of the result.
        padding: what lies outside, as in ``grid_sample``.
    """
    old = faces.shape[-1]
    shrunk = round(old * affine_scale(matrix))
    if 0 < shrunk < old:
        faces = F.interpolate(faces, (shrunk, shrunk), mode="bilinear", antialias=True)
        step = old / shrunk
        grow = np.array([[step, 0, (step - 1) / 2], [0, step, (step - 1) / 2]], dtype=np.float32)
        matrix, old = compose_affine(matrix, grow), shrunk
    back = torch.from_numpy(invert_affine(matrix))
    centre = torch.full((2,), (size - 1) / 2)
    shift = back[:, :2] @ centre + back[:, 2] - (old - 1) / 2
    theta = torch.cat([back[:, :2] * size / old, shift[:, None] * 2 / old], dim=1).to(faces)
    grid = F.affine_grid(theta.expand(len(faces), 2, 3), [len(faces), 1, size, size], align_corners=False)
    return F.grid_sample(faces, grid, mode="bilinear", padding_mode=padding, align_corners=False)
