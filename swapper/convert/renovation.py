"""GHOST's face enhancement network, one picture at a time: GHOST's code does not use its running statistics."""

from swapper.convert.sizes import State, lengths
from swapper.convert.systems import OfficialCheckpoint
from swapper.models.renovation import RenovationGenerator, RenovationGeneratorConfig


def build_renovation(state: State) -> RenovationGenerator:
    """The generator in the sizes that the tensors have."""
    stem = state["lip_encoder.model.0.weight"].shape[0]
    _, hidden, kernel, _ = state["head_0.norm_0.mlp_gamma.weight"].shape
    widths = (stem, *lengths(state, "lip_encoder.model.{}.weight", first=4, step=4))
    return RenovationGenerator(RenovationGeneratorConfig(widths, hidden, kernel, norm="image"))


RENOVATION = OfficialCheckpoint(
    build_renovation,
    RenovationGenerator.OFFICIAL_KEYS,
    (*RenovationGenerator.OFFICIAL_IGNORED, r"\.param_free_norm\."),
)
