"""What every generator, encoder and discriminator promises, whatever is inside."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from network_checks import CHECKS, Check, Inputs, NetworkCase, faces
from torch import Generator

from swapper.models.discriminators import StyleGAN2Discriminator, StyleGAN2DiscriminatorConfig
from swapper.models.gfpgan import GFPGANv1Clean, GFPGANv1CleanConfig
from swapper.models.ncsnpp import NCSNppConfig
from swapper.models.rafswap import RAFSwap, RAFSwapConfig
from swapper.models.smoothswap import NCSNppGenerator, SmoothIdentityEmbedder, SmoothIdentityEmbedderConfig
from swapper.models.stylegan2 import StyleGAN2Config, StyleGAN2Generator


def face_and_identity(batch: int, generator: Generator) -> Inputs:
    return torch.rand(batch, 3, 32, 32, generator=generator), F.normalize(torch.randn(batch, 24, generator=generator))


def faces_and_regions(size: int, embedding: int = 0) -> Callable[[int, Generator], Inputs]:
    def draw(batch: int, generator: Generator) -> Inputs:
        picture, regions = (batch, 3, size, size), (batch, 4, 64, 64)
        drawn = (
            torch.rand(picture, generator=generator),
            (torch.rand(regions, generator=generator) > 0.6).float(),
            torch.rand(picture, generator=generator),
            (torch.rand(regions, generator=generator) > 0.6).float(),
        )
        return (*drawn, torch.randn(batch, embedding, generator=generator)) if embedding else drawn

    return draw


NARROW_STYLEGAN2 = StyleGAN2Config(channels=(24, 24, 16, 8, 8), style=24, mapping=2)
PAPER_LIKE_RAFSWAP = RAFSwapConfig(
    size=64,
    trunk_blocks=(1, 2, 1, 1),
    trunk_widths=(16, 16, 16, 32),
    reduction=2,
    width=32,
    heads=2,
    styles=((2, 1), (2, 1), (2, 1), (1, 1), (1, 1), (1, 1), (1, 1), (0, 1), (0, 1), (0, 1)),
    mask_sizes=(8, 16, 32, 64),
    mask_widths=(4, 8),
    generator=NARROW_STYLEGAN2,
)
LITE_LIKE_RAFSWAP = RAFSwapConfig(
    size=64,
    trunk="mobile",
    width=32,
    heads=2,
    depth=2,
    global_layers=2,
    embedding=24,
    styles=((2, 3), (1, 4), (0, 3)),
    injected=(0, 1),
    mask_sizes=(16, 32),
    mask_widths=(4, 8),
    generator=NARROW_STYLEGAN2,
)
CASES = {
    "stylegan2": NetworkCase(
        lambda: StyleGAN2Generator(NARROW_STYLEGAN2), lambda batch, g: (torch.randn(batch, 24, generator=g),)
    ),
    "stylegan2-discriminator": NetworkCase(
        lambda: StyleGAN2Discriminator(StyleGAN2DiscriminatorConfig(channels=(32, 24, 16, 8))), faces(32), mixes=True
    ),
    "smoothswap-embedder": NetworkCase(
        lambda: SmoothIdentityEmbedder(SmoothIdentityEmbedderConfig(trunk="mobile", size=48, hidden=32, embedding=24)),
        faces(64),
    ),
    "smoothswap": NetworkCase(
        lambda: NCSNppGenerator(
            NCSNppConfig(width=16, multipliers=(1, 1, 2), blocks=1, attention=(1,), embedding=24, embedding_scale=5.0)
        ),
        face_and_identity,
        ("down.1.attention.0.key.bias", "middle_attention.key.bias", "up.1.attention.key.bias"),  # softmax ignores it
    ),
    "smoothswap-adaptive": NetworkCase(
        lambda: NCSNppGenerator(
            NCSNppConfig(width=16, multipliers=(1, 2), blocks=1, attention=(), embedding=24, adaptive=True)
        ),
        face_and_identity,
        ("middle_attention.key.bias",),
    ),
    "rafswap-paper": NetworkCase(lambda: RAFSwap(PAPER_LIKE_RAFSWAP), faces_and_regions(64), ("generator.mapping.",)),
    "rafswap-lite": NetworkCase(lambda: RAFSwap(LITE_LIKE_RAFSWAP), faces_and_regions(64, 24), ("generator.mapping.",)),
    "gfpgan": NetworkCase(
        lambda: GFPGANv1Clean(GFPGANv1CleanConfig(channels=(32, 24, 16, 8), style=16, mapping=2)),
        faces(32),
        ("mapping.",),
    ),
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_promise_is_kept(case: NetworkCase, check: Check) -> None:
    check(case)
