"""High dynamic range and other encodings than sRGB, as PNG and AVIF carry them."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reading.samples import (
    avif_of_eight_bits,
    avif_of_ten_bits,
    cicp,
    code,
    colours,
    encoded,
    in_primaries,
    linear,
    png,
)

from swapper.images import read_image, read_still
from swapper.reading.encoding import HLG, PQ, encoding
from swapper.reading.headers import isobmff_codes, png_codes
from swapper.video.colors import tone_map

DATA = Path(__file__).parents[1] / "data"
P3, BT2020, SRGB = 12, 9, 13


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("primaries", [BT2020, P3, 1])
def test_high_range_png_shows_what_was_encoded(transfer, primaries):
    image = colours()
    if transfer == HLG and primaries != BT2020:
        pytest.skip("the sample's system gamma is that of BT.2020")
    deep = encoded(image, primaries, transfer)
    assert np.abs(read_image(png(deep, cicp(primaries, transfer))).astype(int) - image).max() <= 1
    shallow = (deep >> 8).astype(np.uint8)
    assert np.abs(read_image(png(shallow, cicp(primaries, transfer))).astype(int) - image).mean() < 4


@pytest.mark.parametrize(
    ("primaries", "transfer"), [(P3, SRGB), (P3, 1), (P3, 2), (BT2020, 14), (22, SRGB), (1, 8), (P3, 8), (1, 4)]
)
def test_other_gamuts_and_curves(primaries, transfer):
    image = colours()
    deep = encoded(image, primaries, transfer)
    assert np.abs(read_image(png(deep, cicp(primaries, transfer))).astype(int) - image).max() <= 1
    shallow = np.rint(deep / 257).astype(np.uint8)
    if transfer == 8:
        return  # eight bits of linear light have few shadows
    assert np.abs(read_image(png(shallow, cicp(primaries, transfer))).astype(int) - image).max() <= 3
    assert np.abs(read_image(avif_of_eight_bits(shallow, primaries, transfer)).astype(int) - image).max() <= 8


@pytest.mark.parametrize(("primaries", "transfer"), [(1, SRGB), (1, 1), (1, 6), (1, 2), (2, 2), (0, 0), (1, 200)])
def test_what_is_srgb_or_unknown_keeps_every_number(primaries, transfer):
    image = colours()
    assert encoding(primaries, transfer) is None
    assert (read_image(png(image, cicp(primaries, transfer))) == image).all()
    assert (read_image(png(image.astype(np.uint16) * 257, cicp(primaries, transfer))) == image).all()


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_high_range_avif_of_eight_and_ten_bits(transfer):
    image = colours(96, 128)
    deep = encoded(image, BT2020, transfer)
    shallow = avif_of_eight_bits(np.rint(deep / 257).astype(np.uint8), BT2020, transfer)
    assert np.abs(read_image(shallow).astype(int) - image).mean() < 5
    fine = avif_of_ten_bits(deep, BT2020, transfer)
    assert isobmff_codes(fine) == (BT2020, transfer, 9, True)
    assert np.abs(read_image(fine).astype(int) - image).mean() < 2.5
    ramp = np.linspace(80, 120, 256)[None, :, None].repeat(128, 0).repeat(3, 2)
    found = read_image(avif_of_ten_bits(encoded(ramp, BT2020, transfer), BT2020, transfer))
    assert len(np.unique(found[..., 1])) > 35, "eight bits of PQ would leave steps"


def test_transparent_avif_of_p3():
    image = colours()
    shallow = np.rint(encoded(image, P3, SRGB) / 257).astype(np.uint8)
    alpha = np.zeros(image.shape[:2], np.uint8)
    alpha[:, 32:] = 255
    still = read_still(avif_of_eight_bits(np.dstack([shallow, alpha]), P3, SRGB))
    assert still.layers is not None and (still.layers[:, :30, 3] < 8).all() and (still.layers[:, 34:, 3] > 247).all()
    assert (still.image[:, :30] > 247).all()
    assert np.abs(still.image[:, 34:].astype(int) - image[:, 34:]).max() <= 10


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_transparent_high_range_png(transfer):
    image = colours()
    alpha = np.zeros(image.shape[:2], np.uint16)
    alpha[:, 32:] = 65535
    still = read_still(png(np.dstack([encoded(image, BT2020, transfer), alpha]), cicp(BT2020, transfer)))
    assert still.layers is not None and (still.image[:, :32] == 255).all()
    assert np.abs(still.layers[..., :3].astype(int) - image).max() <= 1


def test_grey_high_range_png():
    grey = colours()[:10, :, 0]
    deep = encoded(grey[..., None].repeat(3, 2), 1, PQ)[..., 0]
    assert np.abs(read_image(png(deep, cicp(1, PQ))).astype(int) - grey[..., None]).max() <= 1


def test_highlights_are_compressed_at_their_hue_and_the_rest_is_left_alone():
    light = np.array([[[0.5, 0.4, 0.3], [1.0, 1.0, 1.0], [4.0, 2.0, 1.0], [4.9, 4.9, 4.9], [40, 40, 40]]])
    deep = np.rint(code(in_primaries(light, BT2020), PQ) * 65535).astype(np.uint16)
    shown = encoding(BT2020, PQ).to_srgb(deep)[0].astype(int)
    assert np.abs(shown[0] - np.rint(code(light[0, 0], SRGB) * 255)).max() <= 1
    assert shown[1].min() > 225 and shown[3].min() > 252 and (shown[4] == 255).all()
    assert shown[2][0] > shown[2][1] > shown[2][2] > 100, "orange light stays orange"


def test_hlg_follows_luminance_not_each_channel():
    """A saturated red of code 0.75: its light depends on how little of the luminance red is (ITU-R BT.2100)."""
    deep = np.array([[[49151, 0, 0], [49151, 49151, 49151]]], np.uint16)
    scene = (np.exp((0.75 - 0.55991073) / 0.17883277) + 0.28466892) / 12
    red = encoding(BT2020, HLG)
    light = red.light[49151, 0] * (0.2627 * red.light[49151, 0]) ** 0.2
    assert light == pytest.approx(scene * (0.2627 * scene) ** 0.2 * 1000 / 203, rel=1e-3)
    shown = red.to_srgb(deep)[0]
    assert shown[1].min() > 220 and shown[0, 0] > 200 and shown[0, 1:].max() == 0


def test_pictures_and_videos_agree_on_perceptual_quantisation():
    deep = encoded(colours(), BT2020, PQ)
    video, still = tone_map(deep, PQ).astype(float), encoding(BT2020, PQ).to_srgb(deep).astype(float)
    light = (video / 255) ** 2.4  # a film's display
    assert np.abs(light - linear(still)).max() < 0.02


@pytest.mark.parametrize(
    ("gamma", "exponent"), [(100_000, 1.0), (45_455, None), (55_556, 1.8), (0, None), (1, None), (40_000, 2.5)]
)
def test_png_gamma(gamma, exponent):
    image = colours()
    light = (image / 255) ** exponent if exponent else linear(image)
    wanted = image if exponent is None else code(light, SRGB) * 255
    data = png(image, (b"gAMA", struct.pack(">I", gamma)))
    assert np.abs(read_image(data) - np.asarray(wanted, float)).max() <= 1
    assert (read_image(png(image, (b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", gamma)))) == image).all()


def test_png_chromaticities():
    image = colours()
    shallow = np.rint(encoded(image, P3, SRGB) / 257).astype(np.uint8)
    p3 = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    assert np.abs(read_image(png(shallow, (b"cHRM", p3))).astype(int) - image).max() <= 3
    srgb = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
    assert (read_image(png(image, (b"gAMA", struct.pack(">I", 45455)), (b"cHRM", srgb))) == image).all()
    for nonsense in (bytes(32), b"\xff" * 32, struct.pack(">8I", *[30000] * 8)):
        assert (read_image(png(image, (b"cHRM", nonsense))) == image).all()


def test_cicp_stands_above_all_other_words_of_a_png():
    image = colours()
    deep = encoded(image, BT2020, PQ)
    data = png(deep, cicp(BT2020, PQ), (b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100_000)))
    assert np.abs(read_image(data).astype(int) - image).max() <= 1


@pytest.mark.parametrize("cut", [0, 8, 20, 33, 40, 60])
def test_headers_of_cut_files_say_nothing_and_raise_nothing(cut):
    whole = png(colours(), cicp(BT2020, PQ))
    assert png_codes(whole) == (BT2020, PQ, 0, True)
    assert png_codes(whole[:cut]) is None or cut > 45
    film = avif_of_eight_bits(colours(), BT2020, PQ)
    for end in range(0, len(film), 17):
        assert isobmff_codes(film[:end]) in (None, (BT2020, PQ, 6, True))


def test_damaged_boxes_raise_nothing():
    film = bytearray(avif_of_eight_bits(colours(), BT2020, PQ))
    for at in range(32, 330):
        kept, film[at] = film[at], 0xFF
        isobmff_codes(bytes(film))
        film[at] = kept


def test_the_shared_sample_of_high_range(shared_cases):
    found = read_image(shared_cases / "hdr-pq.avif")
    portrait = Image.open(DATA / "hdr-pq-in-srgb.jpg").resize(found.shape[1::-1])  # the picture that it was made from
    assert np.abs(found.astype(int) - np.asarray(portrait)).mean() < 5
