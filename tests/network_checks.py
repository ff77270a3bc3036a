"""What every network promises, whatever is inside, as checks that any network's tests can run.

In a test file::

    CASES = {"mine": NetworkCase(lambda: Mine(MineConfig(width=8)), faces(32))}

    @pytest.mark.parametrize("check", CHECKS)
    @pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
    def test_promise_is_kept(case: NetworkCase, check: Check) -> None:
        check(case)
"""

import io
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Generator, Tensor, nn

from swapper.runtime.onnx_session import open_session

Inputs = tuple[Any, ...]  # tensors, or tuples of tensors


@dataclass(frozen=True)
class NetworkCase:
    """One network, narrowed so that every check takes well under a second.

    Attributes:
        build: makes it.
        inputs: example inputs, from a batch size and a source of random numbers.
        unreached: how the names of parameters begin on which the output does not depend.
        mixes: images of a batch influence one another on purpose.
    """

    build: Callable[[], nn.Module]
    inputs: Callable[[int, Generator], Inputs]
    unreached: tuple[str, ...] = ()
    mixes: bool = False


Check = Callable[[NetworkCase], None]


def faces(size: int) -> Callable[[int, Generator], Inputs]:
    """Inputs of a network that takes one batch of faces."""
    return lambda batch, generator: (torch.rand(batch, 3, size, size, generator=generator),)


def random_network(case: NetworkCase) -> nn.Module:
    """Build the network, evaluating, with all parameters off their start values, some of which are zero."""
    torch.manual_seed(0)
    network = case.build()
    generator = Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.05)
    return network.eval()


def example_inputs(case: NetworkCase, batch: int) -> Inputs:
    """The same inputs at every call."""
    return case.inputs(batch, Generator().manual_seed(2))


def tensors_in(value: Any) -> Iterable[Tensor]:
    """All tensors of nested tuples and lists, in order."""
    if isinstance(value, Tensor):
        yield value
    else:
        for part in value:
            yield from tensors_in(part)


def _run(network: nn.Module, inputs: Inputs) -> list[Tensor]:
    return list(tensors_in(network(*inputs)))


def _each(change: Callable[[Tensor], Tensor], value: Any) -> Any:
    """Nested tuples with every tensor changed."""
    if isinstance(value, Tensor):
        return change(value)
    parts = (_each(change, part) for part in value)
    return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)


@torch.no_grad()
def check_every_image_gets_an_answer(case: NetworkCase) -> None:
    """Batches of one and of three, finite values, and not all the same."""
    network = random_network(case)
    for batch in (1, 3):
        outputs = _run(network, example_inputs(case, batch))
        assert outputs and all(output.shape[0] == batch and output.isfinite().all() for output in outputs)
    assert outputs[0].std() > 1e-3


def check_gradients_reach_every_parameter(case: NetworkCase) -> None:
    """Also names those that a case lists in vain; in double precision, where rounding does not pass for a gradient."""
    network = random_network(case).double()
    outputs = _run(network, _each(lambda x: x.double(), example_inputs(case, 2)))
    generator = Generator().manual_seed(3)
    torch.stack([(x * torch.randn(x.shape, generator=generator)).sum() for x in outputs]).sum().backward()
    missing = {name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 1e-6}
    surprising = sorted(name for name in missing if not name.startswith(case.unreached))
    assert not surprising, f"no gradient reaches {surprising}"
    for start in case.unreached:
        assert any(name.startswith(start) for name in missing), f"{start} is reached"


@torch.no_grad()
def check_images_of_a_batch_do_not_mix(case: NetworkCase) -> None:
    """One image alone gives what it gives in a batch, unless the case says otherwise."""
    network, inputs = random_network(case), example_inputs(case, 3)
    together, alone = _run(network, inputs), _run(network, _each(lambda x: x[1:2], inputs))
    mixed = not all(torch.allclose(t[1:2], a, atol=1e-4) for t, a in zip(together, alone, strict=True))
    assert mixed == case.mixes


