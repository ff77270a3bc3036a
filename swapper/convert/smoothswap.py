"""NCSN++ for 256 px, which Smooth-Swap's generator starts from; of Smooth-Swap itself nothing was published."""

from dataclasses import replace

from swapper.convert.sizes import State
from swapper.convert.systems import OfficialCheckpoint
from swapper.models.ncsnpp import NCSNppConfig
from swapper.models.smoothswap import NCSNppGenerator
from swapper.registry.pipelines import PUBLISHED


def build_smoothswap(state: State) -> NCSNppGenerator:
    """NCSN++ without its time embedding, in the sizes that the tensors have."""
    identity = state["all_modules.4.Dense_0.weight"].shape[1]
    width = state["all_modules.3.weight"].shape[0]
    return NCSNppGenerator(replace(NCSNppConfig.paper(), width=width, embedding=identity))


SMOOTHSWAP = OfficialCheckpoint(
    build_smoothswap,
    NCSNppGenerator.OFFICIAL_KEYS,
    NCSNppGenerator.OFFICIAL_IGNORED,
    frozen=(r"^sigmas$", r"^all_modules\.0\.W$"),  # noise levels, random frequencies
    pipeline=lambda _: PUBLISHED["smoothswap"],
)
