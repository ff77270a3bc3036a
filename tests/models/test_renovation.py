from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from network_checks import CHECKS, Check, NetworkCase, faces
from official_keys import narrowed, official_shapes, random_arrays
from torch import Generator, Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from swapper.convert.matching import fit, rename
from swapper.models.renovation import SPADE, LIPPooling, RenovationGenerator, RenovationGeneratorConfig

NARROW = RenovationGeneratorConfig(widths=(6, 8, 10, 12, 14, 16), hidden=8)
NARROW_LITE = replace(NARROW, kernel=1, norm="image", residual=True)
UNUSED = 39_657  # parameters of the official network that nothing depends on

# Normalisation takes away what these add.
BEFORE_INSTANCE_NORM = tuple(f"down.{level}.conv.bias" for level in range(5))
BLOCKS = ("head", "middle.0", "middle.1", "up.0", "up.1", "up.2", "up.3")
BEFORE_SPADE = tuple(f"{block}.conv_{i}.bias" for block in BLOCKS for i in (0, 1) if (block, i) != ("up.3", 1))
CASES = {
    "batch": NetworkCase(lambda: RenovationGenerator(NARROW), faces(64), BEFORE_INSTANCE_NORM),
    "lite": NetworkCase(lambda: RenovationGenerator(NARROW_LITE), faces(64), BEFORE_INSTANCE_NORM + BEFORE_SPADE),
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_promise_is_kept(case: NetworkCase, check: Check) -> None:
    check(case)


def pictures(batch: int, size: int = 64) -> Tensor:
    return torch.rand(batch, 3, size, size, generator=Generator().manual_seed(1))


def test_paper_count_is_the_official_one_less_what_is_unused() -> None:
    with torch.device("meta"):
        network = RenovationGenerator(RenovationGeneratorConfig.paper())
    assert sum(p.numel() for p in network.parameters()) == 72_223_660 - UNUSED


def test_lite_is_light() -> None:
    with torch.device("meta"):
        network = RenovationGenerator(RenovationGeneratorConfig.lite()).eval()
        picture = torch.rand(1, 3, 256, 256)
    with FlopCounterMode(display=False) as flops:
        network(picture)
    assert 1e6 < sum(p.numel() for p in network.parameters()) < 2e6
    assert flops.get_total_flops() / 2 < 1e9


def test_official_checkpoint_fits_without_a_remainder() -> None:
    shapes = official_shapes("renovation")
    with torch.device("meta"):
        network = RenovationGenerator(RenovationGeneratorConfig.paper())
        state = {name: torch.empty(shape) for name, shape in shapes.items()}
        tensors, unknown = rename(state, RenovationGenerator.OFFICIAL_KEYS, RenovationGenerator.OFFICIAL_IGNORED)
        fit(network, tensors, unknown, origin="renovation")
    left_out = [
        value for name, value in state.items() if name.startswith(("fc.", "to_rgbs.0", "to_rgbs.1", "to_rgbs.2"))
    ]
    assert len(tensors) == len(network.state_dict()) == len(shapes) - len(left_out)
    assert sum(value.numel() for value in left_out) == UNUSED


def reference(state: Mapping[str, Tensor], picture: Tensor) -> Tensor:
    """The fact sheet's words once more, plainly, under the official names."""

    def conv(x: Tensor, name: str, pad: int = 1) -> Tensor:
        weight = state.get(f"{name}.weight")
        if weight is None:
            weight = state[f"{name}.weight_orig"]
            weight = weight / (state[f"{name}.weight_u"] @ weight.flatten(1) @ state[f"{name}.weight_v"])
        return F.conv2d(x, weight, state.get(f"{name}.bias"), padding=pad)

    def instance(x: Tensor) -> Tensor:
        return (x - x.mean((2, 3), keepdim=True)) / (x.var((2, 3), unbiased=False, keepdim=True) + 1e-5).sqrt()

    def pool(x: Tensor, name: str) -> Tensor:
        scale, shift = (state[f"{name}.logit.1.{part}"][:, None, None] for part in ("weight", "bias"))
        weight = (12 * torch.sigmoid(instance(conv(x, f"{name}.logit.0")) * scale + shift)).exp()
        return F.avg_pool2d(x * weight, 3, 2, 1) / F.avg_pool2d(weight, 3, 2, 1)

    def spade(x: Tensor, name: str) -> Tensor:
        mean, var = (state[f"{name}.param_free_norm.running_{part}"][:, None, None] for part in ("mean", "var"))
        step = picture.shape[-1] // x.shape[-1]
        hidden = torch.relu(conv(picture[:, :, ::step, ::step], f"{name}.mlp_shared.0"))
        return (x - mean) / (var + 1e-5).sqrt() * conv(hidden, f"{name}.mlp_gamma") + conv(hidden, f"{name}.mlp_beta")

    def block(x: Tensor, name: str) -> Tensor:
        y = conv(F.leaky_relu(spade(x, f"{name}.norm_0"), 0.2), f"{name}.conv_0")
        y = conv(F.leaky_relu(spade(y, f"{name}.norm_1"), 0.2), f"{name}.conv_1")
        return y + (
            conv(spade(x, f"{name}.norm_s"), f"{name}.conv_s", 0) if f"{name}.conv_s.weight_orig" in state else x
        )

    def double(x: Tensor) -> Tensor:
        return x.repeat_interleave(2, 2).repeat_interleave(2, 3)

    x = instance(conv(picture, "lip_encoder.model.0"))
    for layer in range(3, 20, 4):
        x = instance(conv(pool(torch.relu(x), f"lip_encoder.model.{layer}"), f"lip_encoder.model.{layer + 1}"))
    x = block(block(double(block(x, "head_0")), "G_middle_0"), "G_middle_1")
    for level in range(4):
        x = block(double(x), f"ups.{level}")
    return torch.tanh(conv(F.leaky_relu(x, 0.2), "to_rgbs.3"))


@torch.no_grad()
def test_computes_what_the_official_network_computes() -> None:
    arrays = random_arrays(narrowed(official_shapes("renovation"), 16))
    state = {name: torch.from_numpy(value) for name, value in arrays.items()}
    for name, value in state.items():
        if name.endswith("_v"):  # the power iteration's vectors belong together
            weight = state[name.removesuffix("_v") + "_orig"].flatten(1)
            left, _, right = torch.linalg.svd(weight, full_matrices=False)
            value.resize_(weight.shape[1]).copy_(right[0])
            state[name.removesuffix("_v") + "_u"].copy_(left[:, 0])
    network = RenovationGenerator(RenovationGeneratorConfig(widths=(3, 6, 12, 24, 48, 48), hidden=8)).eval()
    fit(network, *rename(state, network.OFFICIAL_KEYS, network.OFFICIAL_IGNORED), origin="renovation")
    expected = reference(state, pictures(2))
    assert expected.std() > 0.05
    torch.testing.assert_close(network(pictures(2)), expected, atol=1e-4, rtol=0)


@torch.no_grad()
def test_statistics_of_a_picture_are_those_of_a_batch_of_one() -> None:
    torch.manual_seed(0)
    batch = RenovationGenerator(NARROW).eval()
    image = RenovationGenerator(replace(NARROW, norm="image")).eval()
    state = {name: value for name, value in batch.state_dict().items() if name in image.state_dict()}
    image.load_state_dict(state)
    for module in batch.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train()
    expected = torch.cat([batch(picture[None]) for picture in pictures(2)])
    torch.testing.assert_close(image(pictures(2)), expected, atol=1e-5, rtol=0)


@torch.no_grad()
def test_untrained_lite_network_changes_nothing() -> None:
    torch.manual_seed(0)
    assert torch.equal(RenovationGenerator(NARROW_LITE).eval()(pictures(2)), pictures(2))


@torch.no_grad()
def test_pooling_prefers_what_its_logits_prefer() -> None:
    pool = LIPPooling(1)
    conv, norm = pool.logit
    assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.GroupNorm)
    x = torch.zeros(1, 1, 8, 8)
    x[0, 0, 3, 3] = 1.0
    conv.weight.zero_()
    even = pool(x)  # without preference it is the mean, 9 pixels or fewer at the edge
    assert even.sum() == pytest.approx(4 / 9, abs=1e-4)
    conv.weight[0, 0, 1, 1] = 1.0
    preferred = pool(x)
    assert preferred[0, 0, 1:3, 1:3].min() > 0.95 and preferred.sum() == pytest.approx(4, abs=0.2)


