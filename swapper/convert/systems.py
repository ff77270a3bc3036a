"""The kinds of official checkpoints that can be converted: which network each holds, and its names."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from swapper.convert import sizes
from swapper.convert.matching import Rules
from swapper.models.discriminators import StyleGAN2Discriminator
from swapper.models.gfpgan import GFPGANv1Clean
from swapper.models.ghost import AEINet
from swapper.models.rafswap import RAFSwap
from swapper.models.renovation import RenovationGenerator
from swapper.models.simswap import SimSwapGenerator
from swapper.models.smoothswap import NCSNppGenerator
from swapper.models.stylegan2 import StyleGAN2Generator


@dataclass(frozen=True)
class OfficialCheckpoint:
    """One kind of checkpoint.

    Attributes:
        build: makes the network of the sizes that the tensors have; a missing tensor raises KeyError.
        keys: official name to ours, see ``matching.rename``; empty where the names are the same.
        ignored: patterns of official names that have no use here.
        nests: entries that hold these weights in files with several networks, the preferred first.
        optional: our names of tensors that official code keeps outside the state dict; zero where a file lacks them.
    """

    build: Callable[[sizes.State], nn.Module]
    keys: Rules = ()
    ignored: tuple[str, ...] = ()
    nests: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


# The official file numbers the encoder's predictions in the order of their chain, from the deepest layer outwards.
_MOBILEFACESWAP_KEYS: Rules = (
    (r"EncoderModulation\.(\d+)\.(weight|style\.weight|style\.bias)", r"iin.encoder.\1.modulation.\2"),
    (r"DecoderModulation\.(\d+)\.(weight|style\.weight|style\.bias)", r"iin.decoder.\1.modulation.\2"),
    (r"predictor\.first\.(.+)", r"iin.encoder_stem.0.\1"),
    (r"predictor\.norm\.(.+)", r"iin.encoder_stem.1.\1"),
    (r"predictor\.first_decoder\.(.+)", r"iin.decoder_stem.0.\1"),
    (r"predictor\.decoder_norm\.(.+)", r"iin.decoder_stem.1.\1"),
    *(
        pair
        for n in range(5)
        for pair in (
            (rf"predictor\.encoder\.{n}\.(conv|norm)\.(.+)", rf"iin.encoder.{4 - n}.prediction.\1.\2"),
            (rf"predictor\.encoder\.{n}\.weight\.(.+)", rf"iin.encoder.{4 - n}.prediction.head.\1"),
        )
    ),
    (r"predictor\.decoder\.(\d+)\.(conv|norm)\.(.+)", r"iin.decoder.\1.prediction.\2.\3"),
    (r"predictor\.decoder\.(\d+)\.weight\.(.+)", r"iin.decoder.\1.prediction.head.\2"),
    (r"(final|mask)\.(.+)", r"\1.\2"),
)

SYSTEMS: dict[str, OfficialCheckpoint] = {
    "mobilefaceswap": OfficialCheckpoint(sizes.build_mobilefaceswap, _MOBILEFACESWAP_KEYS),
    "ghost": OfficialCheckpoint(sizes.build_ghost, AEINet.OFFICIAL_KEYS),
    "simswap": OfficialCheckpoint(sizes.build_simswap, SimSwapGenerator.OFFICIAL_KEYS),
    "simswap-fix": OfficialCheckpoint(  # the newer training code's: same tensors, other colours
        partial(sizes.build_simswap, normalised=True), SimSwapGenerator.OFFICIAL_KEYS
    ),
    "smoothswap": OfficialCheckpoint(
        sizes.build_smoothswap, NCSNppGenerator.OFFICIAL_KEYS, NCSNppGenerator.OFFICIAL_IGNORED
    ),
    "rafswap": OfficialCheckpoint(
        sizes.build_rafswap,
        (*RAFSwap.OFFICIAL_KEYS, ("latent_avg", "generator.latent_average")),
        RAFSwap.OFFICIAL_IGNORED,
        optional=("generator.latent_average",),
    ),
    "arcface": OfficialCheckpoint(sizes.build_arcface),
    "arcface-se": OfficialCheckpoint(sizes.build_arcface_se),
    "gfpgan": OfficialCheckpoint(sizes.build_gfpgan, GFPGANv1Clean.OFFICIAL_KEYS, GFPGANv1Clean.OFFICIAL_IGNORED),
    "renovation": OfficialCheckpoint(
        sizes.build_renovation,
        RenovationGenerator.OFFICIAL_KEYS,
        (*RenovationGenerator.OFFICIAL_IGNORED, r"\.param_free_norm\."),
    ),
    "stylegan2": OfficialCheckpoint(
        sizes.build_stylegan2,
        StyleGAN2Generator.OFFICIAL_KEYS,
        StyleGAN2Generator.OFFICIAL_IGNORED,
        nests=("g_ema", "g"),
        optional=("latent_average",),
    ),
    "stylegan2-discriminator": OfficialCheckpoint(
        sizes.build_stylegan2_discriminator,
        StyleGAN2Discriminator.OFFICIAL_KEYS,
        (*StyleGAN2Discriminator.OFFICIAL_IGNORED, r"^latent_avg$"),
        nests=("d",),
    ),
}
