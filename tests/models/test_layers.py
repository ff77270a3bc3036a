import pytest
import torch
import torch.nn.functional as F
from torch import nn

from swapper.models.layers import DepthwiseConv2d, PReLU


@pytest.mark.parametrize("side", [8, 9])
@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_convolution_and_its_gradients_are_those_of_a_plain_one(stride, side):
    torch.manual_seed(0)
    layer = DepthwiseConv2d(4, 3, stride)
    plain = nn.Conv2d(4, 4, 3, stride, 1, groups=4)
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(2, 4, side, side)
    results = []
    for network in (layer, plain):
        given = x.clone().requires_grad_()
        y = network(given)
        (y * torch.arange(y.shape[-1])).sum().backward()
        results.append((y, given.grad, network.weight.grad))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_a_frozen_slope_gives_the_same_activation_in_the_maps_own_precision():
    layer = PReLU(3)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([-0.5, 0.25, 2.0]))
    x = torch.randn(2, 3, 4, 4)
    layer.requires_grad_(False)
    torch.testing.assert_close(layer(x), F.prelu(x, layer.weight))
    assert layer(x.bfloat16()).dtype == torch.bfloat16
