"""No output is an input, none comes twice, and nothing is replaced that a command has not made."""

import os
from pathlib import Path

import pytest

from swapper.runtime.outputs import Names, claim_outputs, files_of
from swapper.runtime.whole_file import check_place
from swapper.types import UserError


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files that exist and one that does not."""
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(name.encode())
    return [tmp_path / name for name in ("a.png", "b.png", "new.png")]


def test_new_names_are_free(files):
    claim_outputs([files[2]], files[:2], overwrite=False)
    claim_outputs([], files, overwrite=False)


def test_what_exists_needs_the_option(files):
    with pytest.raises(UserError, match=r"b\.png': this file exists already\. Choose another name, or add --overwrite"):
        claim_outputs([files[2], files[1]], files[:1], overwrite=False)
    claim_outputs([files[1]], files[:1], overwrite=True)


@pytest.mark.parametrize("kind", ["itself", "a symlink", "a hard link", "another spelling", "a link to a link"])
def test_an_input_is_no_output_by_any_name(files, tmp_path, kind):
    other = tmp_path / "other.png"
    if kind == "a hard link":
        os.link(files[0], other)
    elif kind == "itself":
        other = files[0]
    elif kind == "another spelling":
        (tmp_path / "folder").mkdir()
        other = tmp_path / "folder" / ".." / "a.png"
    else:
        (tmp_path / "first").symlink_to(files[0])
        other.symlink_to(tmp_path / "first")
    for overwrite in (False, True):
        with pytest.raises(UserError, match=r"this is the input '.*a\.png' itself\. Choose another name\."):
            claim_outputs([other], files, overwrite)


def test_links_that_lead_nowhere_are_something(files, tmp_path):
    (tmp_path / "link.png").symlink_to(tmp_path / "nothing")
    with pytest.raises(UserError, match="exists already"):
        claim_outputs([tmp_path / "link.png"], files, overwrite=False)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x" * 256, "no file can have that name there"),
        ("한" * 85 + "x", "no file can have that name there"),
        ("a\0b", "no file can have that name there"),
        ("a.png/b.png", "the folder '.*a.png' does not exist"),
        ("nowhere/b.png", "the folder '.*nowhere' does not exist. Create it first"),
        (".", "this is a folder"),
    ],
)
def test_places_where_no_file_can_be(files, tmp_path, name, said):
    with pytest.raises(UserError, match=said):
        check_place(tmp_path / name)


@pytest.mark.parametrize("name", ["x" * 251 + ".png", "한" * 83 + ".png", "o 😀.png", "a.png", "-", "new"])
def test_places_where_a_file_can_be(files, tmp_path, name):
    check_place(tmp_path / name)


def test_names_are_made_distinct_whatever_tells_case_apart():
    assert Names(["b.mp4"]).add("a.mp4") == Names([]).add("a.mp4") == "a.mp4"
    assert Names(["a.mp4"]).add("A.mp4") == "A-2.mp4"
    assert Names(["A.MP4", "a-2.mp4"]).add("a.mp4") == "a-3.mp4"
    assert Names(["é.mp4"]).add("e\u0301.mp4") == "e\u0301-2.mp4"


def test_files_of_a_place(files, tmp_path):
    (tmp_path / "folder").mkdir()
    assert sorted(files_of(tmp_path)) == files[:2]
    assert files_of(files[0]) == [files[0]] and files_of(None) == []


def test_ten_thousand_files_of_one_name_get_names_of_their_own():
    names = Names()
    found = [names.add("A.jpg" if number % 2 else "a.jpg") for number in range(10_000)]
    assert len({name.lower() for name in found}) == 10_000 and found[:3] == ["a.jpg", "A-2.jpg", "a-3.jpg"]
    assert names.has("A.JPG") and not names.has("b.jpg")
