"""Swapping at more pixels than a network takes: the crop is dealt out on interleaved grids, and each is swapped.

Each grid shows the whole face, so every one is swapped alike, and together they hold the crop's fine structure.

Source: FaceFusion's pixel boost.
"""

from collections.abc import Sequence
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor

from swapper.methods.base import Method
from swapper.methods.likeness import can_interpolate
from swapper.registry import METHODS
from swapper.types import Crop, Identity, Swapped, UserError

MOST = 1024  # px


class PixelBoost:
    """A method on crops several times as large as its own.

    Attributes:
        name: of the method.
        size: side of the crops in pixels, a multiple of the method's own.
        template: the method's.
        fit: the method's.
        space: the method's.
        own_weights: the method's.
    """

    def __init__(self, method: Method, times: int) -> None:
        """Wrap a method.

        Args:
            method: swaps each grid.
            times: how many times larger the crops' side is.
        """
        self.method, self.times = method, times
        self.name, self.template, self.size = method.name, method.template, method.size * times
        self.fit = getattr(method, "fit", "fixed")
        self.space = getattr(method, "space", "")
        self.own_weights = getattr(method, "own_weights", "")

    def identify(self, crops: Sequence[Crop]) -> Identity:
        """What the method makes of them; see ``Method.identify``.

        Args:
            crops: of one person.
        """
        return self.method.identify(crops)

    @torch.inference_mode()
    def swap(
        self,
        identity: Identity,
        faces: Float[Tensor, "b 3 s s"],
        landmarks: Float[Tensor, "b 478 3"] | None = None,
    ) -> Swapped:
        """Swap as ``Method.swap`` says, grid by grid."""
        each = self.times**2
        repeated = None if landmarks is None else landmarks.repeat_interleave(each, 0)
        swapped = self.method.swap(identity, deal_out(faces, self.times), repeated)
        return Swapped(put_back(swapped.face, self.times), put_back(swapped.mask, self.times))


class InterpolatingPixelBoost(PixelBoost):
    """The same of a method whose identities can be mixed."""

    def interpolate(self, first: Identity, second: Identity, share: float) -> Identity:
        """What the method makes of two people; see ``InterpolatingMethod.interpolate``.

        Args:
            first: made by ``identify``.
            second: made by ``identify``.
            share: of the way.
        """
        return cast(Any, self.method).interpolate(first, second, share)


def deal_out(faces: Float[Tensor, "b c s s"], times: int) -> Float[Tensor, "n c t t"]:
    """Every ``times``-th pixel of each row and column, from each of the first ones: ``times`` squared grids a face.

    Args:
        faces: whose side is a multiple of ``times``.
        times: pixels from one of a grid to its next.
    """
    batch, channels, side, _ = faces.shape
    split = faces.reshape(batch, channels, side // times, times, side // times, times)
    return split.permute(0, 3, 5, 1, 2, 4).reshape(-1, channels, side // times, side // times)


def put_back(grids: Float[Tensor, "n c t t"], times: int) -> Float[Tensor, "b c s s"]:
    """Undo ``deal_out``.

    Args:
        grids: as it gave them.
        times: as it was told.
    """
    _, channels, side, _ = grids.shape
    split = grids.reshape(-1, times, times, channels, side, side)
    return split.permute(0, 3, 4, 1, 5, 2).reshape(-1, channels, side * times, side * times)


def at_resolution(method: Method, resolution: int) -> Method:
    """A method at another side of its crops.

    Args:
        method: any.
        resolution: side in pixels: a multiple of the method's own, at most ``MOST``.

    Raises:
        UserError: the method cannot run at that resolution, or it looks worse: the weights shipped here treat
            neighbouring grids differently, and a pattern of them shows in eyes and teeth.
    """
    if resolution == method.size:
        return method
    if method.name in METHODS and not getattr(method, "own_weights", ""):
        raise UserError(
            f"Resolution {resolution}: '{method.name}' draws a grid at more than {method.size} pixels. Choose a "
            "published swapper, or --restore renovation."
        )
    if resolution % method.size or not method.size < resolution <= MOST:
        raise UserError(
            f"Resolution {resolution}: the method '{method.name}' swaps at {method.size} pixels. Choose a multiple of "
            f"it, up to {MOST}."
        )
    kind = InterpolatingPixelBoost if can_interpolate(method) else PixelBoost
    return kind(method, resolution // method.size)
