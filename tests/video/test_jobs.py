"""Jobs that are refused, cancelled, stopped, killed and taken up again."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from threading import Event

import av
import numpy as np
import pytest
from clips import Coding, background, clicks, flashes, found_clicks, found_flashes, pictures, times, write_clip

from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.video import encode
from swapper.video.job import VideoCancelled, VideoProgress, VideoSettings
from swapper.video.journal import parts_folder

pytestmark = pytest.mark.slow


def still(count: int, height: int = 96, width: int = 160) -> list[np.ndarray]:
    return [background(height, width, seed=i // 8) for i in range(count)]


def bad_files(folder: Path) -> dict[str, Path]:
    """Files that are no usable video, by what is wrong with them."""
    whole = write_clip(folder / "whole.mp4", still(75), sound=clicks([1.0], 3.0))
    fast = folder / "fast.mp4"
    with av.open(str(whole)) as source, av.open(str(fast), "w", options={"movflags": "+faststart"}) as out:
        streams = {s.index: out.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
    data = whole.read_bytes()
    files = {
        "missing": folder / "missing.mp4",
        "empty": folder / "empty.mp4",
        "text": folder / "text.mp4",
        "picture": folder / "picture.mp4",
        "no index": folder / "noindex.mp4",
        "cut off": folder / "cut.mp4",
        "sound only": folder / "sound.m4a",
        "folder": folder,
    }
    files["empty"].touch()
    files["text"].write_text("this is no video at all, " * 100)
    files["no index"].write_bytes(data[: len(data) // 2])
    files["cut off"].write_bytes(fast.read_bytes()[: int(fast.stat().st_size * 0.6)])
    from PIL import Image

    Image.fromarray(background(40, 40)).save(files["picture"], "PNG")
    with av.open(str(files["sound only"]), "w", format="mp4") as out:
        track = out.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.int16), "s16", "mono")
        frame.sample_rate = 48000
        for packet in [*track.encode(frame), *track.encode(None)]:
            out.mux(packet)
    return files


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("missing", "file not found"),
        ("empty", "the file is empty"),
        ("text", "not a readable video"),
        ("picture", "a still picture"),
        ("no index", "not a readable video, or it is cut off"),
        ("cut off", "the file is cut off or damaged"),
        ("sound only", "sound but no pictures"),
        ("folder", "this is not a file"),
    ],
)
def test_bad_files_are_refused_in_one_sentence_and_leave_nothing(tmp_path, swap, what, said):
    target = bad_files(tmp_path)[what]
    before = set(tmp_path.iterdir())
    with pytest.raises(UserError, match=said) as refused:
        swap(target, tmp_path / "out.mp4")
    assert str(target) in str(refused.value) and "\n" not in str(refused.value)
    assert set(tmp_path.iterdir()) == before


def test_the_part_of_a_cut_off_film_that_is_there_can_be_used(tmp_path, swap):
    target = bad_files(tmp_path)["cut off"]
    assert swap(target, tmp_path / "out.mp4", settings=VideoSettings(end=1.0)).frames == 25


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("out.txt", "is not a supported format"),
        ("out", "no suffix"),
        ("no/out.mp4", "does not exist"),
        ("in.mp4", "itself. Choose another name"),
    ],
)
def test_outputs_that_cannot_be(tmp_path, swap, output, said):
    write_clip(tmp_path / "in.mp4", still(3))
    content = (tmp_path / "in.mp4").read_bytes()
    with pytest.raises(UserError, match=said):
        swap(tmp_path / "in.mp4", tmp_path / output)
    assert (tmp_path / "in.mp4").read_bytes() == content


@pytest.mark.parametrize(
    "wrong",
    [{"start": -1.0}, {"start": 2.0, "end": 1.0}, {"start": float("nan")}, {"quality": 60}, {"steadiness": 2.0}],
)
def test_settings_out_of_range(wrong):
    with pytest.raises(UserError):
        VideoSettings(**wrong)


def test_a_part_behind_the_end_is_refused(tmp_path, swap):
    write_clip(tmp_path / "in.mp4", still(10))
    with pytest.raises(UserError, match=r"lasts 0\.4 seconds"):
        swap(tmp_path / "in.mp4", tmp_path / "out.mp4", settings=VideoSettings(start=5.0))


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(max_video_bytes=100), "megabytes"),
        (Limits(max_video_seconds=1), "seconds"),
        (Limits(max_video_fps=20), "frames a second"),
        (Limits(max_video_frames=30), "frames"),
        (Limits(max_pixels=1000), "megapixels"),
    ],
)
def test_limits(tmp_path, swap, limits, said):
    write_clip(tmp_path / "in.mp4", still(50))
    with pytest.raises(UserError, match=f"{said}.* limit"):
        swap(tmp_path / "in.mp4", tmp_path / "out.mp4", limits=limits)
    assert not (tmp_path / "out.mp4").exists()


def test_progress_counts_up_to_the_end(tmp_path, swap):
    said: list[VideoProgress] = []
    write_clip(tmp_path / "in.mp4", still(30))
    swap(tmp_path / "in.mp4", tmp_path / "out.mp4", progress=said.append)
    assert [p.frames for p in said] == list(range(1, 31))
    assert all(a.fraction < b.fraction for a, b in pairwise(said))
    assert said[-1].fraction == 1 and said[-1].seconds_left == 0 and said[-1].fps > 0
    assert said[0].total == 30 and said[0].image.shape == (96, 160, 3)


def test_cancelling_leaves_nothing(tmp_path, swap):
    cancel = Event()
    write_clip(tmp_path / "in.mp4", still(60))
    (tmp_path / "out.mp4").write_text("precious")
    with pytest.raises(VideoCancelled):
        swap(
            tmp_path / "in.mp4", tmp_path / "out.mp4", cancel=cancel, progress=lambda p: p.frames == 5 and cancel.set()
        )
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", "out.mp4"}
    assert (tmp_path / "out.mp4").read_text() == "precious"


class Stop(Exception):
    pass


def stop_at(frame: int):
    def progress(now: VideoProgress) -> None:
        if now.frames == frame:
            raise Stop

    return progress


def test_a_stopped_job_goes_on_where_it_was(tmp_path, swap, monkeypatch):
    monkeypatch.setattr(encode, "SEGMENT_FRAMES", 10)
    at = [0.4, 1.2, 2.0]
    source = write_clip(tmp_path / "in.mp4", flashes(at, [i / 25 for i in range(65)]), sound=clicks(at, 2.6))
    with pytest.raises(Stop):
        swap(source, tmp_path / "out.mp4", progress=stop_at(38))
    assert not (tmp_path / "out.mp4").exists()
    folder = parts_folder(tmp_path / "out.mp4")
    assert folder is not None
    journal = json.loads((folder / "journal.json").read_text())
    finished = sum(row["frames"] for row in journal["rows"])
    assert finished in (30, 40)
    counted = []
    result = swap(source, tmp_path / "out.mp4", progress=lambda p: counted.append(p.frames))
    assert counted == list(range(finished + 1, 66)) and result.frames == 65
    assert times(tmp_path / "out.mp4") == pytest.approx([i / 25 for i in range(65)], abs=0.001)
    assert found_flashes(tmp_path / "out.mp4") == pytest.approx(at, abs=0.002)
    assert found_clicks(tmp_path / "out.mp4") == pytest.approx(at, abs=0.02)
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", "out.mp4"}


@pytest.mark.parametrize("change", ["settings", "video"])
def test_another_job_starts_over(tmp_path, swap, monkeypatch, change):
    monkeypatch.setattr(encode, "SEGMENT_FRAMES", 10)
    source = write_clip(tmp_path / "in.mp4", still(40))
    with pytest.raises(Stop):
        swap(source, tmp_path / "out.mp4", progress=stop_at(25))
    if change == "video":
        write_clip(source, still(39))
    counted = []
    settings = VideoSettings(quality=30 if change == "settings" else 18)
    swap(source, tmp_path / "out.mp4", settings=settings, progress=lambda p: counted.append(p.frames))
    assert counted[0] == 1


@pytest.mark.parametrize("damage", ["journal", "segment"])
def test_a_damaged_journal_starts_over(tmp_path, swap, monkeypatch, damage):
    monkeypatch.setattr(encode, "SEGMENT_FRAMES", 10)
    source = write_clip(tmp_path / "in.mp4", still(40))
    with pytest.raises(Stop):
        swap(source, tmp_path / "out.mp4", progress=stop_at(25))
    parts = parts_folder(tmp_path / "out.mp4")
    assert parts is not None
    if damage == "journal":
        (parts / "journal.json").write_text('{"version": 1, "jo')
    else:
        (parts / "00000.seg").unlink()
    assert swap(source, tmp_path / "out.mp4").frames == 40
    assert len(pictures(tmp_path / "out.mp4")) == 40


PROGRAM = """
import sys, time
from pathlib import Path
import numpy as np
from swapper.pipeline import FaceSwapper
from swapper.types import Identity
from swapper.video import encode
encode.SEGMENT_FRAMES = 10
nobody = Identity("warp", np.zeros(4, np.float32))
source, output, pause = sys.argv[1], sys.argv[2], float(sys.argv[3])
first = []
def progress(now):
    first.append(now.frames)
    print(now.frames, flush=True)
    time.sleep(pause)
