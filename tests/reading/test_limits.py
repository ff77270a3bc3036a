"""What is refused before it is decoded: pictures that would take the machine."""

import io
import re
import struct
import time

import numpy as np
import pytest
from hostile.pictures import progressive_jpeg, thin_png
from PIL import Image

from swapper.images import read_image
from swapper.reading.limits import check_scans
from swapper.runtime.limits import Limits
from swapper.types import UserError


@pytest.mark.parametrize("size", [(64_000_000, 1), (1, 64_000_000), (32_769, 1000), (1000, 32_769)])
def test_long_sides_are_refused_at_once(size):
    data, begin = thin_png(*size), time.perf_counter()
    with pytest.raises(UserError, match=r"no side may have more than 32768\. Make it smaller, or set SWAPPER_MAX_SIDE"):
        read_image(data)
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize("size", [(32_768, 1), (1, 32_768), (20_000, 199), (101, 1)])
def test_thin_pictures_are_refused(size):
    for source in (thin_png(*size), np.zeros((size[1], size[0], 3), np.uint8), Image.new("L", size)):
        with pytest.raises(UserError, match=r"100 times as long as the other at most\. .* set SWAPPER_MAX_ASPECT"):
            read_image(source)


def test_panoramas_and_settings_pass():
    assert read_image(thin_png(32_768, 400)).shape == (400, 32_768, 3)
    assert read_image(thin_png(40_000, 10), Limits(max_side=40_000, max_aspect=4000)).shape == (10, 40_000, 3)
    assert read_image(thin_png(100, 1)).shape == (1, 100, 3)


@pytest.mark.parametrize("color", ["RGB", "L"])
def test_jpegs_of_many_scans_are_refused_before_decoding(color):
    begin = time.perf_counter()
    for data in (progressive_jpeg(640, 480, 1500, color), progressive_jpeg(6000, 6000, 150, color)):
        with pytest.raises(UserError, match=r"made of \d+ scans, and at most \d+ are decoded .* plain JPEG or as PNG"):
            read_image(data)
    assert time.perf_counter() - begin < 5


@pytest.mark.parametrize("size", [(640, 480), (4000, 3000)])
def test_usual_progressive_jpegs_are_read(size):
    assert read_image(progressive_jpeg(*size, 0)).shape == (size[1], size[0], 3)
    assert read_image(progressive_jpeg(640, 480, 100)).shape == (480, 640, 3)


def test_what_looks_like_scans_elsewhere_does_not_count():
    """A film behind a motion photo, or a thumbnail in its head."""
    plain = progressive_jpeg(64, 48, 0)
    check_scans(plain + b"\xff\xda" * 5000, 64 * 48, "x")
    head = b"\xff\xe2" + struct.pack(">H", 2 + 4000) + b"\xff\xda" * 2000
    check_scans(plain[:2] + head + plain[2:], 64 * 48, "x")
    with pytest.raises(UserError, match="made of 5"):
        check_scans(plain[:2] + head + progressive_jpeg(64, 48, 520)[2:], 64 * 48, "x")


@pytest.mark.parametrize("cut", [2, 3, 4, 20, 300, 600])
def test_cut_jpegs_are_counted_as_far_as_they_go(cut):
    data = progressive_jpeg(64, 48, 600)
    check_scans(data[:cut], 64 * 48, "x")


def test_every_refusal_for_size_names_the_setting():
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8))
    stream = io.BytesIO()
    photo.save(stream, "PNG")
    for limits, name in (
        (Limits(max_upload_bytes=100), "SWAPPER_MAX_UPLOAD_BYTES"),
        (Limits(max_pixels=100), "SWAPPER_MAX_PIXELS"),
        (Limits(max_side=70), "SWAPPER_MAX_SIDE"),
        (Limits(max_aspect=1), "SWAPPER_MAX_ASPECT"),
    ):
        with pytest.raises(UserError) as refused:
            read_image(stream.getvalue(), limits)
        assert re.search(rf"set {name}\.$", str(refused.value))


def test_a_phones_largest_photo_is_read_on_a_persons_own_machine_and_refused_on_a_server(monkeypatch):
    monkeypatch.setattr("swapper.runtime.limits.usable_memory", lambda: 4 * 2**30)
    photo = thin_png(12_000, 9_000)
    assert read_image(photo).shape == (9_000, 12_000, 3)
    monkeypatch.setenv("SPACE_ID", "somebody/space")
    with pytest.raises(UserError, match=r"108 megapixels, more than the limit of 64 .* set SWAPPER_MAX_PIXELS\.$"):
        read_image(photo)
    monkeypatch.setenv("SWAPPER_MAX_PIXELS", "120_000_000")
    assert read_image(photo).shape == (9_000, 12_000, 3)
