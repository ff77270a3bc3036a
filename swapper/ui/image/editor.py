"""What a visitor painted over a picture with Gradio's image editor."""

from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from swapper.types import UserError
from swapper.ui.files import upload_paths

SIDE = 800  # px, longer side of the picture that is painted over
TOO_LARGE = "Painting: it is larger than the picture that is painted over. Reload the page and paint again."
UNREADABLE = "Painting: it cannot be read. Reload the page and paint again."


def read_layer(payload: Any) -> UInt8[np.ndarray, "h w 4"] | None:
    """The painted layer, RGBA; None where there is none.

    Args:
        payload: the editor's value as the page sends it.

    Raises:
        UserError: it is no uploaded picture, or too large a one.
    """
    layers = payload.get("layers") if isinstance(payload, dict) else None
    paths = upload_paths(layers or None, files=1)
    if not paths:
        return None
    try:
        with Image.open(paths[0], formats=("PNG", "WEBP")) as picture:
            if max(picture.size) > 2 * SIDE:
                raise UserError(TOO_LARGE)
            return np.asarray(picture.convert("RGBA"))
    except (OSError, ValueError, SyntaxError) as error:
        raise UserError(UNREADABLE) from error
