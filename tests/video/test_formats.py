"""Times, sound, sizes, rotation and colours of whole jobs on clips without faces."""

from fractions import Fraction

import av
import numpy as np
import pytest
from clips import (
    AT,
    Coding,
    background,
    clicks,
    flash_clip,
    flashes,
    found_clicks,
    found_flashes,
    pictures,
    times,
    write_clip,
)

from swapper.video.encode import FORMATS, SegmentWriter
from swapper.video.io import VideoReader
from swapper.video.job import VideoSettings
from swapper.video.picture import TimedFrame

pytestmark = pytest.mark.slow

FRAME = 0.04  # seconds


def test_the_same_pictures_are_always_encoded_alike(tmp_path):
    """As they were not by x264's instructions for AVX-512: with these sizes and pictures every tenth differed."""
    source = write_clip(tmp_path / "in.mp4", [background(64, 96)])
    info, found = VideoReader(source).info, set()
    for _ in range(60):
        writer = SegmentWriter(tmp_path / "out.nut", info, FORMATS[".mp4"])
        for i in range(20):
            writer.write(TimedFrame(np.roll(background(64, 96), i, 1), i * 512, 512), changed=True)
        writer.close()
        with av.open(str(tmp_path / "out.nut")) as file:
            found.add(tuple(bytes(packet) for packet in file.demux(video=0)))
    assert len(found) == 1


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_sound_stays_with_the_pictures_in_every_format(tmp_path, swap, suffix):
    output = tmp_path / f"out{suffix}"
    result = swap(flash_clip(tmp_path / "in.mp4"), output)
    assert result.frames == 65 and result.swapped == 0
    assert "no face was found" in result.warnings[0]
    assert all(said.startswith((output.name, "Video ")) for said in result.warnings), "no hidden name is said"
    assert found_flashes(output) == pytest.approx(AT, abs=0.002)
    assert found_clicks(output) == pytest.approx(AT, abs=FRAME / 2)
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", output.name}


