"""The command line's ``export`` command."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Generator
from two_faces import TwoFaces, draw

from swapper import hub
from swapper.cli.main import main
from swapper.face_swap import networks
from swapper.hub import files
from swapper.models.arcface import MobileFaceNet, MobileFaceNetConfig
from swapper.models.mobilefaceswap import IdentityInjectionNetworkConfig, MobileFaceSwap


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A picture in which a face is found, and weights that nobody has trained."""
    monkeypatch.setattr(networks, "CenterFaceDetector", TwoFaces)
    weights, known = tmp_path / "weights", hub.entries()
    names = ("mobilefaceswap-lite", "arcface-mobile")
    monkeypatch.setattr(files, "entries", lambda: [row for row in known if row.name not in names])
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(weights))
    torch.manual_seed(0)
    both = MobileFaceSwap(IdentityInjectionNetworkConfig.lite()), MobileFaceNet(MobileFaceNetConfig.lite())
    for name, network in zip(names, both, strict=True):
        hub.save(network, weights / f"{name}.safetensors", {"template": "tight", "size": "128"})
    return draw(tmp_path / "source.png")


@pytest.mark.parametrize(
    ("options", "size", "limit"), [([], 128, 2.2e6), (["--fp16", "--size", "96"], 96, 1.1e6)], ids=["fp32", "fp16"]
)
def test_export_writes_a_network_that_runs_alone(
    photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], size: int, limit: float
) -> None:
    output = tmp_path / "face.onnx"
    assert main(["export", photo, photo, "-o", str(output), *options]) == 0
    assert f"{size} px crops in the tight template" in capsys.readouterr().out
    assert output.stat().st_size < limit
    session = onnxruntime.InferenceSession(output, providers=["CPUExecutionProvider"])
    target = torch.rand(1, 3, size, size, generator=Generator().manual_seed(0)).numpy()
    face, mask = session.run(["face", "mask"], {"target": target})
    assert np.asarray(face).shape == target.shape and np.asarray(mask).shape == (1, 1, size, size)
    assert session.get_modelmeta().custom_metadata_map["size"] == str(size)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "face.bin"], "the suffix '.bin' is not a supported format. Choose .onnx."),
        (["-o", "none/face.onnx"], "the folder 'none' does not exist. Create it first."),
        (["-o", "face.onnx", "--size", "100"], "100 pixels. Choose a multiple of 32"),
        (["-o", "face.onnx", "missing.jpg"], "missing.jpg': file not found"),
    ],
)
def test_unusable_export_ends_with_2_and_no_file(
    photo: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    there = set(tmp_path.rglob("*"))
    assert main(["export", *arguments, photo]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert set(tmp_path.rglob("*")) == there
