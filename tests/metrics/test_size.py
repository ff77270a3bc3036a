"""What one face costs, against the published figures."""

import numpy as np
import pytest
import torch

from swapper.faces import mesh
from swapper.methods.ghost import GhostMethod
from swapper.methods.mobilefaceswap import MobileFaceSwapMethod
from swapper.methods.warp import WarpMethod
from swapper.metrics.size import drawing_size
from swapper.models.ghost import AEINet, AEINetConfig
from swapper.models.mobilefaceswap import IdentityInjectionNetworkConfig, MobileFaceSwap
from swapper.types import Crop

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def crop() -> Crop:
    landmarks = (mesh.canonical_face() * 63 + [127.5, 120, 0]).astype(np.float32)
    return Crop(np.full((256, 256, 3), 120, np.uint8), np.eye(2, 3, dtype=np.float32), landmarks)


def test_mobilefaceswap_costs_what_its_paper_says(crop: Crop):
    network = MobileFaceSwap(IdentityInjectionNetworkConfig.lite()).eval()
    method = MobileFaceSwapMethod(CPU, network, template="ffhq", size=224)
    found = drawing_size(method, method.identify([crop]))
    assert found is not None and found.params == 499_825  # 0.50 M
    assert found.macs == pytest.approx(0.3057e9, rel=1e-3)  # 0.33 G with what is no convolution


def test_a_redrawing_network_is_counted_without_its_identity_network(crop: Crop):
    network = AEINet(AEINetConfig.lite()).eval()
    method = GhostMethod(CPU, network, size=128)
    found = drawing_size(method, method.identify([crop]))
    assert found is not None and found.params == sum(p.numel() for p in network.parameters())
    assert found.macs > 1e9


def test_the_warp_has_no_network(crop: Crop):
    method = WarpMethod(CPU)
    assert drawing_size(method, method.identify([crop])) is None
