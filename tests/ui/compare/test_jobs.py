"""Comparisons as the app makes them: what is checked, what is written."""

import shutil
import zipfile

import pytest
from PIL import Image

from swapper.types import UserError
from swapper.ui.compare.jobs import read_request, run_comparison, write_archive, write_pictures
from swapper.ui.files import new_folder
from swapper.ui.shared_evaluators import SharedEvaluators


@pytest.fixture
def photos(portraits, uploads) -> list[dict]:
    return [{"image": {"path": str(shutil.copy(path, uploads))}, "caption": None} for path in portraits[:2]]


def test_requests_are_checked(photos):
    found = read_request(photos[:1], photos[1:], ["warp"], 3)
    assert [len(found.sources), len(found.targets), found.methods] == [1, 1, ["warp"]]
    for sources, targets, methods, most, said in (
        ([], photos, ["warp"], 99, "Sources: no photo yet"),
        (photos, None, ["warp"], 99, "Targets: no photo yet"),
        (photos, photos, [], 99, "Methods: none selected"),
        (photos, photos, "warp", 99, "Methods: none selected"),
        (photos, photos, ["onnx:inswapper_128"], 99, "is not available in this app"),
        (photos, photos, ["warp"], 11, "4 pairs times 3 rows are 12 swaps, more than the 11"),
        ([{"path": "/etc/passwd"}], photos, ["warp"], 99, "not an uploaded file"),
    ):
        with pytest.raises(UserError, match=said):
            read_request(sources, targets, methods, most)


@pytest.mark.slow
def test_a_comparison_comes_with_pictures_and_archive(photos, loading, monkeypatch, tmp_path):
    monkeypatch.setenv("SWAPPER_MARK", "off")
    request = read_request(photos[:1], photos[1:], ["warp"], 3)
    *_, found = run_comparison(loading, SharedEvaluators(tmp_path), request, lambda *_: None)
    pictures = write_pictures(found, new_folder(), {"warp": "Warp"})
    assert [caption for _, caption in pictures] == ["source", "target", "source pasted", "Warp"]
    assert len({path for path, _ in pictures}) == 4
    for path, _ in pictures:
        with Image.open(path) as picture:
            assert picture.size == (256, 256)
    archive, warnings = write_archive(found, {"warp": "Warp"})
    assert warnings == []
    with zipfile.ZipFile(archive) as file:
        assert "report.html" in file.namelist()


def test_a_photo_without_a_face_ends_it_in_words(photos, loading, uploads, tmp_path):
    Image.new("RGB", (300, 300), "teal").save(uploads / "wall.png")
    request = read_request(photos[:1], [{"image": {"path": str(uploads / "wall.png")}}], ["warp"], 3)
    with pytest.raises(UserError, match="no face was found"):
        list(run_comparison(loading, SharedEvaluators(tmp_path), request, lambda *_: None))
