import numpy as np
from drawn_face import drawn_landmarks, smooth_picture

from swapper.compose.blend import blend_into
from swapper.compose.color import Transfer
from swapper.compose.settings import BlendSettings
from swapper.types import Crop

SIDE = 64
FRAME = smooth_picture(100, 120, 1)
MATRIX = np.array([[1, 0, -20], [0, 1, -10]], np.float32)
CROP = Crop(np.ascontiguousarray(FRAME[10:74, 20:84]), MATRIX, drawn_landmarks(SIDE))
FACE = smooth_picture(SIDE, SIDE, 7)
WHOLE = np.ones((SIDE, SIDE), np.float32)
PLAIN = BlendSettings(color=0, detail=0)


def blended(settings: BlendSettings = PLAIN, **more):
    frame = FRAME.copy()
    return frame[10:74, 20:84], blend_into(frame, CROP, FACE, WHOLE, settings, **more)


def test_what_covers_the_face_stays_and_its_colours_do_not_count():
    occlusion = np.zeros((SIDE, SIDE), np.float32)
    occlusion[:20] = 1
    seen, done = blended(BlendSettings(detail=0), occlusion=occlusion)
    assert np.array_equal(seen[:18], CROP.image[:18]) and not np.array_equal(seen[30:], CROP.image[30:])
    other = Crop(CROP.image.copy(), MATRIX, CROP.landmarks)
    other.image[:20] = 255
    again = blend_into(FRAME.copy(), other, FACE, WHOLE, BlendSettings(detail=0), occlusion=occlusion)
    assert done.tone is not None and again.tone is not None
    assert np.array_equal(done.tone.shift, again.tone.shift)


def test_a_face_that_is_mostly_covered_keeps_its_usual_colours():
    usual = Transfer(np.ones(3, np.float32), np.array([-40, 0, 0], np.float32))
    occlusion = np.zeros((SIDE, SIDE), np.float32)
    occlusion[:40] = 1
    seen, done = blended(BlendSettings(color=1, detail=0), occlusion=occlusion, usual=usual)
    assert done.tone is None
    assert seen[44:].mean() < FACE[44:].mean() - 50


def test_half_the_opacity_is_half_the_face():
    seen, done = blended(opacity=0.5)
    np.testing.assert_allclose(seen[4:-4, 4:-4], CROP.image[4:-4, 4:-4] / 2 + FACE[4:-4, 4:-4] / 2, atol=1)
    assert done.box is not None
    assert blended(opacity=0.0)[1].box is None


def test_kept_regions_stay_and_their_colours_count_all_the_same():
    kept = np.zeros((SIDE, SIDE), np.float32)
    kept[:20] = 1
    seen, done = blended(BlendSettings(detail=0), kept=kept)
    whole = blended(BlendSettings(detail=0))[1]
    assert np.array_equal(seen[:18], CROP.image[:18]) and not np.array_equal(seen[30:], CROP.image[30:])
    assert done.tone is not None and whole.tone is not None and np.array_equal(done.tone.shift, whole.tone.shift)
    assert (done.share[:20] == 0).all() and (done.share[20:] == 1).all()
