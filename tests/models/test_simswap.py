from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from network_checks import CHECKS, Check, Inputs, NetworkCase, faces
from official_keys import narrowed, official_shapes, random_arrays
from torch import Generator, Tensor

from swapper.convert.matching import fit, rename
from swapper.models.efficientnet import EfficientNetLiteTrunk, EfficientNetLiteTrunkConfig, SameConv2d
from swapper.models.projected_discriminator import ProjectedDiscriminator, ProjectedDiscriminatorConfig
from swapper.models.simswap import (
    SimSwapDiscriminator,
    SimSwapDiscriminatorConfig,
    SimSwapGenerator,
    SimSwapGeneratorConfig,
)

NARROW = SimSwapGeneratorConfig(widths=(8, 12, 16), blocks=2, identity=24, size=32)
NARROW_OUTER = replace(NARROW, outer=6, normalised=True)
NARROW_TRUNK = EfficientNetLiteTrunkConfig(stem=8, widths=(4, 6, 8, 12, 16, 20, 24), depths=(1, 1, 1, 1, 1, 2, 1))
NARROW_PROJECTED = ProjectedDiscriminatorConfig(NARROW_TRUNK, (4, 8, 12, 16), ((8, 8), (8,), (8,), (8,)))


def face_and_identity(batch: int, generator: Generator) -> Inputs:
    return torch.rand(batch, 3, 32, 32, generator=generator), F.normalize(torch.randn(batch, 24, generator=generator))


# Normalisation takes away what these add.
DEAD_BIASES = tuple(f"blocks.{block}.conv{conv}.bias" for block in range(2) for conv in (1, 2))
CASES = {
    "generator": NetworkCase(lambda: SimSwapGenerator(NARROW), face_and_identity, DEAD_BIASES),
    "generator-512": NetworkCase(lambda: SimSwapGenerator(NARROW_OUTER), face_and_identity, DEAD_BIASES),
    "discriminator": NetworkCase(
        lambda: SimSwapDiscriminator(SimSwapDiscriminatorConfig(widths=(4, 8, 12, 16, 16))), faces(96)
    ),
    "projected": NetworkCase(lambda: ProjectedDiscriminator(NARROW_PROJECTED), faces(128), ("projector.",)),
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_promise_is_kept(case: NetworkCase, check: Check) -> None:
    check(case)


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        (SimSwapGeneratorConfig.paper(), 55_051_779),
        (SimSwapGeneratorConfig.paper_512(), 55_079_427),
        (SimSwapGeneratorConfig.paper_deep(), 59_773_443),
    ],
    ids=["224", "512", "deep"],
)
def test_paper_counts_are_those_of_the_official_code(config: SimSwapGeneratorConfig, parameters: int) -> None:
    with torch.device("meta"):
        network = SimSwapGenerator(config)
    assert sum(p.numel() for p in network.parameters()) == parameters
    identity_only = sum(p.numel() for name, p in network.named_parameters() if ".adain" in name)
    assert identity_only == 9_455_616  # MobileFaceSwap's table counts the generator without these: 45.6 M


def test_each_discriminator_of_the_pair_has_the_published_size() -> None:
    with torch.device("meta"):
        pair = SimSwapDiscriminator(SimSwapDiscriminatorConfig.paper())
    assert [sum(p.numel() for p in one.parameters()) for one in pair.scales] == [6_962_369] * 2


def reference(state: Mapping[str, Tensor], faces: Tensor, identity: Tensor) -> Tensor:
    """The fact sheet's words once more, plainly, under the official names."""

    def norm(x: Tensor, name: str) -> Tensor:
        mean, var, scale, shift = (
            state[f"{name}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return torch.relu((x - mean) / (var + 1e-5).sqrt() * scale + shift)

    def conv(x: Tensor, name: str, pad: int, stride: int = 1) -> Tensor:
        x = F.pad(x, (pad,) * 4, mode="reflect") if pad else x
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], stride, padding=0 if pad else 1)

    def inject(x: Tensor, name: str) -> Tensor:
        x = x - x.mean((2, 3), keepdim=True)
        x = x * torch.rsqrt(x.square().mean((2, 3), keepdim=True) + 1e-8)
        style = identity @ state[f"{name}.linear.weight"].T + state[f"{name}.linear.bias"]
        gamma, beta = style[:, : x.shape[1], None, None], style[:, x.shape[1] :, None, None]
        return x * (1 + gamma) + beta

    x = norm(conv(faces, "first_layer.1", 3), "first_layer.2")
    for level in (1, 2, 3):
        x = norm(conv(x, f"down{level}.0", 0, 2), f"down{level}.1")
    for block in range(9):
        y = torch.relu(inject(conv(x, f"BottleNeck.{block}.conv1.1", 1), f"BottleNeck.{block}.style1"))
        x = x + inject(conv(y, f"BottleNeck.{block}.conv2.1", 1), f"BottleNeck.{block}.style2")
    for level in (3, 2, 1):
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        x = norm(conv(x, f"up{level}.1", 0), f"up{level}.2")
    return (torch.tanh(conv(x, "last_layer.1", 3)) + 1) / 2


@torch.no_grad()
def test_computes_what_the_official_network_computes() -> None:
    arrays = random_arrays(narrowed(official_shapes("simswap"), 16))
    state = {name: torch.from_numpy(value) for name, value in arrays.items()}
    network = SimSwapGenerator(SimSwapGeneratorConfig(widths=(4, 8, 16, 32), identity=32)).eval()
    fit(network, *rename(state, SimSwapGenerator.OFFICIAL_KEYS), origin="simswap")
    generator = Generator().manual_seed(0)
    picture = torch.rand(2, 3, 64, 64, generator=generator)
    identity = F.normalize(torch.randn(2, 32, generator=generator))
    expected = reference(state, picture, identity)
    assert expected.std() > 0.05
    torch.testing.assert_close(network(picture, identity), expected, atol=1e-4, rtol=0)


