"""A visible label in a corner of the picture."""

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

SHARE = 0.028  # letter height as a share of the shorter side
SMALLEST = 10  # px


def draw_label(image: UInt8[np.ndarray, "h w 3"], words: str) -> UInt8[np.ndarray, "h w 3"]:
    """A copy of a picture with white words on a dark field at the bottom left.

    Args:
        image: RGB.
        words: one line.
    """
    size = max(SMALLEST, round(SHARE * min(image.shape[:2])))
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(words)
    edge = size // 2
    width, height = round(right - left) + 2 * edge, round(bottom - top) + 2 * edge
    field = Image.new("L", (width, height), 0)
    ImageDraw.Draw(field).text((edge - left, edge - top), words, fill=255, font=font)
    labelled = image.copy()
    top = max(0, image.shape[0] - edge - height)
    place = labelled[top : top + height, edge : edge + width]
    letters = np.asarray(field, np.float32)[: place.shape[0], : place.shape[1], None] / 255
    place[:] = np.rint(letters * 255 + (1 - letters) * (place * 0.4)).astype(np.uint8)
    return labelled