@torch.no_grad()
def check_is_deterministic(case: NetworkCase) -> None:
    """Outside training, to the bit."""
    network, inputs = random_network(case), example_inputs(case, 2)
    for first, second in zip(_run(network, inputs), _run(network, inputs), strict=True):
        assert torch.equal(first, second)


@torch.no_grad()
def check_state_and_configuration_come_back(case: NetworkCase) -> None:
    """Saved and loaded strictly into a fresh network, it computes the same to the bit."""
    network, inputs = random_network(case), example_inputs(case, 2)
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    file.seek(0)
    twin = case.build()
    assert asdict(twin.config) == asdict(network.config)  # type: ignore[arg-type]
    twin.load_state_dict(torch.load(file, weights_only=True))
    for ours, theirs in zip(_run(network, inputs), _run(twin.eval(), inputs), strict=True):
        assert torch.equal(ours, theirs)


@torch.no_grad()
def _runs_under_autocast(case: NetworkCase, dtype: torch.dtype) -> None:
    network, inputs = random_network(case), example_inputs(case, 2)
    exact = _run(network, inputs)
    with torch.autocast("cpu", dtype):
        rough = _run(network, inputs)
    for ours, theirs in zip(exact, rough, strict=True):
        assert (ours - theirs.float()).abs().mean() < 0.05 * ours.std() + 0.01


def check_trains_under_bfloat16_autocast(case: NetworkCase) -> None:
    """All gradients are finite."""
    network = random_network(case).train()
    with torch.autocast("cpu", torch.bfloat16):
        outputs = _run(network, example_inputs(case, 2))
    torch.stack([output.float().square().mean() for output in outputs]).sum().backward()
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    assert gradients and all(gradient.isfinite().all() for gradient in gradients)


@torch.no_grad()
def check_memory_format_changes_nothing(case: NetworkCase) -> None:
    """Weights and pictures in channels_last."""
    network, inputs = random_network(case), example_inputs(case, 2)
    plain = _run(network, inputs)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    last = _each(lambda x: x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x, inputs)
    for ours, theirs in zip(plain, _run(network, last), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def check_onnx_export_agrees(case: NetworkCase) -> None:
    """Exported and run by onnxruntime, to 1e-3 of the largest value."""
    network, inputs = random_network(case), example_inputs(case, 1)
    program = torch.onnx.export(network, inputs, dynamo=True, verbose=False)
    assert program is not None
    session = open_session(program.model_proto.SerializeToString())
    given = [x.numpy() for x in tensors_in(inputs)]
    feed = {node.name: value for node, value in zip(session.get_inputs(), given, strict=True)}
    for ours, theirs in zip(_run(network, inputs), session.run(None, feed), strict=True):
        np.testing.assert_allclose(np.asarray(theirs), ours.numpy(), atol=1e-3 * max(1.0, float(ours.abs().max())))


CHECKS = tuple(
    pytest.param(check, id=name, marks=pytest.mark.slow if check is check_onnx_export_agrees else ())
    for name, check in {
        "every_image_gets_an_answer": check_every_image_gets_an_answer,
        "gradients_reach_every_parameter": check_gradients_reach_every_parameter,
        "images_of_a_batch_do_not_mix": check_images_of_a_batch_do_not_mix,
        "is_deterministic": check_is_deterministic,
        "state_and_configuration_come_back": check_state_and_configuration_come_back,
        "runs_under_bfloat16_autocast": partial(_runs_under_autocast, dtype=torch.bfloat16),
        "runs_under_float16_autocast": partial(_runs_under_autocast, dtype=torch.float16),
        "trains_under_bfloat16_autocast": check_trains_under_bfloat16_autocast,
        "memory_format_changes_nothing": check_memory_format_changes_nothing,
        "onnx_export_agrees": check_onnx_export_agrees,
    }.items()
)
