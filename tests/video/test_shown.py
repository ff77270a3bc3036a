"""Videos are shown as players show them: upright, not mirrored, in whole pictures, with their chapters."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.filter import Graph
from clips import Coding, background, pictures, times, write_clip

from swapper.types import UserError
from swapper.video import encode
from swapper.video.interlacing import Deinterlacer
from swapper.video.io import VideoReader
from swapper.video.job import VideoSettings


def quarters(height: int = 64, width: int = 96) -> np.ndarray:
    """A picture whose four corners differ, each flat: black, dark, light, white from left to right and down."""
    grey = np.array([[16, 90], [160, 235]], np.uint8)
    return np.repeat(np.kron(grey, np.ones((height // 2, width // 2), np.uint8))[..., None], 3, axis=2)


def corners(image: np.ndarray) -> list[int]:
    """Which of the four corners is where: row by row, the darkest is 0."""
    height, width = image.shape[:2]
    seen = [image[y, x].mean() for y in (height // 4, -height // 4) for x in (width // 4, -width // 4)]
    return [int(rank) for rank in np.argsort(np.argsort(seen))]


# The display matrix's a, b, c and d, and the corners that ffmpeg's own program shows.
SHOWN = {
    "as it is": ((1, 0, 0, 1), [0, 1, 2, 3]),
    "mirrored": ((-1, 0, 0, 1), [1, 0, 3, 2]),
    "upside down": ((1, 0, 0, -1), [2, 3, 0, 1]),
    "half a turn": ((-1, 0, 0, -1), [3, 2, 1, 0]),
    "a quarter to the right": ((0, 1, -1, 0), [2, 0, 3, 1]),
    "a quarter to the left": ((0, -1, 1, 0), [1, 3, 0, 2]),
    "transposed": ((0, 1, 1, 0), [0, 2, 1, 3]),
    "transposed the other way": ((0, -1, -1, 0), [3, 1, 2, 0]),
}


@pytest.mark.parametrize("how", SHOWN)
def test_turned_and_mirrored_videos_come_out_as_they_are_shown(tmp_path, swap, how):
    matrix, shown = SHOWN[how]
    source = write_clip(tmp_path / "in.mp4", [quarters()] * 3)
    data = bytearray(source.read_bytes())
    at = data.index(b"tkhd") + 44
    a, b, c, d = (value << 16 for value in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    source.write_bytes(data)
    swap(source, tmp_path / "out.mp4")
    done = pictures(tmp_path / "out.mp4")
    assert len(done) == 3 and all(corners(image) == shown for image in done)
    assert done[0].shape[:2] == ((96, 64) if how.startswith(("a quarter", "transposed")) else (64, 96))


def interlaced(path: Path, count: int = 30, speed: int = 4) -> Path:
    """A bar that moves between the two half-pictures of every frame, in a file that says so."""
    frames = []
    for i in range(count):
        frame = np.full((96, 160, 3), 40, np.uint8)
        for half in (0, 1):
            left = 10 + speed * (2 * i + half) % 120
            frame[half::2, left : left + 24] = 210
        frames.append(frame)
    options = (("preset", "ultrafast"), ("x264-params", "interlaced=1:tff=1"), ("flags", "+ildct+ilme"), ("g", "10"))
    return write_clip(path, frames, Coding(options=options))


def comb(image: np.ndarray) -> float:
    """How much neighbouring rows differ more than those two apart, grey levels."""
    grey = image.mean(2)
    return float(np.abs(np.diff(grey, axis=0)).mean() - np.abs(grey[2:] - grey[:-2]).mean())


def test_interlaced_videos_become_whole_pictures(tmp_path, swap):
    source = interlaced(tmp_path / "in.mp4")
    assert VideoReader(source).info.interlaced
    assert min(comb(image) for image in pictures(source)[2:10]) > 5
    assert swap(source, tmp_path / "out.mp4").frames == 30
    done = pictures(tmp_path / "out.mp4")
    assert len(done) == 30 and max(comb(image) for image in done) < 1
    assert times(tmp_path / "out.mp4") == pytest.approx(times(source))
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert not any(frame.interlaced_frame for frame in file.decode(video=0))


def half_pictures(width: int, height: int) -> av.VideoFrame:
    """A frame that says that it is interlaced."""
    graph = Graph()
    begin = graph.add_buffer(width=width, height=height, format="yuv420p", time_base=Fraction(1, 25))
    graph.link_nodes(begin, graph.add("setfield", "mode=tff"), graph.add("buffersink")).configure()
    graph.vpush(av.VideoFrame(width, height, "yuv420p"))
    frame = graph.vpull()
    assert frame.interlaced_frame
    return frame


@pytest.mark.parametrize(("width", "height"), [(70, 1), (1, 70), (64, 6), (6, 64), (2, 2), (8, 8), (64, 48)])
def test_interlaced_frames_of_any_size_are_passed_on(width, height):
    whole, found = Deinterlacer(Fraction(1, 25)), []
    for pts in range(4):
        found += whole.feed(pts, half_pictures(width, height))
    found += whole.finish()
    assert [(pts, frame.width, frame.height) for pts, frame in found] == [(pts, width, height) for pts in range(4)]


def test_frames_that_nothing_converts_are_named(tmp_path):
    """FFmpeg's own scaler takes no interlaced frame of one row."""
    reader = VideoReader(write_clip(tmp_path / "in.mp4", [background(64, 96)] * 3))
    with pytest.raises(UserError, match=r"a frame of 70 x 1 pixels \(yuv420p\) cannot be converted \(.*to MP4\.$"):
        reader._pixels(half_pictures(70, 1))


