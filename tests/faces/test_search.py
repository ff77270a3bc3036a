import cv2
import numpy as np
import pytest

from swapper.faces.align import TEMPLATES
from swapper.faces.search import five_point_pose, search, without_duplicates
from swapper.types import Face


def upright(left: float, top: float, side: float, score: float = 0.9) -> Face:
    box = np.array([left, top, left + side, top + side], dtype=np.float32)
    return Face(box, score, (TEMPLATES["ffhq"] * side + [left, top]).astype(np.float32))


def test_opencv_keeps_the_same_of_overlapping_faces_but_also_those_inside_others() -> None:
    generator = np.random.default_rng(0)
    faces = [upright(*generator.uniform(0, 400, 2), 80, score / 100 + 0.005) for score in generator.permutation(100)]
    boxes = np.stack([np.concatenate([face.box[:2], face.box[2:] - face.box[:2]]) for face in faces])
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), [face.score for face in faces], 0, 0.4)
    assert 10 < len(kept) < 90
    assert [faces[i] for i in kept] == without_duplicates(faces)
    large, inside = upright(0, 0, 100), upright(20, 20, 30, 0.7)
    assert list(cv2.dnn.NMSBoxes([[0, 0, 100, 100], [20, 20, 30, 30]], [0.9, 0.7], 0, 0.4)) == [0, 1]
    assert without_duplicates([large, inside]) == [large]


def test_duplicates_and_faces_inside_faces_go() -> None:
    sure, twin, part, neighbour = (
        upright(0, 0, 100),
        upright(10, 5, 100, 0.8),
        upright(20, 20, 30, 0.7),
        upright(70, 0, 100, 0.6),
    )
    assert without_duplicates([part, neighbour, twin, sure]) == [sure, neighbour]
    assert without_duplicates([]) == []


def test_search_drops_what_lies_outside_or_is_tiny() -> None:
    found = [upright(100, 100, 80), upright(-70, 100, 80), upright(200, 10, 12), upright(300, 200, 120)]
    frame = np.zeros((700, 640, 3), np.uint8)
    faces = search(frame, lambda frame, side: found, thorough=False)
    assert faces == [found[3], found[0]]
    assert search(frame, lambda frame, side: found, thorough=False, min_eye_distance=25) == [found[3]]


def test_a_pose_is_read_from_five_points() -> None:
    points = upright(0, 0, 100).points
    for roll in (-170, -60, 0, 35, 120):
        angle = np.radians(roll)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        pose = five_point_pose((points @ turn.T).astype(np.float32))
        assert pose.roll == pytest.approx(roll, abs=0.1) and pose.misfit == pytest.approx(0, abs=1e-4)
    points[2, 0] += 20
    assert 0.1 < five_point_pose(points).misfit < 0.5


@pytest.mark.parametrize("shape", [(1, 200_000), (200_000, 1), (40, 60_000), (60_000, 40), (2, 30_000)])
def test_thin_frames_are_not_padded_to_large_ones(shape: tuple[int, int]) -> None:
    """What a pass sees is at least 32 pixels high and wide."""
    frame, seen = np.zeros((*shape, 3), np.uint8), []

    def detect(frame: np.ndarray, side: int) -> list[Face]:
        scale = 1.2 * side / max(frame.shape[:2])
        seen.append(max(frame.shape[0] * scale, 32) * max(frame.shape[1] * scale, 32))
        return []

    assert search(frame, detect) == []
    assert max(seen) < 2_100_000


def test_only_hints_are_looked_at_closely() -> None:
    """A pass of the whole frame, then one of the part that holds something that may be a face."""
    frame, seen = np.zeros((1080, 1920, 3), np.uint8), []
    large, hint, small = upright(900, 300, 400), upright(300, 200, 60, 0.1), upright(52, 52, 60, 0.7)

    def look(frame: np.ndarray, side: int) -> list[Face]:
        seen.append(frame.shape)
        return [large, hint] if len(seen) == 1 else [small]

    faces = search(frame, look, least=0.5)
    assert [round(face.score, 1) for face in faces] == [0.9, 0.7]
    assert seen[0] == (1080, 1920, 3) and len(seen) == 2
    assert seen[1][0] * seen[1][1] < 0.05 * 1080 * 1920
    assert np.abs(faces[1].box[:2] - hint.box[:2]).max() < 20, "where the part lies in the frame"


def test_a_frame_without_hints_is_looked_at_once_and_one_without_faces_all_over() -> None:
    frame = np.zeros((1080, 1920, 3), np.uint8)
    for found, passes in (([upright(900, 300, 400)], 1), ([], 6)):
        seen: list[tuple[int, ...]] = []
        search(frame, lambda frame, side, found=found, seen=seen: seen.append(frame.shape) or found, least=0.5)
        assert len(seen) == passes
