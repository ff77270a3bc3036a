"""A job that was stopped or killed ends exactly as one that was not."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clips import (
    PORTRAITS,
    Coding,
    background,
    clicks,
    lay,
    pictures,
    portrait,
    small_warp,
    watched_writing,
    write_clip,
)
from stopping import Stop, stop_at

from swapper.compose.settings import BlendSettings
from swapper.faces.embed import FaceEmbedder
from swapper.types import UserError
from swapper.video import encode
from swapper.video.assemble import assemble
from swapper.video.casting import Role
from swapper.video.encode import SegmentWriter
from swapper.video.job import VideoSettings

pytestmark = pytest.mark.slow

FRAMES, LENGTH = 50, 15  # of the clip, and of a segment
AWAY = range(18, 27)  # frames of the second segment


@pytest.fixture(scope="module")
def clip(tmp_path_factory, someone):
    """Two people, one of whom comes and goes; trembling light, a cut, and something that passes by."""
    frames = []
    for i in range(FRAMES):
        frame = background(270, 480, seed=i // (2 * LENGTH))
        lay(frame, portrait(0), (120 + i, 140), 190, 4 * np.sin(i / 3))
        if i not in AWAY:
            lay(frame, portrait(2), (350, 130 + i / 2), 180, 5 * np.sin(i / 5))
        if i in range(33, 41):
            frame[100:200, 10 * (i - 33) + 90 : 10 * (i - 33) + 120] = (40, 90, 40)
        frames.append((frame * (0.95 + 0.05 * np.cos(i))).astype(np.uint8))
    return write_clip(tmp_path_factory.mktemp("clip") / "in.mp4", frames, sound=clicks([1.0], FRAMES / 25))


def same(first: Path, second: Path) -> list[int]:
    """Numbers of pictures that differ."""
    before, after = pictures(first), pictures(second)
    assert len(before) == len(after) > 0
    return [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if not np.array_equal(a, b)]


def interrupted(run, output: Path, stops: list[int]) -> list[int]:
    """Do a job in several runs; returns the frames with which they began."""
    began = []

    def watched(progress):
        def tell(now):
            if not seen:
                began.append(now.frames)
            seen.append(now.frames)
            progress(now)

        seen: list[int] = []
        return tell

    for stop in stops:
        with pytest.raises(Stop):
            run(output, watched(stop_at(stop)))
    run(output, watched(lambda now: None))
    return began


@pytest.mark.parametrize(
    "how",
    ["usual", "one person, trimmed", "the first of a role", "webm", "more like the source", "unsteadied"],
)
def test_a_stopped_job_ends_like_one_that_was_not(engine, someone, clip, tmp_path, monkeypatch, how):
    monkeypatch.setattr(encode, "SEGMENT_FRAMES", LENGTH)
    swapper, options, source = engine, {}, someone
    if how == "one person, trimmed":
        options = {"settings": VideoSettings(start=0.13, end=1.9), "select": 1}
    elif how == "unsteadied":
        options["settings"] = VideoSettings(steadiness=0.0)
    elif how == "more like the source":
        swapper = small_warp(BlendSettings(likeness=1.3))
        monkeypatch.setattr("swapper.face_swap.picture.extrapolate_identity", aimed)
    elif how == "the first of a role":
        look = FaceEmbedder(engine.device).embed([engine.source_crop(portrait(2))])[0]
        source, options["people"] = None, [Role(someone, look)]
    suffix = ".webm" if how == "webm" else ".mp4"

    def run(output, progress=None):
        with monkeypatch.context() as watched:
            watched.setattr(SegmentWriter, "write", watched_writing(lambda *found: encoded[output.stem].add(found)))
            return swapper.swap_video(source, clip, output, progress, **options)

    encoded = {"whole": set(), "out": set()}
    whole = run(tmp_path / f"whole{suffix}")
    assert whole.swapped >= whole.frames - len(AWAY) > 2 * LENGTH
    began = interrupted(run, tmp_path / f"out{suffix}", [LENGTH + 6, 2 * LENGTH + 4])
    assert began == [1, LENGTH + 1, 2 * LENGTH + 1]
    assert len(encoded["whole"]) == whole.frames
    assert encoded["out"] == encoded["whole"]
    assert same(tmp_path / f"whole{suffix}", tmp_path / f"out{suffix}") == []
    assert {path.name for path in tmp_path.iterdir()} == {f"whole{suffix}", f"out{suffix}"}


def aimed(method, identity, target, likeness):
    """What the face is made into depends on how it looked when it was first seen."""
    assert likeness == 1.3
    textures = (replace(texture, image=texture.image ^ (target.image[40, 40] % 8)) for texture in identity.state)
    return replace(identity, state=tuple(textures))


PROGRAM = """
import os, sys
from clips import small_warp, watched_writing
from swapper.video import encode
encode.SEGMENT_FRAMES = int(sys.argv[4])
def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())  # from two threads: in one piece
encode.SegmentWriter.write = watched_writing(lambda *found: say("encoded", *found))
def progress(now):
    say("done", now.frames)
