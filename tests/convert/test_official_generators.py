"""Converted StyleGAN2 and NCSN++ networks against the published layers, written down plainly on the official names."""

import math

import torch
import torch.nn.functional as F
from official_keys import narrowed, official_shapes, random_arrays
from torch import Tensor, nn

from swapper.convert import place
from swapper.convert.systems import CHECKPOINTS
from swapper.models.smoothswap import NCSNppGenerator
from swapper.models.stylegan2 import StyleGAN2Generator

State = dict[str, Tensor]


def official_state(system: str, factor: int, left_out: tuple[str, ...] = ()) -> State:
    """Random tensors; those of equalised layers have unit variance."""
    shapes = {name: s for name, s in narrowed(official_shapes(system), factor).items() if not name.startswith(left_out)}
    state = {name: torch.from_numpy(values) for name, values in random_arrays(shapes).items()}
    if system.startswith("stylegan2"):
        for value in state.values():
            if value.dim() > 1 and value.std() > 0:
                value /= value.std()
    return state


def converted(system: str, state: State) -> nn.Module:
    return place(state, CHECKPOINTS[system], system).eval().requires_grad_(False)


def assert_same(ours: Tensor, theirs: Tensor) -> None:
    assert theirs.std() > 1e-3
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5 * max(1.0, float(theirs.abs().max())))


def upfirdn(x: Tensor, pad: tuple[int, int], up: int = 1, down: int = 1, gain: float = 1.0) -> Tensor:
    """Insert zeros, pad, filter with [1, 3, 3, 1], take every n-th pixel."""
    wide = x.new_zeros(*x.shape[:2], x.shape[2] * up, x.shape[3] * up)
    wide[:, :, ::up, ::up] = x
    row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    kernel = (row[:, None] * row * gain)[None, None]
    padded = F.pad(wide, (*pad, *pad))
    return torch.cat([F.conv2d(channel[None, None], kernel) for channel in padded.flatten(0, 1)]).view(
        *x.shape[:2], padded.shape[2] - 3, padded.shape[3] - 3
    )[:, :, ::down, ::down]


def leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


def equal(state: State, name: str, x: Tensor, rate: float = 1.0) -> Tensor:
    weight = state[f"{name}.weight"]
    return F.linear(x, weight * rate / math.sqrt(weight.shape[1]), state[f"{name}.bias"] * rate)


