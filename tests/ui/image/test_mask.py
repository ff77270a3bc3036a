import numpy as np
import pytest
from PIL import Image

from swapper.types import UserError
from swapper.ui.image.editor import SIDE, read_layer
from swapper.ui.image.mask import ADD, KEEP, Painting, read_strokes, tinted, together


def layer(**colors: tuple[int, ...]) -> np.ndarray:
    """A painted layer: 8 x 12 pixels, one row of each colour."""
    drawn = np.zeros((8, 12, 4), np.uint8)
    for row, color in enumerate(colors.values()):
        drawn[row, :, :3], drawn[row, :, 3] = color[:3], color[3] if len(color) > 3 else 255
    return drawn


def test_blue_adds_orange_keeps_and_faint_edges_do_not_count():
    strokes = read_strokes(layer(blue=ADD, orange=KEEP, other=(250, 90, 30), faint=(*ADD, 20)))
    assert strokes is not None and strokes.dtype == np.int8
    assert strokes[:, 0].tolist() == [1, -1, -1, 0, 0, 0, 0, 0]
    assert read_strokes(layer()) is None and read_strokes(None) is None


def test_new_strokes_lie_over_those_from_before_of_the_same_target():
    old, new = np.zeros((4, 6), np.int8), np.zeros((8, 12), np.int8)
    old[0], new[0, :6] = 1, -1
    before = Painting.of("a.png", old)
    assert np.array_equal(before.strokes, old) and before.over("a.png") is not None and before.over("b.png") is None
    both = together(before, "a.png", new)
    assert both[0].tolist() == [-1] * 6 + [1] * 6 and both[1].tolist() == [1] * 12
    assert np.array_equal(together(before, "b.png", new), new)
    assert before.path != Painting.of("a.png", old).path


def test_only_what_was_replaced_is_tinted():
    image, replaced = np.full((40, 60, 3), 100, np.uint8), np.zeros((40, 60), np.uint8)
    replaced[:, 30:] = 255
    shown = tinted(image, replaced)
    assert (shown[:, :30] == 100).all() and shown[0, 45, 1] > 130 > shown[0, 45, 0]
    assert max(tinted(np.zeros((900, 2000, 3), np.uint8), np.zeros((900, 2000), np.uint8)).shape) == SIDE


def test_only_an_uploaded_layer_of_the_pictures_size_is_read(uploads):
    def sent(picture: Image.Image, name: str) -> dict:
        picture.save(uploads / name)
        return {"background": None, "layers": [{"path": str(uploads / name)}], "composite": None, "id": None}

    found = read_layer(sent(Image.new("RGBA", (20, 10), (*ADD, 255)), "a.png"))
    assert found is not None and found.shape == (10, 20, 4)
    for payload in (None, "x", {"layers": []}, {"layers": None}):
        assert read_layer(payload) is None
    with pytest.raises(UserError, match="larger than the picture"):
        read_layer(sent(Image.new("RGBA", (2 * SIDE + 1, 10)), "b.png"))
    with pytest.raises(UserError, match="cannot be read"):
        read_layer(sent(Image.new("RGB", (20, 10)), "c.bmp"))
    with pytest.raises(UserError, match="not an uploaded file"):
        read_layer({"layers": [{"path": "/etc/hostname"}]})
    with pytest.raises(UserError, match="more than the 1"):
        read_layer({"layers": [{"path": str(uploads / "a.png")}] * 2})
