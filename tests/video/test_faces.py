"""Whole jobs on clips that show faces."""

import numpy as np
import pytest
from clips import PORTRAITS, background, lay, pictures, portrait, write_clip

from swapper.compose.settings import BlendSettings
from swapper.types import UserError
from swapper.video.job import VideoSettings

HEIGHT, WIDTH = 270, 480


def two_people(count: int) -> list[np.ndarray]:
    """The larger face at the left."""
    frames = []
    for i in range(count):
        frame = background(HEIGHT, WIDTH)
        lay(frame, portrait(0), (120 + i, 140), 190)
        lay(frame, portrait(2), (350, 130 + i / 2), 165, 5 * np.sin(i / 5))
        frames.append(frame)
    return frames


@pytest.fixture(scope="module")
def couple(tmp_path_factory, someone):
    return write_clip(tmp_path_factory.mktemp("couple") / "couple.mp4", two_people(24))


def change(before, after) -> tuple[float, float]:
    """Mean change of the left and of the right half's middle, over all frames."""
    difference = np.mean([np.abs(a.astype(int) - b).mean(2) for a, b in zip(before, after, strict=True)], axis=0)
    return float(difference[90:190, 90:180].mean()), float(difference[90:190, 300:400].mean())


CHANGED, SAME = 5.0, 3.0


@pytest.mark.parametrize(("select", "left", "right"), [("all", True, True), ("largest", True, False), (1, False, True)])
def test_selected_faces_are_swapped_and_others_left_alone(engine, someone, couple, tmp_path, select, left, right):
    result = engine.swap_video(someone, couple, tmp_path / "out.mp4", select=select)
    assert (result.frames, result.swapped, result.people) == (24, 24, 2)
    found = change(pictures(couple), pictures(tmp_path / "out.mp4"))
    assert (found[0] > CHANGED, found[1] > CHANGED) == (left, right)
    assert (found[0] < SAME, found[1] < SAME) == (not left, not right)


def test_only_who_resembles_a_reference_is_swapped(engine, someone, couple, tmp_path):
    reference = PORTRAITS / "03.jpg"
    result = engine.swap_video(None, couple, tmp_path / "out.mp4", people=[(someone, reference)])
    assert result.swapped == 24 and not result.warnings
    left, right = change(pictures(couple), pictures(tmp_path / "out.mp4"))
    assert left < SAME and right > CHANGED


def test_a_reference_that_nobody_resembles_is_said(engine, someone, couple, tmp_path):
    result = engine.swap_video(None, couple, tmp_path / "out.mp4", people=[(someone, PORTRAITS / "05.jpg")])
    assert result.swapped == 0
    assert "match nobody in the video" in result.warnings[0]


def test_a_face_number_that_never_comes_is_said(engine, someone, couple, tmp_path):
    result = engine.swap_video(someone, couple, tmp_path / "out.mp4", select=2)
    assert result.swapped == 0 and "no frame has more than 2 faces" in result.warnings[0]


def test_a_selection_that_is_none(engine, someone, couple, tmp_path):
    with pytest.raises(UserError, match="Give all, largest, or a face number"):
        engine.swap_video(someone, couple, tmp_path / "out.mp4", select="left")


def test_a_face_is_swapped_from_its_first_frame(engine, someone, tmp_path):
    """It appears between two detections."""
    frames = []
    for i in range(20):
        frame = background(HEIGHT, WIDTH)
        if i >= 3:
            lay(frame, portrait(0), (240, 140), 200)
        frames.append(frame)
    clip = write_clip(tmp_path / "in.mp4", frames)
    assert engine.swap_video(someone, clip, tmp_path / "out.mp4").swapped == 17


def test_identify_runs_once_for_a_film(engine, someone, couple, tmp_path, monkeypatch):
    calls = []
    real = engine.method.identify
    monkeypatch.setattr(engine.method, "identify", lambda crops: calls.append(len(crops)) or real(crops))
    engine.swap_video(PORTRAITS / "02.jpg", couple, tmp_path / "out.mp4", settings=VideoSettings(end=0.4))
    assert calls == [1]


def test_one_job_can_blend_otherwise(engine, someone, couple, tmp_path):
    part = VideoSettings(end=0.2)
    engine.swap_video(someone, couple, tmp_path / "usual.mp4", settings=part)
    small = BlendSettings(grow=-0.5, forehead=0)
    engine.swap_video(someone, couple, tmp_path / "small.mp4", settings=part, blend=small)
    before = pictures(couple)[:5]
    usual, less = (change(before, pictures(tmp_path / name)) for name in ("usual.mp4", "small.mp4"))
    assert less[0] < 0.7 * usual[0] and less[1] < 0.7 * usual[1]
    assert engine.blend == BlendSettings()


@pytest.mark.slow
def test_two_runs_give_the_same_pictures(engine, someone, couple, tmp_path):
    """However the threads take turns."""
    for name in ("a.mp4", "b.mp4"):
        engine.swap_video(someone, couple, tmp_path / name)
    assert all(
        np.array_equal(a, b) for a, b in zip(pictures(tmp_path / "a.mp4"), pictures(tmp_path / "b.mp4"), strict=True)
    )
