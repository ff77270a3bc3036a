"""Blending one swapped face into its picture, the same way for photos, videos and live frames."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from swapper.compose.color import Transfer, measure_transfer, recolor, reduced, steadied
from swapper.compose.detail import let_detail_through
from swapper.compose.irises import match_irises
from swapper.compose.light import match_light
from swapper.compose.paint import painted_over
from swapper.compose.paste import paste_into
from swapper.compose.settings import BlendSettings
from swapper.compose.toning import find_toning
from swapper.faces import mesh
from swapper.faces.align import affine_scale
from swapper.types import Crop

_LEAST_BARE = 0.5  # share of a face that has to be seen for its colours to be measured


@dataclass(frozen=True)
class Blended:
    """What blending a face did.

    Attributes:
        tone: change of its colours that would match this picture alone; None where that cannot be told.
        box: left, top, right, bottom of the part of the picture that may have changed; None where nothing has.
        share: of the swapped face at each pixel of the crop, in [0, 1].
    """

    tone: Transfer | None
    box: tuple[int, int, int, int] | None
    share: Float32[np.ndarray, "s s"]


def blend_into(
    frame: UInt8[np.ndarray, "h w 3"],
    crop: Crop,
    face: UInt8[np.ndarray, "s s 3"],
    mask: Float32[np.ndarray, "s s"],
    settings: BlendSettings,
    *,
    occlusion: Float32[np.ndarray, "s s"] | None = None,
    kept: Float32[np.ndarray, "s s"] | None = None,
    painted: Float32[np.ndarray, "s s"] | None = None,
    usual: Transfer | None = None,
    opacity: float = 1.0,
    shade: bool = False,
    drawn_side: int | None = None,
) -> Blended:
    """Match a face's colours, tint and light, let the target's fine detail through, and paste it, in place.

    On a target without colours, black-and-white or toned, the face has none of its own either.

    Args:
        frame: RGB, changed.
        crop: the target as it was cut from the frame, with its landmarks.
        face: RGB, swapped.
        mask: share of the face, in [0, 1].
        settings: what the user chose.
        occlusion: share of things in front of the target, in [0, 1]; they stay there, and their colours do not count.
        kept: share of regions of the target that stay, in [0, 1]; their colours count all the same.
        painted: where the user wants the face, above 0, or the target, below 0, in [-1, 1].
        usual: change of the colours in the frames before; None where there are none.
        opacity: how much of the face is shown, 0 to 1.
        shade: give the skin the target's large-scale light and shade too, which takes time.
        drawn_side: px, of the face before it was restored; the crop's when None.
    """
    bare = mask if occlusion is None else mask * (1 - occlusion)
    seen = settings.color > 0 and (occlusion is None or float(bare.sum()) > _LEAST_BARE * float(mask.sum()))
    small, inside = reduced(crop.image), reduced(bare)
    measured = measure_transfer(face, small, inside) if seen else None
    tone = steadied(measured, usual)
    if tone is not None:
        eyes = mesh.eye_distance(crop.mesh)
        face = recolor(face, crop.image, bare, tone, settings.color, settings.light, eyes)
    if shade and settings.light > 0:
        face = match_light(face, crop.image, crop.mesh, bare, settings.light)
    if tone is not None:
        face = match_irises(face, crop.image, crop.mesh)
    toning = find_toning(crop.image, bare, small, inside)
    if toning is not None:
        face = toning.applied(face)
    scale = affine_scale(crop.matrix)
    shown = painted_over(bare if kept is None else bare * (1 - kept), painted) * np.float32(opacity)
    face, share = let_detail_through(face, crop.image, shown, settings.detail, scale, drawn_side)
    return Blended(measured, paste_into(frame, face, share, crop.matrix), shown)
