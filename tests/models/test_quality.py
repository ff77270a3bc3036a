import pytest
import torch
from network_checks import CHECKS, Check, NetworkCase, faces

from swapper.models.quality import QualityNetwork, QualityNetworkConfig

NARROW = QualityNetworkConfig(stem=8, widths=(8, 8, 16, 16), blocks=(1, 2, 1, 1))
CASE = NetworkCase(lambda: QualityNetwork(NARROW), faces(48))


@pytest.mark.parametrize("check", CHECKS)
def test_promise_is_kept(check: Check) -> None:
    check(CASE)


def test_names_are_those_of_resnet18() -> None:
    with torch.device("meta"):
        names = set(QualityNetwork(QualityNetworkConfig.paper()).state_dict())
    assert {"conv1.weight", "layer2.0.downsample.0.weight", "layer4.1.bn2.running_var", "fc.bias"} <= names
    assert len(names) == 122
