"""Swapping on interleaved grids: what each sees, what comes back, and where it is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from swapper import FaceSwapper
from swapper.cli.main import main
from swapper.methods.base import InterpolatingMethod, Method
from swapper.methods.pixel_boost import at_resolution, deal_out, put_back
from swapper.methods.reference import TargetUnchanged
from swapper.types import Identity, Swapped, UserError


class Remembers(TargetUnchanged):
    """Keeps what it was given, and turns it dark by the identity's share."""

    name, size, template, fit = "remembers", 8, "arcface_128", "similarity"
    own_weights = "mine"

    def swap(self, identity: Identity, faces: Tensor, landmarks: Tensor | None = None) -> Swapped:
        self.faces, self.landmarks = faces, landmarks
        return Swapped(faces * 0.5, faces[:, :1])


class Mixes(Remembers):
    def interpolate(self, first: Identity, second: Identity, share: float) -> Identity:
        return Identity(self.name, np.full(1, share, np.float32))


NOBODY = Identity("remembers", np.zeros(1, np.float32))


@pytest.mark.parametrize("times", [2, 3, 4])
def test_grids_are_every_nth_pixel_and_come_back_in_their_places(times: int) -> None:
    faces = torch.rand(2, 3, 8 * times, 8 * times)
    grids = deal_out(faces, times)
    assert grids.shape == (2 * times**2, 3, 8, 8)
    plain = [faces[n : n + 1, :, i::times, j::times] for n in range(2) for i in range(times) for j in range(times)]
    assert torch.equal(grids, torch.cat(plain))
    assert torch.equal(put_back(grids, times), faces)


def test_each_grid_is_swapped_as_a_face() -> None:
    method = Remembers()
    boosted = at_resolution(method, 16)
    assert isinstance(boosted, Method)
    assert (boosted.name, boosted.size, boosted.template) == ("remembers", 16, "arcface_128")
    assert (boosted.fit, boosted.own_weights) == ("similarity", "mine")  # pyright: ignore[reportAttributeAccessIssue]
    faces, points = torch.rand(3, 3, 16, 16), torch.rand(3, 478, 3)
    swapped = boosted.swap(NOBODY, faces, points)
    assert torch.equal(swapped.face, faces * 0.5) and torch.equal(swapped.mask, faces[:, :1])
    assert method.faces.shape == (12, 3, 8, 8) and torch.equal(method.landmarks, points.repeat_interleave(4, 0))
    assert at_resolution(method, 8) is method


def test_only_methods_that_mix_people_do_so_boosted() -> None:
    assert not isinstance(at_resolution(Remembers(), 16), InterpolatingMethod)
    mixing = at_resolution(Mixes(), 16)
    assert isinstance(mixing, InterpolatingMethod)
    assert mixing.interpolate(NOBODY, NOBODY, 0.25).embedding[0] == 0.25


@pytest.mark.parametrize("resolution", [0, 4, 12, 2048])
def test_what_does_not_fit_is_refused(resolution: int) -> None:
    with pytest.raises(UserError, match=rf"Resolution {resolution}: .* swaps at 8 pixels\. Choose a multiple of it"):
        at_resolution(Remembers(), resolution)


def test_the_shipped_weights_stay_at_their_size(
    portraits: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match="'ghost' draws a grid at more than 192 pixels"):
        FaceSwapper("ghost", "cpu", resolution=256)
    photos = [str(portraits[0]), str(portraits[1]), "-o", str(tmp_path / "out.png")]
    assert main(["image", *photos, "--method", "rafswap", "--resolution", "256"]) == 2
    assert "Choose a published swapper" in capsys.readouterr().err
