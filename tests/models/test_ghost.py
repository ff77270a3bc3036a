from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from network_checks import CHECKS, Check, Inputs, NetworkCase, faces
from official_keys import official_shapes
from torch import Generator, Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from swapper.convert.matching import fit, rename
from swapper.models.attributes import LinkNetAttributesEncoder, ResNetAttributesEncoder, UNetAttributesEncoder
from swapper.models.awl import CoordConv, FaceAlignmentNetwork, FaceAlignmentNetworkConfig, draw_heatmaps
from swapper.models.ghost import AADLayer, AADResBlock, AEINet, AEINetConfig

NARROW = AEINetConfig(attributes=(8, 8, 12, 16), widths=(16, 16, 12, 12, 8), identity=24)  # 32 px
VARIANTS = {
    "unet": replace(NARROW, identity_length=5.0),
    "linknet": replace(NARROW, encoder="linknet", blocks=1),
    "resnet": replace(NARROW, encoder="resnet", blocks=3),
}


def face_and_identity(size: int) -> Callable[[int, Generator], Inputs]:
    return lambda batch, generator: (
        torch.rand(batch, 3, size, size, generator=generator),
        torch.randn(batch, 24, generator=generator),
    )


# Instance normalisation takes away again what this bias adds to every pixel of a channel.
UNREACHED = ("generator.start.bias",)
CASES = {
    **{
        name: NetworkCase(lambda config=config: AEINet(config), face_and_identity(32), UNREACHED)
        for name, config in VARIANTS.items()
    },
    "larger than native": NetworkCase(lambda: AEINet(NARROW), face_and_identity(48), UNREACHED),
    "eyes": NetworkCase(
        lambda: FaceAlignmentNetwork(FaceAlignmentNetworkConfig(points=5, stacks=2, depth=2, width=16, size=32)),
        faces(32),
    ),
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_promise_is_kept(case: NetworkCase, check: Check) -> None:
    check(case)


PUBLISHED = {
    ("paper", 1): (128_469_133, 16.312),
    ("paper", 2): (184_343_381, 31.018),
    ("paper", 3): (240_217_629, 45.724),
    ("paper_linknet", 1): (112_748_685, 13.930),
    ("paper_linknet", 2): (164_776_789, 27.730),
    ("paper_linknet", 3): (216_804_893, 41.530),
    ("paper_resnet", 1): (80_186_573, 18.902),
    ("paper_resnet", 2): (136_060_821, 33.608),
    ("paper_resnet", 3): (191_935_069, 48.313),
}


def parameters_and_gmacs(network: nn.Module, size: int) -> tuple[int, float]:
    with FlopCounterMode(display=False) as flops, torch.no_grad():
        network(torch.empty(1, 3, size, size, device="meta"), torch.empty(1, 512, device="meta"))
    return sum(p.numel() for p in network.parameters()), flops.get_total_flops() / 2e9


@pytest.mark.parametrize(("variant", "blocks"), PUBLISHED)
def test_has_the_published_size_and_cost(variant: str, blocks: int) -> None:
    with torch.device("meta"):
        network = AEINet(replace(getattr(AEINetConfig, variant)(), blocks=blocks)).eval()
    parameters, gmacs = parameters_and_gmacs(network, 256)
    expected_parameters, expected_gmacs = PUBLISHED[variant, blocks]
    assert parameters == expected_parameters
    assert gmacs == pytest.approx(expected_gmacs, abs=2e-3)


def test_lite_is_small_enough_to_ship_and_to_train() -> None:
    with torch.device("meta"):
        network = AEINet(AEINetConfig.lite()).eval()
    parameters, gmacs = parameters_and_gmacs(network, 128)
    assert network.config.size == 64  # and twice that, where it is trained on
    assert 6e6 < parameters < 8e6  # 14 MB in half precision
    assert 1 < gmacs < 2


@pytest.mark.parametrize(
    ("encoder", "channels"),
    [
        (UNetAttributesEncoder, (1024, 2048, 1024, 512, 256, 128, 64, 64)),
        (LinkNetAttributesEncoder, (1024, 1024, 512, 256, 128, 64, 32, 32)),
        (ResNetAttributesEncoder, (1024, 2048, 1024, 512, 256, 128, 64, 64)),
    ],
)
def test_attributes_have_the_published_shapes(encoder: type[UNetAttributesEncoder], channels: tuple[int, ...]) -> None:
    config = AEINetConfig.paper_resnet() if encoder is ResNetAttributesEncoder else AEINetConfig.paper()
    with torch.device("meta"):
        network = encoder(config.attributes)
        maps = network(torch.empty(2, 3, 256, 256))
    assert [tuple(z.shape) for z in maps] == [(2, c, 2**i, 2**i) for i, c in enumerate(channels, start=1)]
    assert network.channels == channels


def aad_by_hand(layer: AADLayer, h: Tensor, z_att: Tensor, z_id: Tensor) -> Tensor:
    """FaceShifter's equations 2 to 5, one pixel after the other."""
    mean, variance = h.mean((2, 3), keepdim=True), h.var((2, 3), keepdim=True, unbiased=False)
    h = (h - mean) / torch.sqrt(variance + 1e-5)
    out = torch.empty_like(h)
    for b, y, x in torch.cartesian_prod(*(torch.arange(n) for n in (h.shape[0], h.shape[2], h.shape[3]))):
        pixel, att = h[b, :, y, x], z_att[b, :, y, x]
        attribute = (layer.gamma_att.weight[:, :, 0, 0] @ att + layer.gamma_att.bias) * pixel
        attribute = attribute + layer.beta_att.weight[:, :, 0, 0] @ att + layer.beta_att.bias
        identity = layer.gamma_id(z_id[b]) * pixel + layer.beta_id(z_id[b])
        mask = torch.sigmoid(layer.mask.weight[0, :, 0, 0] @ pixel + layer.mask.bias)
        out[b, :, y, x] = (1 - mask) * attribute + mask * identity
    return out


@torch.no_grad()
def test_aad_layer_follows_the_equations() -> None:
    torch.manual_seed(0)
    layer = AADLayer(6, attributes=4, identity=5)
    h, z_att, z_id = torch.randn(2, 6, 3, 3), torch.randn(2, 4, 3, 3), torch.randn(2, 5)
    torch.testing.assert_close(layer(h, z_att, z_id), aad_by_hand(layer, h, z_att, z_id), atol=1e-5, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize(("bias", "deaf_to_identity"), [(-100.0, True), (100.0, False)])
def test_mask_decides_between_attributes_and_identity(bias: float, deaf_to_identity: bool) -> None:
    torch.manual_seed(0)
    layer = AADLayer(6, attributes=4, identity=5)
    nn.init.constant_(layer.mask.bias, bias)  # type: ignore[arg-type]
    h, z_att, z_id = torch.randn(1, 6, 4, 4), torch.randn(1, 4, 4, 4), torch.randn(1, 5)
    before = layer(h, z_att, z_id)
    assert torch.allclose(layer(h, z_att, -z_id), before) == deaf_to_identity
    assert torch.allclose(layer(h, -z_att, z_id), before) != deaf_to_identity


@pytest.mark.parametrize(("out", "shortcut"), [(8, False), (4, True)])
def test_block_gets_its_own_shortcut_only_where_the_width_changes(out: int, shortcut: bool) -> None:
    block = AADResBlock(8, out, attributes=4, identity=5, blocks=3)
    assert (block.shortcut is not None) == shortcut
    assert [layer.conv.out_channels for layer in block.main] == [8, 8, out]  # type: ignore[union-attr]


@torch.no_grad()
@pytest.mark.parametrize(("config", "equal"), [(VARIANTS["unet"], True), (NARROW, False)])
def test_length_of_the_identity_counts_unless_it_is_set(config: AEINetConfig, equal: bool) -> None:
    torch.manual_seed(0)
    network = AEINet(config).eval()
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.3)
    target, z_id = face_and_identity(32)(1, Generator().manual_seed(1))
    difference = (network(target, z_id).face - network(target, z_id / 3).face).abs().max()
    assert (difference < 1e-4) == equal


def test_learns_to_redraw_faces_and_to_listen_to_the_identity() -> None:
    torch.manual_seed(0)
    generator = Generator().manual_seed(1)
    network = AEINet(VARIANTS["unet"]).train()
    target = F.interpolate(torch.rand(4, 3, 4, 4, generator=generator), 32, mode="bilinear")
    tint = torch.tensor([[0.3, 0.0, 0.0], [0.0, 0.3, 0.0]])[:, :, None, None]  # what two identities shall do
    people = torch.randn(2, 24, generator=generator)
    optimiser = torch.optim.Adam(network.parameters(), lr=4e-3, betas=(0.0, 0.99))
    losses = []
    for step in range(60):
        who = torch.tensor([step % 2, 0, 1, (step + 1) % 2])
        loss = F.mse_loss(network(target, people[who]).face, (target * 0.7 + tint[who]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-5:]) < 0.15 * sum(losses[:5])
    with torch.no_grad():
        first, second = (network(target, people[[who] * 4]).face.mean((0, 2, 3)) for who in (0, 1))
    assert first[0] - second[0] > 0.1 and second[1] - first[1] > 0.1


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"widths": (16, 8)}, "one width more than the encoder"), ({"encoder": "vit"}, "unet, linknet, resnet, not vit")],
)
def test_contradictory_sizes_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(NARROW, **changes)


