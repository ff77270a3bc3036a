import zipfile

import numpy as np
import pytest
from PIL import Image

from swapper.pipeline import FaceSwapper
from swapper.studies import photo_places
from swapper.studies.gallery import SIDE, Gallery, measure_gallery
from swapper.studies.photo_places import photos_in
from swapper.types import UserError


@pytest.fixture(scope="module")
def finder() -> FaceSwapper:
    return FaceSwapper("warp", "cpu", restore="none", threads=1)


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def pack(path, *names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return path


def groups(places):
    with photos_in(places) as found:
        return [(person, path.read_text()) for person, path in found]


def test_each_photo_and_each_folder_is_somebody(tmp_path):
    folder = put(tmp_path / "f", "ann.jpg", "ben/1.jpg", "ben/2.jpg", ".hidden")
    wanted = [(0, "ann.jpg"), (1, "ben/1.jpg"), (1, "ben/2.jpg")]
    assert groups([folder]) == wanted
    assert groups([pack(tmp_path / "a.zip", "ann.jpg", "ben/1.jpg", "ben/2.jpg", "__MACOSX/x", "ben/.y")]) == wanted
    assert [person for person, _ in groups([folder / "ann.jpg", folder / "ben" / "1.jpg"])] == [0, 1]


def test_folders_around_all_of_a_zip_are_nobody(tmp_path):
    packed = pack(tmp_path / "a.ZIP", "all/photos/ann.jpg", "all/photos/ben/1.jpg", "all/photos/ben/2.jpg")
    assert [person for person, _ in groups([packed])] == [0, 1, 1]


def test_a_zip_writes_nowhere_else_and_leaves_nothing(tmp_path):
    packed = pack(tmp_path / "a.zip", "../../evil.jpg", "/root.jpg", "a/b.jpg")
    with photos_in([packed]) as found:
        files = [path for _, path in found]
        assert [path.read_text() for path in files] == ["/root.jpg", "a/b.jpg"]
        assert len({path.parent for path in files}) == 1
    assert not any(path.exists() for path in files)


def test_what_is_no_gallery_is_said(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="folder not found"):
        groups([tmp_path / "missing"])
    (tmp_path / "a.zip").write_bytes(b"no zip")
    with pytest.raises(UserError, match="cannot be read as a ZIP"):
        groups([tmp_path / "a.zip"])
    monkeypatch.setattr(photo_places, "MOST_BYTES", 10)
    with pytest.raises(UserError, match="it holds more than"):
        groups([pack(tmp_path / "b.zip", "a" * 11)])
    monkeypatch.setattr(photo_places, "MOST_FILES", 1)
    with pytest.raises(UserError, match="more than 1 files"):
        groups([pack(tmp_path / "c.zip", "a", "b")])


def test_a_gallery_is_whoever_has_a_face(finder, portraits, evaluators, tmp_path):
    for number, path in enumerate(portraits[:2]):
        (tmp_path / f"{number}.jpg").write_bytes(path.read_bytes())
    (tmp_path / "notes.txt").write_text("no picture")
    Image.new("RGB", (300, 300), "teal").save(tmp_path / "wall.png")
    told = []
    found = measure_gallery([tmp_path], finder, evaluators.embedders, lambda *said: told.append(said))
    assert found.persons == len(found) == 2 and found.embeddings["arcface"].shape == (2, 512)
    assert found.faces is not None and found.faces.shape == (2, SIDE, SIDE, 3)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert len(measure_gallery([tmp_path], finder, evaluators.embedders, most=1)) == 1

    def refuse(path):
        raise UserError("refused")

    for refusing in ({"check": refuse}, {"try_first": refuse}):
        with pytest.raises(UserError, match="refused"):
            measure_gallery([tmp_path / "0.jpg"], finder, evaluators.embedders, **refusing)
    with pytest.raises(UserError, match="none of its pictures"):
        measure_gallery([tmp_path / "notes.txt"], finder, evaluators.embedders, check=refuse)
    with pytest.raises(UserError, match="none of its pictures shows a face"):
        measure_gallery([tmp_path / "wall.png"], finder, evaluators.embedders)


def test_the_people_of_a_path_are_left_out_with_all_their_photos():
    rows = np.eye(5, dtype=np.float32)
    gallery = Gallery({"arcface": rows}, np.array([0, 0, 1, 2, 2]))
    others = gallery.without({"arcface": rows[[1]]})
    assert others.people.tolist() == [1, 2, 2] and others.persons == 2
    np.testing.assert_array_equal(others.embeddings["arcface"], rows[2:])
    assert len(gallery.without({"arcface": -rows[:1]})) == 5
