from pathlib import Path

import pytest
import torch
from torch import Generator

from swapper import hub
from swapper.hub import files
from swapper.models.renovation import RenovationGenerator, RenovationGeneratorConfig
from swapper.restore.base import Restorer, load_restorer
from swapper.restore.renovation import RenovationRestorer
from swapper.types import UserError

CPU = torch.device("cpu")
SMALL = RenovationGeneratorConfig(
    widths=(4, 6, 8, 10, 12, 14), hidden=4, kernel=1, norm="image", residual=True, size=64
)


@pytest.fixture
def network() -> RenovationGenerator:
    torch.manual_seed(0)
    return RenovationGenerator(SMALL).eval().requires_grad_(False)


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's own weights, with a manifest that knows none of ours."""
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(files, "entries", list)
    return tmp_path


def faces(batch: int, size: int = 96) -> torch.Tensor:
    return torch.rand(batch, 3, size, size, generator=Generator().manual_seed(1))


def paint(network: RenovationGenerator, change: float) -> RenovationGenerator:
    """Make the network add a fixed brightness."""
    network.to_rgb.weight.zero_()
    assert network.to_rgb.bias is not None
    network.to_rgb.bias.fill_(change)
    return network


def test_untrained_network_changes_nothing(network: RenovationGenerator) -> None:
    restorer = RenovationRestorer(CPU, network)
    assert isinstance(restorer, Restorer)
    assert torch.equal(restorer.restore(faces(2), "tight"), faces(2))


@pytest.mark.parametrize("template", ["ffhq", "tight", "arcface"])
def test_change_reaches_every_template(network: RenovationGenerator, template: str) -> None:
    dim = faces(2) * 0.5
    restored = RenovationRestorer(CPU, paint(network, 0.1)).restore(dim, template)
    expected = torch.full_like(dim, float(torch.tensor(0.1).tanh()))
    torch.testing.assert_close((restored - dim)[..., 6:-6, 6:-6], expected[..., 6:-6, 6:-6], atol=1e-4, rtol=0)


def test_faces_of_a_batch_do_not_mix(network: RenovationGenerator) -> None:
    torch.nn.init.normal_(network.to_rgb.weight, generator=Generator().manual_seed(2))
    restorer = RenovationRestorer(CPU, network)
    together = restorer.restore(faces(3), "tight")
    assert (together - faces(3)).abs().max() > 1e-3
    torch.testing.assert_close(together[1:2], restorer.restore(faces(3)[1:2], "tight"), atol=1e-4, rtol=0)


def test_shipped_weights_are_found_by_name(network: RenovationGenerator, own_folder: Path) -> None:
    hub.save(paint(network, 0.1), own_folder / "renovation-lite.safetensors", dtype=torch.float32)
    restorer = load_restorer("renovation", CPU)
    assert isinstance(restorer, RenovationRestorer) and restorer.network.config == SMALL


def test_the_users_own_network_comes_first(network: RenovationGenerator, own_folder: Path) -> None:
    hub.save(paint(network, 0.1), own_folder / "renovation-lite.safetensors", dtype=torch.float32)
    hub.save(paint(network, 0.3), own_folder / "renovation.safetensors", dtype=torch.float32)
    restorer = RenovationRestorer(CPU)
    assert restorer.network.to_rgb.bias is not None
    assert restorer.network.to_rgb.bias[0] == pytest.approx(0.3)


@pytest.mark.usefixtures("own_folder")
def test_missing_weights_are_named() -> None:
    with pytest.raises(UserError, match="'renovation-lite'"):
        load_restorer("renovation", CPU)
