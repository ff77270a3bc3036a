"""Published face restorers in ONNX format: what tells one from another, as data.

All take and give RGB in [-1, 1]. Files, licences and checksums are in ``weights/manifest.json`` under the same names.

Source: FaceFusion's model table (August 2026).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class OnnxRestoration:
    """How to feed one published restorer.

    Attributes:
        name: of its weights in the manifest.
        size: side of its crops in pixels.
        template: their alignment, key of ``faces.align.TEMPLATES``.
        weight: for one that takes a second input: how closely the result keeps to the face it is given (0: the best
            looking face, 1: the same face); None for one that does not.
    """

    name: str
    size: int
    template: str = "ffhq"
    weight: float | None = None


RECORDS: dict[str, OnnxRestoration] = {
    record.name: record
    for record in (
        OnnxRestoration("gpen_bfr_256", 256, "arcface_128"),
        OnnxRestoration("gpen_bfr_512", 512),
        OnnxRestoration("gpen_bfr_1024", 1024),
        # CodeFormer's authors suggest 0.5 to 0.7 for whole photos; who somebody is counts more here.
        OnnxRestoration("codeformer", 512, weight=0.7),
        OnnxRestoration("restoreformer_plus_plus", 512),
    )
}
