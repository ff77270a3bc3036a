import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from swapper.hub import read_config
from swapper.models.arcface import IdentityFeatures
from swapper.models.idn import (
    IdentityAwareDynamicNetwork,
    IdentityAwareDynamicNetworkConfig,
    LayerWeights,
    SeparableConv,
    separable_conv,
)
from swapper.models.mobilefaceswap import (
    IdentityInjectionNetwork,
    IdentityInjectionNetworkConfig,
    MobileFaceSwap,
    WeightModulation,
)

PRESETS = {"paper": IdentityInjectionNetworkConfig.paper(), "lite": IdentityInjectionNetworkConfig.lite()}


def make_network(config: IdentityInjectionNetworkConfig | None = None) -> MobileFaceSwap:
    """Random weights, with the normalisation statistics of random faces."""
    torch.manual_seed(0)
    network = MobileFaceSwap(config or IdentityInjectionNetworkConfig.lite())
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
        nn.init.normal_(norm.weight, 1, 0.2)
        nn.init.normal_(norm.bias, 0, 0.5)
    with torch.no_grad():
        network.train()(make_source(4, seed=3), make_faces(4, seed=4))
    return network.eval()


@pytest.fixture(scope="module")
def network() -> MobileFaceSwap:
    """Shared by the tests that leave it as it is."""
    return make_network().requires_grad_(False)


def make_source(batch: int, seed: int = 1) -> IdentityFeatures:
    generator = Generator().manual_seed(seed)
    return IdentityFeatures(
        torch.randn(batch, 512, generator=generator) * 5, torch.randn(batch, 512, 7, 7, generator=generator)
    )


def make_faces(batch: int, size: int = 64, seed: int = 2) -> Tensor:
    return torch.rand(batch, 3, size, size, generator=Generator().manual_seed(seed))


def one(source: IdentityFeatures, i: int) -> IdentityFeatures:
    return IdentityFeatures(source.embedding[i : i + 1], source.feature_map[i : i + 1])


def test_paper_counts_are_those_of_the_official_code() -> None:
    with torch.device("meta"):
        idn = IdentityAwareDynamicNetwork(IdentityAwareDynamicNetworkConfig.paper())
        iin = IdentityInjectionNetwork(IdentityInjectionNetworkConfig.paper())
    assert sum(m.weight.numel() for m in idn.modules() if isinstance(m, nn.Conv2d)) == 494_979
    assert sum(p.numel() for p in idn.parameters()) == 499_825
    assert sum(p.numel() for p in idn.mask.parameters()) == 84_209
    assert sum(p.numel() for p in iin.parameters()) == 20_614_912


@pytest.mark.parametrize("config", PRESETS.values(), ids=PRESETS.keys())
def test_injected_network_equals_the_batched_form(config: IdentityInjectionNetworkConfig) -> None:
    network, source, faces = make_network(config), make_source(3), make_faces(3)
    with torch.no_grad():
        batched = network(source, faces)
        singles = [network.inject(one(source, i))(faces[i : i + 1]) for i in range(3)]

    assert batched.face.std() > 0.05 and batched.mask.std() > 0.01
    torch.testing.assert_close(torch.cat([s.face for s in singles]), batched.face, atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.cat([s.mask for s in singles]), batched.mask, atol=1e-5, rtol=0)


def test_another_person_gives_another_face_but_the_mask_branch_is_shared(network: MobileFaceSwap) -> None:
    source, faces = make_source(2), make_faces(1)
    first, second = (network.inject(one(source, i)) for i in range(2))
    assert (first(faces).face - second(faces).face).abs().max() > 1e-3
    for ours, theirs in zip(first.mask.parameters(), network.mask.parameters(), strict=True):
        assert torch.equal(ours, theirs) and ours.data_ptr() != theirs.data_ptr()


