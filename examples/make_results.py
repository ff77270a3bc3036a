"""Draw ``docs/results.jpg``: source, target and result of three pairs of the example portraits."""

from pathlib import Path

import numpy as np
from PIL import Image

from swapper import FaceSwapper

HERE = Path(__file__).parent
PAIRS = (("08", "01"), ("05", "02"), ("06", "03"))  # source, target
SIDE, GAP = 320, 8


def main() -> None:
    """Swap and lay out; every picture keeps its middle."""
    swapper = FaceSwapper("ghost")
    sheet = Image.new("RGB", (3 * SIDE + 2 * GAP, len(PAIRS) * (SIDE + GAP) - GAP), "white")
    for row, names in enumerate(PAIRS):
        source, target = (HERE / "portraits" / f"{name}.jpg" for name in names)
        pictures = (Image.open(source), Image.open(target), swapper.swap_image(source, target).image)
        for column, picture in enumerate(pictures):
            sheet.paste(_square(picture), (column * (SIDE + GAP), row * (SIDE + GAP)))
    sheet.save(HERE.parent / "docs" / "results.jpg", quality=90)


def _square(picture: Image.Image | np.ndarray) -> Image.Image:
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return image.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
