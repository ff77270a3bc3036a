import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Generator, Tensor

from swapper import hub
from swapper.hub import files
from swapper.models.gfpgan import GFPGANv1Clean, GFPGANv1CleanConfig
from swapper.restore import gfpgan
from swapper.restore.gfpgan import GFPGANRestorer
from swapper.types import UserError

CPU = torch.device("cpu")
SIZE = 64


def write_onnx(path: Path, change: float) -> None:
    """A graph with GFPGAN's signature, one face at a time in [-1, 1], that adds a brightness."""
    shape = (1, 3, SIZE, SIZE)
    graph = helper.make_graph(
        [helper.make_node("Add", ["input", "change"], ["output"])],
        "stand-in",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.float32(change), "change")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's own weights, with a manifest that knows none of ours."""
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(files, "entries", list)
    return tmp_path


def faces(batch: int, size: int = 96) -> Tensor:
    return torch.rand(batch, 3, size, size, generator=Generator().manual_seed(1)) * 0.5 + 0.2


def assert_brighter(restored: Tensor, before: Tensor, change: float) -> None:
    expected = torch.full_like(before, change)
    torch.testing.assert_close((restored - before)[..., 8:-8, 8:-8], expected[..., 8:-8, 8:-8], atol=2e-3, rtol=0)


@pytest.mark.parametrize("template", ["ffhq", "tight", "arcface"])
def test_onnx_file_restores_batches(own_folder: Path, template: str) -> None:
    write_onnx(own_folder / "gfpgan_1.4.onnx", 0.2)
    restored = GFPGANRestorer(CPU, size=SIZE).restore(faces(3), template)
    assert_brighter(restored, faces(3), 0.8 * 0.1)


def test_strength_decides_how_much_of_the_person_stays(own_folder: Path) -> None:
    write_onnx(own_folder / "gfpgan_1.4.onnx", 0.2)
    for strength in (0.0, 0.5, 1.0):
        restorer = GFPGANRestorer(CPU, size=SIZE, strength=strength)
        assert_brighter(restorer.restore(faces(1), "tight"), faces(1), strength * 0.1)


def test_converted_weights_come_before_the_onnx_file(own_folder: Path) -> None:
    torch.manual_seed(0)
    network = GFPGANv1Clean(GFPGANv1CleanConfig(channels=(16, 16, 8, 8, 8), style=16, mapping=1)).eval()
    hub.save(network, own_folder / "gfpgan.safetensors", dtype=torch.float32)
    write_onnx(own_folder / "gfpgan_1.4.onnx", 0.2)
    restored = GFPGANRestorer(CPU, size=SIZE, strength=1.0).restore(faces(2, SIZE), "ffhq")
    with torch.no_grad():
        expected = network(faces(2, SIZE)).image.clamp(0, 1)
    torch.testing.assert_close(restored, expected, atol=1e-4, rtol=0)


class FakeRestorer:
    """What the package offers: BGR bytes in, a list of restored BGR faces in the middle of what comes out."""

    def __init__(self, model_path: str, **options: Any) -> None:
        self.options = options

    def enhance(self, image: np.ndarray, has_aligned: bool) -> tuple[list[Any], list[Any], None]:
        assert has_aligned and image.dtype == np.uint8 and image.flags.c_contiguous
        bluer = image.astype(np.int32) + np.array([20, 0, 0])
        return [image], [bluer.clip(0, 255).astype(np.uint8)], None


def offer_package(monkeypatch: pytest.MonkeyPatch, restorer: Any) -> None:
    package = ModuleType("gfpgan")
    package.__dict__["GFPGANer"] = restorer
    monkeypatch.setitem(sys.modules, "gfpgan", package)
    monkeypatch.setattr(gfpgan, "find_spec", lambda name: SimpleNamespace(name=name))


@pytest.mark.usefixtures("own_folder")
def test_package_serves_where_no_file_is(monkeypatch: pytest.MonkeyPatch) -> None:
    offer_package(monkeypatch, FakeRestorer)
    restored = GFPGANRestorer(CPU, size=SIZE, strength=1.0).restore(faces(2), "tight")
    change = restored - faces(2)
    assert change[:, :2, 8:-8, 8:-8].abs().max() < 4e-3  # a byte's rounding
    assert (change[:, 2, 8:-8, 8:-8] - 20 / 255).abs().max() < 4e-3


@pytest.mark.usefixtures("own_folder")
def test_package_that_cannot_be_used_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **options: Any) -> None:
        raise ImportError("No module named 'torchvision.transforms.functional_tensor'")

    offer_package(monkeypatch, broken)
    with pytest.raises(UserError, match=r"'gfpgan_1\.4'.*package cannot be used either.*functional_tensor"):
        GFPGANRestorer(CPU)


@pytest.mark.usefixtures("own_folder")
def test_nothing_at_hand_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gfpgan, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"'gfpgan_1\.4'"):
        GFPGANRestorer(CPU)
