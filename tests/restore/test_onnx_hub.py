"""Published restorers, stood in for by small graphs with the same inputs and outputs."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Generator, Tensor

from swapper import FaceSwapper, hub
from swapper.faces.align import TEMPLATES, template_to_template
from swapper.hub import manifest
from swapper.methods.reference import TargetUnchanged
from swapper.registry import RESTORERS
from swapper.restore import onnx_hub
from swapper.restore.aligned import warp_batch
from swapper.restore.base import Restorer, load_restorer
from swapper.restore.onnx_hub import OnnxRestorer
from swapper.restore.onnx_records import RECORDS, OnnxRestoration
from swapper.types import UserError
from swapper.video.request import origin_of

CPU = torch.device("cpu")
TOLD = 0.4  # how much brighter the stand-in makes a face, in [-1, 1], times the weight where there is one


def write_graph(path: Path, size: int, weight: int | None = None) -> None:
    """One face at a time in [-1, 1]: brighter, and the middle column black, by which one sees how it was cut."""
    shape = (1, 3, size, size)
    keep = np.ones((1, 1, 1, size), np.float32)
    keep[..., size // 2 - 1 : size // 2 + 1] = 0
    nodes = [
        helper.make_node("Mul", ["brighter", "keep"], ["kept"]),
        helper.make_node("Sub", ["kept", "black"], ["output"]),
    ]
    constants = {"told": np.float32(TOLD), "keep": keep, "black": 1 - keep}
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)]
    if weight is not None:
        inputs.append(helper.make_tensor_value_info("weight", weight, (1,)))
        nodes[:0] = [
            helper.make_node("Cast", ["weight"], ["plain"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["told", "plain"], ["change"]),
            helper.make_node("Add", ["input", "change"], ["brighter"]),
        ]
    else:
        nodes[:0] = [helper.make_node("Add", ["input", "told"], ["brighter"])]
    graph = helper.make_graph(
        nodes,
        "stand-in",
        inputs,
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The records at a quarter of their size, so that a face takes milliseconds; and a folder for their files."""
    monkeypatch.setattr(hub, "resolve", lambda name: tmp_path / f"{name}.onnx")
    for name, one in RECORDS.items():
        record = OnnxRestoration(name, one.size // 4, one.template, one.weight)
        monkeypatch.setitem(onnx_hub.RECORDS, name, record)
        write_graph(tmp_path / f"{name}.onnx", record.size, None if one.weight is None else TensorProto.DOUBLE)
    return tmp_path


def faces(batch: int, size: int = 96) -> Tensor:
    smooth = torch.rand(batch, 3, 4, 4, generator=Generator().manual_seed(1)) * 0.3 + 0.3
    return torch.nn.functional.interpolate(smooth, (size, size), mode="bicubic")


@pytest.mark.parametrize("template", ["ffhq", "tight"])
@pytest.mark.parametrize("name", list(RECORDS))
def test_each_gets_and_returns_what_its_record_says(small: Path, name: str, template: str) -> None:
    record = onnx_hub.RECORDS[name]
    restorer = load_restorer(name, CPU)
    assert isinstance(restorer, OnnxRestorer) and isinstance(restorer, Restorer)
    before = faces(2)
    after = restorer.restore(before, template)
    # The rule of the family, once more and plainly: the change made in its own template travels back.
    matrix = template_to_template(template, 96, record.template, record.size)
    seen = warp_batch(before, matrix, record.size)
    wanted = ((seen * 2 - 1) + TOLD * (1 if record.weight is None else record.weight)) * 0.5 + 0.5
    wanted[..., record.size // 2 - 1 : record.size // 2 + 1] = 0
    back = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2].astype(np.float32)
    change = warp_batch(wanted.clamp(0, 1) - seen, back, 96, padding="zeros")
    assert change.abs().max() > 0.1
    torch.testing.assert_close(after, (before + 0.8 * change).clamp(0, 1), atol=1e-4, rtol=0)


def test_strength_decides_how_much_of_the_person_stays(small: Path) -> None:
    plain = OnnxRestorer(CPU, "gpen_bfr_512", strength=0.0)
    torch.testing.assert_close(plain.restore(faces(1), "ffhq"), faces(1), atol=1e-6, rtol=0)


def test_a_graph_with_other_inputs_is_refused(small: Path) -> None:
    write_graph(small / "codeformer.onnx", 128)
    with pytest.raises(UserError, match=r"codeformer\.onnx: it expects input, which this restorer does not have"):
        load_restorer("codeformer", CPU)
    write_graph(small / "gpen_bfr_256.onnx", 64, TensorProto.DOUBLE)
    with pytest.raises(UserError, match="it expects input, weight"):
        load_restorer("gpen_bfr_256", CPU)


def test_a_graph_of_another_size_is_refused(small: Path) -> None:
    write_graph(small / "gpen_bfr_256.onnx", 128)
    found, wanted = r"\(1, 3, 128, 128\)", r"\(1, 3, 64, 64\)"
    with pytest.raises(UserError, match=rf"its input 'input' is of {found}, not of {wanted} as that of gpen_bfr_256"):
        load_restorer("gpen_bfr_256", CPU)


def test_every_record_is_listed_and_has_its_file_in_the_manifest() -> None:
    known = {row.name: row for row in manifest.entries()}
    for name, record in RECORDS.items():
        assert RESTORERS[name].weights == (name,) and record.template in TEMPLATES
        assert known[name].sha256 and not known[name].doubt and known[name].licence


def test_a_result_says_which_of_them_it_was(small: Path) -> None:
    swapper = object.__new__(FaceSwapper)
    swapper.method, swapper.frame_restorer = TargetUnchanged(), OnnxRestorer(CPU, "codeformer")
    assert origin_of(swapper, 1).restore == "codeformer"
