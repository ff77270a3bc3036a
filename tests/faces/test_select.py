import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swapper.faces.select import match_identities, select_faces
from swapper.types import Face, UserError

FACES = [Face(np.array([0, 0, s, s], np.float32), 0.9, np.zeros((5, 2), np.float32)) for s in (90, 60, 30)]


@pytest.mark.parametrize(
    ("select", "expected"),
    [("all", [0, 1, 2]), ("largest", [0]), (" ALL ", [0, 1, 2]), (0, [0]), (2, [2]), ("1", [1])],
)
def test_choices(select: str | int, expected: list[int]) -> None:
    assert select_faces(FACES, select) == expected


def test_no_faces_to_choose_from() -> None:
    assert select_faces([], "all") == []
    assert select_faces([], "largest") == []
    with pytest.raises(UserError, match=r"^Selected face 0: no face was found\. Choose another number"):
        select_faces([], 0)


@pytest.mark.parametrize(
    ("count", "select", "said"),
    [
        (3, 3, r"Selected face 3: 3 faces were found, numbers 0 to 2\. Choose another number, all or largest"),
        (1, "7", r"Selected face 7: one face was found, number 0\."),
        (3, -1, r"Invalid face selection '-1'\. Give all, largest, or a face number"),
        (3, "smallest", "Invalid face selection"),
        (3, "", "Invalid face selection"),
        (3, "1.5", "Invalid face selection"),
        (3, "²", "Invalid face selection"),
        (3, True, "Invalid face selection"),
    ],
)
def test_unusable_choices(count: int, select: str | int, said: str) -> None:
    with pytest.raises(UserError, match=said):
        select_faces(FACES[:count], select)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_people_are_recognised_among_strangers() -> None:
    generator = np.random.default_rng(0)
    people, stranger = unit(generator.normal(size=(3, 512))), unit(generator.normal(size=(1, 512)))
    faces = unit(np.concatenate([people[[2, 0]], stranger]) + generator.normal(size=(3, 512)) * 0.02)
    assert match_identities(faces, people) == {0: 2, 1: 0}


def test_a_person_in_a_mirror() -> None:
    people = np.eye(2, 4, dtype=np.float32)
    faces = unit(np.array([[0.8, 0, 0.6, 0], [0.9, 0, 0.4, 0], [0.5, 0.6, 0, 0.6]]))
    assert match_identities(faces, people) == {0: 0, 1: 0, 2: 1}
    assert match_identities(faces, people, once=True) == {1: 0, 2: 1}
    assert match_identities(faces, people, once=True, threshold=0.7) == {1: 0}


def test_nobody_to_match() -> None:
    nobody, somebody = np.zeros((0, 8), np.float32), np.eye(1, 8, dtype=np.float32)
    assert match_identities(nobody, somebody) == {} == match_identities(somebody, nobody)


@settings(deadline=None, derandomize=True)
@given(
    st.integers(0, 6), st.integers(0, 6), st.integers(0, 2**32 - 1), st.floats(-1, 1, allow_nan=False), st.booleans()
)
def test_matches_keep_their_promises(faces: int, people: int, seed: int, threshold: float, once: bool) -> None:
    generator = np.random.default_rng(seed)
    a, b = unit(generator.normal(size=(faces, 3))), unit(generator.normal(size=(people, 3)))
    matched = match_identities(a, b, threshold, once)
    cosine = a @ b.T
    assert list(matched) == sorted(matched)
    assert all(cosine[face, person] >= threshold for face, person in matched.items())
    if once:
        assert len(set(matched.values())) == len(matched)
        left = [p for p in range(people) if p not in matched.values()]
        assert all(cosine[f, p] < threshold for f in range(faces) if f not in matched for p in left)
    else:
        sure = [face for face in range(faces) if people and cosine[face].max() >= threshold]
        assert matched == {face: int(cosine[face].argmax()) for face in sure}
