"""Smooth-Swap with small random networks, read from weights files as the shipped ones are."""

from pathlib import Path

import numpy as np
import pytest
import torch
from interpolation_checks import check_interpolation
from torch import Generator, nn

from swapper import hub
from swapper.hub import files
from swapper.methods.base import Method, load_method
from swapper.methods.smoothswap import SmoothSwapMethod
from swapper.models.ncsnpp import NCSNppConfig
from swapper.models.smoothswap import NCSNppGenerator, SmoothIdentityEmbedder, SmoothIdentityEmbedderConfig
from swapper.types import Crop, Identity, UserError

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    generator = NCSNppGenerator(NCSNppConfig(width=16, multipliers=(1, 1, 2), blocks=1, attention=(), embedding=24))
    with torch.no_grad():
        for parameter in generator.parameters():  # untrained, it returns the target
            parameter.add_(torch.randn_like(parameter) * 0.05)
    embedder = SmoothIdentityEmbedder(
        SmoothIdentityEmbedderConfig(trunk="mobile", size=48, hidden=32, embedding=24)
    ).train()
    for norm in embedder.modules():
        if isinstance(norm, nn.BatchNorm1d):
            norm.momentum = 1.0
    embedder(torch.stack([pixels(photo(seed)) for seed in range(8)]))
    folder = tmp_path_factory.mktemp("weights")
    hub.save(generator, folder / "smoothswap-lite.safetensors", {"template": "ffhq", "size": "64"})
    hub.save(embedder, folder / "smooth-embedder-lite.safetensors")
    return folder


@pytest.fixture
def method(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Method:
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(folder))
    monkeypatch.setattr(files, "entries", list)  # else the shipped files are meant
    return load_method("smoothswap", CPU)


def photo(seed: int, size: int = 256) -> Crop:
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return Crop(blocks.repeat(size // 8, 0).repeat(size // 8, 1), np.eye(2, 3, dtype=np.float32))


def pixels(crop: Crop) -> torch.Tensor:
    return torch.from_numpy(crop.image).permute(2, 0, 1).float() / 255


def faces(batch: int, size: int = 64) -> torch.Tensor:
    return torch.rand(batch, 3, size, size, generator=Generator().manual_seed(3))


def test_alignment_and_size_come_from_the_weights(method: Method) -> None:
    assert isinstance(method, Method)
    assert (method.name, method.size, method.template) == ("smoothswap", 64, "ffhq")


def test_several_photos_give_their_mean_direction(method: Method) -> None:
    crops = [photo(0), photo(1), photo(2)]
    alone = np.stack([method.identify([crop]).embedding for crop in crops])
    together = method.identify(crops).embedding
    assert np.abs(alone[0] - alone[1]).max() > 0.01, "photos must differ for this to mean anything"
    mean = alone.mean(0)
    np.testing.assert_allclose(together, mean / np.linalg.norm(mean), atol=1e-3)  # BatchNorm enlarges rounding
    assert np.linalg.norm(together) == pytest.approx(1, abs=1e-5)


def test_photos_of_another_size_are_resized(method: Method) -> None:
    large, normal = (method.identify([photo(0, size)]).embedding for size in (512, 256))
    assert large @ normal > 0.9


@pytest.mark.parametrize("batch", [1, 3])
def test_swap_draws_the_person_over_the_whole_crop(method: Method, batch: int) -> None:
    targets = faces(batch)
    first, second = (method.swap(method.identify([photo(seed)]), targets) for seed in (0, 1))
    assert first.face.shape == targets.shape
    assert first.face.min() >= 0 and first.face.max() <= 1
    assert torch.equal(first.mask, torch.ones(batch, 1, 64, 64))
    assert (first.face - targets).abs().mean() > 0.01
    assert (first.face - second.face).abs().max() > 1e-3


def test_any_unit_vector_is_an_identity(method: Method) -> None:
    ends = [method.identify([photo(seed)]).embedding for seed in (0, 1)]
    between = (ends[0] + ends[1]) / np.linalg.norm(ends[0] + ends[1])
    swapped = method.swap(Identity("smoothswap", between), faces(1))
    assert swapped.face.isfinite().all()


def test_other_crop_sizes_run_on_given_networks(method: Method) -> None:
    assert isinstance(method, SmoothSwapMethod)
    other = SmoothSwapMethod(CPU, method.generator, method.embedder, size=96)
    assert (other.size, other.template) == (96, "ffhq")
    assert other.swap(other.identify([photo(0)]), faces(2, 96)).face.shape == (2, 3, 96, 96)


def test_missing_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(files, "entries", list)
    with pytest.raises(UserError, match="smoothswap-lite"):
        load_method("smoothswap", CPU)


def test_interpolates_between_two_people(method: Method) -> None:
    check_interpolation(method, (photo(0), photo(1)), faces(2))
