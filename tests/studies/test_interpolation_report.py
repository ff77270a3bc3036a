import json
import xml.etree.ElementTree as ElementTree
import zipfile
from dataclasses import replace

import av
import numpy as np
import pytest
from PIL import Image
from untranslated import untranslated

from swapper.provenance import MarkSettings
from swapper.studies.clips import beside, pack, shown, write_clip, write_gif
from swapper.studies.embedding_paths import EmbeddingPath, PairScores
from swapper.studies.gallery import SIDE, Gallery
from swapper.studies.interpolation_page import measures, strips, verdict, viewer
from swapper.studies.interpolation_report import picture_name, write_interpolation
from swapper.studies.interpolation_run import FinishedInterpolation, Wanted
from swapper.studies.interpolation_scores import DrawnPath, DrawnScores, InterpolationScores
from swapper.studies.interpolation_study import PathChoice
from swapper.types import Crop, UserError

EYE = np.eye(2, 3, dtype=np.float32)
CHOICES = [PathChoice("smoothswap", "smooth"), PathChoice("ghost", "arcface")]
AWAY = {"smooth": [0.1, 0.5, 0.9], "arcface": [0.2, 0.4, 0.8]}
DRAWN = [DrawnScores(one.method, one.embedder, None, AWAY, AWAY, [0.2, 0.2]) for one in CHOICES]
LOOKED = {
    "smooth": EmbeddingPath(0.6, 3, [4, 1, 0], [0.3, 0.2, 0.1], 0.9),
    "arcface": EmbeddingPath(0.8, 1, [1, 1, 1], [0.3] * 3, 1.0),
}
SCORES = InterpolationScores([0, 0.5, 1], 5, 5, LOOKED, None, DRAWN)
GALLERY = Gallery({}, np.arange(5), np.stack([np.full((SIDE, SIDE, 3), 40 * i, np.uint8) for i in range(5)]))


def crop(grey: int) -> Crop:
    return Crop(np.full((256, 256, 3), grey, np.uint8), EYE)


def finished(gallery: Gallery | None = GALLERY, paths: int = 2) -> FinishedInterpolation:
    images = [np.full((80, 60, 3), 60 * i, np.uint8) for i in range(3)]
    drawn = [
        DrawnPath(choice, [crop(60 * i) for i in range(3)], 0.45 if n else None)
        for n, choice in enumerate(CHOICES[:paths])
    ]
    wanted = Wanted(CHOICES[:paths], (crop(0), crop(255)), [], images[0], [], np.linspace(0, 1, 3))
    scores = InterpolationScores([0, 0.5, 1], 5, 5, LOOKED, None, DRAWN[:paths])
    return FinishedInterpolation(wanted, strips([images] * paths, drawn, scores, gallery), drawn, scores)


@pytest.fixture
def result_folder(tmp_path):
    assert write_interpolation(tmp_path, finished(), {"method": "m"}, MarkSettings(mark=False)) == []
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
    assert report["about"] == {"method": "m"} and "5.13 ± 1.18" in report["published"]
    assert report["embedders"]["smooth"]["distinct"] == 3 and report["headline"].startswith("The smooth embedder is")
    assert [path["method"] for path in report["paths"]] == ["smoothswap", "ghost"]
    with Image.open(result_folder / "strip.jpg") as strip:
        assert strip.size == (5 * 162, 22 + 4 * (162 + 22)), "two paths, each over its nearest neighbours"
    assert len(ElementTree.parse(result_folder / "plot.svg").getroot()) == 7  # white, and six charts
    page = (result_folder / "interpolation.html").read_text()
    assert page.count("data:image/jpeg") == 2 * (3 + 3 + 3)
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_the_clip_shows_both_paths_there_and_back(result_folder):
    with av.open(str(result_folder / "interpolation.mp4")) as clip:
        frames = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
    assert frames[0].shape == (80 + 28, 120, 3), "beside each other, under their titles"
    assert [round(frame[28:].mean() / 60) for frame in frames] == [0, 1, 2, 1]


