from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from interpolation_checks import check_interpolation
from torch import Generator, Tensor, nn

from swapper import hub
from swapper.faces.embed import arcface_crop
from swapper.hub import files
from swapper.methods.base import Method, load_method
from swapper.methods.ghost import GhostMethod
from swapper.models.arcface import IdentityFeatures, MobileFaceNet, MobileFaceNetConfig
from swapper.models.ghost import AEINet, AEINetConfig
from swapper.types import Crop, UserError

CPU = torch.device("cpu")
NARROW = AEINetConfig(attributes=(8, 8, 12, 16), widths=(16, 16, 12, 12, 8))  # 32 px, identity as it comes


class ArcFace(nn.Module):
    """Says clearly different things about different photos, which an untrained deep network does not."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("columns", torch.randn(3 * 8 * 8, 512, generator=Generator().manual_seed(1)) / 8)

    def forward(self, faces: Tensor) -> IdentityFeatures:
        small = F.adaptive_avg_pool2d(faces * 4 - 2, 8).flatten(1)
        return IdentityFeatures(small @ self.columns, torch.zeros(len(faces), 512, 7, 7))  # type: ignore[operator]


@pytest.fixture(scope="module")
def arcface() -> ArcFace:
    return ArcFace().eval()


@pytest.fixture(scope="module")
def network() -> AEINet:
    """Random weights that listen to the identity."""
    torch.manual_seed(0)
    network = AEINet(NARROW)
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.1)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def method(network: AEINet, arcface: ArcFace) -> GhostMethod:
    return GhostMethod(CPU, network, arcface)


def photo(seed: int, size: int = 256) -> Crop:
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return Crop(pixels.repeat(size // 8, 0).repeat(size // 8, 1), np.eye(2, 3, dtype=np.float32))


def faces(batch: int, size: int = 32) -> Tensor:
    return torch.rand(batch, 3, size, size, generator=Generator().manual_seed(3))


def test_follows_the_protocol(method: GhostMethod) -> None:
    assert isinstance(method, Method)
    assert (method.name, method.size, method.template) == ("ghost", 32, "arcface_112_v1")


@pytest.mark.parametrize("batch", [1, 3])
def test_swap_draws_what_the_network_draws(method: GhostMethod, network: AEINet, arcface: ArcFace, batch: int) -> None:
    swapped = method.swap(method.identify([photo(0)]), faces(batch))
    cut = torch.from_numpy(arcface_crop(photo(0))).permute(2, 0, 1)[None] / 255
    expected = network(faces(batch), arcface(cut).embedding.expand(batch, -1)).face
    assert expected.std() > 0.05
    torch.testing.assert_close(swapped.face, expected, atol=1e-5, rtol=0)
    assert torch.equal(swapped.mask, torch.ones(batch, 1, 32, 32))


def test_another_person_gives_another_face(method: GhostMethod) -> None:
    first, second = (method.swap(method.identify([photo(seed)]), faces(1)) for seed in (0, 1))
    assert (first.face - second.face).abs().max() > 1e-2


def test_several_photos_are_averaged(method: GhostMethod) -> None:
    a, b = photo(0), photo(1, 128)
    alone, twice, both, turned = (method.identify(list(photos)) for photos in ((a,), (a, a), (a, b), (b, a)))
    other = method.identify([b])
    np.testing.assert_allclose(twice.embedding, alone.embedding, atol=1e-6)
    np.testing.assert_allclose(both.embedding, turned.embedding, atol=1e-6)
    assert np.linalg.norm(both.embedding) == pytest.approx(1, abs=1e-5)
    assert both.embedding @ alone.embedding == pytest.approx(both.embedding @ other.embedding, abs=1e-4)
    assert both.state == pytest.approx((alone.state + other.state) / 2)


def test_sizes_come_from_the_weights_file(network: AEINet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(files, "entries", list)
    hub.save(network, tmp_path / "ghost-lite.safetensors", {"template": "tight", "size": "48"}, torch.float32)
    hub.save(MobileFaceNet(MobileFaceNetConfig.lite()), tmp_path / "arcface-mobile.safetensors")
    method = load_method("ghost", CPU)
    assert (method.template, method.size) == ("tight", 48)
    assert method.swap(method.identify([photo(0)]), faces(2, 48)).face.shape == (2, 3, 48, 48)


def test_missing_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(files, "entries", list)
    with pytest.raises(UserError, match="ghost-lite"):
        load_method("ghost", CPU)


def test_interpolates_between_two_people(method: GhostMethod) -> None:
    check_interpolation(method, (photo(0), photo(1)), faces(2))
