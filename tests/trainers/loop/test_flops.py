import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from trainers.loop.flops import FlopCount


@pytest.mark.slow
def test_a_grouped_convolution_costs_three_times_its_forward():
    for conv, macs in ((nn.Conv2d(8, 8, 3, groups=8), 8 * 14 * 14 * 9), (nn.Conv2d(8, 4, 3), 4 * 14 * 14 * 72)):
        x = torch.rand(2, 8, 16, 16, requires_grad=True)
        with FlopCount() as count:
            conv(x).sum().backward()
        assert count.total == 3 * 2 * 2 * macs


def penalised(network: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """A loss of a gradient, as discriminators have it."""
    (gradient,) = torch.autograd.grad(network(x).square().sum(), x, create_graph=True)
    return gradient.square().sum()


def test_gradients_of_gradients_are_counted():
    conv, x = nn.Conv2d(1, 1, 3), torch.rand(1, 1, 8, 8, requires_grad=True)
    with FlopCount() as count:
        loss = penalised(conv, x)
        once = count.total
        loss.backward()
    assert count.total > once > 0


def test_torch_counts_the_same_where_it_can():
    """The day the second half of this test fails, torch's own counter does all that ours does: take it instead."""
    plain = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.ConvTranspose2d(8, 4, 4, 2), nn.Flatten(), nn.LazyLinear(5))
    x = torch.rand(2, 3, 9, 9, requires_grad=True)
    plain(x)
    with FlopCount() as ours, FlopCounterMode(display=False) as theirs:
        plain(x).sum().backward()
    assert ours.total == theirs.get_total_flops() > 0

    grouped = nn.Conv2d(8, 8, 3, groups=8)
    with FlopCounterMode(display=False) as theirs:
        grouped(torch.rand(2, 8, 16, 16, requires_grad=True)).sum().backward()
    assert theirs.get_total_flops() > 3 * 2 * 2 * 8 * 14 * 14 * 9
    with pytest.raises(RuntimeError, match=r"autograd\.grad"), FlopCounterMode(display=False):
        penalised(plain, x)
