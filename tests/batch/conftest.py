"""Photos that the tests of batches share."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import portrait
from forty_jobs import BROKEN, SOURCE
from PIL import Image

from swapper.pipeline import FaceSwapper


@pytest.fixture(scope="session")
def forty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 40 photos, of which two cannot be read."""
    folder = tmp_path_factory.mktemp("forty")
    for number in range(40):
        face = portrait(number % 4)
        shifted = np.roll(cv2.resize(face, (256, 256), interpolation=cv2.INTER_AREA), number, axis=1)
        Image.fromarray(shifted).save(folder / f"p{number:02d}.png", compress_level=1)
    for name, data in BROKEN.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture(scope="session")
def one_by_one(forty: Path) -> dict[str, np.ndarray]:
    """What the same swaps look like where one process does one after the other."""
    swapper = FaceSwapper("warp", "cpu", restore="none", threads=1)
    identity = swapper.identify(SOURCE)
    readable = sorted(path for path in forty.iterdir() if path.name not in BROKEN)
    return {path.name: swapper.swap_image(identity, path).image for path in readable}
