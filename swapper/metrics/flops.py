"""Count floating-point operations, of a forward pass or of a whole training step."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


class FlopCount(TorchDispatchMode):
    """Counts the operations run inside its context, backward and double backward included.

    ``FlopCounterMode`` also attributes them to modules, with hooks that forbid ``torch.autograd.grad`` and inference
    mode.

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
        count = flop_registry.get(func._overloadpacket)
        if count is None and torch.is_inference_mode_enabled():
            with self:  # in inference mode a convolution arrives as what it is made of
                parts = func.decompose(*args, **(kwargs or {}))
            if parts is not NotImplemented:
                return parts
        result = func(*args, **(kwargs or {}))
        if func._overloadpacket is torch.ops.aten.convolution_backward:
            self.total += _convolution_backward(*args)
        elif count is not None:
            self.total += count(*args, **(kwargs or {}), out_val=result)
        return result


def _convolution_backward(gradient: Tensor, x: Tensor, weight: Tensor, *rest: Any) -> int:
    """Each of the two gradients costs as much as the forward; torch's own count is wrong for grouped weights."""
    transposed, wanted = rest[4], rest[-1]
    applied = (x if transposed else gradient).numel()
    return 2 * applied * weight[0].numel() * sum(wanted[:2])
