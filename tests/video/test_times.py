"""Every frame is read, evenly in time, where a file says only when its packets are decoded."""

import av
import numpy as np
import pytest
from clips import Coding, clicks, flashes, found_clicks, found_flashes, write_clip

from swapper.video.io import VideoReader
from swapper.video.times import ShownTimes

FRAME = 0.04  # seconds
REORDERED = Coding(
    audio=("libmp3lame",), options=(("preset", "ultrafast"), ("bf", "2"), ("g", "25"), ("b_strategy", "0"))
)
AT = [0.4, 1.2, 2.0]


def counted(count: int = 70) -> list[np.ndarray]:
    """Pictures that tell their number by how bright they are."""
    return [np.full((64, 96, 3), 30 + 3 * index, np.uint8) for index in range(count)]


def numbers(frames) -> list[int]:
    return [round((frame.image.mean() - 30) / 3) for frame in frames]


@pytest.mark.parametrize("name", ["in.avi", "in.asf", "in.mkv", "in.mp4", "in.flv"])
def test_every_frame_of_a_file_with_reordered_frames_is_read_in_order(tmp_path, name):
    reader = VideoReader(write_clip(tmp_path / name, counted(), REORDERED))
    frames = list(reader.frames())
    assert numbers(frames) == list(range(70))
    base = reader.info.time_base
    assert [float(frame.pts * base) for frame in frames] == pytest.approx([i * FRAME for i in range(70)], abs=0.002)
    assert reader.info.by_order == (name in ("in.avi", "in.asf"))


@pytest.mark.parametrize("name", ["in.avi", "in.asf"])
def test_such_files_are_trimmed_and_sampled_where_asked(tmp_path, name):
    reader = VideoReader(write_clip(tmp_path / name, counted(), REORDERED))
    assert numbers(reader.frames(1.6, 2.0)) == list(range(40, 50))
    assert numbers(reader.samples([0.0, 0.5, 1.9])) == [0, 12, 47]
    ticks = round(0.4 / reader.info.time_base)
    assert numbers(reader.frames(1.2, skip_to=ticks))[0] == 40


def test_sound_stays_with_the_pictures_of_such_a_file(tmp_path, swap):
    shown = [i * FRAME for i in range(65)]
    source = write_clip(tmp_path / "in.avi", flashes(AT, shown), REORDERED, sound=clicks(AT, 2.6))
    assert swap(source, tmp_path / "out.mp4").frames == 65
    lights, sounds = found_flashes(tmp_path / "out.mp4"), found_clicks(tmp_path / "out.mp4")
    # AVI files begin with the first packet: FFmpeg shifts pictures that are decoded ahead to there, without the sound.
    assert lights == pytest.approx(AT, abs=0.002) and sounds == pytest.approx(AT, abs=2.5 * FRAME)


def assigned(packets: list[tuple[int, int]], frames: list[int]) -> list[int | None]:
    """Times of frames whose guesses are ``frames``, after packets (pts, dts), two of them ahead."""
    shown, left, given = ShownTimes(False, 1), list(packets), []
    for guess in frames:
        while left and len(packets) - len(left) < len(given) + 3:
            pts, dts = left.pop(0)
            packet = av.Packet(b"x")
            packet.pts, packet.dts = pts, dts
            shown.read(packet)
        frame = av.VideoFrame(16, 16)
        frame.pts = guess
        given.append(shown.of(frame))
    return given


def test_frames_that_are_reordered_late_lose_no_one():
    packets = [(index + 1, index) for index in range(9)]
    assert assigned(packets, [1, 2, 3, 4, 6, 7, 5, 9, 8]) == [1, 2, 3, 4, 6, 7, 8, 9, 10]


def test_frames_after_a_jump_back_of_the_times_are_left_out():
    packets = [(time, time) for time in (0, 1, 2, 0, 1, 2, 3)]
    assert assigned(packets, [0, 1, 2, 0, 1, 2, 3]) == [0, 1, 2, None, None, None, 3]
