import numpy as np
import pytest
import torch

from swapper.methods.base import Method
from swapper.methods.reference import SourcePasted, TargetUnchanged
from swapper.types import Crop


@pytest.fixture
def crop() -> Crop:
    rng = np.random.default_rng(0)
    return Crop(rng.integers(0, 255, (256, 256, 3), dtype=np.uint8), np.eye(2, 3, dtype=np.float32))


@pytest.fixture
def targets() -> torch.Tensor:
    return torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("reference", [TargetUnchanged(), SourcePasted()])
def test_references_are_methods(reference, crop, targets):
    assert isinstance(reference, Method)
    swapped = reference.swap(reference.identify([crop]), targets)
    assert swapped.face.shape == targets.shape
    assert swapped.mask.shape == (2, 1, 256, 256)


def test_an_unchanged_target_is_masked_out(crop, targets):
    swapped = TargetUnchanged().swap(TargetUnchanged().identify([crop]), targets)
    assert torch.equal(swapped.face, targets)
    assert not swapped.mask.any()


def test_a_pasted_source_is_the_photo_itself(crop, targets):
    swapped = SourcePasted().swap(SourcePasted().identify([crop]), targets)
    photo = torch.from_numpy(crop.image).permute(2, 0, 1) / 255
    assert torch.allclose(swapped.face, photo.expand_as(targets))
    assert (swapped.mask == 1).all()
    small = SourcePasted().swap(SourcePasted().identify([crop]), targets[:, :, :64, :64])
    assert small.face.shape == (2, 3, 64, 64)
