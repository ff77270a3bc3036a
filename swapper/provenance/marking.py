"""Writing pictures with everything that says how they came about."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from swapper.images import holds_transparency, write_image
from swapper.provenance.credentials import sign_file
from swapper.provenance.label import draw_label
from swapper.provenance.origin import Origin
from swapper.provenance.settings import MarkSettings
from swapper.provenance.watermark import add_mark


@dataclass(frozen=True)
class Written:
    """A file that was written.

    Attributes:
        path: where.
        warnings: sentences about marks it does not carry.
    """

    path: Path
    warnings: list[str]


OPAQUE = (
    "{name}: files of this kind hold no transparency, so those parts are white in it. Choose PNG or WebP to keep them."
)


def write_marked_image(
    image: UInt8[np.ndarray, "h w c"],
    path: str | Path,
    origin: Origin,
    quality: int = 95,
    settings: MarkSettings | None = None,
) -> Written:
    """Write a swapped picture with watermark, content credentials and, if wanted, a visible label.

    Args:
        image: RGB, or RGBA of a picture that is partly transparent; not modified.
        path: as for ``images.write_image``.
        origin: what made the picture.
        quality: 1..100 of JPEG and WebP.
        settings: which marks; those of the environment when None.

    Raises:
        UserError: as ``images.write_image``. A mark that cannot be added is a warning, never an error.
    """
    settings = settings or MarkSettings.from_environment()
    lost = []
    if image.shape[2] == 4 and not holds_transparency(path):
        lost.append(OPAQUE.format(name=Path(path).name))
    if settings.label:
        image = _over_colors(image, lambda colors: draw_label(colors, settings.label), covers=True)
    if not settings.mark:
        return Written(write_image(image, path, quality), lost)
    marked = _over_colors(image, lambda colors: add_mark(colors, origin.message))
    written = write_image(marked, path, quality)
    unsigned = sign_file(written, origin, settings)
    return Written(written, [*lost, unsigned] if unsigned else lost)


def _over_colors(
    image: UInt8[np.ndarray, "h w c"],
    change: Callable[[UInt8[np.ndarray, "h w 3"]], UInt8[np.ndarray, "h w 3"]],
    covers: bool = False,
) -> UInt8[np.ndarray, "h w c"]:
    """The picture with its colours changed; where that covers it, what changed is opaque."""
    if image.shape[2] == 3:
        return change(image)
    colors, alpha = np.ascontiguousarray(image[..., :3]), image[..., 3]
    changed = change(colors)
    if covers:
        alpha = np.where((changed != colors).any(axis=2), np.uint8(255), alpha)
    return np.dstack([changed, alpha])
