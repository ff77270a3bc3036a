"""What a swap needs to know beside a network's tensors: how faces are cut, who measures the source, what is masked.

A weights file says it in its metadata; where a file says no more than template and size, as those that are trained
here do, the rest is the system's own of this table.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

KEY = "pipeline"  # of the metadata

FITS = {
    "fixed": "the points are fitted to the ffhq template, and this one lies at a fixed place in it",
    "similarity": "the points are fitted to this template by turning, scaling and shifting",
    "affine": "the points are fitted to this template by an affine map of six parameters",
    "poses": "as similarity, to the one of five head poses of this template that fits best",
}
SHRINKS = {
    "": "it is cut at the network's size",
    "bilinear": "it is scaled down bilinearly, to whole grey levels",
    "corners": "it is scaled down bilinearly, corner pixels on corner pixels",
    "nearest": "every n-th pixel is taken",
}


@dataclass(frozen=True)
class Alignment:
    """How a face is cut from a picture.

    Attributes:
        template: key of ``faces.align.TEMPLATES``.
        size: side of the crop in pixels.
        fit: how the five points are fitted to the template, key of ``FITS``.
    """

    template: str
    size: int
    fit: str = "fixed"


@dataclass(frozen=True)
class IdentityNeeds:
    """The network that says who the source person is, and what it is given.

    Attributes:
        weights: name of its file, without ending.
        network: name of its class.
        blocks: blocks of its stages, which tell networks of one class apart; empty where any will do.
        made_by: the command that makes the file.
        alignment: of the crop.
        side: of the network's input in pixels.
        shrink: how the crop becomes that small, key of ``SHRINKS``.
        range: colours the network computes with.
        unit: the vector is brought to unit length; otherwise it stays as the network gives it.
    """

    weights: str
    network: str
    made_by: str
    alignment: Alignment
    side: int
    shrink: str = ""
    range: str = "-1..1"
    unit: bool = True
    blocks: tuple[int, ...] = ()


@dataclass(frozen=True)
class SwapPipeline:
    """All that a swap with a file of weights needs.

    Attributes:
        system: name of the method.
        alignment: of the target's crops.
        identity: who measures the source; None where the network does it itself.
        range: colours the network computes with; it is given RGB in [0, 1] and scales them.
        colours: their order.
        mask: ``network`` where it says itself how much of the crop it replaces, ``whole`` where it redraws all of it.
        licence: of the weights.
        origin: whose weights they are.
    """

    system: str
    alignment: Alignment
    identity: IdentityNeeds | None
    range: str = "-1..1"
    colours: str = "rgb"
    mask: str = "whole"
    licence: str = "not stated by the publisher"
    origin: str = ""

    def metadata(self) -> dict[str, str]:
        """As a weights file says it."""
        cut = self.alignment
        return {KEY: json.dumps(asdict(self)), "template": cut.template, "size": str(cut.size)}

    def cut(self, template: str | None = None, size: int | None = None) -> "SwapPipeline":
        """The same with other crops.

        Args:
            template: key of ``faces.align.TEMPLATES``, fitted as before; unchanged when None.
            size: side in pixels; unchanged when None.
        """
        old = self.alignment
        fit = old.fit if template in (None, old.template) else "fixed"
        return replace(self, alignment=Alignment(template or old.template, size or old.size, fit))


_CONVERT = "python -m swapper weights convert {} FILE -o {}.safetensors"
_MOBILE = IdentityNeeds(
    "arcface-mobile",
    "MobileFaceNet",
    "python -m swapper weights pull arcface-mobile",
    Alignment("arcface", 112),
    112,
)
POSED = "arcface_112_v1"  # the only template there is for five poses
_POSES_224 = Alignment(POSED, 224, "poses")


def _se(alignment: Alignment, shrink: str) -> IdentityNeeds:
    return IdentityNeeds(
        "arcface-se",
        "IRSE",
        _CONVERT.format("arcface-se", "arcface-se"),
        alignment,
        112,
        shrink,
        range="imagenet",
        blocks=(3, 4, 23, 3),
    )


_RESNET_100 = IdentityNeeds(
    "arcface-iresnet100",
    "IResNet",
    _CONVERT.format("arcface", "arcface-iresnet100"),
    _POSES_224,
    112,
    "corners",
    unit=False,
    blocks=(3, 13, 30, 3),
)
_OWN_LICENCE = "research only, non-commercial"

TRAINED: Mapping[str, SwapPipeline] = {
    pipeline.system: pipeline
    for pipeline in (
        SwapPipeline("ghost", Alignment("tight", 128), replace(_MOBILE, unit=False), licence=_OWN_LICENCE),
        SwapPipeline("mobilefaceswap", Alignment("tight", 128), _MOBILE, mask="network", licence=_OWN_LICENCE),
        SwapPipeline(
            "smoothswap",
            Alignment("tight", 128),
            IdentityNeeds(
                "smooth-embedder-lite",
                "SmoothIdentityEmbedder",
                "python -m swapper weights pull smooth-embedder-lite",
                Alignment("ffhq", 256),
                256,
                range="own",
            ),
            licence=_OWN_LICENCE,
        ),
        SwapPipeline("simswap", Alignment("tight", 128), _MOBILE, range="imagenet", licence=_OWN_LICENCE),
        SwapPipeline("rafswap", Alignment("tight", 128), None, mask="network", licence=_OWN_LICENCE),
    )
}
"""How the weights that are trained here are used, by system; their files say template and size themselves."""

PUBLISHED: Mapping[str, SwapPipeline] = {
    pipeline.system: pipeline
    for pipeline in (
        SwapPipeline(
            "ghost",
            Alignment(POSED, 256, "poses"),
            _RESNET_100,
            licence="Apache-2.0",
            origin="ai-forever/ghost",
        ),
        SwapPipeline(
            "mobilefaceswap",
            Alignment("arcface", 224, "affine"),
            _se(Alignment("arcface", 224, "affine"), "bilinear"),
            mask="network",
            origin="Seanseattle/MobileFaceSwap",
        ),
        SwapPipeline(
            "smoothswap",
            Alignment("ffhq", 256, "similarity"),
            IdentityNeeds(
                "smooth-embedder",
                "SmoothIdentityEmbedder",
                "python -m trainers embedder --mode smooth (nobody has published one)",
                Alignment("ffhq", 256, "similarity"),
                256,
                range="own",
            ),
            origin="the layout of yang-song/score_sde_pytorch",
        ),
        SwapPipeline(
            "simswap",
            _POSES_224,
            _se(_POSES_224, "nearest"),
            range="0..1",
            licence="CC BY-NC 4.0",
            origin="neuralchen/SimSwap",
        ),
        SwapPipeline(
            "rafswap",
            Alignment("ffhq", 1024, "similarity"),
            None,
            mask="network",
            origin="xc-csc101/RAFSwap",
        ),
    )
}
"""How each system's published weights are used, read from the official inference code, by system."""

SIMSWAP_512 = Alignment("ffhq", 512, "similarity")  # SimSwap's code aligns for its 512 px network as FFHQ does
