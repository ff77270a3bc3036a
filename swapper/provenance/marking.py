"""Writing pictures with everything that says how they came about."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from swapper.images import write_image
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


def write_marked_image(
    image: UInt8[np.ndarray, "h w 3"],
    path: str | Path,
    origin: Origin,
    quality: int = 95,
    settings: MarkSettings | None = None,
) -> Written:
    """Write a swapped picture with watermark, content credentials and, if wanted, a visible label.

    Args:
        image: RGB; not modified.
        path: as for ``images.write_image``.
        origin: what made the picture.
        quality: 1..100 of JPEG and WebP.
        settings: which marks; those of the environment when None.

    Raises:
        UserError: as ``images.write_image``. A mark that cannot be added is a warning, never an error.
    """
    settings = settings or MarkSettings.from_environment()
    if settings.label:
        image = draw_label(image, settings.label)
    if not settings.mark:
        return Written(write_image(image, path, quality), [])
    written = write_image(add_mark(image, origin.message), path, quality)
    unsigned = sign_file(written, origin, settings)
    return Written(written, [unsigned] if unsigned else [])