def modulated(state: State, name: str, x: Tensor, style: Tensor, demodulate: bool = True, up: bool = False) -> Tensor:
    """Every image has its own weights."""
    base = state[f"{name}.weight"][0]
    factors = equal(state, f"{name}.modulation", style)
    outputs = []
    for image, factor in zip(x.split(1), factors, strict=True):
        weight = base / math.sqrt(base[0].numel()) * factor[None, :, None, None]
        if demodulate:
            weight = weight * torch.rsqrt(weight.square().sum((1, 2, 3), keepdim=True) + 1e-8)
        if up:
            grown = F.conv_transpose2d(image, weight.transpose(0, 1), stride=2)
            outputs.append(upfirdn(grown, (1, 1), gain=4.0))
        else:
            outputs.append(F.conv2d(image, weight, padding=weight.shape[-1] // 2))
    return torch.cat(outputs)


def official_stylegan2(state: State, z: Tensor) -> Tensor:
    def styled(name: str, x: Tensor, style: Tensor, noise: int, up: bool = False) -> Tensor:
        x = modulated(state, f"{name}.conv", x, style, up=up)
        x = x + state[f"{name}.noise.weight"] * state[f"noises.noise_{noise}"]
        return leaky(x + state[f"{name}.activate.bias"][None, :, None, None])

    def to_rgb(name: str, x: Tensor, style: Tensor) -> Tensor:
        return modulated(state, f"{name}.conv", x, style, demodulate=False) + state[f"{name}.bias"]

    w = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
    for layer in range(1, 9):
        w = leaky(equal(state, f"style.{layer}", w, rate=0.01))
    x = styled("conv1", state["input.input"].repeat(len(z), 1, 1, 1), w, 0)
    rgb = to_rgb("to_rgb1", x, w)
    for level in range(sum(name.startswith("to_rgbs.") and name.endswith("conv.weight") for name in state)):
        x = styled(f"convs.{2 * level}", x, w, 2 * level + 1, up=True)
        x = styled(f"convs.{2 * level + 1}", x, w, 2 * level + 2)
        rgb = to_rgb(f"to_rgbs.{level}", x, w) + upfirdn(rgb, (2, 1), up=2, gain=4.0)
    return rgb


def test_stylegan2_generator() -> None:
    beyond = tuple(
        prefix
        for n in range(6, 17)
        for prefix in (f"convs.{n}.", f"to_rgbs.{n // 2}.", *((f"noises.noise_{n}",) if n > 6 else ()))
    )
    state = official_state("stylegan2", 16, beyond)
    network = converted("stylegan2", state)
    assert isinstance(network, StyleGAN2Generator) and network.config.size == 32
    z = torch.randn(2, 32, generator=torch.Generator().manual_seed(0))
    assert_same(network(z), official_stylegan2(state, z) * 0.5 + 0.5)


def official_stylegan2_discriminator(state: State, x: Tensor) -> Tensor:
    def conv(name: str, x: Tensor, stride: int = 1) -> Tensor:
        weight = state[f"{name}.weight"]
        padding = weight.shape[-1] // 2 if stride == 1 else 0
        return F.conv2d(x, weight / math.sqrt(weight[0].numel()), stride=stride, padding=padding)

    def activated(name: str, x: Tensor) -> Tensor:
        return leaky(x + state[f"{name}.bias"][None, :, None, None])

    x = activated("convs.0.1", conv("convs.0.0", x))
    for block in range(1, 7):
        y = activated(f"convs.{block}.conv1.1", conv(f"convs.{block}.conv1.0", x))
        y = conv(f"convs.{block}.conv2.1", upfirdn(y, (2, 2)), stride=2)
        y = activated(f"convs.{block}.conv2.2", y)
        x = (y + conv(f"convs.{block}.skip.1", upfirdn(x, (1, 1)), stride=2)) / math.sqrt(2)
    groups = x.view(min(len(x), 4), -1, *x.shape[1:])
    deviation = (groups.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
    x = torch.cat([x, deviation.repeat(len(groups))[:, None, None, None].expand(-1, 1, 4, 4)], 1)
    x = activated("final_conv.1", conv("final_conv.0", x))
    x = leaky(equal(state, "final_linear.0", x.flatten(1)))
    return equal(state, "final_linear.1", x)


def test_stylegan2_discriminator() -> None:
    state = official_state("stylegan2-discriminator", 32)
    network = converted("stylegan2-discriminator", state)
    faces = torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    assert_same(network(faces), official_stylegan2_discriminator(state, faces * 2 - 1))


class OfficialNCSNpp:
    """Goes through score_sde's list of modules in its order."""

    def __init__(self, state: State) -> None:
        self.state, self.index = state, 3

    def norm(self, name: str, x: Tensor) -> Tensor:
        weight, bias = (self.state[f"all_modules.{name}.{part}"] for part in ("weight", "bias"))
        return F.silu(self.plain_norm(x, weight, bias))

    def plain_norm(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return F.group_norm(x, min(x.shape[1] // 4, 32), weight, bias, eps=1e-6)

    def conv(self, name: str, x: Tensor) -> Tensor:
        weight, bias = (self.state[f"all_modules.{name}.{part}"] for part in ("weight", "bias"))
        return F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2)

    def block(self, x: Tensor, z: Tensor, up: int = 1, down: int = 1) -> Tensor:
        n, self.index = self.index, self.index + 1
        y = self.norm(f"{n}.GroupNorm_0", x)
        if up > 1 or down > 1:
            pad = (2, 1) if up > 1 else (1, 1)
            x, y = (upfirdn(part, pad, up, down, gain=up**2) for part in (x, y))
        y = self.conv(f"{n}.Conv_0", y)
        dense = (self.state[f"all_modules.{n}.Dense_0.{part}"] for part in ("weight", "bias"))
        y = y + F.linear(F.silu(z), *dense)[:, :, None, None]
        y = self.conv(f"{n}.Conv_1", self.norm(f"{n}.GroupNorm_1", y))
        if f"all_modules.{n}.Conv_2.weight" in self.state:
            x = self.conv(f"{n}.Conv_2", x)
        return (x + y) / math.sqrt(2)

    def attention(self, x: Tensor) -> Tensor:
        """Nothing where the list has none at this place."""
        n = self.index
        if f"all_modules.{n}.NIN_0.W" not in self.state:
            return x
        self.index += 1
        weight, bias = (self.state[f"all_modules.{n}.GroupNorm_0.{part}"] for part in ("weight", "bias"))
        tokens = self.plain_norm(x, weight, bias).flatten(2).transpose(1, 2)

        def linear(i: int, y: Tensor) -> Tensor:
            return y @ self.state[f"all_modules.{n}.NIN_{i}.W"] + self.state[f"all_modules.{n}.NIN_{i}.b"]

        scores = linear(0, tokens) @ linear(1, tokens).transpose(1, 2) / math.sqrt(tokens.shape[2])
        y = linear(3, scores.softmax(2) @ linear(2, tokens))
        return (x + y.transpose(1, 2).reshape(x.shape)) / math.sqrt(2)

    def layer(self, x: Tensor, part: str = "") -> Tensor:
        self.index += 1
        return self.conv(f"{self.index - 1}{part}", x)

    def __call__(self, picture: Tensor, z: Tensor) -> Tensor:
        maps = [self.layer(picture)]
        for level in range(7):
            for _ in range(2):
                maps.append(self.attention(self.block(maps[-1], z)))
            if level < 6:
                x = self.block(maps[-1], z, down=2)
                picture = upfirdn(picture, (1, 1), down=2)
                maps.append(x + self.layer(picture, ".Conv_0"))
        x = self.block(self.attention(self.block(maps[-1], z)), z)
        rgb = None
        for level in reversed(range(7)):
            for _ in range(3):
                x = self.block(torch.cat([x, maps.pop()], 1), z)
            x = self.attention(x)
            self.index += 1
            change = self.layer(self.norm(f"{self.index - 1}", x))
            rgb = change if rgb is None else upfirdn(rgb, (2, 1), up=2, gain=4.0) + change
            if level:
                x = self.block(x, z, up=2)
        assert rgb is not None and not maps
        return rgb


def test_ncsnpp_generator() -> None:
    state = official_state("smoothswap", 8)
    network = converted("smoothswap", state)
    assert isinstance(network, NCSNppGenerator)
    generator = torch.Generator().manual_seed(0)
    targets, identity = torch.rand(1, 3, 64, 64, generator=generator), torch.randn(1, 64, generator=generator)
    official = OfficialNCSNpp(state)
    wanted = targets + 0.5 * official(targets * 2 - 1, identity)
    assert official.index == 1 + max(int(name.split(".")[1]) for name in state if name.startswith("all_modules."))
    assert_same(network(targets, identity), wanted)
