import dataclasses
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


def test_the_target_is_shown_with_a_number_at_every_face(engine, photo):
    target = find_target(engine, photo)
    shown = target.assign(UNCHANGED).overview()
    assert shown.count('src="data:image/jpeg;base64,') == 1 and "2 in all" in shown
    assert [part[:4] for part in shown.split("<b>")[1:]] == ["1</b", "2</b"]
    assert "left:5.0%;top:5.0%;width:30.0%;height:50.0%" in shown and "left:45.0%" in shown
    assert 'class="selected" data-face="0"' in shown and 'class="" data-face="1"' in shown
    other = dataclasses.replace(target.assign(UNCHANGED), selected=1).overview()
    alone = dataclasses.replace(target, faces=target.faces[:1], people=[0])
    assert alone.overview() == ""
    assert 'class="alone" data-face="0"' in other and 'class="selected" data-face="1"' in other


def test_no_face(engine, uploads: Path):
    with pytest.raises(UserError, match="no face was found"):
        find_target(engine, draw(uploads / "small.png", 60, 60))
    assert [path.name for path in uploads.iterdir()] == ["small.png"]
