"""Checkpoints whose tensors tell which variant of the network they belong to."""

import pytest
import torch
from official_keys import Shapes, official_shapes
from torch import Tensor

from swapper.convert import place
from swapper.convert.matching import rename
from swapper.convert.systems import CHECKPOINTS
from swapper.models.ghost import AEINet, AEINetConfig
from swapper.models.simswap import SimSwapGeneratorConfig


def ghost_shapes(blocks: int) -> Shapes:
    """AEI-Net with one or three AAD layers on each main path, from the published one with two."""
    shapes: Shapes = {}
    for name, shape in official_shapes("ghost").items():
        head, _, tail = name.partition(".add_blocks.")
        layer = tail.partition(".")[0]
        rest = tail.removeprefix(layer)
        if layer in ("3", "5"):  # the last pair; the pairs before it keep the channels
            shapes[f"{head}.add_blocks.{int(layer) + 3 * (blocks - 2)}{rest}"] = shape
        elif layer == "" or blocks > 1:
            shapes[name] = shape
            if layer and blocks == 3:
                shapes[f"{head}.add_blocks.{int(layer) + 3}{rest}"] = shape
    return shapes


@pytest.mark.parametrize(("blocks", "parameters"), [(1, 128_469_133), (2, 184_343_381), (3, 240_217_629)])
def test_ghost_of_every_depth(blocks: int, parameters: int) -> None:
    official = CHECKPOINTS["ghost"]
    state = {name: torch.empty(shape, device="meta") for name, shape in ghost_shapes(blocks).items()}
    with torch.device("meta"):
        network = place(state, official, "ghost")
    assert isinstance(network, AEINet)
    assert network.config.blocks == blocks
    assert sum(p.numel() for p in network.parameters()) == parameters


@pytest.mark.parametrize("encoder", ["unet", "linknet", "resnet"])
def test_ghost_with_every_encoder(encoder: str) -> None:
    config = {
        "unet": AEINetConfig.paper(),
        "linknet": AEINetConfig.paper_linknet(),
        "resnet": AEINetConfig.paper_resnet(),
    }[encoder]
    with torch.device("meta"):
        state = official_ghost_names(AEINet(config))
        assert place(state, CHECKPOINTS["ghost"], "ghost").config == config


def official_ghost_names(network: AEINet) -> dict[str, Tensor]:
    """A network's own tensors under the official names, which for the encoder are written down here once more."""
    published = official_shapes("ghost")
    names: dict[str, str] = {}
    for name in published:
        if name.startswith("generator."):
            (ours,) = rename({name: torch.empty(0)}, CHECKPOINTS["ghost"].keys)[0]
            names[ours] = name
    for name in network.encoder.state_dict():
        head, number, rest = name.split(".", 2)
        if head == "down":
            official = f"conv{int(number) + 1}.{rest}"
        elif head == "up":
            layer, part = rest.split(".", 1)
            official = f"deconv{int(number) + 1}.{('deconv', 'bn')[int(layer)]}.{part}"
        elif head == "stem":
            layer, part = rest.split(".", 1)
            official = f"{('conv', 'bn')[int(layer)]}{number}.{part}"
        else:
            official = f"layer{int(number) + 1}.{rest}"
        names[f"encoder.{name}"] = f"encoder.{official}"
    return {names[name]: value for name, value in network.state_dict().items()}


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        (SimSwapGeneratorConfig.paper(), 55_051_779),
        (SimSwapGeneratorConfig.paper_512(), 55_079_427),
        (SimSwapGeneratorConfig.paper_deep(), 59_773_443),
    ],
)
def test_simswap_of_every_size(config: SimSwapGeneratorConfig, parameters: int) -> None:
    """The tensors of a level have the names of its number; the others are those of the published list."""
    shapes = {
        name: (config.outer or 64, *shape[1:]) if name.startswith("first_layer") and shape else shape
        for name, shape in official_shapes("simswap").items()
    }
    if config.outer:
        shapes["last_layer.1.weight"] = (3, 32, 7, 7)
    for number, (outside, inside) in config.levels.items():
        for head, layer, (i, o) in (("down", 0, (outside, inside)), ("up", 1, (inside, outside))):
            shapes[f"{head}{number}.{layer}.weight"] = (o, i, 3, 3)
            shapes[f"{head}{number}.{layer}.bias"] = (o,)
            shapes[f"{head}{number}.{layer + 1}.num_batches_tracked"] = ()
            for part in ("weight", "bias", "running_mean", "running_var"):
                shapes[f"{head}{number}.{layer + 1}.{part}"] = (o,)
    with torch.device("meta"):
        network = place({name: torch.empty(shape) for name, shape in shapes.items()}, CHECKPOINTS["simswap"], "simswap")
    assert network.config == config
    assert sum(p.numel() for p in network.parameters()) == parameters
