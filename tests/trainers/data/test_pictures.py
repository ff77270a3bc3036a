"""What published data sets look like on disk, and which pictures of them are meant."""

from pathlib import Path

import pytest

from swapper.types import UserError
from trainers.data.pictures import Item, by_person, list_items, list_pictures


def lay(folder: Path, *names: str, **texts: str) -> None:
    """Empty files, and files with text whose names have dots for double underscores."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    for name, text in texts.items():
        path = folder / name.replace("__", ".").replace("_in_", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(folder: Path, split: str = "train", layout: str = "auto") -> tuple[str, list[tuple[str, str]]]:
    taken, items = list_pictures(folder, split, layout, None, 1.0)
    return taken, [(Path(item.path).relative_to(folder).as_posix(), item.person) for item in items]


def test_folders_and_identity_files_name_the_person(tmp_path):
    lay(tmp_path, "ann/1.jpg", "2.jpg", "3.jpg", "notes.txt", identities="2.jpg 17\n")
    table = tmp_path / "identities"
    people = {Path(item.path).name: item.person for item in list_items(tmp_path, table, 1.0)}
    assert people == {"1.jpg": "ann", "2.jpg": "17", "3.jpg": ""}
    taken, items = list_pictures(tmp_path, "train", "auto", table, 1.0)
    assert taken == "folders" and [item.person for item in items] == ["", "17", "ann"]


def test_vggface2_has_a_folder_a_split(tmp_path):
    lay(tmp_path, "train/n000002/0001_01.jpg", "train/n000003/0002_01.jpg", "test/n000001/0001_01.jpg")
    assert found(tmp_path) == (
        "VGGFace2",
        [("train/n000002/0001_01.jpg", "n000002"), ("train/n000003/0002_01.jpg", "n000003")],
    )
    assert found(tmp_path, "val") == found(tmp_path, "test") == ("VGGFace2", [("test/n000001/0001_01.jpg", "n000001")])
    assert found(tmp_path / "train", "anything")[1][0] == ("n000002/0001_01.jpg", "n000002")


@pytest.mark.parametrize(
    "table",
    [
        {"train_list__txt": "n000002/0001_01.jpg\n", "test_list__txt": "n000001/0001_01.jpg\n"},
        {
            "identity_meta__csv": "Class_ID, Name, Sample_Num, Flag, Gender\n"
            'n000001, "14th, Somebody", 424, 0, m\nn000002, "A_Name", 315, 1, m\n'
        },
    ],
)
def test_vggface2_in_one_folder_is_split_by_its_tables(tmp_path, table):
    lay(tmp_path, "n000001/0001_01.jpg", "n000002/0001_01.jpg", **table)
    assert found(tmp_path)[1] == [("n000002/0001_01.jpg", "n000002")]
    assert found(tmp_path, "val")[1] == [("n000001/0001_01.jpg", "n000001")]


CELEBA = {
    "Anno_in_identity_CelebA__txt": "000001.jpg 7\n000002.jpg 3\n000003.jpg 7\n000004.jpg 5\n",
    "Eval_in_list_eval_partition__txt": "000001.jpg 0\n000002.jpg 0\n000003.jpg 0\n000004.jpg 1\n",
}


@pytest.mark.parametrize(("folder", "suffix"), [("Img/img_celeba", "jpg"), ("img_align_celeba_png", "png")])
def test_celeba_has_files_of_identities_and_parts(tmp_path, folder, suffix):
    lay(tmp_path, *(f"{folder}/{number:06d}.{suffix}" for number in range(1, 5)), **CELEBA)
    names = [(f"{folder}/00000{number}.{suffix}", who) for number, who in ((2, "3"), (1, "7"), (3, "7"))]
    assert found(tmp_path) == ("CelebA", names)
    assert found(tmp_path, "val")[1] == [(f"{folder}/000004.{suffix}", "5")] and not found(tmp_path, "test")[1]
    with pytest.raises(UserError, match=r"no split 'mine'. Choose --split train, val or test"):
        found(tmp_path, "mine")


def test_celeba_hq_says_which_photo_of_celeba_each_is(tmp_path):
    mapping = "idx orig_idx orig_file\n0 3 000004.jpg\n1 0 000001.jpg\n2 2 000003.jpg\n"
    lay(tmp_path, *(f"CelebA-HQ-img/{number}.jpg" for number in range(3)), **CELEBA)
    (tmp_path / "CelebA-HQ-to-CelebA-mapping.txt").write_text(mapping)
    assert found(tmp_path) == ("CelebA-HQ", [("CelebA-HQ-img/1.jpg", "7"), ("CelebA-HQ-img/2.jpg", "7")])
    assert found(tmp_path, "val")[1] == [("CelebA-HQ-img/0.jpg", "5")]


@pytest.mark.parametrize("inside", ["images1024x1024/", ""])
def test_the_folders_of_ffhq_are_no_people(tmp_path, inside):
    lay(tmp_path, f"{inside}00000/00000.png", f"{inside}00000/00001.png", f"{inside}61000/61234.png")
    train = [(f"{inside}00000/00000.png", ""), (f"{inside}00000/00001.png", "")]
    assert found(tmp_path) == ("FFHQ", train)
    assert found(tmp_path, "val")[1] == [(f"{inside}61000/61234.png", "")]


def test_other_folders_are_people_and_what_is_asked_for_counts(tmp_path):
    lay(tmp_path, "00000/portrait.jpg", "01000/portrait.jpg")
    assert found(tmp_path) == ("folders", [("00000/portrait.jpg", "00000"), ("01000/portrait.jpg", "01000")])
    lay(tmp_path / "ffhq", "00000/00000.png")
    assert found(tmp_path / "ffhq", layout="folders") == ("folders", [("00000/00000.png", "00000")])
    with pytest.raises(UserError, match=r"this is no VGGFace2. Give its folder, or leave --layout"):
        found(tmp_path, layout="vggface2")
    with pytest.raises(UserError, match="folder not found"):
        found(tmp_path / "nowhere")


def test_people_are_brought_together_a_part_at_a_time():
    items = [Item(f"{number}.jpg", f"p{number * 7 % 5}", None if number % 2 else 0.5) for number in range(40)]
    together = list(by_person(iter(items), at_a_time=7))
    assert together == sorted(items, key=lambda item: (item.person, item.path))