@pytest.mark.parametrize(
    ("name", "audio", "kept"),
    [("in.mkv", "libopus", "opus"), ("in.mov", "pcm_s16le", "aac"), ("in.mp4", "libmp3lame", "mp3")],
)
def test_sound_is_copied_where_mp4_holds_it_and_encoded_where_not(tmp_path, swap, name, audio, kept):
    source = flash_clip(tmp_path / name, Coding(audio=(audio,)))
    swap(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert file.streams.audio[0].codec_context.codec.canonical_name == kept
    assert found_clicks(tmp_path / "out.mp4") == pytest.approx(AT, abs=FRAME / 2)


def test_all_sound_tracks_are_kept(tmp_path, swap):
    swap(flash_clip(tmp_path / "in.mkv", Coding(audio=("aac", "libopus"))), tmp_path / "out.mp4")
    for track in (0, 1):
        assert found_clicks(tmp_path / "out.mp4", track) == pytest.approx(AT, abs=FRAME / 2)


@pytest.mark.parametrize("audio", ["aac", "pcm_s16le"])
def test_a_trimmed_part_keeps_its_sound_in_time(tmp_path, swap, audio):
    source = flash_clip(tmp_path / "in.mov", Coding(audio=(audio,), options=(("preset", "ultrafast"), ("g", "250"))))
    result = swap(source, tmp_path / "out.mp4", settings=VideoSettings(start=1.0, end=2.2))
    assert result.frames == 30
    assert found_flashes(tmp_path / "out.mp4") == pytest.approx([0.2, 1.0], abs=0.002)
    assert found_clicks(tmp_path / "out.mp4") == pytest.approx([0.2, 1.0], abs=FRAME / 2)
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert file.duration / av.time_base == pytest.approx(1.2, abs=FRAME)


def test_a_part_may_begin_between_two_frames(tmp_path, swap):
    source = flash_clip(tmp_path / "in.mp4")
    swap(source, tmp_path / "out.mp4", settings=VideoSettings(start=1.01, end=2.1))
    assert times(tmp_path / "out.mp4")[:3] == pytest.approx([0, 0.03, 0.07], abs=0.001)
    assert found_flashes(tmp_path / "out.mp4") == pytest.approx([0.19, 0.99], abs=0.002)
    assert found_clicks(tmp_path / "out.mp4") == pytest.approx([0.19, 0.99], abs=FRAME / 2)


def test_variable_frame_rate_is_kept(tmp_path, swap):
    ticks = np.cumsum([0, 1000, 5000, 200, 90000, 3000, 20000, 3003, 3003, 45000]).tolist()
    at = [ticks[4] / 90000, ticks[9] / 90000]
    coding = Coding(time_base=Fraction(1, 90000))
    shown = [tick / 90000 for tick in ticks]
    source = write_clip(tmp_path / "in.mp4", flashes(at, shown), coding, ticks, clicks(at, 2.5))
    swap(source, tmp_path / "out.mp4")
    assert times(tmp_path / "out.mp4") == pytest.approx(shown, abs=1e-4)
    assert found_clicks(tmp_path / "out.mp4") == pytest.approx(at, abs=FRAME / 2)


@pytest.mark.parametrize("late", ["pictures", "sound"])
def test_what_begins_later_stays_later(tmp_path, swap, late):
    ticks = [i + (10 if late == "pictures" else 0) for i in range(50)]
    at = [0.8, 1.6]
    sound = clicks([t - (0.4 if late == "sound" else 0) for t in at], 2.0)
    start = 0.4 if late == "sound" else 0.0
    pictures_shown = flashes(at, [tick / 25 for tick in ticks])
    source = write_clip(tmp_path / "in.mkv", pictures_shown, Coding(), ticks, sound, start)
    swap(source, tmp_path / "out.mp4")
    assert found_flashes(tmp_path / "out.mp4") == pytest.approx(at, abs=0.003)
    assert found_clicks(tmp_path / "out.mp4") == pytest.approx(at, abs=FRAME / 2)


def marked(height: int, width: int) -> np.ndarray:
    """A picture whose top-left quarter is red and whose bottom-right one is blue."""
    image = np.full((height, width, 3), 128, np.uint8)
    image[: height // 2, : width // 2] = (200, 30, 30)
    image[height // 2 :, width // 2 :] = (30, 30, 200)
    return image


@pytest.mark.parametrize(("rotation", "turns"), [(90, 1), (180, 2), (-90, 3)])
def test_rotated_films_come_out_upright(tmp_path, swap, rotation, turns):
    image = marked(96, 160)
    source = write_clip(tmp_path / "in.mp4", [image] * 5, Coding(rotation=rotation))
    swap(source, tmp_path / "out.mp4")
    result = pictures(tmp_path / "out.mp4")[2]
    expected = np.rot90(image, turns)
    assert result.shape == expected.shape
    assert np.abs(result[8:-8, 8:-8].astype(int) - expected[8:-8, 8:-8]).mean() < 6


@pytest.mark.parametrize(("height", "width"), [(97, 161), (96, 161), (33, 32)])
def test_odd_sizes_lose_no_pixel(tmp_path, swap, height, width):
    image = marked(height, width)
    source = write_clip(tmp_path / "in.mkv", [image] * 3, Coding(codec="ffv1", pixels="yuv444p", options=()))
    swap(source, tmp_path / "out.mp4")
    result = pictures(tmp_path / "out.mp4")[0]
    assert result.shape == (height + height % 2, width + width % 2, 3)
    assert np.abs(result[:height, :width].astype(int) - image).mean() < 4


CODES = {"bt709": (1, 1, 1, 1), "bt601": (6, 1, 6, 6), "bt709 full": (1, 2, 1, 1), "bt2020": (9, 1, 14, 9)}


@pytest.mark.parametrize("name", CODES)
def test_colours_and_what_the_file_says_of_them_are_kept(tmp_path, swap, name):
    codes = CODES[name]
    source = write_clip(tmp_path / "in.mp4", [marked(96, 160)] * 3, Coding(colors=codes))
    swap(source, tmp_path / "out.mp4", settings=VideoSettings(quality=4))
    before, after = (next(av.open(str(tmp_path / name)).decode(video=0)) for name in ("in.mp4", "out.mp4"))
    assert (int(after.colorspace), int(after.color_range), int(after.color_trc), int(after.color_primaries)) == codes
    planes = [
        [np.frombuffer(p, np.uint8).reshape(p.height, -1)[:, : p.width] for p in f.planes] for f in (before, after)
    ]
    for was, now in zip(*planes, strict=True):
        assert np.abs(was.astype(int) - now).mean() < 1.5  # 8-bit RGB lies between


def test_10_bits_become_8(tmp_path, swap):
    coding = Coding(
        codec="libx265", pixels="yuv420p10le", colors=(1, 1, 1, 1), options=(("x265-params", "log-level=none"),)
    )
    source = write_clip(tmp_path / "in.mp4", [marked(96, 160)] * 4, coding)
    swap(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert file.streams.video[0].codec_context.pix_fmt == "yuv420p"
    assert np.abs(pictures(tmp_path / "out.mp4")[0].astype(int) - marked(96, 160)).mean() < 6


@pytest.mark.parametrize("transfer", [16, 18])
def test_high_dynamic_range_is_brought_down(tmp_path, swap, transfer):
    grey = np.full((96, 160, 3), 0.58 if transfer == 16 else 0.75, np.float32)  # diffuse white of PQ and of HLG
    grey[:, :80] *= 0.6
    deep = (grey * 65535).astype(np.uint16)
    coding = Coding(
        codec="libx265", pixels="yuv420p10le", colors=(9, 1, transfer, 9), options=(("x265-params", "log-level=none"),)
    )
    swap(write_clip(tmp_path / "in.mkv", [deep] * 3, coding), tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as file:
        frame = next(file.decode(video=0))
        assert (int(frame.colorspace), int(frame.color_trc), int(frame.color_primaries)) == (1, 1, 1)
    image = pictures(tmp_path / "out.mp4")[0].astype(int)
    assert 205 < image[40, 120].mean() <= 250  # white stays light, with room for highlights above it
    assert 30 < image[40, 30].mean() < 150
    assert np.ptp(image[40, 120]) < 6


def test_gif_in_and_gif_out(tmp_path, swap):
    image = marked(61, 81)
    coding = Coding(codec="gif", pixels="rgb8", time_base=Fraction(1, 100), options=())
    source = write_clip(tmp_path / "in.gif", [image] * 6, coding, ticks=[0, 10, 15, 40, 60, 61])
    swap(source, tmp_path / "out.gif")
    assert times(tmp_path / "out.gif") == pytest.approx([0, 0.1, 0.15, 0.4, 0.6, 0.61], abs=0.011)
    result = pictures(tmp_path / "out.gif")[3]
    assert result.shape == image.shape and np.abs(result.astype(int) - image).mean() < 30


def test_a_cover_picture_is_not_the_film(tmp_path, swap):
    plain = write_clip(tmp_path / "plain.mp4", [marked(96, 160)] * 10)
    with av.open(str(plain)) as film, av.open(str(tmp_path / "in.mp4"), "w") as out:
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 640, 640, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        moving = out.add_stream_from_template(film.streams.video[0])
        for packet in cover.encode(av.VideoFrame.from_ndarray(background(640, 640))) + cover.encode(None):
            out.mux(packet)
        for packet in film.demux(film.streams.video[0]):
            if packet.dts is not None:
                packet.stream = moving
                out.mux(packet)
    assert swap(tmp_path / "in.mp4", tmp_path / "out.mp4").frames == 10
    assert pictures(tmp_path / "out.mp4")[0].shape == (96, 160, 3)


def test_frames_that_jump_back_in_time_are_left_out_and_that_is_said(tmp_path, swap):
    """As where two recordings were joined byte by byte."""
    part = flash_clip(tmp_path / "part.ts")
    joined = tmp_path / "joined.ts"
    joined.write_bytes(part.read_bytes() * 2)
    result = swap(joined, tmp_path / "out.mp4")
    said = next(said for said in result.warnings if "jump back" in said)
    assert f"and {130 - result.frames} of its frames were left out" in said and result.frames >= 65
