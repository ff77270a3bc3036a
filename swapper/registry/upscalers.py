"""What enlarges the whole picture after a swap: one record for each upscaler that others published in ONNX format.

All take and give RGB in [0, 1] of any height and width. Files, licences and checksums are in ``weights/manifest.json``
under the same names.

Source: the model cards of the repositories that the manifest names (September 2026).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from swapper.registry.lookup import choices_and_none, look_up_or_none


@dataclass(frozen=True)
class UpscalerInfo:
    """A published upscaler.

    Attributes:
        label: shown to users.
        scale: how many times as high and wide its result is.
        step: height and width of what it is given are multiples of this, px.
        weights: name in the manifest of its file.
    """

    label: str
    scale: int
    step: int
    weights: str


UPSCALERS: Mapping[str, UpscalerInfo] = {
    "real_esrgan_x2": UpscalerInfo("Real-ESRGAN, 2x", 2, 2, "real_esrgan_x2"),  # it folds 2 x 2 pixels into one first
    "real_esrgan_x4": UpscalerInfo("Real-ESRGAN, 4x", 4, 1, "real_esrgan_x4"),
    "real_esrgan_general_x4": UpscalerInfo("Real-ESRGAN general, 4x (fast)", 4, 1, "real_esrgan_general_x4"),
}
"""By the name that ``--upscale`` takes."""


def upscaler_choices() -> list[str]:
    """Names of all upscalers, ``none`` first."""
    return choices_and_none(UPSCALERS)


def find_upscaler(name: str) -> UpscalerInfo | None:
    """An upscaler; None for ``none``.

    Args:
        name: one of ``upscaler_choices()``.

    Raises:
        UserError: the upscaler is unknown.
    """
    return look_up_or_none(UPSCALERS, name, "upscaler")
