"""Converted ArcFace, GHOST and RAFSwap networks against the published layers, plainly on the official names.

In double precision: deep random networks enlarge the rounding of single precision.
"""

import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from official_keys import narrowed, official_shapes, random_arrays, small_checkpoint
from torch import Tensor

from swapper.convert import place, read_official
from swapper.convert.checkpoints import read_checkpoint
from swapper.convert.systems import CHECKPOINTS
from swapper.models.arcface import IRSE, IResNet
from swapper.models.ghost import AEINet
from swapper.models.rafswap import RAFSwap

State = dict[str, Tensor]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_state(system: str, factor: int) -> State:
    arrays = random_arrays(narrowed(official_shapes(system), factor))
    return doubled({name: torch.from_numpy(values) for name, values in arrays.items()})


def doubled(state: State) -> State:
    return {name: value.double() if value.is_floating_point() else value for name, value in state.items()}


def conv(state: State, name: str, x: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
    return F.conv2d(x, state[f"{name}.weight"], state.get(f"{name}.bias"), stride, padding)


def linear(state: State, name: str, x: Tensor) -> Tensor:
    return F.linear(x, state[f"{name}.weight"], state.get(f"{name}.bias"))


def norm(state: State, name: str, x: Tensor) -> Tensor:
    values = (state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(x, *values)


def prelu(state: State, name: str, x: Tensor) -> Tensor:
    return F.prelu(x, state[f"{name}.weight"])


def assert_same(ours: Tensor, theirs: Tensor) -> None:
    assert theirs.std() > 1e-3
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6 * max(1.0, float(theirs.abs().max())))


def official_arcface(state: State, x: Tensor, squeeze: bool) -> tuple[Tensor, Tensor]:
    """Both of ArcFace's residual networks; embedding and last map."""

    def block(name: str, x: Tensor, stride: int) -> Tensor:
        first = 0 if squeeze else 1  # the number of its first BatchNorm
        y = norm(state, f"{name}.bn{first}", x)
        y = norm(state, f"{name}.bn{first + 1}", conv(state, f"{name}.conv1", y, padding=1))
        y = conv(state, f"{name}.conv2", prelu(state, f"{name}.prelu", y), stride, padding=1)
        y = norm(state, f"{name}.bn{first + 2}", y)
        if squeeze:
            gate = prelu(state, f"{name}.se.fc.1", linear(state, f"{name}.se.fc.0", y.mean((2, 3))))
            y = y * torch.sigmoid(linear(state, f"{name}.se.fc.2", gate))[:, :, None, None]
        if f"{name}.downsample.0.weight" in state:
            x = norm(state, f"{name}.downsample.1", conv(state, f"{name}.downsample.0", x, stride))
        return prelu(state, f"{name}.prelu", y + x) if squeeze else y + x

    x = prelu(state, "prelu", norm(state, "bn1", conv(state, "conv1", x, padding=0 if squeeze else 1)))
    x = F.max_pool2d(x, 2, 2) if squeeze else x
    for stage in range(1, 5):
        count = 0
        while f"layer{stage}.{count}.conv1.weight" in state:
            halved = count == 0 and not (squeeze and stage == 1)
            x = block(f"layer{stage}.{count}", x, 2 if halved else 1)
            count += 1
    x = norm(state, "bn2", x)
    return norm(state, "bn3" if squeeze else "features", linear(state, "fc", x.flatten(1))), x


@pytest.mark.parametrize(("system", "network_class"), [("arcface", IResNet), ("arcface-se", IRSE)])
def test_arcface(system: str, network_class: type, tmp_path: Path) -> None:
    path, _ = small_checkpoint(system, tmp_path)
    network = read_official(system, path).double()
    assert isinstance(network, network_class)
    faces = torch.rand(2, 3, 112, 112, generator=generator(), dtype=torch.float64)
    if system == "arcface":
        scaled = faces * 2 - 1
    else:
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        scaled = (faces - mean[:, None, None]) / std[:, None, None]
    embedding, feature_map = official_arcface(doubled(read_checkpoint(path)), scaled, system == "arcface-se")
    found = network(faces)
    assert_same(found.embedding / embedding.std(), embedding / embedding.std())  # random ones are huge
    assert_same(found.feature_map / feature_map.std(), feature_map / feature_map.std())


def official_ghost(state: State, target: Tensor, z: Tensor) -> Tensor:
    def double(x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)

    def aad(name: str, h: Tensor, attribute: Tensor) -> Tensor:
        centred = h - h.mean((2, 3), keepdim=True)
        h = centred / torch.sqrt(centred.square().mean((2, 3), keepdim=True) + 1e-5)
        a = conv(state, f"{name}.conv1", attribute) * h + conv(state, f"{name}.conv2", attribute)
        i = linear(state, f"{name}.fc1", z)[..., None, None] * h + linear(state, f"{name}.fc2", z)[..., None, None]
        mask = torch.sigmoid(conv(state, f"{name}.conv_h", h))
        return (1 - mask) * a + mask * i

    def block(name: str, h: Tensor, attribute: Tensor) -> Tensor:
        x = h
        for layer in (0, 3):
            x = F.relu(aad(f"{name}.add_blocks.{layer}", x, attribute))
            x = conv(state, f"{name}.add_blocks.{layer + 2}", x, padding=1)
        if f"{name}.last_add_block.0.conv1.weight" in state:
            h = F.relu(aad(f"{name}.last_add_block.0", h, attribute))
            h = conv(state, f"{name}.last_add_block.2", h, padding=1)
        return x + h

    maps, x = [], target
    for n in range(1, 8):
        x = F.leaky_relu(norm(state, f"encoder.conv{n}.1", conv(state, f"encoder.conv{n}.0", x, 2, 1)), 0.1)
        maps.append(x)
    attributes = [maps.pop()]
    for n in range(1, 7):
        x = F.conv_transpose2d(attributes[-1], state[f"encoder.deconv{n}.deconv.weight"], stride=2, padding=1)
        x = F.leaky_relu(norm(state, f"encoder.deconv{n}.bn", x), 0.1)
        attributes.append(torch.cat([x, maps.pop()], 1))
    attributes.append(double(attributes[-1]))
    start = F.conv_transpose2d(z[:, :, None, None], state["generator.up1.weight"], state["generator.up1.bias"])
    h = block("generator.AADBlk1", start, attributes[0])
    for n, attribute in enumerate(attributes[1:], start=2):
        h = block(f"generator.AADBlk{n}", double(h), attribute)
    return torch.tanh(h)


def test_ghost() -> None:
    state = random_state("ghost", 16)
    network = place(state, CHECKPOINTS["ghost"], "ghost").double().eval().requires_grad_(False)
    assert isinstance(network, AEINet)
    target = torch.rand(1, 3, 256, 256, generator=generator(), dtype=torch.float64)
    z = torch.randn(1, 32, generator=generator(1), dtype=torch.float64) * 3
    assert_same(network(target, z).face, official_ghost(state, target * 2 - 1, z) * 0.5 + 0.5)


def rafswap_trunk(state: State, x: Tensor) -> list[Tensor]:
    x = prelu(
        state,
        "encoder.input_layer.2",
        norm(state, "encoder.input_layer.1", conv(state, "encoder.input_layer.0", x, 1, 1)),
    )
    taps = []
    for n in range(24):
        name = f"encoder.body.{n}.res_layer"
        stride = 2 if n in (0, 3, 7, 21) else 1
        y = conv(state, f"{name}.1", norm(state, f"{name}.0", x), padding=1)
        y = norm(state, f"{name}.4", conv(state, f"{name}.3", prelu(state, f"{name}.2", y), stride, padding=1))
        gate = F.relu(conv(state, f"{name}.5.fc1", y.mean((2, 3), keepdim=True)))
        y = y * torch.sigmoid(conv(state, f"{name}.5.fc2", gate))
        shortcut = f"encoder.body.{n}.shortcut_layer"
        if f"{shortcut}.0.weight" in state:
            x = norm(state, f"{shortcut}.1", conv(state, f"{shortcut}.0", x, stride))
        else:
            x = x[:, :, ::stride, ::stride]
        x = x + y
        if n in (6, 20, 23):
            taps.append(x)
    return taps


def sized(mask: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(mask, size=like.shape[-2:])


def rafswap_tokens(state: State, sources: list[Tensor], masks: Tensor) -> Tensor:
    """After one layer of the transformer."""

    def layer_norm(name: str, x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"])

    tokens = []
    for n, x in enumerate(sources):
        regions = sized(masks, x)[0].bool()
        means = [x[0][:, region].mean(1) if region.any() else x.new_zeros(x.shape[1]) for region in regions]
        tokens.append(linear(state, f"encoder.token.{n}.fc.0", torch.stack(means)))
    t = torch.cat(tokens)
    heads = max(1, t.shape[1] // 64)
    qkv = linear(state, "encoder.trans.0.attn.qkv", layer_norm("encoder.trans.0.norm1", t))
    q, k, v = (part.view(len(t), heads, -1).transpose(0, 1) for part in qkv.chunk(3, dim=1))
    mixed = ((q @ k.transpose(1, 2)) / math.sqrt(q.shape[2])).softmax(2) @ v
    t = t + linear(state, "encoder.trans.0.attn.proj", mixed.transpose(0, 1).flatten(1))
    hidden = F.gelu(
        linear(state, "encoder.trans.0.mlp.fc1", layer_norm("encoder.trans.0.norm2", t)), approximate="tanh"
    )
    t = t + linear(state, "encoder.trans.0.mlp.fc2", hidden)
    return t


def official_rafswap_styles(state: State, target: Tensor, source: Tensor, masks: tuple[Tensor, Tensor]) -> Tensor:
    """W+ less its average, for one pair."""

    targets, sources = rafswap_trunk(state, target), rafswap_trunk(state, source)
    t = rafswap_tokens(state, sources, masks[1])
    maps = []
    for n, lateral in enumerate(("encoder.latlayer2", "encoder.latlayer1", None)):
        x = targets[n] if lateral is None else conv(state, lateral, targets[n])
        inside = (x * sized(masks[0], x).transpose(0, 1)).mean(0)  # over the four regions
        own = t[4 * n : 4 * n + 4]
        logits = (
            linear(state, f"encoder.proj.{n}.linear1", inside.flatten(1).T)
            @ linear(state, f"encoder.proj.{n}.linear2", own).T
        )
        weights = torch.where(logits == 0, 0, (logits / math.sqrt(len(inside))).softmax(1))
        injected = weights @ linear(state, f"encoder.proj.{n}.linear3", own)
        maps.append(x + injected.T.reshape(x.shape) + sources[2].mean((2, 3), keepdim=True))
    rows = []
    for row in range(18):
        x, layer = maps[2 if row < 3 else 1 if row < 7 else 0], 0
        while f"encoder.styles.{row}.convs.{layer}.weight" in state:
            x = F.leaky_relu(conv(state, f"encoder.styles.{row}.convs.{layer}", x, 2, 1), 0.01)
            layer += 2
        weight = state[f"encoder.styles.{row}.linear.weight"]
        rows.append(
            F.linear(x.flatten(1), weight / math.sqrt(weight.shape[1]), state[f"encoder.styles.{row}.linear.bias"])
        )
    return torch.stack(rows, 1)


def test_rafswap_encoder() -> None:
    """At 64 px, where the styles' convolutions reach one pixel before their last."""
    state = random_state("rafswap", 4)
    network = place(state, CHECKPOINTS["rafswap"], "rafswap").double().eval().requires_grad_(False)
    assert isinstance(network, RAFSwap)
    target, source = torch.rand(2, 1, 3, 64, 64, generator=generator(), dtype=torch.float64)
    masks = torch.zeros(2, 1, 4, 64, 64, dtype=torch.float64)
    for region in range(3):  # the fourth is hidden
        masks[:, :, region, 12 * region : 12 * region + 24, 10:50] = 1
    wanted = official_rafswap_styles(state, target * 2 - 1, source * 2 - 1, (masks[0], masks[1]))
    code = network.encode_sources(source, masks[1])
    styles, _ = network.encoder(network.encoder.trunk(target), masks[0], code)
    assert_same(styles, wanted)
