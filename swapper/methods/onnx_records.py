"""Published swappers in ONNX format: everything that tells one from another, as data.

Files, licences and checksums are in ``weights/manifest.json`` under the same names.

Source: FaceFusion's model table (August 2026).
"""

from dataclasses import dataclass
from typing import Literal

# What a swapper takes as the source person:
# raw   the embedding as its converter gives it
# unit  the embedding, converted where a converter is named, at unit length
# emap  the embedding times the matrix in the graph's last initializer, at unit length
# crop  a picture of the face
IdentityKind = Literal["raw", "unit", "emap", "crop"]
Channels = tuple[float, float, float]

EMBEDDER = "w600k_r50"  # weights name of the identity network whose embeddings they take

_ZERO: Channels = (0.0, 0.0, 0.0)
_HALF: Channels = (0.5, 0.5, 0.5)
_ONE: Channels = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class OnnxSwapper:
    """How to feed one published swapper.

    Attributes:
        name: of its weights in the manifest.
        size: side of its crops in pixels.
        template: alignment of the target crops, key of ``faces.align.TEMPLATES``.
        identity: what it takes as the source person.
        converter: weights name of the network that turns a w600k_r50 embedding into its own; None for none.
        mean: subtracted from RGB in [0, 1] before it sees them.
        std: then divided by.
        normalised_output: its output is in the space of its input; otherwise it is RGB in [0, 1].
        source_template: alignment of the source crop, for ``crop``.
        source_size: side of the source crop in pixels, for ``crop``.
    """

    name: str
    size: int
    template: str
    identity: IdentityKind
    converter: str | None = None
    mean: Channels = _ZERO
    std: Channels = _ONE
    normalised_output: bool = False
    source_template: str = "arcface"
    source_size: int = 112

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the files it needs, its own first."""
        recogniser = () if self.identity == "crop" else (EMBEDDER,)
        return (self.name, *recogniser, *((self.converter,) if self.converter else ()))

    @property
    def space(self) -> str:
        """Where it interpolates between two people; empty for one that takes a picture."""
        return "" if self.identity == "crop" else "arcface"


def _ghost(name: str) -> OnnxSwapper:
    return OnnxSwapper(name, 256, "arcface_112_v1", "raw", "crossface_ghost", _HALF, _HALF, True)


def _hyperswap(name: str) -> OnnxSwapper:
    return OnnxSwapper(name, 256, "arcface_128", "unit", None, _HALF, _HALF, True)


RECORDS: dict[str, OnnxSwapper] = {
    record.name: record
    for record in (
        OnnxSwapper("inswapper_128", 128, "arcface_128", "emap"),
        OnnxSwapper("inswapper_128_fp16", 128, "arcface_128", "emap"),
        # ReSwapper: inswapper's layout, matrix included, trained anew. Source: its README.
        OnnxSwapper("reswapper_128", 128, "arcface_128", "emap"),
        _ghost("ghost_1_256"),
        _ghost("ghost_2_256"),
        _ghost("ghost_3_256"),
        OnnxSwapper(
            "simswap_256",
            256,
            "arcface_112_v1",
            "unit",
            "crossface_simswap",
            mean=(0.485, 0.456, 0.406),
            std=(0.229, 0.224, 0.225),
        ),
        OnnxSwapper("simswap_unofficial_512", 512, "arcface_112_v1", "unit", "crossface_simswap"),
        OnnxSwapper("hififace_unofficial_256", 256, "mtcnn", "unit", "crossface_hififace", _HALF, _HALF, True),
        _hyperswap("hyperswap_1a_256"),
        _hyperswap("hyperswap_1b_256"),
        _hyperswap("hyperswap_1c_256"),
        OnnxSwapper("uniface_256", 256, "ffhq", "crop", None, _HALF, _HALF, True, "ffhq", 256),
        OnnxSwapper("blendswap_256", 256, "ffhq", "crop"),
    )
}
