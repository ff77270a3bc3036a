"""Black-and-white targets stay neutral, toned ones on their tint, and pictures in colour are left alone."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from swapper.compose.blend import blend_into
from swapper.compose.settings import BlendSettings
from swapper.compose.toning import find_toning, in_color
from swapper.faces.align import cut_crop
from swapper.images import read_image
from swapper.pipeline import FaceSwapper
from swapper.types import Crop

TONES = {
    "grey": lambda g: np.stack([g, g, g], 2),
    "sepia": lambda g: np.stack([g**0.75, g**0.95, g**1.25], 2),
    "blue": lambda g: np.stack([g**1.4, g, g**0.7], 2),
    "paper": lambda g: np.stack([0.1 + 0.85 * g, 0.1 + 0.78 * g, 0.09 + 0.66 * g], 2),
    "red light": lambda g: np.stack([g, 0.1 * g, 0.05 * g], 2),
}


@pytest.fixture(scope="module")
def crops(portraits: list[Path]) -> list[Crop]:
    """Faces of the made-up people, in colour."""
    swapper = FaceSwapper("warp", "cpu")
    return [swapper.source_crop(path) for path in portraits[:6]]


def toned(image: np.ndarray, tone: str, quality: int | None = None) -> np.ndarray:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) / 255
    picture = Image.fromarray(np.rint(TONES[tone](grey) * 255).clip(0, 255).astype(np.uint8))
    if quality is None:
        return np.array(picture)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return np.array(Image.open(stream))


def oval(size: int = 256) -> np.ndarray:
    y, x = np.mgrid[:size, :size] / size
    return ((((x - 0.5) / 0.3) ** 2 + ((y - 0.56) / 0.37) ** 2) < 1).astype(np.float32)


def blended(target: Crop, face: np.ndarray, **options: object) -> np.ndarray:
    frame = target.image.copy()
    place = Crop(target.image, np.eye(2, 3, dtype=np.float32), target.landmarks)
    blend_into(frame, place, face, oval(), BlendSettings(), shade=True, **options)
    return frame


def with_image(crop: Crop, image: np.ndarray) -> Crop:
    return Crop(image, crop.matrix, crop.landmarks)


def tint(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Brightness, and each channel beyond it."""
    brightness = image @ np.array([0.299, 0.587, 0.114])
    return brightness, image - brightness[..., None]


def test_pictures_in_colour_have_no_toning(crops):
    for crop in crops:
        assert find_toning(crop.image, oval()) is None
        for cast in (0.7, 0.85):  # evening light, old films
            warm = np.rint(crop.image * np.array([1, cast, cast**2])).astype(np.uint8)
            found = find_toning(warm, oval())
            assert found is None or found.share < 0.1


@pytest.mark.parametrize("quality", [None, 85, 55])
def test_black_and_white_is_exactly_neutral(crops, quality):
    for target, source in zip(crops[:3], crops[3:], strict=True):
        grey = with_image(target, toned(target.image, "grey", quality))
        after = blended(grey, source.image)
        assert (after != grey.image).any()
        assert (after.max(2) == after.min(2)).all()


@pytest.mark.parametrize(
    ("tone", "quality"),
    [*((tone, quality) for tone in ("sepia", "blue", "paper") for quality in (None, 85, 55)), ("red light", None)],
)
def test_toned_pictures_keep_their_tint_at_each_brightness(crops, tone, quality):
    for target, source in zip(crops[:3], crops[3:], strict=True):
        before = toned(target.image, tone, quality)
        after = blended(with_image(target, before), source.image)
        changed = (np.abs(after.astype(int) - before).max(2) > 3) & (oval() > 0)
        assert changed.sum() > 5000
        (seen, wanted), (shown, found) = tint(before), tint(after)
        seen, wanted = seen[oval() > 0], wanted[oval() > 0]  # strands of hair around it are coarser in a JPEG's chroma
        order = np.argsort(seen)
        inside = changed & (shown > seen.min()) & (shown < seen.max())
        for channel in range(3):
            expected = np.interp(shown, seen[order], cv2.blur(wanted[order, channel], (1, 41)).ravel())
            off = (found[..., channel] - expected)[inside]
            assert abs(off.mean()) < 2 and np.abs(off).mean() < 3


