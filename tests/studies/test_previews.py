import base64
import io

import numpy as np
from PIL import Image

from swapper.studies.previews import data_uri, shrink


def test_large_pictures_shrink_and_small_ones_stay():
    image = np.full((300, 600, 3), 77, np.uint8)
    assert shrink(image, 200).shape == (100, 200, 3)
    assert shrink(image, 600) is image
    assert (shrink(image, 100) == 77).all()
    assert shrink(np.zeros((1, 900, 3), np.uint8), 90).shape == (1, 90, 3)


def test_a_picture_travels_inside_a_link():
    image = np.full((8, 12, 3), (200, 100, 50), np.uint8)
    head, data = data_uri(image).split(",", 1)
    assert head == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        assert picture.size == (12, 8)
        assert np.abs(np.asarray(picture).astype(int) - image).max() < 6