FaceSwapper("warp", "cpu", threads=1).swap_video(nobody, source, output, progress)
"""


def test_a_killed_job_goes_on_where_it_was(tmp_path):
    at = [0.4, 1.2, 2.0]
    source = write_clip(tmp_path / "in.mp4", flashes(at, [i / 25 for i in range(65)]), sound=clicks(at, 2.6))
    command = [sys.executable, "-c", PROGRAM, str(source), str(tmp_path / "out.mp4")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    job = subprocess.Popen([*command, "0.02"], env=environment, stdout=subprocess.PIPE, text=True)
    assert job.stdout is not None
    for line in job.stdout:
        if int(line) == 35:
            job.send_signal(signal.SIGKILL)
            break
    job.wait()
    time.sleep(0.1)
    assert not (tmp_path / "out.mp4").exists()
    ended = subprocess.run([*command, "0"], env=environment, capture_output=True, text=True, check=True)
    counted = [int(line) for line in ended.stdout.split()]
    assert counted[0] > 20 and counted[-1] == 65
    assert times(tmp_path / "out.mp4") == pytest.approx([i / 25 for i in range(65)], abs=0.001)
    assert found_flashes(tmp_path / "out.mp4") == pytest.approx(at, abs=0.002)
    assert found_clicks(tmp_path / "out.mp4") == pytest.approx(at, abs=0.02)
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", "out.mp4"}


def test_a_film_without_a_length_in_its_header(tmp_path, swap):
    """As browsers record it: the file cannot be rewound while it is written."""
    path = tmp_path / "in.webm"
    coding = Coding(codec="libvpx", options=(("deadline", "realtime"), ("cpu-used", "8")), audio=("libopus",))
    write_clip(tmp_path / "whole.webm", still(50), coding, sound=clicks([1.0], 2.0))
    with av.open(str(tmp_path / "whole.webm")) as source, path.open("wb") as file:
        pipe = type("Pipe", (), {"write": lambda self, data: file.write(data)})()
        with av.open(pipe, "w", format="webm", options={"live": "1"}) as out:
            streams = {s.index: out.add_stream_from_template(s) for s in source.streams}
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = streams[packet.stream.index]
                    out.mux(packet)
    said: list[VideoProgress] = []
    assert swap(path, tmp_path / "out.mp4", progress=said.append).frames == 50
    assert said[24].fraction == pytest.approx(0.5, abs=0.05)
