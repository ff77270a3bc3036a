"""HEIC, as phones write it."""

import io
import sys

import numpy as np
import pytest
from PIL import Image
from reading.icc import DISPLAY_P3, SRGB_CURVE, parametric, rgb_profile
from reading.samples import colours, encoded, in_primaries, linear, png

from swapper.images import read_image, read_still
from swapper.runtime.limits import Limits
from swapper.types import UserError

pillow_heif = pytest.importorskip("pillow_heif", reason="it writes the files")
P3, BT2020, PQ, HLG, SRGB = 12, 9, 16, 18, 13


def heic(pixels: np.ndarray, nclx: tuple[int, int] | None = None, **options: object) -> bytes:
    """A HEIC of 8 bits, or of 10 from 16-bit codes."""
    mode = {3: "RGB", 4: "RGBA"}[pixels.shape[2]] + (";16" if pixels.dtype == np.uint16 else "")
    file = pillow_heif.from_bytes(mode, pixels.shape[1::-1], pixels.tobytes())
    said = {}
    if nclx is not None:
        said = {"color_primaries": nclx[0], "transfer_characteristics": nclx[1], "matrix_coefficients": 6}
        said |= {"full_range_flag": 1, "save_nclx_profile": True}
    stream = io.BytesIO()
    file.save(stream, quality=-1 if nclx is None else 98, chroma=444, **said, **options)
    return stream.getvalue()


def test_a_phones_photo_with_its_profile():
    image = colours(64, 96)
    p3 = np.rint(encoded(image, P3, SRGB) / 257).astype(np.uint8)
    profile = rgb_profile(DISPLAY_P3, parametric(*SRGB_CURVE), "Display P3")
    data = heic(p3, icc_profile=profile)
    assert np.abs(read_image(data).astype(int) - image).max() <= 5
    assert np.abs(read_image(data).astype(int) - p3).max() > 10, "P3 taken for sRGB is paler"


@pytest.mark.parametrize(("primaries", "transfer"), [(P3, SRGB), (1, SRGB), (1, 1), (2, 2)])
def test_eight_bits_with_codes(primaries, transfer):
    image = colours(64, 96)
    pixels = np.rint(encoded(image, primaries, transfer) / 257).astype(np.uint8)
    assert np.abs(read_image(heic(pixels, (primaries, transfer))).astype(int) - image).max() <= 8


@pytest.mark.parametrize(("primaries", "transfer"), [(BT2020, PQ), (BT2020, HLG), (P3, SRGB), (1, SRGB)])
def test_ten_bits(primaries, transfer):
    image = colours(64, 96)
    found = read_image(heic(encoded(image, primaries, transfer), (primaries, transfer)))
    assert np.abs(found.astype(int) - image).mean() < 2.5


def test_ten_bits_with_a_profile():
    image = colours(64, 96)
    profile = rgb_profile(DISPLAY_P3, parametric(*SRGB_CURVE), "Display P3")
    data = heic(encoded(image, P3, SRGB), icc_profile=profile)
    assert np.abs(read_image(data).astype(int) - image).max() <= 5


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(orientation):
    image = Image.fromarray(colours(64, 96))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    pillow_heif.from_pillow(image).save(stream, quality=-1, exif=exif.tobytes())
    upright = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}.get(orientation)
    wanted = image if upright is None else image.transpose(Image.Transpose(upright))
    found = read_image(stream.getvalue())
    assert found.shape == np.asarray(wanted).shape
    assert np.abs(found.astype(int) - np.asarray(wanted)).mean() < 3


@pytest.mark.parametrize("depth", [8, 10])
def test_transparency(depth):
    image = colours(64, 96)
    alpha = np.zeros((64, 96, 1), np.uint8)
    alpha[:, 48:] = 255
    pixels = np.concatenate([image, alpha], 2)
    still = read_still(heic(pixels if depth == 8 else pixels.astype(np.uint16) * 257))
    assert still.layers is not None and (still.layers[:, :40, 3] < 8).all() and (still.layers[:, 56:, 3] > 247).all()
    assert (still.image[:, :40] > 247).all() and np.abs(still.image[:, 56:].astype(int) - image[:, 56:]).max() <= 6


def test_greys():
    grey = colours(64, 96)[..., 0].copy()
    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(grey)).save(stream, quality=-1)
    assert np.abs(read_image(stream.getvalue()).astype(int) - grey[..., None]).max() <= 2


def test_the_limit_is_checked_before_decoding():
    with pytest.raises(UserError, match=r"more than the limit of 0\.001 megapixels.*SWAPPER_MAX_PIXELS"):
        read_image(heic(colours(64, 96)), Limits(max_pixels=1000))


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9])
def test_cut_files_are_refused(share, tmp_path):
    data = heic(np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8))
    path = tmp_path / "photo.heic"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UserError, match=r"photo\.heic': .*damaged or cut off.*[Dd]ownload it again"):
        read_image(path)


def test_damaged_files_are_pictures_or_sentences():
    data, random = heic(colours(64, 96), (P3, SRGB)), np.random.default_rng(0)
    for _ in range(150):
        changed = bytearray(data)
        for _ in range(int(random.integers(1, 5))):
            changed[int(random.integers(8, len(data)))] = int(random.integers(256))
        try:
            assert read_image(bytes(changed), Limits(max_pixels=1_000_000)).shape[2] == 3
        except UserError:
            continue


def test_without_the_package_it_is_named(monkeypatch):
    for name in ("pi_heif", "pillow_heif"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UserError, match=r"need the package pi-heif\. Install it with 'python -m pip install pi-heif'"):
        read_image(heic_head())


def heic_head() -> bytes:
    return b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)


def test_samples_hold_what_they_claim():
    image = colours()
    assert np.abs(linear(image) - in_primaries(linear(image), 1)).max() == 0
    assert (read_image(png(image)) == image).all()
