import dataclasses
import json

import torch
from torch.utils.flop_counter import FlopCounterMode

from swapper.hub import read_config
from swapper.models.occlusion import OcclusionNetwork, OcclusionNetworkConfig

SMALL = OcclusionNetworkConfig(size=32, widths=(8, 8, 16))


def test_shapes_and_gradients():
    network = OcclusionNetwork(SMALL)
    logits = network(torch.rand(3, 3, 32, 32))
    assert logits.shape == (3, 1, 32, 32)
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_the_lite_preset_stays_under_its_budget():
    network = OcclusionNetwork(OcclusionNetworkConfig.lite()).eval()
    with FlopCounterMode(display=False) as counter:
        network(torch.rand(1, 3, 128, 128))
    assert counter.get_total_flops() / 2 < 0.1e9


def test_batch_members_do_not_see_each_other():
    network = OcclusionNetwork(SMALL).eval()
    faces = torch.rand(4, 3, 32, 32)
    torch.testing.assert_close(network(faces)[2:3], network(faces[2:3]), atol=1e-5, rtol=1e-5)


def test_the_config_survives_json():
    text = json.dumps(dataclasses.asdict(OcclusionNetworkConfig.lite()))
    assert read_config(OcclusionNetworkConfig, json.loads(text)) == OcclusionNetworkConfig.lite()
