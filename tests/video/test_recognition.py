"""Who is swapped: the person who was meant, in every frame, and nobody else."""

import numpy as np
import pytest
from clips import PORTRAITS, pictures, write_clip

from swapper.bench import recognition
from swapper.bench.photo import example_portraits
from swapper.bench.recognition import CLIPS, Scene, Shown

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def portraits() -> list[np.ndarray]:
    return example_portraits(9)


ALIKE = (5, 0)  # the two who resemble each other most: their cosine is 0.36


@pytest.mark.parametrize("kind", CLIPS)
def test_the_person_who_is_meant_and_nobody_else(engine, portraits, kind) -> None:
    found = recognition.watch(engine, portraits, CLIPS[kind](2, 3, np.random.default_rng(0)), 2, 0)
    assert found.frames > 30 and (found.wrong, found.missed) == (0, 0)


@pytest.mark.parametrize("kind", CLIPS)
def test_people_who_look_alike_are_told_apart(engine, portraits, kind) -> None:
    """Such a cosine is more than one in a thousand pairs of people have."""
    found = recognition.watch(engine, portraits, CLIPS[kind](*ALIKE, np.random.default_rng(0)), ALIKE[0], 0)
    assert found.wrong <= 2 and found.missed <= 0.1 * found.frames


def test_a_look_alike_alone_is_not_taken_for_the_person(engine, portraits) -> None:
    scenes = [Scene([Shown(ALIKE[1], 240)]) for _ in range(30)]
    found = recognition.watch(engine, portraits, scenes, ALIKE[0], 0)
    assert found.wrong == 0


@pytest.mark.parametrize(("pair", "stay"), [(ALIKE, 5), ((1, 4), 5), (ALIKE, 1), ((2, 3), 2), ((1, 4), 3)])
def test_somebody_who_is_seen_for_a_moment_is_nobody_else(engine, portraits, pair, stay) -> None:
    """The cosine of most pairs is 0.36 or 0.32: neither surely the same face nor surely another one."""
    scenes = [Scene([Shown(pair[index // stay % 2], 240 + index % 3)]) for index in range(8 * stay)]
    found = recognition.watch(engine, portraits, scenes, pair[0], 1)
    assert (found.frames, found.wrong, found.missed) == (4 * stay, 0, 0)


def test_whoever_turns_far_stays_the_same_person(engine, portraits) -> None:
    squeeze = 1 - 0.5 * np.sin(np.linspace(0, np.pi, 60))
    scenes = [Scene([Shown(4, 240, squeeze=float(share))]) for share in squeeze]
    found = recognition.watch(engine, portraits, scenes, 4, 0)
    assert (found.frames, found.wrong, found.missed) == (60, 0, 0)


@pytest.mark.slow  # the same as the call of the report, with the pictures compared
def test_a_call_tile_that_changes_its_speaker(engine, someone, portraits, tmp_path) -> None:
    """In the file: pictures of the wrong person come out as they were."""
    shown = [2] * 15 + [3] * 17 + [7] * 13 + [2] * 15
    scenes = [Scene([Shown(who, 130 + who, side=190 - 4 * who), Shown(6, 360)]) for who in shown]
    clip = write_clip(tmp_path / "call.mp4", recognition.draw(portraits, scenes, 3))
    result = engine.swap_video(None, clip, tmp_path / "out.mp4", people=[(someone, PORTRAITS / "03.jpg")])
    assert (result.frames, result.swapped) == (60, 30)
    before, after = pictures(clip), pictures(tmp_path / "out.mp4")
    for who, old, new in zip(shown, before, after, strict=True):
        change = np.abs(old.astype(int) - new)[80:200, 80:180].mean()
        assert change > 5 if who == 2 else change < 3


def test_the_call_of_the_report(engine, someone, shared_cases, tmp_path) -> None:
    clip = shared_cases / "call-tile-changes.mp4"
    result = engine.swap_video(None, clip, tmp_path / "out.mp4", people=[(someone, PORTRAITS / "03.jpg")])
    assert (result.frames, result.swapped) == (60, 30)
