"""Figures that papers report, to be shown beside our own and never mixed with them."""

from dataclasses import dataclass

PROTOCOL = (
    "Published figures, for orientation only: FaceForensics++, 1,000 videos with ten frames each, retrieval by a "
    "CosFace network among all sources, pose by another estimator than ours. They cannot be compared with figures "
    "measured on your photos."
)


@dataclass(frozen=True)
class Published:
    """What one paper reports of one method.

    Attributes:
        method: its name in the paper.
        paper: which reports it.
        retrieval: ID retrieval, percent.
        pose: error, the paper's unit; None where it is not given.
    """

    method: str
    paper: str
    retrieval: float
    pose: float | None


PUBLISHED = (
    Published("MobileFaceSwap, taught by SimSwap", "MobileFaceSwap, AAAI 2022", 95.98, 1.32),
    Published("MobileFaceSwap, taught by FaceShifter", "MobileFaceSwap, AAAI 2022", 96.10, 1.70),
    Published("RAFSwap", "RAFSwap, CVPR 2022", 96.70, None),
    Published("SimSwap", "MobileFaceSwap, AAAI 2022", 92.83, 1.53),
    Published("FaceShifter", "MobileFaceSwap, AAAI 2022", 97.38, 2.96),
    Published("FaceController", "MobileFaceSwap, AAAI 2022", 98.27, 2.65),
    Published("FSGAN", "MobileFaceSwap, AAAI 2022", 57.34, 3.81),
    Published("DeepFakes", "MobileFaceSwap, AAAI 2022", 81.96, 4.14),
)
