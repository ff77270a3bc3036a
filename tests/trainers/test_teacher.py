from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
import torch.nn.functional as F

from swapper import hub
from swapper.models.arcface import IdentityFeatures
from swapper.models.simswap import SimSwapGenerator, SimSwapGeneratorConfig
from swapper.types import UserError
from trainers.teacher import load_mobile_teacher, load_swap_teacher


@pytest.fixture(scope="module")
def teacher_file(shared_data: Path) -> Path:
    path = shared_data.parent / "models" / "arcface_mobile_teacher.onnx"
    if not path.is_file():
        pytest.skip("the mobile ArcFace file is not on this machine")
    return path


def test_equals_its_onnx_file_on_bgr_input(teacher_file: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 112, 112, 3)).astype(np.float32)
    session = onnxruntime.InferenceSession(teacher_file, providers=["CPUExecutionProvider"])
    bgr = ((pixels[..., ::-1] - 127.5) / 128).transpose(0, 3, 1, 2)
    expected = np.concatenate([session.run(None, {"input": np.ascontiguousarray(one)[None]})[0] for one in bgr])

    network = load_mobile_teacher(teacher_file)
    faces = torch.from_numpy(pixels.transpose(0, 3, 1, 2) / 255)
    features = network(faces)

    assert features.feature_map.shape == (2, 512, 7, 7)
    np.testing.assert_allclose(features.embedding.numpy(), expected, atol=1e-4)


def test_is_frozen_but_lets_gradients_through(teacher_file: Path) -> None:
    network = load_mobile_teacher(teacher_file)
    faces = torch.rand(1, 3, 112, 112, generator=torch.Generator().manual_seed(0)).requires_grad_()
    network(faces).embedding.sum().backward()
    assert not any(p.requires_grad for p in network.parameters())
    assert faces.grad is not None and faces.grad.abs().sum() > 0


def test_a_swap_teacher_draws_at_its_own_size_what_its_network_draws(tmp_path: Path) -> None:
    network = SimSwapGenerator(SimSwapGeneratorConfig(widths=(8, 16), blocks=1, size=32, normalised=True)).eval()
    hub.save(network, tmp_path / "teacher.safetensors", {"template": "tight", "size": "32"}, dtype=torch.float32)
    teacher = load_swap_teacher(tmp_path / "teacher.safetensors")
    assert (teacher.template, teacher.size) == ("tight", 32)
    source = IdentityFeatures(torch.randn(2, 512), torch.randn(2, 512, 7, 7))
    faces = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        expected = network(faces, F.normalize(source.embedding)).clamp(0, 1)
    torch.testing.assert_close(teacher(source, faces), expected)
    assert teacher(source, torch.rand(2, 3, 64, 64)).shape == (2, 3, 64, 64)


def test_a_kept_state_needs_to_be_told_its_template(tmp_path: Path) -> None:
    network = SimSwapGenerator(SimSwapGeneratorConfig(widths=(8, 16), blocks=1, size=32))
    hub.save(network, tmp_path / "kept.safetensors")
    with pytest.raises(UserError, match="template and size"):
        load_swap_teacher(tmp_path / "kept.safetensors")
    assert load_swap_teacher(tmp_path / "kept.safetensors", "tight", 32).size == 32
