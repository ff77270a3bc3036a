"""Several uploads, one after another."""

import pytest

from swapper.types import UserError
from swapper.ui.many import listed, named, part_of, upload_name


def test_there_may_not_be_too_many():
    assert listed(None, 2) == [] and listed("x", 2) == [] and listed([1, 2], 2) == [1, 2]
    with pytest.raises(UserError, match="3 are more than the 2"):
        listed([1, 2, 3], 2)
    assert upload_name({"image": None}) == "file" and upload_name({"path": "/a/b.png"}) == "b.png"


def test_each_takes_its_share_of_the_bar():
    told: list[tuple[float, str]] = []
    part_of(lambda share, what: told.append((share, what)), 1, 4, "{number} of {count}: {what}")(0.5, "Swapping")
    assert told == [(0.375, "2 of 4: Swapping")]


def test_a_reason_names_its_file_once():
    assert named("a.png", "No face was found.") == "a.png: No face was found."
    assert named("a.png", UserError("Picture 'a.png': it is empty.")) == "Picture 'a.png': it is empty."