def official_resnet_names() -> list[str]:
    """Names of the resnet variant's encoder, which no published list has."""
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    names = [f"encoder.conv{i}.weight" for i in range(2)] + [f"encoder.bn{i}.{part}" for i in range(2) for part in norm]
    for layer in range(1, 7):
        for block in range(2):
            start = f"encoder.layer{layer}.{block}"
            names += [f"{start}.conv{i}.weight" for i in (1, 2, 3)]
            names += [f"{start}.bn{i}.{part}" for i in (1, 2, 3) for part in norm]
        names += [f"encoder.layer{layer}.0.downsample.0.weight"]
        names += [f"encoder.layer{layer}.0.downsample.1.{part}" for part in norm]
    return names


def test_official_names_of_the_resnet_encoder() -> None:
    with torch.device("meta"):
        network = AEINet(AEINetConfig.paper_resnet())
    renamed, unknown = rename({name: torch.empty(()) for name in official_resnet_names()}, AEINet.OFFICIAL_KEYS)
    assert unknown == []
    assert set(renamed) == {name for name in network.state_dict() if name.startswith("encoder.")}


def test_official_eye_network_fits() -> None:
    state = {name: torch.empty(shape, device="meta") for name, shape in official_shapes("awl").items()}
    with torch.device("meta"):
        network = FaceAlignmentNetwork(FaceAlignmentNetworkConfig.paper())
        fit(network, *rename(state, FaceAlignmentNetwork.OFFICIAL_KEYS), origin="awl")
    assert sum(p.numel() for p in network.parameters()) == 24_153_036


