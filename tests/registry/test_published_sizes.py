import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from swapper.registry import NETWORKS, NetworkInfo

pytestmark = pytest.mark.slow

PUBLISHED = {name: row for name, row in NETWORKS.items() if row.params is not None and "paper" in row.presets()}


@pytest.mark.parametrize("row", PUBLISHED.values(), ids=PUBLISHED.keys())
def test_paper_size_has_the_published_parameters_and_macs(row: NetworkInfo) -> None:
    config = row.presets()["paper"]
    with torch.device("meta"):
        network = row.network(config).eval()
        inputs = row.inputs(config, 1)
    with FlopCounterMode(display=False) as flops:
        network(*inputs)

    assert sum(p.numel() for p in network.parameters()) == pytest.approx(row.params, rel=0.01)
    if row.macs is not None:
        assert flops.get_total_flops() / 2 == pytest.approx(row.macs, rel=0.03)


@pytest.mark.parametrize("row", NETWORKS.values(), ids=NETWORKS.keys())
def test_lite_is_smaller_than_paper(row: NetworkInfo) -> None:
    with torch.device("meta"):
        sizes = {
            name: sum(p.numel() for p in row.network(config).parameters()) for name, config in row.presets().items()
        }
    assert all(size > 0 for size in sizes.values())
    assert sizes.get("lite", 0) <= sizes.get("paper", 1e12)


LITE = {name: row for name, row in NETWORKS.items() if "lite" in row.presets()}


@pytest.mark.parametrize("row", LITE.values(), ids=LITE.keys())
def test_lite_takes_its_example_inputs(row: NetworkInfo) -> None:
    config = row.presets()["lite"]
    with torch.device("meta"):
        row.network(config).eval()(*row.inputs(config, 1))
