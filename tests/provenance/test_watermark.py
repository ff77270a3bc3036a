"""The watermark is invisible, outlives what happens to pictures on their way, and is not seen where it is not."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image
from textures import texture

from swapper.provenance.detection import THRESHOLD, best_mark, find_mark
from swapper.provenance.pattern import CODE_BITS, TILE, codebook, lattice, tile
from swapper.provenance.watermark import LONGEST, add_mark

MESSAGE = 0x1A5


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=quality)
    return np.array(Image.open(stream))


def resized(image: np.ndarray, factor: float) -> np.ndarray:
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=how)


def cropped(image: np.ndarray, share: float) -> np.ndarray:
    height, width = image.shape[:2]
    top, left = int(height * (1 - share) * 0.37), int(width * (1 - share) * 0.61)
    return np.ascontiguousarray(image[top : top + int(height * share), left : left + int(width * share)])


def noisy(image: np.ndarray, deviation: float) -> np.ndarray:
    noise = np.random.default_rng(5).normal(0, deviation, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


TREATMENTS = {
    "as it is": lambda image: image,
    "JPEG 95": lambda image: jpeg(image, 95),
    "JPEG 75": lambda image: jpeg(image, 75),
    "JPEG 60": lambda image: jpeg(image, 60),
    "half size": lambda image: resized(image, 0.5),
    "half size, JPEG 75": lambda image: jpeg(resized(image, 0.5), 75),
    "0.73 of its size": lambda image: resized(image, 0.73),
    "double size": lambda image: resized(image, 2.0),
    "1.37 of its size, JPEG 75": lambda image: jpeg(resized(image, 1.37), 75),
    "half of each side": lambda image: cropped(image, 0.5),
    "0.7 of each side, 0.7 of its size, JPEG 75": lambda image: jpeg(resized(cropped(image, 0.7), 0.7), 75),
    "blurred": lambda image: cv2.GaussianBlur(image, (0, 0), 1.0),
    "noise": lambda image: noisy(image, 5),
    "brighter, more contrast": lambda image: cv2.convertScaleAbs(image, alpha=1.15, beta=6),
    "grey": lambda image: np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2),
}


@pytest.fixture(scope="module")
def marked(pictures):
    return [add_mark(picture, MESSAGE) for picture in pictures]


@pytest.mark.parametrize("treatment", TREATMENTS)
def test_what_it_outlives(marked, treatment):
    found = [find_mark(TREATMENTS[treatment](picture)) for picture in marked]
    assert len(found) >= 2
    for mark in found:
        assert mark is not None
        assert mark.message == MESSAGE
        right = np.mean((mark.code > 0) == (codebook()[MESSAGE] > 0))
        assert right >= 0.9, f"{right:.2f} of the bits are right before correction"


@pytest.mark.parametrize("scale", [0.5, 0.8, 1.5])
def test_tells_the_scale(marked, scale):
    mark = find_mark(resized(marked[0], scale))
    assert mark is not None and mark.scale == pytest.approx(scale, rel=0.01)


def test_invisible(pictures, marked):
    for before, after in zip(pictures, marked, strict=True):
        change = after.astype(int) - before
        assert after.dtype == np.uint8 and after.shape == before.shape
        assert 10 * np.log10(255**2 / np.mean(change**2)) > 42
        inside = (before > 15) & (before < 240)
        gray = inside.all(axis=2)
        assert np.ptp(change[gray], axis=1).max() == 0, "colours change"
        assert abs(change.mean()) < 0.05, "brightness changes"


def test_the_picture_handed_in_stays_as_it_is(pictures):
    before = pictures[0].copy()
    add_mark(pictures[0], 1)
    assert np.array_equal(before, pictures[0])


def test_smooth_pictures_change_less_than_busy_ones():
    def loudness(image):
        return np.std(add_mark(image, MESSAGE).astype(int) - image)

    assert loudness(np.full((256, 256, 3), 128, np.uint8)) < 1.1 < 1.5 < loudness(texture(3, 256, 0.6))


def test_large_pictures_are_found_after_strong_reduction():
    large = resized(texture(4, 768), 4.0)
    mark = find_mark(jpeg(resized(add_mark(large, MESSAGE), 960 / large.shape[1]), 80))
    assert mark is not None and mark.message == MESSAGE
    assert mark.scale == pytest.approx(960 / LONGEST, rel=0.01)


@pytest.mark.parametrize("message", [0, 1, 0x102, 0xFFF])
def test_every_message_comes_back(message):
    mark = find_mark(add_mark(texture(6, 320), message))
    assert mark is not None and mark.message == message


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (40, 40), (3, 2000)])
def test_tiny_pictures_are_marked_and_searched_without_complaint(shape):
    picture = np.full((*shape, 3), 200, np.uint8)
    marked = add_mark(picture, MESSAGE)
    assert marked.shape == picture.shape
    assert find_mark(marked) is None


@pytest.mark.slow
def test_unmarked_pictures_are_far_from_the_threshold():
    """200 pictures. Half the square of a score of one trial falls off exponentially, so the best of many trials
    follows a Gumbel law, whose tail beyond the threshold is the chance of an error.
    """
    energies = []
    for seed in range(200):
        picture = texture(1000 + seed, 128, (0.0, 0.6, 1.0, 1.4, 2.0)[seed % 5])
        best = best_mark(picture if seed % 2 else jpeg(picture, 60 + seed % 36))
        assert best is not None
        energies.append(best.score**2 / 2)
    width = np.std(energies) * np.sqrt(6) / np.pi
    middle = np.mean(energies) - np.euler_gamma * width
    chance = -np.expm1(-np.exp(-(THRESHOLD**2 / 2 - middle) / width))
    assert max(energies) < (THRESHOLD - 1) ** 2 / 2
    assert chance < 1e-6


def test_other_periodic_pictures_are_not_taken_for_marked():
    y, x = np.mgrid[:384, :384]
    stripes = 128 + 60 * np.sin(2 * np.pi * x / 6) * np.sin(2 * np.pi * y / 8)
    checks = 255 * ((x // 12 + y // 12) % 2)
    repeated = np.tile(texture(9, TILE, 0.5)[..., 0], (4, 4))
    for picture in (stripes, checks, repeated):
        assert find_mark(np.repeat(picture.astype(np.uint8)[..., None], 3, axis=2)) is None


def test_the_code_is_golay():
    words = codebook()
    assert words.shape == (4096, CODE_BITS)
    ones = (words < 0).sum(axis=1)
    assert sorted(set(ones)) == [0, 8, 12, 16, 24]  # the weights of the extended Golay code, which is linear
    assert len(np.unique(words, axis=0)) == 4096


def test_the_pattern_never_changes():
    """Pictures marked today must be recognised by every later version."""
    grid = lattice()
    assert len(grid.rows) == 566 and (grid.bit < 0).sum() == 198
    assert np.bincount(grid.bit[grid.bit >= 0], minlength=CODE_BITS).min() >= 14
    assert tile(0x101)[0, :4] == pytest.approx([-0.82303, -0.30019, 0.10299, 0.44163], abs=1e-4)
