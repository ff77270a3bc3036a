import dataclasses
import json

import torch
from torch.utils.flop_counter import FlopCounterMode

from swapper.hub import read_config
from swapper.models.landmarks import LandmarkNetwork, LandmarkNetworkConfig

SMALL = LandmarkNetworkConfig(size=32, stem=8, stages=((8, 1), (16, 2)), squeeze=4, hidden=16)


def test_shapes_and_gradients():
    network = LandmarkNetwork(SMALL)
    mesh = network(torch.rand(3, 3, 32, 32))
    assert mesh.points.shape == (3, 478, 3) and mesh.presence.shape == (3,)
    (mesh.points.square().sum() + mesh.presence.sum()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_the_lite_preset_stays_under_its_budget():
    network = LandmarkNetwork(LandmarkNetworkConfig.lite()).eval()
    with FlopCounterMode(display=False) as counter:
        network(torch.rand(1, 3, 128, 128))
    assert counter.get_total_flops() / 2 < 0.15e9


def test_an_untrained_network_says_the_mean_shape():
    network = LandmarkNetwork(SMALL).eval()
    network.mean_shape.uniform_(0, 1)
    points = network(torch.rand(1, 3, 32, 32)).points[0]
    assert (points - network.mean_shape).abs().max() < 0.05


def test_batch_members_do_not_see_each_other():
    network = LandmarkNetwork(SMALL).eval()
    faces = torch.rand(4, 3, 32, 32)
    torch.testing.assert_close(network(faces).points[2:3], network(faces[2:3]).points, atol=1e-5, rtol=1e-5)


def test_the_config_survives_json():
    text = json.dumps(dataclasses.asdict(LandmarkNetworkConfig.lite()))
    assert read_config(LandmarkNetworkConfig, json.loads(text)) == LandmarkNetworkConfig.lite()


def test_bfloat16_autocast_returns_float32_points():
    network = LandmarkNetwork(SMALL)
    with torch.autocast("cpu", torch.bfloat16):
        assert network(torch.rand(2, 3, 32, 32)).points.dtype == torch.float32
