"""GFPGAN's official checkpoint, GFPGANv1Clean."""

from swapper.convert.sizes import State, lengths
from swapper.convert.systems import OfficialCheckpoint
from swapper.models.gfpgan import GFPGANv1Clean, GFPGANv1CleanConfig


def build_gfpgan(state: State) -> GFPGANv1Clean:
    """GFPGANv1Clean in the sizes that the tensors have."""
    start = state["stylegan_decoder.constant_input.weight"].shape[1]
    outs = lengths(state, "stylegan_decoder.style_convs.{}.modulated_conv.weight", step=2, axis=1)
    mapping = lengths(state, "stylegan_decoder.style_mlp.{}.weight", first=1, step=2)
    style = state["final_linear.weight"].shape[0] // (2 * len(outs) + 2)
    return GFPGANv1Clean(GFPGANv1CleanConfig((start, *outs), style, len(mapping)))


GFPGAN = OfficialCheckpoint(build_gfpgan, GFPGANv1Clean.OFFICIAL_KEYS, GFPGANv1Clean.OFFICIAL_IGNORED)
