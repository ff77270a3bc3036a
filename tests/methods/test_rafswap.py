"""RAFSwap with a small random network, read from a weights file as the shipped one is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from interpolation_checks import check_interpolation
from torch import Generator

from swapper import hub
from swapper.faces.landmarks import LandmarkDetector
from swapper.faces.mesh import NOSE
from swapper.hub import files
from swapper.methods.base import Method, load_method, source_batch
from swapper.methods.rafswap import RAFSwapMethod, draw_regions
from swapper.models.arcface import MobileFaceNet
from swapper.models.rafswap import RAFSwap, RAFSwapConfig
from swapper.models.rafswap_encoder import SourceCode
from swapper.models.stylegan2 import StyleGAN2Config
from swapper.types import Crop, UserError

CPU = torch.device("cpu")
CONFIG = RAFSwapConfig(
    size=64,
    trunk="mobile",
    width=32,
    heads=2,
    global_layers=2,
    styles=((2, 3), (1, 4), (0, 5)),
    injected=(0, 1),
    mask_sizes=(16, 32),
    mask_widths=(4, 8),
    generator=StyleGAN2Config(channels=(24, 24, 16, 8, 8, 8), style=24, mapping=2),
)


@pytest.fixture(scope="module")
def network() -> RAFSwap:
    torch.manual_seed(0)
    network = RAFSwap(CONFIG)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return network.eval()


@pytest.fixture
def method(network: RAFSwap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RAFSwapMethod:
    hub.save(network, tmp_path / "rafswap-lite.safetensors", {"template": "ffhq"}, dtype=torch.float32)
    rows = [row for row in hub.entries() if row.name != "rafswap-lite"]  # else the shipped file is meant
    monkeypatch.setattr(files, "entries", lambda: rows)
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    method = load_method("rafswap", CPU)
    assert isinstance(method, RAFSwapMethod)
    return method


def mesh(seed: int) -> np.ndarray:
    """Points all over the crop, as a share of it, so that every region has pixels."""
    points = np.random.default_rng(seed).uniform(0.2, 0.8, (478, 3))
    return points.astype(np.float32)


def photo(seed: int) -> Crop:
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8).repeat(32, 0).repeat(32, 1)
    return Crop(pixels, np.eye(2, 3, dtype=np.float32), mesh(seed) * 256)


def faces(batch: int, size: int = 64) -> torch.Tensor:
    return torch.rand(batch, 3, size, size, generator=Generator().manual_seed(3))


def points(batch: int) -> torch.Tensor:
    return torch.from_numpy(np.stack([mesh(seed) for seed in range(batch)]))


def test_alignment_and_size_come_from_the_weights(method: RAFSwapMethod) -> None:
    assert isinstance(method, Method)
    assert (method.name, method.size, method.template) == ("rafswap", 64, "ffhq")


def test_regions_are_drawn_where_the_landmarks_are() -> None:
    landmarks = torch.full((1, 478, 3), 0.5)
    corners = torch.tensor([(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)])
    for i, index in enumerate(NOSE):
        landmarks[0, index, :2] = corners[min(i * 4 // len(NOSE), 3)]
    masks = draw_regions(landmarks, CONFIG.regions)
    assert masks.shape == (1, 4, 64, 64)
    assert set(masks.unique().tolist()) == {0, 1}
    nose = masks[0, CONFIG.regions.index("nose")]
    assert nose[20:44, 20:44].all() and not nose[:14].any() and not nose[:, 52:].any()


def test_several_photos_give_their_mean_code(method: RAFSwapMethod) -> None:
    crops = [photo(0), photo(1), photo(2)]
    alone = [method.identify([crop]).state for crop in crops]
    together = method.identify(crops)
    assert (alone[0].tokens - alone[1].tokens).abs().max() > 1e-4, "photos must differ for this to mean anything"
    for part in ("tokens", "features"):
        mean = torch.stack([getattr(code, part) for code in alone]).mean(0)
        torch.testing.assert_close(getattr(together.state, part), mean, atol=1e-5, rtol=1e-4)
    assert np.linalg.norm(together.embedding) == pytest.approx(1, abs=1e-5)


def test_a_network_that_wants_it_is_told_what_a_face_recogniser_says() -> None:
    torch.manual_seed(0)
    network = RAFSwap(replace(CONFIG, embedding=512)).eval()
    method = RAFSwapMethod(CPU, network)
    crop = photo(0)
    said = source_batch([crop], "arcface", 112, CPU)
    with torch.no_grad():
        embedding = hub.load(MobileFaceNet, "arcface-mobile")(said).embedding
        faces, masks = torch.rand(1, 3, 64, 64), torch.ones(1, 4, 64, 64)
        told, other = (network.encode_sources(faces, masks, e).features for e in (embedding, -embedding))
    assert (told - other).abs().max() > 1e-3
    assert method.identify([crop]).state.features.shape == told.shape


@pytest.mark.parametrize("batch", [1, 3])
def test_swap_is_the_network_with_a_slightly_wider_mask(method: RAFSwapMethod, network: RAFSwap, batch: int) -> None:
    targets, landmarks, identity = faces(batch), points(batch), method.identify([photo(7)])
    swapped = method.swap(identity, targets, landmarks)
    assert swapped.face.shape == targets.shape and swapped.mask.shape == (batch, 1, 64, 64)
    assert swapped.face.min() >= 0 and swapped.face.max() <= 1
    assert swapped.mask.min() >= 0 and swapped.mask.max() <= 1 and swapped.mask.std() > 1e-4
    code = SourceCode(*(part.expand(batch, *part.shape[1:]) for part in identity.state))
    with torch.no_grad():
        exact = network.swap(targets, draw_regions(landmarks, CONFIG.regions), code)
    torch.testing.assert_close(swapped.face, exact.face.clamp(0, 1), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(swapped.mask, F.max_pool2d(exact.mask, 3, 1, 1).clamp(0, 1), atol=1e-4, rtol=1e-4)
    assert (swapped.mask >= exact.mask - 1e-5).all()


def test_larger_crops_get_the_generators_own_detail(network: RAFSwap) -> None:
    method = RAFSwapMethod(CPU, network, size=128)
    assert (method.size, method.template) == (128, "ffhq")
    swapped = method.swap(method.identify([photo(0)]), faces(2, 128), points(2))
    assert swapped.face.shape == (2, 3, 128, 128) and swapped.mask.shape == (2, 1, 128, 128)


def test_faces_without_landmarks_are_measured(network: RAFSwap) -> None:
    class Landmarks(LandmarkDetector):
        """Finds the same mesh everywhere."""

        def __init__(self) -> None:
            self.asked: list[tuple[int, int]] = []

        def measure(self, frame: np.ndarray, points: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
            self.asked.append((len(frame), len(points)))
            return mesh(0)[None] * len(frame), np.ones(1, np.float32)

    landmarks = Landmarks()
    method = RAFSwapMethod(CPU, network, landmarks=landmarks)
    bare = Crop(photo(0).image, photo(0).matrix)
    identity = method.identify([bare])
    measured = method.swap(identity, faces(2))
    assert landmarks.asked == [(64, 1)] * 3
    given = method.swap(identity, faces(2), torch.from_numpy(np.stack([mesh(0)] * 2)))
    torch.testing.assert_close(measured.face, given.face)


def test_missing_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(files, "entries", list)
    with pytest.raises(UserError, match="rafswap-lite"):
        load_method("rafswap", CPU)


def test_interpolates_between_two_people(method: RAFSwapMethod) -> None:
    check_interpolation(method, (photo(0), photo(1)), faces(2), points(2))