def test_a_stopped_interlaced_job_ends_like_one_that_was_not(tmp_path, swap, monkeypatch):
    monkeypatch.setattr(encode, "SEGMENT_FRAMES", 10)
    source = interlaced(tmp_path / "in.mp4", 60)
    swap(source, tmp_path / "whole.mp4")

    def stop(now):
        if now.frames == 45:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        swap(source, tmp_path / "out.mp4", progress=stop)
    counted = []
    swap(source, tmp_path / "out.mp4", progress=lambda now: counted.append(now.frames))
    assert counted[0] in (31, 41)
    before, after = pictures(tmp_path / "whole.mp4"), pictures(tmp_path / "out.mp4")
    assert len(before) == len(after) == 60
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_progressive_videos_are_left_alone(tmp_path, swap):
    source = write_clip(tmp_path / "in.mp4", [background(64, 96, seed=i) for i in range(5)])
    swap(source, tmp_path / "out.mp4", settings=VideoSettings(quality=0))
    for before, after in zip(pictures(source), pictures(tmp_path / "out.mp4"), strict=True):
        assert np.abs(before.astype(int) - after).max() <= 1


def chaptered(path: Path) -> Path:
    write_clip(path.with_suffix(".nut"), [background(64, 96)] * 100)
    second = Fraction(1, 1000)
    parts = [("Opening", 0, 1000), ("Middle", 1000, 2500), ("End", 2500, 4000)]
    with av.open(str(path.with_suffix(".nut"))) as source, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        out.set_chapters(
            [
                {"id": i, "start": begin, "end": end, "time_base": second, "metadata": {"title": title}}
                for i, (title, begin, end) in enumerate(parts)
            ]
        )
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    path.with_suffix(".nut").unlink()
    return path


def chapters(path: Path) -> list[tuple[str, float, float]]:
    with av.open(str(path)) as file:
        return [
            (c["metadata"]["title"], *(float(c[side] * c["time_base"]) for side in ("start", "end")))
            for c in file.chapters()
        ]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_chapters_stay(tmp_path, swap, suffix):
    swap(chaptered(tmp_path / "in.mkv"), tmp_path / f"out{suffix}")
    assert chapters(tmp_path / f"out{suffix}") == [("Opening", 0, 1), ("Middle", 1, 2.5), ("End", 2.5, 4)]


def test_chapters_of_a_part_are_those_it_shows(tmp_path, swap):
    swap(chaptered(tmp_path / "in.mp4"), tmp_path / "out.mp4", settings=VideoSettings(start=1.2, end=3.0))
    found = chapters(tmp_path / "out.mp4")
    assert [title for title, *_ in found] == ["Middle", "End"]
    assert [time for _, *both in found for time in both] == pytest.approx([0, 1.3, 1.3, 1.8], abs=0.002)
