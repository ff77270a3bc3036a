"""Count the floating-point operations of a whole training step."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


class FlopCount(TorchDispatchMode):
    """Counts the operations run inside its context, backward and double backward included.

    Ours for training steps alone: ``FlopCounterMode`` hooks modules in a way that forbids ``torch.autograd.grad``,
    and counts the gradients of grouped weights several times.

    Attributes:
        total: two for each multiply-accumulate of convolutions and matrix products.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation and count it."""
        result = func(*args, **(kwargs or {}))
        if func._overloadpacket is torch.ops.aten.convolution_backward:
            self.total += _convolution_backward(*args)
        elif func._overloadpacket in flop_registry:
            self.total += flop_registry[func._overloadpacket](*args, **(kwargs or {}), out_val=result)
        return result


def _convolution_backward(gradient: Tensor, x: Tensor, weight: Tensor, *rest: Any) -> int:
    """Each of the two gradients costs as much as the forward."""
    transposed, wanted = rest[4], rest[-1]
    applied = (x if transposed else gradient).numel()
    return 2 * applied * weight[0].numel() * sum(wanted[:2])