@pytest.mark.parametrize(("kernel", "stride"), [(4, 2), (3, 1)])
def test_separable_conv_has_the_values_and_gradients_of_plain_convolutions(kernel: int, stride: int) -> None:
    generator = Generator().manual_seed(0)
    x = torch.randn(3, 5, 12, 12, generator=generator, requires_grad=True)
    depthwise = torch.randn(3, 5, kernel, kernel, generator=generator, requires_grad=True)
    pointwise = torch.randn(3, 7, 5, generator=generator, requires_grad=True)
    side = 12 // stride
    towards = torch.randn(3, 7, side, side, generator=generator)

    fast = separable_conv(x, LayerWeights(depthwise, pointwise), stride)
    plain = []
    for i in range(3):
        y = F.conv2d(x[i : i + 1], depthwise[i, :, None], stride=stride, padding=1, groups=5)
        plain.append(F.leaky_relu(F.conv2d(y, pointwise[i, :, :, None, None]), 0.1))
    slow = torch.cat(plain)

    torch.testing.assert_close(fast, slow, atol=1e-5, rtol=1e-5)
    inputs = (x, depthwise, pointwise)
    for ours, theirs in zip(
        torch.autograd.grad(fast, inputs, towards), torch.autograd.grad(slow, inputs, towards), strict=True
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_modulation_follows_the_formula() -> None:
    layer = WeightModulation(embedding=8, channels=3, out=4)
    z = F.normalize(torch.randn(2, 8, generator=Generator().manual_seed(0)))
    with torch.no_grad():
        weight = layer(z)
        for b in range(2):
            s = layer.style.weight @ z[b] + layer.style.bias
            for o in range(4):
                scaled = layer.weight[o] * (1 + s)
                torch.testing.assert_close(weight[b, o], scaled / (scaled**2).sum().sqrt(), atol=1e-6, rtol=1e-5)


def test_training_reaches_every_parameter() -> None:
    network = make_network().train()
    swapped = network(make_source(3), make_faces(3))
    ((swapped.face * make_faces(3, seed=3)).sum() + (swapped.mask * make_faces(3, seed=4)[:, :1]).sum()).backward()
    missing = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    # A bias before a BatchNorm in training has no effect on the output.
    assert all(name.endswith("bias") for name in missing), missing
    assert all(p.grad is not None for p in network.parameters())


def test_mask_does_not_train_the_encoder() -> None:
    network = make_network()
    network(make_source(2), make_faces(2)).mask.sum().backward()
    assert all(p.grad is None for p in network.iin.parameters())
    assert all(p.grad is not None for p in network.mask.parameters())


def test_face_is_the_target_where_the_mask_is_zero() -> None:
    network, faces = make_network(), make_faces(2)
    last = network.mask[-2]
    assert isinstance(last, nn.Conv2d) and last.bias is not None
    nn.init.zeros_(last.weight)
    nn.init.constant_(last.bias, -200.0)
    assert torch.equal(network(make_source(2), faces).face, faces)


def test_persons_of_a_batch_do_not_mix(network: MobileFaceSwap) -> None:
    source, faces = make_source(3), make_faces(3)
    together, alone = network(source, faces), network(one(source, 1), faces[1:2])
    torch.testing.assert_close(together.face[1:2], alone.face, atol=1e-5, rtol=0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_runs_under_autocast(network: MobileFaceSwap, dtype: torch.dtype) -> None:
    source, faces = make_source(2), make_faces(2)
    exact = network(source, faces).face
    with torch.autocast("cpu", dtype):
        rough = network(source, faces).face.float()
    assert (rough - exact).abs().mean() < 0.01


def test_trains_under_bfloat16_autocast() -> None:
    network = make_network().train()
    with torch.autocast("cpu", torch.bfloat16):
        swapped = network(make_source(2), make_faces(2))
    swapped.face.float().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.iin.parameters())


def test_memory_format_changes_nothing(network: MobileFaceSwap) -> None:
    personal, faces = network.inject(make_source(1)), make_faces(2)
    plain = personal(faces)
    personal.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    last = personal(faces.to(memory_format=torch.channels_last))
    torch.testing.assert_close(last.face, plain.face, atol=1e-5, rtol=0)


@pytest.mark.slow  # torch.compile
def test_personal_network_compiles_in_one_graph() -> None:
    """In a fresh process: the compiler cannot trace through the shape checks of the test run."""
    program = """
import torch
from swapper.models.idn import IdentityAwareDynamicNetwork, IdentityAwareDynamicNetworkConfig
torch.manual_seed(0)
network = IdentityAwareDynamicNetwork(IdentityAwareDynamicNetworkConfig.paper()).eval()
faces = torch.rand(2, 3, 64, 64)
compiled = torch.compile(network, backend="eager", fullgraph=True)
torch.testing.assert_close(compiled(faces).face, network(faces).face, atol=1e-5, rtol=0)
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])


def test_is_deterministic(network: MobileFaceSwap) -> None:
    source, faces = make_source(2), make_faces(2)
    assert torch.equal(network(source, faces).face, network(source, faces).face)
    before = torch.random.get_rng_state()
    network.inject(one(source, 0))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_state_and_config_come_back_from_json(network: MobileFaceSwap) -> None:
    config = read_config(IdentityInjectionNetworkConfig, json.loads(json.dumps(asdict(network.config))))
    assert config == network.config
    again = MobileFaceSwap(config).eval()
    again.load_state_dict(network.state_dict())
    assert torch.equal(again(make_source(1), make_faces(1)).face, network(make_source(1), make_faces(1)).face)


def test_layer_counts_that_disagree_are_refused() -> None:
    with pytest.raises(ValueError, match="one width"):
        IdentityInjectionNetworkConfig(encoder=(64, 64))
    with pytest.raises(ValueError, match="as many layers"):
        IdentityAwareDynamicNetworkConfig(mask=(8, 2))


def test_injection_takes_one_person(network: MobileFaceSwap) -> None:
    layer = SeparableConv(3, 4, 3, 1)
    weights = LayerWeights(torch.ones(1, 3, 3, 3), torch.ones(1, 4, 3))
    layer.inject(weights)
    assert torch.equal(layer.depthwise.weight, torch.ones(3, 1, 3, 3))
    with pytest.raises(ValueError, match="one person"):
        network.inject(make_source(2))