def test_one_path_alone_is_shown_without_titles(tmp_path):
    write_interpolation(tmp_path, finished(None, paths=1), {}, MarkSettings(mark=False))
    with Image.open(tmp_path / "interpolation.gif") as gif:
        assert (gif.n_frames, gif.size, gif.info["loop"]) == (4, (60, 80), 0)  # type: ignore[attr-defined]
        found = []
        for number in range(gif.n_frames):  # type: ignore[attr-defined]
            gif.seek(number)
            found.append(round(np.asarray(gif.convert("RGB")).mean() / 60))
            assert gif.info["duration"] in (120, 130)  # a GIF counts in hundredths of a second
    assert found == [0, 1, 2, 1]
    with Image.open(tmp_path / "strip.jpg") as strip:
        assert strip.size == (5 * 162, 22 + 162 + 22)


def test_large_gifs_are_reduced(tmp_path):
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


def test_titles_stand_over_two_paths_however_long():
    dark = [np.zeros((40, 60, 3), np.uint8)]
    assert beside([dark], ["one"])[0] is dark[0]
    (both,) = beside([dark, dark], ["a very long title of a path", "b"])
    assert both.shape == (68, 120, 3) and both[:28].min() < 150 and both[:28].max() == 255


def test_pictures_are_signed_by_default(tmp_path, monkeypatch):
    signed = []
    monkeypatch.setattr("swapper.studies.interpolation_report.sign_file", lambda path, *_: signed.append(path.name))
    folder = tmp_path / "interpolation"
    folder.mkdir()
    write_interpolation(folder, finished(), {}, MarkSettings(folder=tmp_path / "keys"))
    assert signed == ["interpolation.mp4", "interpolation.gif"]


def test_the_page_starts_in_the_middle_and_is_labelled():
    view = viewer(finished().strips, SCORES)
    assert view.count("class=on") == 2 and 'value="1"' in view and view.count('aria-pressed="true"') == 2
    assert 'aria-label="From person A to person B"' in view and "The smooth embedder is smoother" in view
    assert "Smooth-Swap, told the path of the smooth embedder" in view and "GHOST, told the path of ArcFace" in view
    assert "left-out one with cosine 0.45" in view
    assert [view.count(f"<i>{person}</i>") for person in (1, 2, 3)] == [4, 1, 1], "numbered as they are met"
    figures = measures(SCORES)
    assert 'style="--start:0.5"' in figures and figures.count('role="img"') == 6
    assert "Nearest" not in viewer(finished(None).strips, SCORES)


def test_figures_have_standard_names_and_formulas():
    figures = measures(SCORES)
    for said in ("d_smooth", "Slerp(a, b; ½)", "distinct identities", "1 − cos(a, b)", "largest step", "5.13 ± 1.18"):
        assert said in figures, said
    for gone in ("Detour", "Reach", "In step", "Forwards", "Gap", "People met"):
        assert gone not in figures, gone
    assert "<td>0.60</td><td>0.80</td>" in figures and "<td>3</td><td>1</td>" in figures


def test_all_of_it_is_said_in_korean():
    assert untranslated(viewer(finished().strips, SCORES) + measures(SCORES)) <= {"d_smooth", "ArcFace"}
    several = PairScores("gallery", 9, {"smooth": 0.5, "arcface": 0.7}, {"smooth": 4, "arcface": 3}, (0.1, 0.3), (0, 2))
    for pairs in (several, replace(several, of="photos"), replace(several, less=(-0.1, 0.3))):
        scores = replace(SCORES, pairs=pairs)
        assert untranslated(verdict(scores) + measures(scores)) <= {"d_smooth", "ArcFace"}


def test_files_of_both_paths_have_names():
    assert [picture_name(path, 3, ".png") for path in (0, 1)] == ["frame-03.png", "beside-03.png"]


def test_a_zip_holds_the_files(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    with zipfile.ZipFile(pack([tmp_path / "a.json"], tmp_path / "all.zip")) as archive:
        assert archive.namelist() == ["a.json"]
