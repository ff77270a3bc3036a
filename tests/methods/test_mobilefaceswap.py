import gc
import json
import pickle
import weakref
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from interpolation_checks import check_interpolation
from random_student import random_student
from torch import Generator, Tensor, nn

from swapper import hub
from swapper.faces.align import template_to_template, warp_frame
from swapper.hub import files
from swapper.methods import mobilefaceswap
from swapper.methods.base import Method
from swapper.methods.mobilefaceswap import MobileFaceSwapMethod
from swapper.models.arcface import IdentityFeatures, MobileFaceNet, MobileFaceNetConfig
from swapper.models.mobilefaceswap import MobileFaceSwap
from swapper.runtime.onnx_session import open_session
from swapper.types import Crop, UserError

CPU = torch.device("cpu")


class ArcFace(nn.Module):
    """Says clearly different things about different photos, which an untrained deep network does not."""

    def __init__(self) -> None:
        super().__init__()
        generator = Generator().manual_seed(1)
        self.register_buffer("columns", torch.randn(3 * 8 * 8, 512, generator=generator) / 8)
        self.register_buffer("mix", torch.randn(512, 3, 16, 16, generator=generator) / 16)

    def forward(self, faces: Tensor) -> IdentityFeatures:
        centred = faces * 4 - 2
        small = F.adaptive_avg_pool2d(centred, 8).flatten(1)
        return IdentityFeatures(small @ self.columns, F.conv2d(centred, self.mix, stride=16))  # type: ignore[operator]


@pytest.fixture(scope="module")
def arcface() -> ArcFace:
    return ArcFace().eval()


@pytest.fixture(scope="module")
def student(arcface: ArcFace) -> MobileFaceSwap:
    return random_student(arcface(faces(4, 112)), faces(4))


@pytest.fixture(scope="module")
def method(student: MobileFaceSwap, arcface: ArcFace) -> MobileFaceSwapMethod:
    return MobileFaceSwapMethod(CPU, student, arcface, size=64, threads=1)


def photo(seed: int) -> Crop:
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8).repeat(32, 0).repeat(32, 1)
    return Crop(pixels, np.eye(2, 3, dtype=np.float32))


def faces(batch: int, size: int = 64) -> torch.Tensor:
    return torch.rand(batch, 3, size, size, generator=Generator().manual_seed(3))


def test_follows_the_protocol(method: MobileFaceSwapMethod) -> None:
    assert isinstance(method, Method)
    assert (method.name, method.size, method.template) == ("mobilefaceswap", 64, "arcface")


@pytest.mark.parametrize("batch", [1, 3])
def test_swap_draws_what_the_training_form_draws(
    method: MobileFaceSwapMethod, student: MobileFaceSwap, arcface: ArcFace, batch: int
) -> None:
    identity = method.identify([photo(0)])
    swapped = method.swap(identity, faces(batch))
    cut = warp_frame(photo(0).image, template_to_template("ffhq", 256, "arcface", 112), 112)
    # In double precision: on some CPUs the single one of many faces at once is itself further off than the bound.
    exact, embed = deepcopy(student).double(), deepcopy(arcface).double()
    person = embed((torch.from_numpy(cut).permute(2, 0, 1).double() / 255).expand(batch, 3, 112, 112))
    expected = exact(person, faces(batch).double())
    assert expected.drawn.std() > 0.05 and expected.mask.std() > 0.01
    torch.testing.assert_close(swapped.face, expected.drawn.clamp(0, 1).float(), atol=1e-5, rtol=0)
    torch.testing.assert_close(swapped.mask, expected.mask.float(), atol=1e-5, rtol=0)


def test_another_person_gives_another_face(method: MobileFaceSwapMethod) -> None:
    first, second = (method.swap(method.identify([photo(seed)]), faces(1)) for seed in (0, 1))
    assert (first.face - second.face).abs().max() > 1e-3


