"""What every method that mixes identities has to keep to."""

import numpy as np
import pytest
import torch
from torch import Tensor

from swapper.methods.base import InterpolatingMethod, Method
from swapper.types import Crop


def check_interpolation(
    method: Method, photos: tuple[Crop, Crop], faces: Tensor, landmarks: Tensor | None = None
) -> None:
    """The ends of an interpolation are the two people, the middle is neither and between them, and nobody is changed.

    Args:
        method: to check.
        photos: of two people whose swaps differ.
        faces: targets as the method takes them.
        landmarks: of the targets, where the method needs them.
    """
    assert isinstance(method, InterpolatingMethod)
    first, second = (method.identify([photo]) for photo in photos)

    def drawn(share: float) -> Tensor:
        return method.swap(method.interpolate(first, second, share), faces, landmarks).face

    ends = [method.swap(identity, faces, landmarks).face for identity in (first, second)]
    whole = (ends[0] - ends[1]).abs().max()
    assert whole > 1e-5, "people must differ for this to mean anything"
    for share, end in ((0.0, ends[0]), (1.0, ends[1])):
        torch.testing.assert_close(drawn(share), end, atol=1e-2 * float(whole) + 1e-6, rtol=0)
    middle = method.interpolate(first, second, 0.5)
    assert middle.method == method.name and middle.embedding.dtype == np.float32
    assert np.linalg.norm(middle.embedding) == pytest.approx(1, abs=1e-5)
    assert middle.embedding @ first.embedding == pytest.approx(middle.embedding @ second.embedding, abs=0.1)
    face = drawn(0.5)
    assert all((face - end).abs().max() > 0.02 * whole for end in ends)