def test_lips_and_irises_gain_no_colour(crops):
    """The source's mouth is painted red, as make-up is."""
    grey, source = with_image(crops[0], toned(crops[0].image, "grey")), crops[3].image.copy()
    source[180:215, 95:160] = (200, 30, 40)
    assert np.ptp(blended(grey, source).astype(int), axis=2).max() == 0


def test_noise_and_scanned_paper(crops):
    random = np.random.default_rng(0)
    for strength in (2, 5):
        noisy = toned(crops[0].image, "paper") + random.normal(0, strength, (256, 256, 3))
        found = find_toning(noisy.round().clip(0, 255).astype(np.uint8), oval())
        assert found is not None and found.share == 1


def test_a_black_and_white_face_on_a_coloured_page(crops):
    image = toned(crops[0].image, "grey")
    y, x = np.mgrid[:256, :256] / 256
    image[(((x - 0.5) / 0.38) ** 2 + ((y - 0.56) / 0.44) ** 2) > 1] = (180, 60, 40)
    after = blended(with_image(crops[0], image), crops[3].image)
    assert np.ptp(after.astype(int), axis=2)[oval() > 0].max() == 0


def test_between_colour_and_none_there_is_no_jump(crops):
    """A film that loses its colours, frame by frame."""
    image, grey = crops[0].image.astype(np.float32), toned(crops[0].image, "grey").astype(np.float32)
    shares = []
    for part in np.linspace(1, 0, 41):
        found = find_toning(np.rint(part * image + (1 - part) * grey).astype(np.uint8), oval())
        shares.append(found.share if found else 0.0)
    assert shares[0] == 0 and shares[-1] == 1
    assert np.diff(shares).min() > -0.05 and np.abs(np.diff(shares)).max() < 0.5


def test_too_little_of_a_face_says_nothing():
    grey = np.full((256, 256, 3), 90, np.uint8)
    assert find_toning(grey, np.zeros((256, 256), np.float32)) is None
    assert find_toning(grey, oval()) is not None
    flat = np.full((256, 256, 3), (120, 90, 60), np.uint8)
    found = find_toning(flat, oval())
    assert found is not None and (found.table[0] <= 3).all() and found.table[255].max() == 255


@pytest.mark.parametrize("size", [64, 128, 224, 256, 512])
def test_every_size_of_crop(size):
    grey = np.repeat(np.random.default_rng(0).integers(0, 256, (size, size, 1), dtype=np.uint8), 3, axis=2)
    found = find_toning(grey, oval(size))
    assert found is not None and (found.table == np.arange(256)[:, None]).all()


def test_the_shared_sample_stays_neutral(shared_cases, portraits):
    swapper = FaceSwapper("warp", "cpu")
    target = read_image(shared_cases / "grey.png")
    result = swapper.swap_image(portraits[3], target)
    face = cut_crop(result.image, result.faces[0].points).image.astype(int)
    assert (result.image != target).any() and np.ptp(face, axis=2).max() == 0


@pytest.mark.parametrize("tone", TONES)
def test_networks_see_toned_faces_in_the_colours_of_skin(crops, tone):
    for crop in crops:
        seen = in_color(toned(crop.image, tone), crop.mesh).astype(int)
        known = in_color(toned(crop.image, "grey"), crop.mesh).astype(int)
        assert (seen[..., 0] >= seen[..., 2]).all() and (seen[..., 0] - seen[..., 2]).max() > 40
        if tone in ("sepia", "blue"):  # whatever the tint, the same face
            assert np.abs(seen - known).mean() < 12


def test_networks_see_faces_in_colour_as_they_are(crops):
    for crop in crops:
        assert in_color(crop.image, crop.mesh) is crop.image


@pytest.mark.slow  # a network
def test_a_blue_face_gets_no_white_patches(portraits):
    swapper = FaceSwapper("mobilefaceswap", "cpu", threads=1)
    picture = Image.fromarray(read_image(portraits[1])).convert("L").resize((256, 256))
    table = np.interp(np.arange(256), [0, 255], [0, 1])[:, None] * [220, 230, 215] + [0, 10, 40]
    blue = table.astype(np.uint8)[np.asarray(picture)]
    changed = swapper.swap_image([portraits[7]], blue).picture[..., 0].astype(int)
    rise = cv2.GaussianBlur((changed - blue[..., 0]).astype(np.float32), (0, 0), 4)
    assert (rise > 25).sum() < 50  # px; hundreds where the network is shown blue