def test_several_photos_are_averaged(method: MobileFaceSwapMethod) -> None:
    a, b = photo(0), photo(1)
    alone, twice, both, turned = (method.identify(list(photos)) for photos in ((a,), (a, a), (a, b), (b, a)))
    np.testing.assert_allclose(twice.embedding, alone.embedding, atol=1e-6)
    np.testing.assert_allclose(both.embedding, turned.embedding, atol=1e-6)
    assert np.linalg.norm(both.embedding) == pytest.approx(1, abs=1e-5)
    other = method.identify([b]).embedding
    assert both.embedding @ alone.embedding == pytest.approx(both.embedding @ other, abs=1e-4)
    torch.testing.assert_close(method.swap(twice, faces(1)).face, method.swap(alone, faces(1)).face, atol=1e-4, rtol=0)


def test_identity_survives_pickling(method: MobileFaceSwapMethod) -> None:
    identity = method.identify([photo(0)])
    again = pickle.loads(pickle.dumps(identity))
    assert torch.equal(method.swap(again, faces(1)).face, method.swap(identity, faces(1)).face)


def test_a_network_is_written_once_for_each_person_who_is_swapped(
    method: MobileFaceSwapMethod, student: MobileFaceSwap, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, sessions, inject = [], [], student.inject
    monkeypatch.setattr(student, "inject", lambda seen: written.append(seen) or inject(seen))

    def open_watched(*how: Any) -> onnxruntime.InferenceSession:
        session = open_session(*how)
        sessions.append(weakref.ref(session))
        return session

    monkeypatch.setattr(mobilefaceswap, "open_session", open_watched)
    first, second = (method.identify([photo(seed)]) for seed in (0, 1))
    between = method.interpolate(first, second, 0.5)
    assert not written
    method.swap(between, faces(1))
    method.swap(between, faces(2))
    assert len(written) == 1 and written[0] is between.state.seen
    assert len(sessions) == 1 and sessions[0]() is not None
    written.clear()
    del between
    gc.collect()
    assert sessions[0]() is None, "it goes with the person"


@pytest.mark.parametrize(
    ("half", "limit", "tolerance"), [(False, 2_200_000, 1e-5), (True, 1_100_000, 2e-2)], ids=["float32", "float16"]
)
def test_export_is_one_small_file_that_runs_alone(
    student: MobileFaceSwap, arcface: ArcFace, tmp_path: Path, half: bool, limit: int, tolerance: float
) -> None:
    method = MobileFaceSwapMethod(CPU, student, arcface, size=224, threads=1)
    identity, target = method.identify([photo(0)]), faces(1, 224)
    path = tmp_path / "face.onnx"
    method.export(identity, path, half)
    assert [file.name for file in tmp_path.iterdir()] == ["face.onnx"]
    assert 500_000 < path.stat().st_size < limit

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    face, mask, drawn = session.run(["face", "mask", "drawn"], {"target": target.numpy()})
    expected = method.swap(identity, target)
    np.testing.assert_allclose(drawn, expected.face.numpy(), atol=tolerance)
    np.testing.assert_allclose(mask, expected.mask.numpy(), atol=tolerance)
    mixed = expected.mask * expected.face + (1 - expected.mask) * target
    np.testing.assert_allclose(face, mixed.numpy(), atol=tolerance)
    said = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert (said["method"], said["template"], said["size"]) == ("mobilefaceswap", "arcface", "224")
    assert json.loads(said["tensors"])["target"] == "RGB in [0, 1]"


def test_sizes_come_from_the_weights_file(
    student: MobileFaceSwap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(files, "entries", list)
    hub.save(student, tmp_path / "mobilefaceswap-lite.safetensors", {"template": "ffhq", "size": "96"})
    hub.save(MobileFaceNet(MobileFaceNetConfig.lite()), tmp_path / "arcface-mobile.safetensors")
    method = MobileFaceSwapMethod(CPU)
    assert (method.template, method.size) == ("ffhq", 96)
    assert method.swap(method.identify([photo(0)]), faces(1, 96)).face.shape == (1, 3, 96, 96)


def test_size_must_fit_the_network(student: MobileFaceSwap, arcface: ArcFace) -> None:
    with pytest.raises(UserError, match=r"100 pixels\. Choose a multiple of 32"):
        MobileFaceSwapMethod(CPU, student, arcface, size=100)


def test_interpolates_between_two_people(method: MobileFaceSwapMethod) -> None:
    check_interpolation(method, (photo(0), photo(1)), faces(2))
