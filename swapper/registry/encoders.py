"""What the pictures of videos are encoded with: one record for each encoder that a user can choose."""

from collections.abc import Mapping
from dataclasses import dataclass

from swapper.registry.lookup import check_choice

USUAL = "usual"  # stands for the encoder that a file format has unless another is chosen


@dataclass(frozen=True)
class EncoderInfo:
    """An encoder of pictures.

    Attributes:
        label: shown to users.
        codec: FFmpeg's name of it.
        options: of it; quality is added.
        tag: of its pictures in MP4 and MOV files; FFmpeg's choice when empty.
    """

    label: str
    codec: str
    options: Mapping[str, str]
    tag: str = ""


# No B-frames: every picture is decoded when it is shown, so segments join without shifting anything. An AV1 packet
# holds all that is needed to show its picture, so there it makes no difference.
ENCODERS: Mapping[str, EncoderInfo] = {
    "h264": EncoderInfo("H.264", "libx264", {"preset": "veryfast", "bf": "0"}),
    # Apple's players want this tag.
    "h265": EncoderInfo("H.265", "libx265", {"preset": "veryfast", "x265-params": "bframes=0:log-level=none"}, "hvc1"),
    "av1": EncoderInfo("AV1", "libsvtav1", {"preset": "8"}),
    "vp9": EncoderInfo("VP9", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "7", "row-mt": "1", "b": "0"}),
}
"""By the name that ``--encoder`` takes."""


def encoder_choices() -> list[str]:
    """Names of all encoders, ``usual`` first."""
    return [USUAL, *ENCODERS]


def check_encoder(name: str) -> str:
    """Make sure that there is such an encoder; returns its name.

    Args:
        name: one of ``encoder_choices()``.

    Raises:
        UserError: there is no such one.
    """
    return check_choice(encoder_choices(), name, "encoder")
