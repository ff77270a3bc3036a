import json
import xml.etree.ElementTree as ElementTree
import zipfile

import av
import numpy as np
import pytest
from PIL import Image

from swapper.provenance import MarkSettings, Origin
from swapper.studies.interpolation_page import measures, viewer
from swapper.studies.interpolation_report import pack, shown, write_clip, write_gif, write_interpolation
from swapper.studies.interpolation_scores import IdentityCurve, InterpolationScores
from swapper.types import Crop, UserError

EYE = np.eye(2, 3, dtype=np.float32)
CURVE = IdentityCurve([0.9, 0.5, 0.1], [0.1, 0.5, 0.9], [0, 0.5, 1], [40, 40], 1.0, 1.0, 1.0)
SCORES = InterpolationScores([0, 0.5, 1], [0.2, 0.2], 1.0, 1.0, {"arcface": CURVE})


def crop(grey: int) -> Crop:
    return Crop(np.full((256, 256, 3), grey, np.uint8), EYE)


@pytest.fixture
def result_folder(tmp_path):
    images = [np.full((80, 60, 3), 60 * i, np.uint8) for i in range(3)]
    crops = [crop(60 * i) for i in range(3)]
    origin, unmarked = Origin("mobilefaceswap", sources=2), MarkSettings(mark=False)
    said = write_interpolation(tmp_path, images, crops, (crop(0), crop(255)), SCORES, {"method": "m"}, origin, unmarked)
    assert said == []
    return tmp_path


def test_an_interpolation_is_written_whole(result_folder):
    names = {path.name for path in result_folder.iterdir()}
    assert names == {
        "strip.jpg",
        "interpolation.mp4",
        "interpolation.gif",
        "plot.svg",
        "interpolation.html",
        "report.json",
    }
    report = json.loads((result_folder / "report.json").read_text())
    assert report["score"] == 100 and report["about"] == {"method": "m"} and "5.13 ± 1.18" in report["published"]
    assert report["curves"]["arcface"]["smoothness"] is None
    with Image.open(result_folder / "strip.jpg") as strip:
        assert strip.width > 4 * strip.height, "both people and three pictures in a row"
    assert len(ElementTree.parse(result_folder / "plot.svg").getroot()) == 4  # white, and three charts
    page = (result_folder / "interpolation.html").read_text()
    assert page.count("data:image/jpeg") == 6 and "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_the_clip_goes_there_and_back(result_folder):
    with av.open(str(result_folder / "interpolation.mp4")) as clip:
        frames = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
    assert [round(frame.mean() / 60) for frame in frames] == [0, 1, 2, 1]
    assert frames[0].shape == (80, 60, 3)


def test_the_gif_repeats_the_same_at_the_same_pace(result_folder, tmp_path):
    with Image.open(result_folder / "interpolation.gif") as gif:
        assert (gif.n_frames, gif.size, gif.info["loop"]) == (4, (60, 80), 0)  # type: ignore[attr-defined]
        found = []
        for number in range(gif.n_frames):  # type: ignore[attr-defined]
            gif.seek(number)
            found.append(round(np.asarray(gif.convert("RGB")).mean() / 60))
            assert gif.info["duration"] in (120, 130)  # a GIF counts in hundredths of a second
    assert found == [0, 1, 2, 1]
    large = [np.full((500, 960, 3), value, np.uint8) for value in (0, 200)]
    with Image.open(write_gif(large, tmp_path / "large.gif")) as gif:
        assert gif.size == (480, 250)
    with pytest.raises(UserError, match="it cannot be written"):
        write_gif(large, tmp_path / "missing" / "clip.gif")


def test_odd_pictures_become_even_and_failures_leave_nothing(tmp_path):
    path = write_clip([np.zeros((21, 33, 3), np.uint8)] * 2, tmp_path / "odd.mp4")
    with av.open(str(path)) as clip:
        assert (clip.streams.video[0].width, clip.streams.video[0].height) == (32, 20)
    with pytest.raises(UserError, match="it cannot be written"):
        write_clip([np.zeros((20, 20, 3), np.uint8)], tmp_path / "missing" / "clip.mp4")
    assert [file.name for file in tmp_path.iterdir()] == ["odd.mp4"]
    assert shown(np.zeros((801, 1601, 3), np.uint8)).shape == (360, 720, 3)
    assert shown(np.zeros((21, 33, 3), np.uint8)).shape == (20, 32, 3)


def test_pictures_are_signed_by_default(tmp_path, monkeypatch):
    signed = []
    monkeypatch.setattr("swapper.studies.interpolation_report.sign_file", lambda path, *_: signed.append(path.name))
    images, crops = [np.full((80, 60, 3), 90, np.uint8)] * 3, [crop(90)] * 3
    settings = MarkSettings(folder=tmp_path / "keys")
    folder = tmp_path / "interpolation"
    folder.mkdir()
    write_interpolation(folder, images, crops, (crop(0), crop(9)), SCORES, {}, Origin("ghost", sources=2), settings)
    assert signed == ["interpolation.mp4", "interpolation.gif"]


def test_the_page_starts_in_the_middle_and_is_labelled():
    images = [np.zeros((8, 8, 3), np.uint8)] * 3
    shown_first = viewer(images, images, SCORES)
    assert shown_first.count("class=on") == 1 and 'value="1"' in shown_first
    assert 'aria-label="From person A to person B"' in shown_first and "Smoothness 100 of 100" in shown_first
    assert 'style="--start:0.5"' in measures(SCORES) and measures(SCORES).count('role="img"') == 3


def test_a_zip_holds_the_files(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    with zipfile.ZipFile(pack([tmp_path / "a.json"], tmp_path / "all.zip")) as archive:
        assert archive.namelist() == ["a.json"]