@torch.no_grad()
def test_coordinates_are_row_column_and_radius_and_boundaries_repeat_them() -> None:
    layer = CoordConv(1, 6, side=3, boundary=True)
    nn.init.zeros_(layer.conv.bias)  # type: ignore[arg-type]
    layer.conv.weight.copy_(torch.eye(6)[:, :, None, None])
    boundary = torch.zeros(1, 1, 3, 3)
    boundary[0, 0, 0, 1] = 0.2
    boundary[0, 0, 2, 2] = 0.04  # too weak
    _, row, column, radius, line_row, line_column = layer(torch.zeros(1, 1, 3, 3), boundary)[0]
    assert row.tolist() == [[-1.0] * 3, [0.0] * 3, [1.0] * 3]
    assert torch.equal(column, row.T)
    assert radius[1, 1] == 0 and radius[0, 0] == pytest.approx(1) and radius[0, 1] == pytest.approx(0.5**0.5)
    assert line_row[0, 1] == -1 and line_row.abs().sum() == 1 and line_column.abs().sum() == 0


@torch.no_grad()
def test_pupils_are_two_maps_of_the_last_hourglass() -> None:
    torch.manual_seed(0)
    network = FaceAlignmentNetwork(FaceAlignmentNetworkConfig(stacks=2, depth=2, width=16, size=32)).eval()
    images = torch.rand(2, 3, 32, 32, generator=Generator().manual_seed(1))
    assert torch.equal(network.measure_pupils(images), network(images)[-1][:, 96:98])


def test_drawn_heatmaps_peak_at_their_points_and_lead_there() -> None:
    points = torch.tensor([[[0.25, 0.75], [0.5 / 64, 0.5 / 64]]])
    maps = draw_heatmaps(points, side=64)
    assert maps.shape == (1, 2, 64, 64)
    assert maps[0, 1, 0, 0] == 1 and maps[0, 1].argmax() == 0
    row, column = divmod(int(maps[0, 0].argmax()), 64)
    assert (row, column) in {(47, 15), (47, 16), (48, 15), (48, 16)}
    moved = (points + torch.tensor([0.02, -0.01])).requires_grad_(True)
    F.mse_loss(draw_heatmaps(moved), maps).backward()
    assert moved.grad is not None and moved.grad[0, 0, 0] > 0 > moved.grad[0, 0, 1]
