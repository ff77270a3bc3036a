"""Pictures made small enough to be shown, and pictures inside a page."""

import base64
import io

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image


def shrink(image: UInt8[np.ndarray, "h w 3"], side: int) -> UInt8[np.ndarray, "a b 3"]:
    """A picture no longer or wider than a limit; returned as it is where it fits.

    Args:
        image: RGB.
        side: most pixels of the longer side.
    """
    factor = side / max(image.shape[:2])
    if factor >= 1:
        return image
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def data_uri(image: UInt8[np.ndarray, "h w 3"], quality: int = 85) -> str:
    """A picture as a JPEG inside a link, so that a page needs no file beside it.

    Args:
        image: RGB.
        quality: of the JPEG, 1..100.
    """
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
