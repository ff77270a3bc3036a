"""StyleGAN2's official checkpoints, as rosinality's code writes them: generator and discriminator."""

from swapper.convert.sizes import State, lengths
from swapper.convert.systems import OfficialCheckpoint
from swapper.models.discriminators import StyleGAN2Discriminator, StyleGAN2DiscriminatorConfig
from swapper.models.stylegan2 import StyleGAN2Config, StyleGAN2Generator


def stylegan2_sizes(state: State, prefix: str = "") -> StyleGAN2Config:
    """Sizes of a generator.

    Args:
        state: by official name.
        prefix: the names of the generator's tensors begin with it.
    """
    start = state[f"{prefix}input.input"].shape[1]
    return StyleGAN2Config(
        channels=(start, *lengths(state, prefix + "convs.{}.conv.weight", step=2, axis=1)),
        style=state[f"{prefix}style.1.weight"].shape[0],
        mapping=len(lengths(state, prefix + "style.{}.weight", first=1)),
    )


def build_stylegan2(state: State) -> StyleGAN2Generator:
    """The generator in the sizes that the tensors have."""
    return StyleGAN2Generator(stylegan2_sizes(state))


def build_stylegan2_discriminator(state: State) -> StyleGAN2Discriminator:
    """The discriminator in the sizes that the tensors have."""
    widths = (state["convs.0.0.weight"].shape[0], *lengths(state, "convs.{}.conv2.1.weight", first=1))
    return StyleGAN2Discriminator(StyleGAN2DiscriminatorConfig(widths[::-1]))


STYLEGAN2 = OfficialCheckpoint(
    build_stylegan2,
    StyleGAN2Generator.OFFICIAL_KEYS,
    StyleGAN2Generator.OFFICIAL_IGNORED,
    nests=("g_ema", "g"),
    optional=("latent_average",),
)
STYLEGAN2_DISCRIMINATOR = OfficialCheckpoint(
    build_stylegan2_discriminator,
    StyleGAN2Discriminator.OFFICIAL_KEYS,
    (*StyleGAN2Discriminator.OFFICIAL_IGNORED, r"^latent_avg$"),
    nests=("d",),
)
