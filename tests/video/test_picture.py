"""Pictures keep their numbers but for what is repainted."""

import av
import numpy as np
import pytest
from clips import background

from swapper.video.colors import Colors, to_yuv
from swapper.video.picture import Picture

SIZES = [(270, 480), (272, 482), (90, 122), (720, 64), (34, 30)]


def picture(height: int, width: int) -> Picture:
    frame = to_yuv(background(height, width), Colors(), width, height)
    found = Picture.of(frame, Colors())
    assert found is not None
    return found


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_an_encoder_gets_the_numbers_that_came_from_the_decoder(height, width):
    whole = picture(height, width)
    assert whole.size == (height, width)
    frame = whole.frame()
    assert (frame.width, frame.height) == (width, height)
    assert np.array_equal(frame.to_ndarray(), whole.numbers)
    assert np.abs(whole.to_rgb().astype(int) - background(height, width)).mean() < 6


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_only_the_box_is_repainted(height, width):
    whole, before = picture(height, width), picture(height, width)
    image = whole.to_rgb()
    box = width // 3, height // 3, width // 3 + 9, height // 3 + 7
    image[box[1] : box[3], box[0] : box[2]] = (200, 40, 40)
    whole.repaint(image, [box])
    after = whole.to_rgb()
    assert np.abs(after[box[1] + 2 : box[3] - 2, box[0] + 2 : box[2] - 2].astype(int) - (200, 40, 40)).max() < 6
    change = np.abs(whole.luma.astype(int) - before.luma)
    far = np.ones((height, width), bool)
    far[max(box[1] - 66, 0) : box[3] + 66, max(box[0] - 66, 0) : box[2] + 66] = False
    assert not change[far].any()
    near = change[max(box[1] - 64, 0) : box[1] - 2, box[0] : box[2]]
    assert near.size > 0 and near.max() <= 3  # 8-bit RGB lies between


def test_a_box_at_the_edge_is_repainted_whole():
    whole = picture(272, 482)
    image = np.full((272, 482, 3), 90, np.uint8)
    whole.repaint(image, [(0, 0, 482, 272)])
    assert np.abs(whole.to_rgb().astype(int) - 90).max() <= 2


@pytest.mark.parametrize("format_name", ["yuv422p", "yuv420p10le", "rgb24"])
def test_other_numbers_are_left_to_rgb(format_name):
    frame = av.VideoFrame.from_ndarray(background(64, 96), "rgb24").reformat(format=format_name)
    assert Picture.of(frame, Colors()) is None


def test_odd_sizes_and_high_dynamic_range_are_left_to_rgb():
    odd = av.VideoFrame.from_ndarray(background(65, 96), "rgb24").reformat(format="yuv420p")
    assert Picture.of(odd, Colors()) is None
    even = to_yuv(background(64, 96), Colors(), 96, 64)
    assert Picture.of(even, Colors(transfer=16)) is None
