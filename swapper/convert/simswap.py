"""SimSwap's official checkpoints: the released networks, and those of the newer training code."""

from dataclasses import replace
from functools import partial

from swapper.convert.sizes import State, lengths
from swapper.convert.systems import OfficialCheckpoint
from swapper.models.simswap import SimSwapGenerator, SimSwapGeneratorConfig
from swapper.registry.pipelines import PUBLISHED, SIMSWAP_512, SwapPipeline


def build_simswap(state: State, normalised: bool = False) -> SimSwapGenerator:
    """SimSwap's generator with three, four or the outer level; those with a fourth inner one are all of the new kind.

    Args:
        state: by official name.
        normalised: the newer training code's network, which the tensors do not tell from the older one.
    """
    inner = lengths(state, "down{}.0.weight", first=1)
    config = SimSwapGeneratorConfig(
        widths=(state["down1.0.weight"].shape[1], *inner),
        outer=state["first_layer.1.weight"].shape[0] if "down0.0.weight" in state else 0,
        blocks=len(lengths(state, "BottleNeck.{}.conv1.1.weight")),
        identity=state["BottleNeck.0.style1.linear.weight"].shape[1],
        size=224 if len(inner) == 3 and "down0.0.weight" not in state else 512,
        normalised=normalised or len(inner) == 4,
    )
    return SimSwapGenerator(config)


def _needs(network: SimSwapGenerator) -> SwapPipeline:
    needs = replace(PUBLISHED["simswap"], range=network.colour_range)
    if network.config.size != SIMSWAP_512.size or needs.identity is None:
        return needs
    return replace(needs, alignment=SIMSWAP_512, identity=replace(needs.identity, alignment=SIMSWAP_512))


SIMSWAP = OfficialCheckpoint(build_simswap, SimSwapGenerator.OFFICIAL_KEYS, pipeline=_needs)
# The same tensors, other colours.
SIMSWAP_FIX = OfficialCheckpoint(
    partial(build_simswap, normalised=True), SimSwapGenerator.OFFICIAL_KEYS, pipeline=_needs
)
