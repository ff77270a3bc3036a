"""TIFF files of floats and of L*a*b*."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms
from reading.icc import ADOBE, SRGB, gamma, rgb_profile
from reading.samples import code, colours, linear, tiff

from swapper.images import read_image, read_still
from swapper.reading.tiff import TiffHeader
from swapper.runtime.limits import Limits
from swapper.types import UserError

RGB, CIELAB, ICCLAB, CMYK = 2, 8, 9, 5


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("grey", [False, True])
def test_floats(dtype, order, grey):
    image = colours()
    levels = (image / 255).astype(dtype)
    data = tiff(levels[..., 0], 1, order) if grey else tiff(levels, RGB, order)
    wanted = image[..., :1] if grey else image
    assert np.abs(read_image(data).astype(int) - wanted).max() <= (1 if dtype == np.float16 else 0) + grey


@pytest.mark.parametrize("compression", [1, 5, 8, 32773])
def test_compressed_floats(compression):
    image = colours()
    how = [cv2.IMWRITE_TIFF_COMPRESSION, compression]
    data = cv2.imencode(".tif", np.ascontiguousarray(image[..., ::-1] / 255).astype(np.float32), how)[1].tobytes()
    assert TiffHeader.of(data).first(259, 0) == compression
    assert (read_image(data) == image).all()


def test_floats_beyond_one_and_not_of_one():
    image = colours()
    levels = (image / 255).astype(np.float32)
    bright = levels.copy()
    bright[0, :4] = (3.0, 8.0, 2.0)
    found = read_image(tiff(bright, RGB))
    assert (found[0, :4] == 255).all() and (found[1:] == image[1:]).all(), "highlights are cut, the rest stays"
    assert np.abs(read_image(tiff(levels * 255, RGB)).astype(int) - image).max() <= 1
    assert np.abs(read_image(tiff(levels * 65535, RGB)).astype(int) - image).max() <= 1
    stretched = read_image(tiff(levels - 5, RGB))
    assert stretched.min() == 0 and stretched.max() == 255
    bright[0, 0] = (np.nan, np.inf, -np.inf)
    found = read_image(tiff(bright, RGB))
    assert found[0, 0].tolist() == [0, 255, 0] and (found[1:] == image[1:]).all()
    assert (read_image(tiff(np.full((4, 5, 3), np.nan, np.float32), RGB)) == 0).all()


def test_floats_of_linear_light_say_so_in_their_profile():
    image = colours()
    data = tiff(linear(image).astype(np.float32), RGB, profile=rgb_profile(SRGB, gamma(1.0)))
    assert np.abs(read_image(data).astype(int) - image).max() <= 1


@pytest.mark.parametrize("extra", [1, 2])
def test_transparent_floats(extra):
    image = colours()
    alpha = np.linspace(0.2, 1, image.shape[1])[None, :, None] * np.ones((image.shape[0], 1, 1))
    levels = image / 255 * (alpha if extra == 1 else 1)
    still = read_still(tiff(np.concatenate([levels, alpha], 2).astype(np.float32), RGB, extra=extra))
    assert still.layers is not None
    assert np.abs(still.layers[..., :3].astype(int) - image).max() <= 1
    assert np.abs(still.layers[..., 3] - alpha[..., 0] * 255).max() <= 0.51


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_orientation_is_applied_once(orientation):
    image = colours()
    turned = {1: image, 3: image[::-1, ::-1], 6: np.rot90(image, -1), 8: np.rot90(image)}[orientation]
    assert (read_image(tiff((image / 255).astype(np.float32), RGB, orientation=orientation)) == turned).all()


def in_lab(image: np.ndarray) -> np.ndarray:
    """CIE L*a*b* under D50, through the matrix that LittleCMS uses for sRGB."""
    xyz = linear(image) @ np.array(SRGB) / np.array([0.9642, 1, 0.8249])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], 2)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("photometric", "bits"), [(CIELAB, 16), (ICCLAB, 16), (ICCLAB, 8)])
def test_lab(photometric, bits, order):
    image, lab = colours(), in_lab(colours())
    deep = bits == 16
    scale = ((65280 if photometric == ICCLAB else 65535) if deep else 255) / 100
    unit, zero = (256, 32768) if deep else (1, 128)
    tint = lab[..., 1:] * unit + (zero if photometric == ICCLAB else 0)
    stored = np.rint(np.concatenate([lab[..., :1] * scale, tint], 2)).astype(np.int64)
    pixels = (stored & (0xFFFF if deep else 0xFF)).astype(np.uint16 if deep else np.uint8)
    assert np.abs(read_image(tiff(pixels, photometric, order)).astype(int) - image).max() <= (1 if deep else 4)


def test_lab_of_eight_bits_as_pillow_writes_it():
    image = Image.fromarray(colours())
    lab = ImageCms.profileToProfile(
        image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    stream = io.BytesIO()
    lab.save(stream, "TIFF")
    assert np.abs(read_image(stream.getvalue()).astype(int) - colours()).max() <= 4


@pytest.mark.parametrize("profile", [rgb_profile(SRGB, gamma(1.0)), rgb_profile(ADOBE, gamma(2.2))])
def test_sixteen_bits_with_a_profile(profile):
    light = np.linspace(0, 0.03, 300)[None, :, None].repeat(4, 0).repeat(3, 2)
    exponent = 1.0 if profile == rgb_profile(SRGB, gamma(1.0)) else 563 / 256
    deep = np.rint(light ** (1 / exponent) * 65535).astype(np.uint16)
    assert np.abs(read_image(tiff(deep, RGB, profile=profile)) - code(light, 13) * 255).max() <= 1


@pytest.mark.parametrize(
    ("pixels", "photometric", "planes", "said"),
    [
        (np.zeros((9, 8, 3), np.uint32), RGB, 1, "32-bit whole-number RGB pixels"),
        (np.zeros((9, 8, 3), np.int16), RGB, 1, "16-bit signed RGB pixels"),
        (np.zeros((3, 9, 8), np.float32), RGB, 2, "32-bit float RGB pixels in separate planes"),
        (np.zeros((9, 8, 4), np.float32), CMYK, 1, "32-bit float CMYK pixels"),
        (np.zeros((9, 8, 3), np.float32), CIELAB, 1, r"32-bit float L\*a\*b\* pixels"),
        (np.zeros((9, 8, 5), np.float32), RGB, 1, "32-bit float RGB pixels"),
    ],
)
def test_other_kinds_are_called_by_their_name(pixels, photometric, planes, said):
    with pytest.raises(UserError, match=f"TIFF files with {said}, compression 1 cannot be read. Save it with 8 or 16"):
        read_image(tiff(pixels, photometric, planes=planes))


def test_a_cameras_raw_file_is_no_thumbnail():
    stream = io.BytesIO()
    Image.fromarray(colours()).save(stream, "TIFF", tiffinfo={50706: b"\1\4\0\0", 271: "Maker"})
    with pytest.raises(UserError, match=r"this is a camera's raw file\. Export it as JPEG"):
        read_image(stream.getvalue())


def test_limits_and_cut_files():
    data = tiff((colours() / 255).astype(np.float32), RGB)
    with pytest.raises(UserError, match=r"more than the limit of 0\.001 megapixels"):
        read_image(data, Limits(max_pixels=1000))
    for end in range(0, len(data), 997):
        with pytest.raises(UserError, match=r"damaged or cut off|is empty|not a readable picture"):
            read_image(data[:end])


def test_damaged_files_are_pictures_or_sentences():
    random = np.random.default_rng(0)
    for data in (tiff((colours() / 255).astype(np.float32), RGB), tiff(colours().astype(np.uint16), ICCLAB)):
        for _ in range(150):
            changed = bytearray(data)
            for _ in range(int(random.integers(1, 5))):
                changed[int(random.integers(len(data) - 260, len(data)))] = int(random.integers(256))
            try:
                assert read_image(bytes(changed), Limits(max_pixels=1_000_000)).shape[2] == 3
            except UserError:
                continue
