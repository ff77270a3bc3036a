import pytest
import torch
import torch.nn.functional as F
from network_checks import CHECKS, Check, NetworkCase, faces, tensors_in
from official_keys import official_shapes
from torch import Generator, Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from swapper.convert.matching import fit, rename
from swapper.models.discriminators import (
    MultiscaleDiscriminator,
    MultiscaleDiscriminatorConfig,
    PatchDiscriminator,
    PatchDiscriminatorConfig,
)
from trainers.losses import gradient_penalty, hinge_discriminator_loss

CASES = {
    "patch": NetworkCase(
        lambda: PatchDiscriminator(PatchDiscriminatorConfig((8, 12, 16, 24), (2, 2, 2, 1))), faces(64)
    ),
    "multiscale": NetworkCase(
        lambda: MultiscaleDiscriminator(MultiscaleDiscriminatorConfig(widths=(8, 12, 16, 16), scales=3)),
        faces(64),
        tuple(f"scales.{scale}.layers.{depth}.0.bias" for scale in range(3) for depth in (1, 2, 3)),  # normalised away
    ),
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_promise_is_kept(case: NetworkCase, check: Check) -> None:
    check(case)


def test_multiscale_has_the_published_size_cost_and_maps() -> None:
    with torch.device("meta"):
        network = MultiscaleDiscriminator(MultiscaleDiscriminatorConfig.paper())
        images = torch.empty(1, 3, 256, 256)
    with FlopCounterMode(display=False) as flops:
        outputs = network(images)
    assert sum(p.numel() for p in network.parameters()) == 33_463_107
    assert flops.get_total_flops() / 2e9 == pytest.approx(3.517, abs=1e-3)
    assert [tuple(output.score.shape) for output in outputs] == [(1, 1, 11, 11), (1, 1, 7, 7), (1, 1, 5, 5)]
    assert all([f.shape[1] for f in output.features] == [64, 128, 256, 512, 512, 512] for output in outputs)


def test_official_multiscale_checkpoint_fits() -> None:
    state = {name: torch.empty(shape, device="meta") for name, shape in official_shapes("ghost-discriminator").items()}
    with torch.device("meta"):
        network = MultiscaleDiscriminator(MultiscaleDiscriminatorConfig.paper())
        fit(network, *rename(state, MultiscaleDiscriminator.OFFICIAL_KEYS), origin="ghost-discriminator")


@torch.no_grad()
def test_last_copy_judges_the_full_size() -> None:
    torch.manual_seed(0)
    network = MultiscaleDiscriminator(MultiscaleDiscriminatorConfig(widths=(4, 8), scales=2))
    images = torch.rand(1, 3, 32, 32, generator=Generator().manual_seed(1))
    full, half = (output.score for output in network(images))
    nn.init.zeros_(network.scales[1].score.weight)  # type: ignore[union-attr, arg-type]
    again_full, again_half = (output.score for output in network(images))
    assert not torch.equal(full, again_full) and torch.equal(half, again_half)


@pytest.mark.parametrize("size", [128, 224])
def test_light_patches_are_few_and_cheap(size: int) -> None:
    with torch.device("meta"):
        network, images = PatchDiscriminator(PatchDiscriminatorConfig.lite()), torch.empty(1, 3, size, size)
    with FlopCounterMode(display=False) as flops:
        output = network(images)
    assert flops.get_total_flops() / 2e9 < 0.15 * (size / 128) ** 2
    assert [f.shape[2] for f in output.features] == [size // 2, size // 4, size // 8, size // 16]
    assert output.score.shape == (1, 1, size // 16 - 1, size // 16 - 1)


def test_a_score_sees_a_patch_and_no_more() -> None:
    torch.manual_seed(0)
    images = torch.rand(1, 3, 192, 192, generator=Generator().manual_seed(1)).requires_grad_(True)
    PatchDiscriminator(PatchDiscriminatorConfig.lite())(images).score[0, 0, 5, 5].backward()
    seen = images.grad[0].abs().sum(0).nonzero()  # type: ignore[index]
    assert (seen.amax(0) - seen.amin(0) + 1).tolist() == [94, 94]


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("name", ["patch", "multiscale"])
def test_learns_to_tell_pictures_apart_under_the_gradient_penalty(
    name: str, memory_format: torch.memory_format, autocast: bool
) -> None:
    torch.manual_seed(0)
    network = CASES[name].build().to(memory_format=memory_format)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3, betas=(0.0, 0.99))
    generator = Generator().manual_seed(1)
    for _ in range(30):
        real, fake = pictures(16, generator).requires_grad_(True), pictures(8, generator)
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            real_scores, fake_scores = scores(network, real), scores(network, fake)
        loss = hinge_discriminator_loss(fake_scores, real_scores) + 5 * gradient_penalty(real, real_scores)
        optimiser.zero_grad()
        loss.backward()
        gradients = [p.grad for p in network.parameters()]
        assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)
        optimiser.step()
    with torch.no_grad():
        real, fake = (torch.cat([s.flatten() for s in scores(network, pictures(n, generator))]) for n in (16, 8))
    assert real.mean() - fake.mean() > 0.15


def pictures(coarseness: int, generator: Generator) -> Tensor:
    return F.interpolate(torch.rand(8, 3, coarseness, coarseness, generator=generator), 64, mode="bilinear")


def scores(network: nn.Module, images: Tensor) -> list[Tensor]:
    return [x for x in tensors_in(network(images)) if x.shape[1] == 1]
