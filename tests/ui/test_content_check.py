"""The content check: what it refuses, what it lets through, and how a wrong setting is reported."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from clips import Coding, write_clip
from onnx import TensorProto, helper
from PIL import Image

from swapper.images import read_still
from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.ui.content_check import LIMIT, VARIABLE, OnnxClassifier, check_content, load_check
from swapper.ui.files import plain_sentence, upload_paths

looked_at: list[tuple[int, ...]] = []


def too_bright(image: np.ndarray) -> float:
    """A check written in Python."""
    looked_at.append(image.shape)
    return float(image.mean() / 255)


def write_classifier(path: Path, shape: list, axes: list[int], **said: str) -> Path:
    """A network whose two classes are minus and plus the mean colour."""
    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["mean"], axes=axes, keepdims=0),
        helper.make_node("ReduceMean", ["mean"], ["one"], axes=[1], keepdims=1),
        helper.make_node("Neg", ["one"], ["other"]),
        helper.make_node("Concat", ["other", "one"], ["classes"], axis=1),
    ]
    source = helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)
    result = helper.make_tensor_value_info("classes", TensorProto.FLOAT, [1, 2])
    model = helper.make_model(
        helper.make_graph(nodes, "brightness", [source], [result]),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    helper.set_model_props(model, said)
    onnx.save(model, str(path))
    return path


@pytest.fixture
def upload(uploads):
    def write(name: str, grey: int) -> dict:
        Image.new("RGB", (40, 30), (grey, grey, grey)).save(uploads / name)
        return {"path": str(uploads / name), "meta": {"_type": "gradio.FileData"}}

    return write


def test_without_a_setting_nothing_is_looked_at(upload, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    load_check()
    assert len(upload_paths([upload("white.png", 255)])) == 1


@pytest.mark.parametrize(("shape", "axes"), [([1, 3, 16, 16], [2, 3]), (["n", "h", "w", 3], [1, 2])])
def test_a_classifier_refuses_in_one_sentence(upload, tmp_path, monkeypatch, shape, axes):
    model = write_classifier(tmp_path / "bright.onnx", shape, axes, mean="[0.5, 0.5, 0.5]", std="0.1")
    monkeypatch.setenv(VARIABLE, str(model))
    load_check()
    assert upload_paths([upload("dark.png", 20)])
    with pytest.raises(UserError) as refused:
        upload_paths([upload("dark.png", 20), upload("white.png", 255)])
    assert plain_sentence(refused.value) == (
        "File 'white.png': the content check of this app rejected it. Choose another one."
    )


def test_classes_and_activation_come_from_the_file(tmp_path):
    white, shape = np.full((20, 20, 3), 255, np.uint8), [1, 3, 8, 8]
    found = [
        OnnxClassifier(write_classifier(tmp_path / f"{i}.onnx", shape, [2, 3], **said))(white)
        for i, said in enumerate([{}, {"refused": "[0]"}, {"refused": "[0, 1]"}, {"activation": "none"}])
    ]
    np.testing.assert_allclose(found, [1 / (1 + np.exp(-2)), 1 / (1 + np.exp(2)), 1, 1], atol=1e-5)


def test_photos_may_be_as_large_as_for_the_rest_of_the_app(upload, monkeypatch):
    """On a person's own machine that is more than for videos; a photo that the tabs read is never refused here."""
    monkeypatch.setitem(sys.modules, "own_check", SimpleNamespace(look=too_bright))
    monkeypatch.setenv(VARIABLE, "own_check:look")
    monkeypatch.setattr(Limits, "from_environment", classmethod(lambda cls, environ=None: cls(max_pixels=1000)))
    monkeypatch.setattr(Limits, "for_photos", classmethod(lambda cls, environ=None: cls(max_pixels=1200)))
    photo = upload("large.png", 20)
    assert upload_paths(photo) and read_still(photo["path"]).image.shape == (30, 40, 3)
    monkeypatch.setattr(Limits, "for_photos", classmethod(lambda cls, environ=None: cls(max_pixels=1199)))
    with pytest.raises(UserError, match="SWAPPER_MAX_PIXELS"):
        upload_paths(upload("larger.png", 21))


def test_a_function_looks_once_at_a_file_and_at_frames_of_a_video(upload, uploads, monkeypatch):
    monkeypatch.setitem(sys.modules, "own_check", SimpleNamespace(look=too_bright))
    monkeypatch.setenv(VARIABLE, "own_check:look")
    monkeypatch.setenv(LIMIT, "0.9")
    looked_at.clear()
    grey = upload("grey.png", 200)
    assert upload_paths(grey) and upload_paths(grey) and looked_at == [(30, 40, 3)]
    frames = [np.full((48, 64, 3), 250 if i > 15 else 40, np.uint8) for i in range(20)]
    video = write_clip(uploads / "late.mp4", frames, Coding("libx264", "yuv420p", 10))
    with pytest.raises(UserError, match="rejected it"):
        upload_paths({"path": str(video)}, 10**6)
    assert len(looked_at) > 2


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (VARIABLE, "no_such_module:look", "'no_such_module:look' cannot be loaded"),
        (VARIABLE, "json:no_such_function", "cannot be loaded"),
        (VARIABLE, "missing.onnx", "onnxruntime cannot run it"),
        (VARIABLE, "geometry", "is not an image classifier"),
        (VARIABLE, "metadata", "is not an image classifier"),
        (LIMIT, "2", "'2' must be a number above 0 and up to 1"),
        (LIMIT, "much", "'much' must be a number"),
    ],
)
def test_wrong_settings_are_refused_at_the_start(tmp_path, monkeypatch, variable, value, said):
    if value == "geometry":
        value = str(write_classifier(tmp_path / "flat.onnx", [1, 4, 8, 8], [2, 3]))
    if value == "metadata":
        value = str(write_classifier(tmp_path / "classes.onnx", [1, 3, 8, 8], [2, 3], refused="[7]"))
    monkeypatch.setenv(VARIABLE, "json:loads")
    monkeypatch.setenv(variable, value)
    with pytest.raises(UserError, match=said):
        load_check()


def test_files_that_are_gone_are_left_to_whoever_reads_them(monkeypatch):
    monkeypatch.setenv(VARIABLE, "json:loads")
    check_content("/missing.png")


def test_half_is_the_limit_unless_another_is_set(upload, monkeypatch):
    monkeypatch.setitem(sys.modules, "own_check", SimpleNamespace(look=too_bright))
    monkeypatch.setenv(VARIABLE, "own_check:look")
    monkeypatch.delenv(LIMIT, raising=False)
    below, above = upload("below.png", 127), upload("above.png", 128)
    assert upload_paths([below])
    with pytest.raises(UserError, match="rejected it"):
        upload_paths([above])
    monkeypatch.setenv(LIMIT, "0.6")
    assert upload_paths([above])