@torch.no_grad()
def test_normalised_colours_are_those_of_imagenet() -> None:
    network = SimSwapGenerator(NARROW_OUTER).eval()
    network.to_rgb.weight.zero_()
    assert network.to_rgb.bias is not None
    network.to_rgb.bias.copy_(torch.tensor([0.0, 1.0, -1.0]))
    drawn = network(*face_and_identity(1, Generator().manual_seed(0)))[0, :, 0, 0]
    torch.testing.assert_close(drawn, torch.tensor([0.485, 0.456 + 0.224, 0.406 - 0.225]))


@torch.no_grad()
def test_identity_decides_and_travels_on_its_own() -> None:
    torch.manual_seed(0)
    network = SimSwapGenerator(NARROW).eval()
    picture, identity = face_and_identity(2, Generator().manual_seed(0))
    ours = network(picture[:1].expand(2, -1, -1, -1), identity)
    assert (ours[0] - ours[1]).abs().max() > 1e-3
    torch.testing.assert_close(ours[1:], network(picture[:1], identity[1:]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("side", [48, 64, 96])
@torch.no_grad()
def test_any_multiple_of_the_smallest_share_runs(side: int) -> None:
    drawn = SimSwapGenerator(NARROW).eval()(torch.rand(1, 3, side, side), torch.randn(1, 24))
    assert drawn.shape == (1, 3, side, side)


def test_patch_features_go_from_shallow_to_deep() -> None:
    network = SimSwapDiscriminator(SimSwapDiscriminatorConfig(widths=(4, 8, 12, 16, 16)))
    images = torch.rand(2, 3, 224, 224, generator=Generator().manual_seed(0), requires_grad=True)
    full, half = network(images)
    assert [f.shape[1] for f in full.features] == [4, 8, 12, 16, 16]
    assert [f.shape[-1] for f in full.features] == [112, 56, 28, 14, 13]
    assert full.score.shape == (2, 1, 12, 12) and half.score.shape == (2, 1, 5, 5)
    (gradient,) = torch.autograd.grad(full.features[-1].sum() + half.features[-1].abs().sum(), images)
    assert gradient.abs().sum() > 0


def test_feature_network_has_the_size_of_the_published_one() -> None:
    with torch.device("meta"):
        trunk = EfficientNetLiteTrunk(EfficientNetLiteTrunkConfig.lite0())
    head = 320 * 1280 + 2 * 1280 + 1280 * 1000 + 1000  # last convolution with its normalisation, classifier
    assert sum(p.numel() for p in trunk.parameters()) == 4_652_008 - head
    assert trunk.channels == (24, 40, 112, 320)
    names = trunk.state_dict()
    assert {"conv_stem.weight", "bn1.weight", "blocks.0.0.conv_dw.weight", "blocks.6.0.conv_pwl.weight"} <= set(names)


@torch.no_grad()
def test_padding_puts_the_odd_pixel_last() -> None:
    conv = SameConv2d(1, 1, 3, 2)
    conv.weight.fill_(1.0)
    picture = torch.arange(16.0).view(1, 1, 4, 4)
    expected = torch.tensor([[45.0, 39.0], [66.0, 50.0]])
    torch.testing.assert_close(conv(picture)[0, 0], expected)
    assert conv(torch.rand(1, 1, 7, 9)).shape == (1, 1, 4, 5)


def test_training_leaves_the_projector_as_it_was() -> None:
    torch.manual_seed(0)
    network = ProjectedDiscriminator(NARROW_PROJECTED).train()
    before = {name: value.clone() for name, value in network.projector.state_dict().items()}
    images = torch.rand(2, 3, 128, 128, generator=Generator().manual_seed(0), requires_grad=True)
    outputs = network(images)
    torch.stack([output.score.mean() for output in outputs]).sum().backward()
    assert images.grad is not None and images.grad.abs().sum() > 0
    assert all(torch.equal(value, before[name]) for name, value in network.projector.state_dict().items())
    assert all(p.grad is None for p in network.projector.parameters())
    assert all(p.grad is not None for p in network.heads.parameters())


@torch.no_grad()
def test_projected_features_are_the_frozen_network_s() -> None:
    torch.manual_seed(0)
    network = ProjectedDiscriminator(NARROW_PROJECTED).eval()
    images = torch.rand(1, 3, 224, 224, generator=Generator().manual_seed(0))
    measured = network.measure(images)
    assert [m.shape[1:] for m in measured] == [(6, 56, 56), (8, 28, 28), (16, 14, 14), (24, 7, 7)]
    for output, expected in zip(network(images), measured, strict=True):
        assert len(output.features) == 1 and torch.equal(output.features[0], expected)


def test_paper_heads_all_score_the_same_grid() -> None:
    with torch.device("meta"):
        network = ProjectedDiscriminator(ProjectedDiscriminatorConfig.paper())
        outputs = network(torch.rand(2, 3, 224, 224))
    assert [output.score.shape for output in outputs] == [(2, 1, 4, 4)] * 4
    assert sum(p.numel() for p in network.parameters() if p.requires_grad) == 10_331_328


def test_heads_without_a_map_are_refused() -> None:
    with pytest.raises(ValueError, match="as many heads"):
        ProjectedDiscriminatorConfig(heads=((512,),))