@torch.no_grad()
def test_pooling_holds_in_half_precision() -> None:
    torch.manual_seed(0)
    pool = LIPPooling(8)
    for module in pool.logit:
        if isinstance(module, nn.InstanceNorm2d):
            nn.init.constant_(module.weight, 6.0)
    x = torch.randn(2, 8, 16, 16, generator=Generator().manual_seed(0))
    with torch.autocast("cpu", torch.float16):
        half = pool(x.half())
    assert half.dtype == torch.float16
    torch.testing.assert_close(half.float(), pool(x), atol=0.05, rtol=0.05)


@torch.no_grad()
def test_steering_has_no_hidden_one() -> None:
    torch.manual_seed(0)
    spade = SPADE(4, NARROW_LITE).eval()
    spade.gamma.weight.zero_()
    x, picture = torch.randn(1, 4, 8, 8), pictures(1, 16)
    hidden = torch.relu(spade.hidden(picture[:, :, ::2, ::2]))
    torch.testing.assert_close(spade(x, picture), spade.beta(hidden))


@pytest.mark.parametrize("side", [64, 96, 160])
@torch.no_grad()
def test_any_multiple_of_the_smallest_share_runs(side: int) -> None:
    torch.manual_seed(0)
    assert RenovationGenerator(NARROW).eval()(pictures(1, side)).shape == (1, 3, side, side)


def test_unknown_normalisation_is_refused() -> None:
    with pytest.raises(ValueError, match="batch, image"):
        RenovationGeneratorConfig(norm="layer")
