from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from interpolation_checks import check_interpolation
from torch import Generator

from swapper import hub
from swapper.faces.embed import IdentityEmbedder
from swapper.hub import files, networks
from swapper.methods.base import METHODS, Method, load_method
from swapper.methods.simswap import SimSwapMethod
from swapper.models.simswap import SimSwapGenerator, SimSwapGeneratorConfig
from swapper.registry import named
from swapper.types import Crop, Identity, UserError

CPU = torch.device("cpu")
SMALL = SimSwapGeneratorConfig(widths=(8, 12, 16), blocks=2, size=64, normalised=True)


class MeanColours:
    """Stands in for an identity network: the mean colours of the quarters of a crop, as a unit vector."""

    def embed(self, crops: Sequence[Crop]) -> np.ndarray:
        vectors = np.zeros((len(crops), 512), np.float32)
        for vector, crop in zip(vectors, crops, strict=True):
            vector[:12] = crop.image.reshape(2, 128, 2, 128, 3).mean((1, 3)).ravel() - 127.5
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def network() -> SimSwapGenerator:
    torch.manual_seed(0)
    return SimSwapGenerator(SMALL).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def method(network: SimSwapGenerator) -> SimSwapMethod:
    return SimSwapMethod(CPU, network, MeanColours())


def photo(seed: int) -> Crop:
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8).repeat(64, 0).repeat(64, 1)
    return Crop(pixels, np.eye(2, 3, dtype=np.float32))


def faces(batch: int) -> torch.Tensor:
    return torch.rand(batch, 3, 64, 64, generator=Generator().manual_seed(3))


def test_follows_the_protocol(method: SimSwapMethod) -> None:
    assert isinstance(method, Method) and isinstance(method.embedder, IdentityEmbedder | MeanColours)
    assert (method.name, method.size, method.template) == ("simswap", 64, "arcface_112_v1")
    assert named(METHODS["simswap"].cls) is SimSwapMethod


@pytest.mark.parametrize("batch", [1, 3])
def test_swap_is_what_the_network_draws(method: SimSwapMethod, network: SimSwapGenerator, batch: int) -> None:
    identity = method.identify([photo(0)])
    swapped = method.swap(identity, faces(batch))
    drawn = network(faces(batch), torch.from_numpy(identity.embedding).expand(batch, -1))
    assert drawn.std() > 0.01 and swapped.face.min() >= 0 and swapped.face.max() <= 1
    torch.testing.assert_close(swapped.face, drawn.clamp(0, 1))
    assert torch.equal(swapped.mask, torch.ones(batch, 1, 64, 64))


def test_another_person_gives_another_face(method: SimSwapMethod) -> None:
    first, second = (method.swap(method.identify([photo(seed)]), faces(1)).face for seed in (0, 1))
    assert (first - second).abs().max() > 1e-3
    again = method.swap(method.identify([photo(0)]), faces(1)).face
    assert torch.equal(first, again)


def test_several_photos_give_their_mean_direction(method: SimSwapMethod) -> None:
    a, b, both = (method.identify(photos).embedding for photos in ([photo(0)], [photo(1)], [photo(0), photo(1)]))
    assert np.linalg.norm(both) == pytest.approx(1, abs=1e-5)
    assert both @ a == pytest.approx(both @ b, abs=1e-5)


def test_any_unit_vector_is_an_identity(method: SimSwapMethod) -> None:
    vector = np.zeros(512, np.float32)
    vector[7] = 1
    assert method.swap(Identity("simswap", vector), faces(2)).face.shape == (2, 3, 64, 64)


def test_shipped_weights_say_how_they_were_trained(
    network: SimSwapGenerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    rows = [row for row in hub.entries() if not row.name.startswith("simswap-")]
    monkeypatch.setattr(files, "entries", lambda: rows)
    hub.save(network, tmp_path / "simswap-lite.safetensors", {"template": "tight", "size": "32"}, torch.float32)
    method = SimSwapMethod(CPU, embedder=MeanColours())
    assert (method.template, method.size) == ("tight", 32)
    assert method.network.config == SMALL


def test_missing_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Path:
        raise UserError(f"Unknown weights '{name}'. Choose one of: none.")

    monkeypatch.setattr(networks, "resolve", missing)
    with pytest.raises(UserError, match="'simswap-lite'"):
        load_method("simswap", CPU)


def test_interpolates_between_two_people(method: SimSwapMethod) -> None:
    check_interpolation(method, (photo(0), photo(1)), faces(2))