small_warp().swap_video(sys.argv[1], sys.argv[2], sys.argv[3], progress)
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory, engine, someone, clip) -> tuple[Path, set[tuple[int, str]]]:
    """The result of a job that nothing stopped, and what was encoded for it."""
    output, encoded = tmp_path_factory.mktemp("whole") / "whole.mp4", set()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(encode, "SEGMENT_FRAMES", LENGTH)
        patched.setattr(SegmentWriter, "write", watched_writing(lambda *found: encoded.add(found)))
        engine.swap_video(someone, clip, output)
    return output, encoded


@pytest.mark.slow  # three processes; those that are stopped above keep the same things
def test_a_killed_job_ends_like_one_that_was_not(clip, tmp_path, whole):
    output = tmp_path / "out.mp4"
    command = [
        sys.executable,
        "-c",
        PROGRAM,
        str(sorted(PORTRAITS.glob("*.jpg"))[1]),
        str(clip),
        str(output),
        str(LENGTH),
    ]
    places = os.pathsep.join(str(Path(__file__).parents[i]) for i in (1, 2))
    environment, seen = {**os.environ, "PYTHONPATH": places}, []
    for last in (LENGTH + 8, 2 * LENGTH + 8):
        job = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert job.stdout is not None
        for line in job.stdout:
            seen.append(line.split())
            if seen[-1] == ["done", str(last)]:
                job.send_signal(signal.SIGKILL)
                break
        job.wait()
        job.stdout.close()
        assert not output.exists()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    last = [line.split() for line in done.stdout.splitlines()]
    assert next(line for line in last if line[0] == "done") == ["done", str(2 * LENGTH + 1)]
    encoded = {(int(line[1]), line[2]) for line in seen + last if line[0] == "encoded"}
    assert encoded == whole[1] and len(encoded) == FRAMES
    assert same(whole[0], output) == []
    assert {path.name for path in tmp_path.iterdir()} == {"out.mp4"}


def test_a_job_stopped_while_it_joins_its_parts_does_not_read_the_video_again(
    engine, someone, clip, tmp_path, monkeypatch, whole
):
    monkeypatch.setattr(encode, "SEGMENT_FRAMES", LENGTH)

    def fail(*arguments):
        raise Stop

    with monkeypatch.context() as patched:
        patched.setattr("swapper.video.swap.assemble", fail)
        with pytest.raises(Stop):
            engine.swap_video(someone, clip, tmp_path / "out.mp4")
    monkeypatch.setattr("swapper.video.io.VideoReader.frames", fail)
    monkeypatch.setattr("swapper.video.swap.assemble", assemble)
    result = engine.swap_video(someone, clip, tmp_path / "out.mp4")
    assert result.people == 2 and result.frames == FRAMES and not result.warnings
    assert same(whole[0], tmp_path / "out.mp4") == []


def test_segments_that_were_changed_are_not_joined(engine, nobody, tmp_path, monkeypatch):
    monkeypatch.setattr(encode, "SEGMENT_FRAMES", 10)
    source = write_clip(tmp_path / "in.mp4", [background(64, 96)] * 30)
    other = write_clip(tmp_path / "other.nut", [background(64, 96, 3)] * 10, Coding(format="nut"))

    def change(now) -> None:
        if now.frames == 25:
            (folder,) = (path for path in tmp_path.glob(".swapper-*") if path.is_dir())
            (folder / "00000.seg").write_bytes(other.read_bytes())

    with pytest.raises(UserError, match="was changed by another program"):
        engine.swap_video(nobody, source, tmp_path / "out.mp4", change)
    assert not (tmp_path / "out.mp4").exists()
    counted = []
    engine.swap_video(nobody, source, tmp_path / "out.mp4", lambda now: counted.append(now.frames))
    assert counted == list(range(1, 31))  # begun anew


@pytest.mark.parametrize("container", [".mkv", ".ts", ".avi"])
def test_going_on_finds_its_frame_in_every_container(engine, nobody, tmp_path, monkeypatch, container):
    monkeypatch.setattr(encode, "SEGMENT_FRAMES", LENGTH)
    frames = [np.roll(background(64, 96), i, 1) for i in range(110)]  # encoding runs ahead of the stop
    coding = Coding(options=(("preset", "ultrafast"), ("g", "12"), ("bf", "2")))
    source = write_clip(tmp_path / f"in{container}", frames, coding, sound=clicks([1.0], 4.4))

    def run(output, progress=None):
        return engine.swap_video(nobody, source, output, progress)

    run(tmp_path / "whole.mp4")
    assert interrupted(run, tmp_path / "out.mp4", [2 * LENGTH + 5])[1] == 2 * LENGTH + 1
    assert same(tmp_path / "whole.mp4", tmp_path / "out.mp4") == []
