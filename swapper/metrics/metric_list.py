"""What is measured: how each figure is called, what it means, and which way is better."""

from dataclasses import dataclass

GROUPS = {
    "identity": "Whose face it is",
    "kept": "What of the target is kept",
    "picture": "Picture and cost",
}
"""Headings of the parts of a table, by ``Metric.group``."""
DISTANCES = ("pose", "expression", "gaze", "eye_opening", "shape_source", "shape_target")
"""Keys of what is never below zero."""


@dataclass(frozen=True)
class Metric:
    """How one score is named and printed.

    Attributes:
        key: its name in the data.
        label: for a table's head.
        meaning: one sentence for users.
        better: ``high``, ``low``, ``one`` (nearest to 1) or empty where neither is.
        unit: written behind the figure.
        factor: the stored value times this is printed.
        digits: behind the point.
        group: which of ``GROUPS`` it belongs to.
    """

    key: str
    label: str
    meaning: str
    better: str = ""
    unit: str = ""
    factor: float = 1.0
    digits: int = 2
    group: str = "kept"


def _identity(key: str, label: str, meaning: str, better: str = "high", share: bool = False) -> Metric:
    if share:
        return Metric(key, label, meaning, better, "%", 100, 1, "identity")
    return Metric(key, label, meaning, better, digits=3, group="identity")


def _picture(key: str, label: str, meaning: str, better: str = "low", *how: str | float, digits: int = 2) -> Metric:
    unit, factor = how or ("", 1.0)
    return Metric(key, label, meaning, better, str(unit), float(factor), digits, "picture")


METRICS: tuple[Metric, ...] = (
    _identity(
        "retrieval",
        "ID retrieval",
        "Share of results whose most similar photo shows the source person, as ArcFace sees it.",
        share=True,
    ),
    _identity("retrieval_smooth", "retrieval, smooth", "The same as the smooth embedder sees it.", share=True),
    _identity("gain", "ID gain", "Likeness gained, relative to the likeness of two photos of one person.", share=True),
    _identity("id_source", "cos source", "Identity cosine of result and source, by ArcFace."),
    _identity("id_source_smooth", "cos source, smooth", "The same by the smooth embedder."),
    _identity("id_target", "cos target", "Identity cosine of result and target, by ArcFace.", "low"),
    Metric("pose", "pose", "Difference in head angles from the target.", "low", "°"),
    Metric(
        "expression",
        "expression",
        "Distance of lids, brows and lips from the target's, in eye distances.",
        "low",
        "%",
        100,
    ),
    Metric("gaze", "gaze", "Angle between the gaze and the target's.", "low", "°"),
    Metric(
        "eye_opening", "eye opening", "Difference in eye opening from the target's, in eye widths.", "low", "%", 100
    ),
    Metric(
        "shape_source",
        "shape to source",
        "Distance of the jawline from the source's, in eye distances.",
        "low",
        "%",
        100,
    ),
    Metric(
        "shape_target",
        "shape to target",
        "Distance of the jawline from the target's, in eye distances.",
        "",
        "%",
        100,
    ),
    _picture(
        "frechet",
        "FID-like",
        "Distance of the results' appearance from real photos'; our own features.",
        digits=3,
    ),
    _picture("kernel", "KID-like", "The same without the bias of small samples.", digits=3),
    _picture("sharpness", "sharpness", "Energy of fine detail, relative to the target's.", "one"),
    _picture("jitter", "added jitter", "Jitter added over time, in eye distances per frame squared.", "low", "‰", 1000),
    _picture(
        "milliseconds",
        "time",
        "Median time to swap one photo on this machine, without face detection; MobileFaceSwap generates a new "
        "network for each photo.",
        "low",
        "ms",
        1,
        digits=0,
    ),
    _picture("fps", "speed", "Swaps per second at that time, on this machine.", "high", "/s", 1, digits=1),
    _picture(
        "params",
        "parameters",
        "Parameters of networks run per face; per-identity networks are excluded.",
        "",
        "M",
        1e-6,
    ),
    _picture("macs", "MACs", "Multiply-accumulates per face, in billions.", "", "G", 1e-9),
)
