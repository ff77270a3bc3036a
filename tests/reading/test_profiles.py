"""Colour profiles are judged by what they do, whatever they are called."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms
from reading.icc import ADOBE, DISPLAY_P3, SRGB, SRGB_CURVE, gamma, grey_profile, parametric, rgb_profile, table

from swapper.images import read_image, read_still
from swapper.reading.profiles import profile_conversion, profile_encoding


def colours(height: int = 40, width: int = 50) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // (width - 1), y * 255 // (height - 1), 255 - x * 255 // (width - 1)], 2).astype(np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def srgb_light(code: np.ndarray) -> np.ndarray:
    code = np.asarray(code, np.float64) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def srgb_code(light: np.ndarray) -> np.ndarray:
    light = np.clip(light, 0, 1)
    return 255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def shown_by(colorants, light: np.ndarray) -> np.ndarray:
    """What sRGB should show of light of some primaries."""
    matrix = np.linalg.inv(np.array(SRGB).T) @ np.array(colorants).T
    return srgb_code(light @ matrix.T)


POINTS = srgb_light(np.linspace(0, 255, 1024))


@pytest.mark.parametrize("name", ["sRGB IEC61966-2.1", "my display", "Linear"])
@pytest.mark.parametrize("curve", [parametric(*SRGB_CURVE), table(POINTS)])
def test_srgb_by_any_name_leaves_every_number_as_it_is(name, curve):
    profile = rgb_profile(SRGB, curve, name)
    image = Image.fromarray(colours())
    assert profile_conversion(profile, "RGB") == ("RGB", None)
    assert (read_image(encoded(image, icc_profile=profile)) == colours()).all()


@pytest.mark.parametrize("name", ["sRGB IEC61966-2.1", "sRGB linear", "ACES"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_linear_light_is_converted_whatever_it_is_called(name, kind):
    flat = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}.get(kind, {})
    data = encoded(Image.fromarray(flat), kind, icc_profile=rgb_profile(SRGB, gamma(1.0), name), **options)
    assert np.abs(read_image(data).astype(int) - np.rint(srgb_code(flat / 255))).max() <= 3


@pytest.mark.parametrize(("colorants", "exponent"), [(ADOBE, 2.2), (DISPLAY_P3, 2.2), (SRGB, 1.8), (ADOBE, 1.0)])
def test_wide_and_unusual_profiles(colorants, exponent):
    image = colours()
    data = encoded(Image.fromarray(image), icc_profile=rgb_profile(colorants, gamma(exponent)))
    exponent = round(exponent * 256) / 256
    assert np.abs(read_image(data).astype(float) - shown_by(colorants, (image / 255) ** exponent)).max() <= 2.5


def test_sixteen_bits_of_linear_light_keep_their_shadows():
    """Eight bits of linear light hold 13 levels of the darkest 50 of sRGB."""
    dark = np.linspace(0, 0.03, 400)[None, :, None].repeat(4, 0).repeat(3, 2)
    deep = np.rint(dark * 65535).astype(np.uint16)
    png = cv2.imencode(".png", deep)[1].tobytes()
    profile = rgb_profile(SRGB, gamma(1.0))
    plain = Image.open(io.BytesIO(png))
    assert plain.mode == "RGB", "of which Pillow keeps 8 bits"
    found = read_image(with_profile(png, profile))
    assert np.abs(found - srgb_code(dark)).max() <= 1
    assert len(np.unique(found)) > 45


def with_profile(png: bytes, profile: bytes) -> bytes:
    """A PNG with a profile put in after its header."""
    import struct
    import zlib

    body = b"iCCP" + b"x\0\0" + zlib.compress(profile)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:33] + chunk + png[33:]


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "P"])
def test_grey_profiles(mode):
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    image = Image.fromarray(ramp).convert(mode)
    data = encoded(image, icc_profile=grey_profile(gamma(1.0)))
    wanted = srgb_code(ramp / 255) if mode in ("L", "LA") else ramp  # of colours, it says nothing
    found = read_image(data).astype(float)
    assert np.abs(found - wanted[..., None]).max() <= 1.5
    assert (found == found[..., :1]).all()


def test_a_grey_profile_with_transparency_keeps_both():
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    image = Image.merge("LA", (Image.fromarray(ramp), Image.fromarray(ramp.T.copy())))
    still = read_still(encoded(image, icc_profile=grey_profile(gamma(1.0))))
    assert still.layers is not None
    assert (still.layers[..., 3] == ramp.T).all()
    assert np.abs(still.layers[..., 0] - srgb_code(ramp / 255)).max() <= 1.5


def test_sixteen_bits_of_grey_with_a_profile():
    deep = np.arange(0, 65536, 64, dtype=np.uint16).reshape(32, 32)
    data = encoded(Image.fromarray(deep), icc_profile=grey_profile(gamma(1.0)))
    assert np.abs(read_image(data) - srgb_code(deep / 65535)[..., None]).max() <= 1
    plain = encoded(Image.fromarray(deep), icc_profile=grey_profile(table(POINTS)))
    assert np.abs(read_image(plain).astype(int) - (deep >> 8)[..., None]).max() <= 1


def test_profiles_of_another_kind_than_the_picture_and_damaged_ones_change_nothing():
    image = colours()
    for profile in (
        grey_profile(gamma(1.0)),
        b"nonsense",
        rgb_profile(SRGB, gamma(1.0))[:200],
        ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes(),
    ):
        assert (read_image(encoded(Image.fromarray(image), icc_profile=profile)) == image).all()


@pytest.mark.parametrize("at", range(128, 420, 7))
def test_damaged_profiles_never_crash(at):
    profile = bytearray(rgb_profile(DISPLAY_P3, parametric(*SRGB_CURVE)))
    profile[at : at + 4] = b"\xff\xfe\xfd\xfc"
    deep = cv2.imencode(".png", colours().astype(np.uint16) * 257)[1].tobytes()
    for data in (encoded(Image.fromarray(colours()), icc_profile=bytes(profile)), with_profile(deep, bytes(profile))):
        assert read_image(data).shape == (40, 50, 3)


def test_an_encoding_is_made_of_curves_and_a_matrix_only():
    assert profile_encoding(rgb_profile(SRGB, parametric(*SRGB_CURVE))) is None
    assert profile_encoding(grey_profile(gamma(1.0))) is None
    found = profile_encoding(rgb_profile(ADOBE, gamma(2.2)))
    assert found is not None and not found.high_range
    image = colours()
    wanted = shown_by(ADOBE, (image / 255) ** (563 / 256))
    assert np.abs(found.to_srgb(image.astype(np.uint16) * 257) - wanted).max() <= 1
