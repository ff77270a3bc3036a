import numpy as np

from swapper.compose.paint import Paint, painted_over

UPRIGHT = np.array([[1, 0, -20], [0, 1, -10]], np.float32)  # a crop at (20, 10) of the picture


def stroke(value: int, shape: tuple[int, int] = (100, 160)) -> Paint:
    strokes = np.zeros(shape, np.int8)
    rows, columns = shape
    strokes[rows // 5 : rows // 2, columns // 4 : columns // 2] = value
    return Paint(strokes)


def test_strokes_land_where_they_were_painted_at_any_size_of_the_painting():
    for shape in ((100, 160), (50, 80), (400, 640)):
        seen = stroke(1, shape).on_crop(UPRIGHT, 64, (100, 160))
        assert seen is not None and seen.shape == (64, 64) and seen.dtype == np.float32
        assert seen[20:32, 28:50].min() > 0.95 and np.abs(seen[46:]).max() == 0 and np.abs(seen[:, :10]).max() == 0


def test_what_was_added_fades_at_the_crops_border_and_nothing_painted_is_none():
    everywhere = Paint(np.ones((100, 160), np.int8)).on_crop(UPRIGHT, 64, (100, 160))
    assert everywhere is not None and everywhere[0].max() == 0 and everywhere[32, 32] == 1
    away = np.array([[1, 0, -100], [0, 1, -60]], np.float32)
    assert stroke(1).on_crop(away, 32, (100, 160)) is None


def test_painting_wins_over_the_mask():
    share = np.full((2, 2), 0.5, np.float32)
    painted = np.array([[1, -1], [0, 0.25]], np.float32)
    assert painted_over(share, painted).tolist() == [[1, 0], [0.5, 0.5]]
    assert painted_over(share, None) is share


def test_of_two_faces_only_the_nearest_is_widened_but_both_keep_the_target():
    strokes = np.zeros((40, 80), np.int8)
    strokes[:, 10:20], strokes[:, 60:70], strokes[0] = 1, 1, -1
    left, right = Paint(strokes).among([(0.25, 0.5), (0.75, 0.5)])
    assert left.strokes[5, 15] == 1 and left.strokes[5, 65] == 0
    assert right.strokes[5, 15] == 0 and right.strokes[5, 65] == 1
    assert (left.strokes[0] == -1).all() and (right.strokes[0] == -1).all()
