"""Comparisons as the app makes them: what is checked, what is written."""

import shutil
import zipfile

import pytest
from PIL import Image

from swapper.images import read_image
from swapper.studies.comparison import FINISHED
from swapper.types import UserError
from swapper.ui.carried import Carried
from swapper.ui.compare.jobs import carried_over, labels_for, read_request, run_comparison, write_archive
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
def test_a_comparison_comes_with_an_archive(photos, loading, monkeypatch):
    monkeypatch.setenv("SWAPPER_MARK", "off")
    request = read_request(photos[:1], photos[1:], ["warp"], 3)
    *_, found = run_comparison(loading, SharedEvaluators(), request, lambda *_: None)
    archive, warnings = write_archive(found, {"warp": "Warp"})
    assert warnings == []
    with zipfile.ZipFile(archive) as file:
        assert {"report.html", "report.csv", "report.json", "report.md"} <= set(file.namelist())


def test_a_carried_result_is_measured_while_its_photos_are_there(photos):
    paths = [photo["image"]["path"] for photo in photos]
    carried = Carried(paths[0], paths[1], paths[1], "ghost", "GHOST")  # the result is the target itself
    found = carried_over(read_request(photos[:1], photos, ["warp"], 9, carried), [(0, 1)])
    assert found is not None and (found.pair, found.method) == (0, "ghost")
    assert found.image.shape == read_image(paths[1]).shape
    for sources, targets, pairs in ((photos[1:], photos[:1], [(0, 0)]), (photos[:1], photos, [(0, 0)])):
        assert carried_over(read_request(sources, targets, ["warp"], 9, carried), pairs) is None
    assert carried_over(read_request(photos[:1], photos, ["warp"], 9), [(0, 1)]) is None
    assert labels_for(carried)[FINISHED] == "Result of Image swap: GHOST" and FINISHED not in labels_for(None)


def test_a_photo_without_a_face_ends_it_in_words(photos, loading, uploads):
    Image.new("RGB", (300, 300), "teal").save(uploads / "wall.png")
    request = read_request(photos[:1], [{"image": {"path": str(uploads / "wall.png")}}], ["warp"], 3)
    with pytest.raises(UserError, match="no face was found"):
        list(run_comparison(loading, SharedEvaluators(), request, lambda *_: None))
