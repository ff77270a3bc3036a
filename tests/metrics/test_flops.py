import torch
from torch import nn

from swapper.metrics.flops import FlopCount


def test_a_grouped_convolution_costs_three_times_its_forward():
    for conv, macs in ((nn.Conv2d(8, 8, 3, groups=8), 8 * 14 * 14 * 9), (nn.Conv2d(8, 4, 3), 4 * 14 * 14 * 72)):
        x = torch.rand(2, 8, 16, 16, requires_grad=True)
        with FlopCount() as count:
            conv(x).sum().backward()
        assert count.total == 3 * 2 * 2 * macs


def test_gradients_of_gradients_are_counted():
    conv, x = nn.Conv2d(1, 1, 3), torch.rand(1, 1, 8, 8, requires_grad=True)
    with FlopCount() as count:
        (gradient,) = torch.autograd.grad(conv(x).square().sum(), x, create_graph=True)
        once = count.total
        gradient.square().sum().backward()
    assert count.total > once > 0
