"""MobileFaceSwap's official checkpoint: the IIN, and the IDN's own parts."""

from swapper.convert.matching import Rules
from swapper.convert.sizes import State, lengths
from swapper.convert.systems import OfficialCheckpoint
from swapper.models.idn import IdentityAwareDynamicNetworkConfig
from swapper.models.mobilefaceswap import IdentityInjectionNetworkConfig, MobileFaceSwap
from swapper.registry.pipelines import PUBLISHED

# The official file numbers the encoder's predictions in the order of their chain, from the deepest layer outwards.
_KEYS: Rules = (
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


def build_mobilefaceswap(state: State) -> MobileFaceSwap:
    """MobileFaceSwap in the sizes that the tensors have."""
    idn = IdentityAwareDynamicNetworkConfig(
        encoder=lengths(state, "EncoderModulation.{}.weight"),
        decoder=lengths(state, "DecoderModulation.{}.weight"),
        final=state["final.1.weight"].shape[0],
        mask=lengths(state, "mask.{}.2.weight"),
    )
    stem, feature_map = state["predictor.first.weight"].shape[:2]
    config = IdentityInjectionNetworkConfig(
        idn=idn,
        feature_map=feature_map,
        embedding=state["EncoderModulation.0.style.weight"].shape[1],
        stem=stem,
        encoder=lengths(state, "predictor.encoder.{}.conv.weight")[::-1],
        decoder=lengths(state, "predictor.decoder.{}.conv.weight"),
    )
    return MobileFaceSwap(config)


MOBILEFACESWAP = OfficialCheckpoint(build_mobilefaceswap, _KEYS, pipeline=lambda _: PUBLISHED["mobilefaceswap"])
