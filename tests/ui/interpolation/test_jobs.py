"""Interpolations as the app makes them: what is checked, what is written."""

import shutil
import zipfile

import pytest
from random_student import offer_student, write_student

from swapper.types import UserError
from swapper.ui.interpolation.jobs import (
    InterpolationRequest,
    check_steps,
    draw_interpolation,
    read_photos,
    read_request,
)
from swapper.ui.shared_evaluators import SharedEvaluators


@pytest.fixture
def photos(portraits, uploads) -> list[str]:
    return [str(shutil.copy(path, uploads)) for path in portraits[:3]]


def upload(path: str) -> dict:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def test_all_three_photos_are_needed_and_must_be_uploads(photos):
    first, second, target = map(upload, photos)
    assert read_photos(first, second, target) == tuple(photos)
    for given, who in (((None, second, target), "Person A"), ((first, None, target), "Person B")):
        with pytest.raises(UserError, match=f"{who}: no photo yet"):
            read_photos(*given)
    with pytest.raises(UserError, match="not an uploaded file"):
        read_photos(first, second, upload("/etc/passwd"))


@pytest.mark.parametrize("steps", [0, 22, "many", None, float("nan"), True, 1.5, [3]])
def test_steps_are_limited(steps):
    assert check_steps(21, 21) == check_steps(21.0, 21) == 21
    with pytest.raises(UserError, match="Give 1 to 21"):
        check_steps(steps, 21)


def test_requests_are_checked(photos, uploads):
    three = tuple(map(upload, photos))
    (uploads / "people.zip").write_bytes(b"PK")
    zipped = upload(str(uploads / "people.zip"))
    found = read_request(three, None, [zipped], "", "", 3)
    assert found == InterpolationRequest((photos[0], photos[1], photos[2]), [], [zipped["path"]], "", "own", 3)
    assert read_request(three, [three[0]], None, "ghost", "same", 3).people == photos[:1]
    for given, said in (
        ((three, [three[0]] * 11, None, "", "own", 3), "11 are more than the 10"),
        ((three, None, [upload("/etc/passwd")], "", "own", 3), "not an uploaded file"),
        ((three, None, None, "", "warp", 3), "'warp' cannot interpolate"),
        ((three, None, None, "", ["own"], 3), "Beside it"),
    ):
        with pytest.raises(UserError, match=said):
            read_request(*given)


@pytest.mark.slow
def test_an_interpolation_comes_with_clip_and_archive(photos, loading, tmp_path, monkeypatch):
    offer_student(write_student(tmp_path / "weights").parent, monkeypatch)
    monkeypatch.setenv("SWAPPER_MARK", "off")
    evaluators, told = SharedEvaluators(tmp_path / "no index"), []
    request = InterpolationRequest((photos[0], photos[1], photos[2]), [], [], "mobilefaceswap", "none", 1)
    found = draw_interpolation(loading, evaluators, request, lambda *said: told.append(said))
    with zipfile.ZipFile(found.archive) as archive:
        names = archive.namelist()
    assert {
        "frame-00.jpg",
        "frame-02.jpg",
        "report.json",
        "strip.jpg",
        "interpolation.mp4",
        "interpolation.gif",
        "interpolation.html",
    } <= set(names)
    assert found.clip.is_file() and found.gif.is_file() and found.warnings == []
    assert found.view.count("<img") == 6 and found.measures.count('<svg class="chart"') == 3
    assert [share for share, _ in told] == sorted(share for share, _ in told) and told[-1][0] <= 1
    assert found.scores.people == 0, "there is no gallery"


@pytest.mark.slow
def test_a_visitors_own_gallery_is_looked_at_and_checked(photos, portraits, loading, tmp_path, monkeypatch):
    offer_student(write_student(tmp_path / "weights").parent, monkeypatch)
    packed = tmp_path / "people.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in portraits[3:]:
            archive.write(path, path.name)
    looked: list[str] = []
    monkeypatch.setattr("swapper.ui.interpolation.jobs.check_content", looked.append)
    request = InterpolationRequest((photos[0], photos[1], photos[2]), [], [str(packed)], "mobilefaceswap", "none", 1)
    found = draw_interpolation(loading, SharedEvaluators(tmp_path / "none"), request, lambda *_: None)
    assert len(looked) == found.scores.people == len(portraits) - 3
    assert "Nearest in the gallery" in found.view
