"""A picture that was looked at before is not looked at again."""

import numpy as np

from swapper.faces.remember import RememberingDetector
from swapper.types import Face

FACE = Face(np.array([1, 2, 3, 4], np.float32), 0.9, np.zeros((5, 2), np.float32))


class Counting:
    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def detect(self, frame: np.ndarray) -> list[Face]:
        self.seen.append(frame.shape)
        return [FACE]

    def quick(self, threads: int | None = None) -> "Counting":
        return self


def picture(value: int, height: int = 4, width: int = 6) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def test_the_same_picture_is_looked_at_once_whatever_array_holds_it() -> None:
    inner = Counting()
    detector = RememberingDetector(inner)
    assert detector.detect(picture(7)) == [FACE] == detector.detect(np.repeat(picture(7), 2, axis=0)[::2])
    assert len(inner.seen) == 1


def test_other_pictures_and_other_shapes_of_the_same_bytes_are_looked_at() -> None:
    inner = Counting()
    detector = RememberingDetector(inner)
    for one in (picture(7), picture(8), picture(7, 6, 4), picture(7, 2, 12)):
        detector.detect(one)
    assert len(inner.seen) == 4


def test_the_oldest_are_forgotten_and_a_changed_answer_changes_nothing() -> None:
    inner = Counting()
    detector = RememberingDetector(inner, size=2)
    detector.detect(picture(1)).clear()
    assert detector.detect(picture(1)) == [FACE]
    for value in (2, 3, 1):
        detector.detect(picture(value))
    assert len(inner.seen) == 4
    assert detector.quick() is inner
