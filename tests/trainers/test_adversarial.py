import pytest
import torch

from swapper.models.discriminators import MultiscaleDiscriminatorConfig, PatchDiscriminatorConfig
from swapper.models.simswap import SimSwapDiscriminatorConfig
from trainers.adversarial import build_discriminator, discriminate, discriminator_loss

CONFIGS = (
    PatchDiscriminatorConfig(widths=(8, 16), strides=(2, 2)),
    MultiscaleDiscriminatorConfig(widths=(8, 16, 16), scales=2),
    SimSwapDiscriminatorConfig(widths=(8, 16, 16)),
)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: type(config).__name__)
def test_a_discriminator_learns_to_tell_bright_from_dark(config):
    torch.manual_seed(0)
    network = build_discriminator(config)
    assert network.config == config
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    noise = torch.rand(4, 3, 64, 64)
    real, fake = 0.5 + 0.5 * noise, 0.5 * noise.flip(3).square()
    values = []
    for _ in range(25):
        loss, terms = discriminator_loss(network, network, real, fake, penalty_weight=0.01, penalty_share=0.5)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    assert values[-1] < 0.6 * values[0]
    assert terms["d_real"] > terms["d_fake"] and terms["r1"] > 0


def test_scales_are_told_apart_and_a_single_network_is_one_scale():
    one, two = (discriminate(build_discriminator(config), torch.rand(2, 3, 64, 64)) for config in CONFIGS[:2])
    assert len(one) == 1 and len(two) == 2


def test_without_a_penalty_nothing_is_differentiated_twice():
    network = build_discriminator(CONFIGS[0])
    _, terms = discriminator_loss(network, network, torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64), 0.0, 0.25)
    assert set(terms) == {"d_real", "d_fake"}
