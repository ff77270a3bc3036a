"""Networks written to weights files and read back."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn

from swapper import hub
from swapper.types import UserError


class TinyNetwork(nn.Module):
    """A network with everything a weights file must carry."""

    @dataclass(frozen=True)
    class Config:
        widths: tuple[int, ...] = (3, 4)

        def __post_init__(self) -> None:
            object.__setattr__(self, "widths", tuple(self.widths))

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.conv = nn.Conv2d(*config.widths, 3)
        self.norm = nn.BatchNorm2d(config.widths[1])
        self.slope = nn.PReLU()
        self.same_slope = self.slope
        self.register_buffer("scale", torch.tensor(1e6))


def filled_network() -> TinyNetwork:
    network = TinyNetwork(TinyNetwork.Config(widths=(3, 5)))
    generator = torch.Generator().manual_seed(0)
    for value in network.state_dict().values():
        if value.is_floating_point() and value.ndim:
            value.copy_(torch.rand(value.shape, generator=generator))
    network.norm.running_var.fill_(1.0 + 2**-20)
    network.norm.num_batches_tracked.fill_(70_000)
    return network


def test_network_survives_save_and_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = filled_network()
    hub.save(network, tmp_path / "tiny.safetensors", {"origin": "a test"})
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    loaded = hub.load(TinyNetwork, "tiny")
    assert loaded.config == network.config
    assert not loaded.training
    assert all(not p.requires_grad and p.dtype == torch.float32 for p in loaded.parameters())
    state = loaded.state_dict()
    assert state.keys() == network.state_dict().keys()
    for name, value in network.state_dict().items():
        torch.testing.assert_close(state[name], value, rtol=5e-4, atol=1e-6)
    assert state["norm.running_var"][0] == 1.0 + 2**-20, "statistics stay float32"
    assert state["scale"] == 1e6, "what float16 cannot hold stays float32"
    assert state["norm.num_batches_tracked"] == 70_000
    said = hub.metadata("tiny")
    assert (said["network"], said["origin"]) == ("TinyNetwork", "a test")
    assert json.loads(said["config"]) == {"widths": [3, 5]}
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.safetensors"], "no temporary file stays"


def test_float32_file_is_exact(tmp_path: Path) -> None:
    network = filled_network()
    hub.save(network, tmp_path / "t.safetensors", dtype=torch.float32)
    loaded = hub.load_path(TinyNetwork, tmp_path / "t.safetensors")
    for name, value in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name


def test_file_of_another_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.safetensors"
    hub.save(filled_network(), path)
    with pytest.raises(UserError, match="contains TinyNetwork, not Linear"):
        hub.load_path(nn.Linear, path)
    path.write_bytes(b"not a weights file")
    with pytest.raises(UserError, match="not a readable safetensors file"):
        hub.load_path(TinyNetwork, path)


def test_file_of_another_version_is_refused(tmp_path: Path) -> None:
    network = filled_network()
    network.register_buffer("newer", torch.zeros(2))
    hub.save(network, tmp_path / "t.safetensors")
    with pytest.raises(UserError, match="does not fit this version's TinyNetwork"):
        hub.load_path(TinyNetwork, tmp_path / "t.safetensors")
