"""Official checkpoints converted: every tensor in its place, and nothing else accepted."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from official_keys import PADDLE, Shapes, official_shapes, small_checkpoint, write_checkpoint
from torch import Tensor, nn

from swapper import hub
from swapper.convert import convert, place, read_official
from swapper.convert.paddle import read_paddle
from swapper.convert.systems import CHECKPOINTS
from swapper.types import UserError

PARAMETERS = {  # of the official code at its published size
    "mobilefaceswap": 20_699_710,
    "ghost": 184_343_381,
    "ghost-discriminator": 33_463_107,
    "ghost-eyes": 24_153_036,
    "simswap": 55_051_779,
    "simswap-fix": 55_051_779,
    "smoothswap": 65_574_549 - 131_584 - 262_656 - 128,  # less the time embedding: two layers, random frequencies
    "rafswap": 305_325_133,
    "arcface": 65_156_160,
    "arcface-se": 52_193_215,
    "gfpgan": 86_444_252,
    "renovation": 72_223_660 - 39_657,  # less what its output does not depend on
    "stylegan2": 30_370_060,
    "stylegan2-discriminator": 28_864_129,
}


def in_torch(system: str, shapes: Shapes, folder: Path) -> dict[str, Tensor]:
    """The published names and shapes as the reader would give them, without memory."""
    if system not in PADDLE:
        return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    path = folder / "names.pdparams"
    path.write_bytes(pickle.dumps({name: np.zeros((1,) * len(shape), np.float32) for name, shape in shapes.items()}))
    names = list(read_paddle(path))
    layouts = [shape[::-1] if len(shape) == 2 else shape for shape in shapes.values()]
    return {name: torch.empty(shape, device="meta") for name, shape in zip(names, layouts, strict=True)}


@pytest.mark.parametrize("system", list(CHECKPOINTS))
def test_published_checkpoint_has_the_papers_size(system: str, tmp_path: Path) -> None:
    official = CHECKPOINTS[system]
    state = in_torch(system, official_shapes(system), tmp_path)
    with torch.device("meta"):
        network = place(state, official, system)
    assert sum(p.numel() for p in network.parameters()) == PARAMETERS[system]


@pytest.mark.parametrize("system", list(CHECKPOINTS))
def test_conversion_survives_the_weights_file(system: str, tmp_path: Path) -> None:
    path, arrays = small_checkpoint(system, tmp_path)
    network = convert(system, path, tmp_path / "out.safetensors")
    loaded = hub.load_path(type(network), tmp_path / "out.safetensors")
    state = loaded.state_dict()
    for name, value in network.state_dict().items():
        assert torch.equal(state[name], value), name
    unused = ("num_batches_tracked", *CHECKPOINTS[system].ignored)
    kept = [value for name, value in arrays.items() if not any(re.search(pattern, name) for pattern in unused)]
    added = ("num_batches_tracked", *CHECKPOINTS[system].optional)
    ours = [value for name, value in state.items() if not name.endswith(added)]
    assert len(kept) == len(ours)
    assert sum(float(v.sum()) for v in ours) == pytest.approx(sum(float(v.sum()) for v in kept), rel=1e-4, abs=1e-2)
    assert hub.read_metadata(tmp_path / "out.safetensors")["source"] == path.name


@pytest.mark.parametrize("system", list(CHECKPOINTS))
def test_missing_unexpected_and_misshapen_tensors_are_listed(system: str, tmp_path: Path) -> None:
    _, arrays = small_checkpoint(system, tmp_path)
    names = [name for name in arrays if name.endswith("bias")]
    gone, bent = names[-1], names[-2]
    del arrays[gone]
    arrays[bent] = np.zeros(arrays[bent].size + 2, np.float32)
    arrays["discriminator.weight"] = np.zeros((2, 2), np.float32)
    path = write_checkpoint(system, arrays, tmp_path)
    with pytest.raises(UserError) as caught:
        convert(system, path, tmp_path / "out.safetensors")
    message = str(caught.value)
    assert "1 unexpected: discriminator.weight" in message
    assert "1 missing: " in message
    assert "1 of another shape: " in message and str(tuple(arrays[bent].shape)) in message
    assert not (tmp_path / "out.safetensors").exists()


def test_wrong_system_is_refused(tmp_path: Path) -> None:
    path, _ = small_checkpoint("arcface", tmp_path)
    with pytest.raises(UserError, match="it is not a checkpoint of 'gfpgan'"):
        convert("gfpgan", path, tmp_path / "out.safetensors")
    with pytest.raises(
        UserError, match=r"Unknown system 'stargan'\. Choose one of: ghost, ghost-discriminator, ghost-eyes, mob"
    ):
        convert("stargan", path, tmp_path / "out.safetensors")
    with pytest.raises(UserError, match="only 'arcface' is read from ONNX"):
        convert("gfpgan", tmp_path / "net.onnx", tmp_path / "out.safetensors")


def test_checkpoint_inside_a_training_state(tmp_path: Path) -> None:
    path, arrays = small_checkpoint("arcface", tmp_path)
    plain = read_official("arcface", path)
    tensors = {f"module.{name}": torch.from_numpy(value) for name, value in arrays.items()}
    torch.save({"epoch": 3, "state_dict": tensors}, path)
    nested = read_official("arcface", path)
    assert all(
        torch.equal(a, b) for a, b in zip(plain.state_dict().values(), nested.state_dict().values(), strict=True)
    )


def test_average_style_from_beside_the_weights(tmp_path: Path) -> None:
    path, arrays = small_checkpoint("stylegan2", tmp_path)
    tensors = {name: torch.from_numpy(value) for name, value in arrays.items()}
    average = torch.randn(64, generator=torch.Generator().manual_seed(0))
    assert not read_official("stylegan2", path).state_dict()["latent_average"].any()
    for kept in (average, average.repeat(18, 1)):
        torch.save({"d": {}, "g": {}, "g_ema": tensors, "latent_avg": kept}, path)
        assert torch.equal(read_official("stylegan2", path).state_dict()["latent_average"], average)


def test_pickled_networks_and_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    torch.save({"names": ["a", "b"], "net": print}, path)
    with pytest.raises(UserError, match=r"it wants to use __builtin__\.print, which weights never need"):
        read_official("arcface", path)
    torch.save(nn.Conv2d(1, 1, 1), path)
    with pytest.raises(UserError, match="it is not a checkpoint of 'arcface'"):
        read_official("arcface", path)
    torch.save({"epoch": 3}, path)
    with pytest.raises(UserError, match="its entries epoch are not weights"):
        read_official("arcface", path)
    path.write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"net\.pth: "):
        read_official("arcface", path)
    with pytest.raises(UserError, match="file not found"):
        read_official("arcface", tmp_path / "gone.pth")
