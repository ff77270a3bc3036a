from pathlib import Path

import pytest
from PIL import Image
from two_faces import draw

from swapper.types import UserError
from swapper.ui.assignment import UNCHANGED, choices
from swapper.ui.image.target import find_target


def test_every_face_becomes_the_first_person(engine, photo):
    target = find_target(engine, photo)
    assert target.wanted() == {0: 0, 1: 0}
    assert [caption for _, caption in target.gallery()] == ["becomes A", "becomes A"]
    assert all(Image.open(path).size == (192, 192) for path in target.thumbnails)
    assert set(target.timings) == {"decode", "detect", "landmarks"}


def test_assigning_changes_the_selected_face_of_a_copy(engine, photo):
    target = find_target(engine, photo)
    alone = target.assign(UNCHANGED)
    assert alone.wanted() == {1: 0}
    assert alone.gallery()[0][1] == "unchanged"
    assert alone.assign(2).wanted() == {0: 2, 1: 0}
    assert target.wanted() == {0: 0, 1: 0}


@pytest.mark.parametrize("people", [1, 3])
def test_choices_are_the_people_there_are_and_nobody(people: int):
    labels, values = zip(*choices(people), strict=True)
    assert labels == (*[f"Person {letter}" for letter in "ABC"[:people]], "Leave unchanged")
    assert values == (*range(people), UNCHANGED)


def test_no_face(engine, uploads: Path):
    with pytest.raises(UserError, match="no face was found"):
        find_target(engine, draw(uploads / "small.png", 60, 60))
    assert [path.name for path in uploads.iterdir()] == ["small.png"]
