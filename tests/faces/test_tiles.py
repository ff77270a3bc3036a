"""Parts of a frame that get a closer look."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from swapper.faces.tiles import parts_to_look_at
from swapper.types import Face


def hint(left: float, top: float, side: float) -> Face:
    return Face(np.array([left, top, left + side, top + side], np.float32), 0.1, np.zeros((5, 2), np.float32))


def test_nothing_to_look_at() -> None:
    assert parts_to_look_at([], 720, 1280, 1.0) == []


def test_hints_apart_and_together() -> None:
    parts = parts_to_look_at([hint(100, 100, 40), hint(120, 110, 40), hint(900, 400, 40)], 720, 1280, 1.0)
    assert len(parts) == 2
    assert (60, 60, 200, 190) in parts


def test_most_of_a_frame_is_all_of_it() -> None:
    assert parts_to_look_at([hint(200, 100, 400)], 720, 1280, 1.0) == [(0, 0, 1280, 720)]
    many = [hint(10 * at, 10, 5) for at in range(40)]
    assert parts_to_look_at(many, 720, 1280, 1.0) == [(0, 0, 1280, 720)]


@given(
    st.lists(st.tuples(st.floats(-50, 1300), st.floats(-50, 760), st.floats(1, 300)), max_size=40),
    st.sampled_from([0.5, 1.0, 4.0]),
)
def test_every_hint_lies_in_one_part_and_parts_lie_apart_in_the_frame(places, scale) -> None:
    hints = [hint(*place) for place in places]
    parts = parts_to_look_at(hints, 720, 1280, scale)
    for one in hints:
        x, y = np.clip((one.box[:2] + one.box[2:]) / 2, 0, [1279, 719])
        assert any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in parts)
    for index, (left, top, right, bottom) in enumerate(parts):
        assert 0 <= left < right <= 1280 and 0 <= top < bottom <= 720
        for other in parts[index + 1 :]:
            assert max(left, other[0]) >= min(right, other[2]) or max(top, other[1]) >= min(bottom, other[3])
