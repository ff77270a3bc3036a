"""The kinds of official checkpoints that can be converted: which network each holds, its sizes, its names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from swapper.convert.matching import Rules
from swapper.models.arcface import IRSE, IResNet, IResNetConfig, IRSEConfig
from swapper.models.gfpgan import GFPGANv1Clean, GFPGANv1CleanConfig
from swapper.models.idn import IdentityAwareDynamicNetworkConfig
from swapper.models.mobilefaceswap import IdentityInjectionNetworkConfig, MobileFaceSwap

State = Mapping[str, Tensor]


@dataclass(frozen=True)
class OfficialCheckpoint:
    """One kind of checkpoint.

    Attributes:
        build: makes the network of the sizes that the tensors have; a missing tensor raises KeyError.
        keys: official name to ours, see ``matching.rename``; empty where the names are the same.
        ignored: patterns of official names that have no use here.
    """

    build: Callable[[State], nn.Module]
    keys: Rules = ()
    ignored: tuple[str, ...] = ()


def _count(state: State, pattern: str) -> int:
    """How many numbers n from 0 on the pattern has a tensor for."""
    count = 0
    while pattern.format(count) in state:
        count += 1
    return count


def _outs(state: State, pattern: str) -> tuple[int, ...]:
    """Output channels of the numbered layers that the pattern names."""
    return tuple(state[pattern.format(n)].shape[0] for n in range(_count(state, pattern)))


def _arcface(state: State) -> IResNet:
    blocks = tuple(_count(state, f"layer{stage}.{{}}.conv1.weight") for stage in range(1, 5))
    widths = tuple(state[f"layer{stage}.0.conv2.weight"].shape[0] for stage in range(1, 5))
    return IResNet(IResNetConfig(blocks, widths, state["fc.weight"].shape[0]))


def _arcface_se(state: State) -> IRSE:
    blocks = tuple(_count(state, f"layer{stage}.{{}}.conv1.weight") for stage in range(1, 5))
    widths = tuple(state[f"layer{stage}.0.conv2.weight"].shape[0] for stage in range(1, 5))
    reduction = widths[0] // state["layer1.0.se.fc.0.weight"].shape[0]
    return IRSE(IRSEConfig(blocks, widths, reduction, state["fc.weight"].shape[0]))


def _mobilefaceswap(state: State) -> MobileFaceSwap:
    idn = IdentityAwareDynamicNetworkConfig(
        encoder=_outs(state, "EncoderModulation.{}.weight"),
        decoder=_outs(state, "DecoderModulation.{}.weight"),
        final=state["final.1.weight"].shape[0],
        mask=_outs(state, "mask.{}.2.weight"),
    )
    stem, feature_map = state["predictor.first.weight"].shape[:2]
    config = IdentityInjectionNetworkConfig(
        idn=idn,
        feature_map=feature_map,
        embedding=state["EncoderModulation.0.style.weight"].shape[1],
        stem=stem,
        encoder=_outs(state, "predictor.encoder.{}.conv.weight")[::-1],
        decoder=_outs(state, "predictor.decoder.{}.conv.weight"),
    )
    return MobileFaceSwap(config)


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


def _gfpgan(state: State) -> GFPGANv1Clean:
    widths = _count(state, "stylegan_decoder.style_convs.{}.modulated_conv.weight")
    outs = (state[f"stylegan_decoder.style_convs.{n}.modulated_conv.weight"].shape[1] for n in range(0, widths, 2))
    return GFPGANv1Clean(
        GFPGANv1CleanConfig(
            channels=(state["stylegan_decoder.constant_input.weight"].shape[1], *outs),
            style=state["stylegan_decoder.style_mlp.1.weight"].shape[0],
            mapping=sum(key.startswith("stylegan_decoder.style_mlp.") and key.endswith("weight") for key in state),
        )
    )


SYSTEMS: dict[str, OfficialCheckpoint] = {
    "mobilefaceswap": OfficialCheckpoint(_mobilefaceswap, _MOBILEFACESWAP_KEYS),
    "arcface": OfficialCheckpoint(_arcface),
    "arcface-se": OfficialCheckpoint(_arcface_se),
    "gfpgan": OfficialCheckpoint(_gfpgan, GFPGANv1Clean.OFFICIAL_KEYS, GFPGANv1Clean.OFFICIAL_IGNORED),
}
