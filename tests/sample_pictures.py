"""A small picture whose pixels are known, and files of pictures in any format that Pillow writes."""

import io

import numpy as np
from PIL import Image


def picture(height: int = 30, width: int = 40) -> np.ndarray:
    """A smooth picture whose corners differ: red grows to the right, green downwards."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 250 // width, y * 250 // height, np.full_like(x, 60)], axis=2).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()
