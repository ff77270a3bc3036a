"""The sound of whole jobs: every layout, rate and change comes through, and nothing about it loses the pictures."""

import itertools
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from clips import Coding, background, clicks, found_clicks, heard, pictures, write_clip

from swapper.video import sound_plan
from swapper.video.job import VideoSettings
from swapper.video.samples import UnbrokenSound
from swapper.video.sound import CopiedTrack, EncodedTrack

pytestmark = pytest.mark.slow

AT = [0.4, 1.2]
RAW = Coding(codec="mjpeg", pixels="yuvj420p", options=())


def film(path: Path, codec: str, layout: str, rate: int, sound: np.ndarray, start: float = 0.0) -> Path:
    """Two seconds of pictures and a sound of (samples, channels) in -1..1."""
    with av.open(str(path), "w") as out:
        pictures_shown = out.add_stream(
            "mpeg2video" if path.suffix == ".ts" else "mjpeg", rate=24 if path.suffix == ".ts" else 5
        )
        pictures_shown.width, pictures_shown.height = 96, 64
        pictures_shown.pix_fmt = "yuv420p" if path.suffix == ".ts" else "yuvj420p"
        track = out.add_stream(codec, rate=rate)
        track.codec_context.layout = layout
        packets = []
        rate_shown = int(pictures_shown.codec_context.rate)
        for i in range(2 * rate_shown):
            frame = av.VideoFrame.from_ndarray(background(64, 96))
            frame.pts, frame.time_base = i + round(start * rate_shown), Fraction(1, rate_shown)
            packets += pictures_shown.encode(frame)
        for begin in range(0, len(sound), 1024):
            part = np.ascontiguousarray(sound[begin : begin + 1024] * 32000).astype(np.int16).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(part, "s16", layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, begin + round(start * rate), Fraction(1, rate)
            packets += track.encode(frame)
        packets += pictures_shown.encode(None) + track.encode(None)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            out.mux_one(packet)
    return path


def bursts(rate: int, channels: int, only: int | None = None, seconds: float = 2.0) -> np.ndarray:
    """Bursts of noise at ``AT``, in all channels or in one."""
    sound = np.zeros((round(seconds * rate), channels), np.float32)
    noise = np.random.default_rng(0).uniform(-0.9, 0.9, rate // 50).astype(np.float32)
    for at in AT:
        begin = round(at * rate)
        sound[begin : begin + len(noise), slice(None) if only is None else only] = noise.reshape(
            (-1, 1) if only is None else -1
        )
    return sound


def kind(path: Path) -> tuple[str, str, int]:
    """Codec, layout and rate of the first track of sound."""
    with av.open(str(path)) as file:
        codec = file.streams.audio[0].codec_context.codec.canonical_name
    _, rate, layout, _ = next(heard(path))
    return codec, layout, rate


def levels(path: Path) -> np.ndarray:
    """The loudest sample of each channel."""
    return np.max([np.abs(samples).max(0) for *_, samples in heard(path)], axis=0)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
@pytest.mark.parametrize("channels", [2, 3, 6, 8])
def test_channels_without_names(tmp_path, swap, channels, suffix):
    """As AVI stores them."""
    layout = av.AudioLayout(f"{channels}C").name
    source = film(tmp_path / "in.avi", "pcm_s16le", layout, 44100, bursts(44100, channels))
    result = swap(source, tmp_path / f"out{suffix}")
    assert not any("cannot be kept" in said for said in result.warnings)
    assert found_clicks(tmp_path / f"out{suffix}") == pytest.approx(AT, abs=0.02)


def test_more_channels_than_anybody_has_names_for(tmp_path, swap):
    sound = bursts(8000, 10, only=1)
    source = film(tmp_path / "in.avi", "pcm_s16le", "10 channels", 8000, sound)
    result = swap(source, tmp_path / "out.mp4")
    assert "its sound has 10 channels; of these the first 2 can be kept" in result.warnings[-1]
    assert kind(tmp_path / "out.mp4") == ("aac", "stereo", 8000)
    left, right = levels(tmp_path / "out.mp4")
    assert left < 0.1 and right > 0.3


@pytest.mark.parametrize("layout", ["2.1", "4.0", "quad", "5.0(side)", "5.1(side)", "6.1", "7.0", "7.1(wide)"])
@pytest.mark.parametrize("suffix", [".mov", ".webm"])
def test_layouts_that_encoders_lack(tmp_path, swap, layout, suffix):
    channels = av.AudioLayout(layout).nb_channels
    source = film(tmp_path / "in.mkv", "flac", layout, 48000, bursts(48000, channels))
    result = swap(source, tmp_path / f"out{suffix}")
    assert not any("its sound" in said for said in result.warnings)
    assert found_clicks(tmp_path / f"out{suffix}") == pytest.approx(AT, abs=0.02)
    assert "channels" not in kind(tmp_path / f"out{suffix}")[1]  # players know what they are


@pytest.mark.parametrize("channel", range(8))
def test_channels_in_an_order_of_their_own_stay_where_they_are(tmp_path, swap, channel):
    """QuickTime lists the channels; PyAV alone ends the process with such a file."""
    source = film(tmp_path / "in.mov", "pcm_s16le", "7.1", 48000, bursts(48000, 8, only=channel))
    swap(source, tmp_path / "out.webm")
    assert kind(tmp_path / "out.webm")[1] == "7.1"
    loud = levels(tmp_path / "out.webm")
    assert loud.argmax() == channel and np.sort(loud)[-2] < 0.3 * loud.max()


@pytest.mark.parametrize(
    ("codec", "rate", "suffix", "wanted"),
    [
        ("pcm_s16le", 192_000, ".mp4", ("aac", 96_000)),
        ("pcm_s16le", 11_127, ".mp4", ("aac", 12_000)),
        ("pcm_s16le", 6_000, ".mp4", ("aac", 7_350)),
        ("pcm_s16le", 6_000, ".webm", ("opus", 48_000)),
        ("libmp3lame", 11_025, ".mp4", ("aac", 11_025)),  # MP4 holds no MP3 of such a rate
        ("libmp3lame", 11_025, ".mkv", ("mp3", 11_025)),
    ],
)
def test_rates_that_encoders_and_files_lack(tmp_path, swap, codec, rate, suffix, wanted):
    source = film(tmp_path / "in.mkv", codec, "mono", rate, bursts(rate, 1))
    swap(source, tmp_path / f"out{suffix}")
    found = kind(tmp_path / f"out{suffix}")
    assert (found[0], found[2]) == wanted
    shift = 0.1 if codec == "libmp3lame" else 0.0  # of the encoder that made the film
    assert np.diff(found_clicks(tmp_path / f"out{suffix}")) == pytest.approx(np.diff(AT), abs=0.02)
    assert found_clicks(tmp_path / f"out{suffix}")[0] == pytest.approx(AT[0] + shift / 2, abs=0.02 + shift)


@pytest.mark.parametrize("codec", ["mp2", "aac", "ac3"])
@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_sound_that_changes_midway(tmp_path, swap, codec, suffix):
    """As broadcasts do: stereo with one rate, then mono with another."""
    first = film(tmp_path / "1.ts", codec, "stereo", 48000, bursts(48000, 2))
    second = film(tmp_path / "2.ts", codec, "mono", 32000, bursts(32000, 1), start=2.0)
    (tmp_path / "in.ts").write_bytes(first.read_bytes() + second.read_bytes())
    result = swap(tmp_path / "in.ts", tmp_path / f"out{suffix}")
    assert result.frames > 90 and not any("its sound" in said for said in result.warnings)
    assert kind(tmp_path / f"out{suffix}")[1:] == ("stereo", 48000)
    assert found_clicks(tmp_path / f"out{suffix}") == pytest.approx([*AT, *(2 + at for at in AT)], abs=0.07)


def without_decoder(film: Path) -> Path:
    """The same film; nobody knows the codec of its last track."""
    data = film.read_bytes()
    assert b"A_MPEG/L3" in data
    film.write_bytes(data.replace(b"A_MPEG/L3", b"A_NOBODY9"))
    return film


@pytest.mark.parametrize("others", [(), ("aac",)])
@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".mkv"])
def test_a_track_without_decoder_is_left_out_and_that_is_said(tmp_path, swap, suffix, others):
    coding = Coding(audio=(*others, "libmp3lame"))
    shown = [background(64, 96)] * 50
    source = without_decoder(write_clip(tmp_path / "in.mkv", shown, coding, sound=clicks(AT, 2.0)))
    result = swap(source, tmp_path / f"out{suffix}")
    called = "its sound track 2 of 2" if others else "its sound"
    assert any(f"in.mkv': {called} cannot be kept (nothing here decodes it)" in said for said in result.warnings)
    with av.open(str(tmp_path / f"out{suffix}")) as file:
        assert len(file.streams.audio) == len(others)
    assert len(pictures(tmp_path / f"out{suffix}")) == 50


def test_sound_that_cannot_be_decoded_is_left_out(tmp_path, swap, monkeypatch):
    source = write_clip(tmp_path / "in.mkv", [background(64, 96)] * 50, Coding(audio=("flac",)), sound=clicks(AT, 2.0))
    data = bytearray(source.read_bytes())
    begin = data.find(b"\x1f\x43\xb6\x75")  # the first cluster
    for i in range(begin, len(data) - 1):
        if data[i] == 0xFF and data[i + 1] & 0xFC == 0xF8:
            data[i] = 0
    source.write_bytes(bytes(data))
    result = swap(source, tmp_path / "out.mp4")
    assert any("its sound cannot be kept" in said for said in result.warnings)
    assert len(pictures(tmp_path / "out.mp4")) == 50


def test_sound_is_looked_at_before_the_first_picture(tmp_path, swap, monkeypatch):
    looked: list[int] = []
    real = sound_plan.plan_sound
    monkeypatch.setattr("swapper.video.swap.plan_sound", lambda *a: looked.append(len(shown)) or real(*a))
    shown: list[int] = []
    source = write_clip(tmp_path / "in.mp4", [background(64, 96)] * 10, sound=clicks([], 0.4))
    swap(source, tmp_path / "out.mp4", progress=lambda now: shown.append(now.frames))
    assert looked == [0] and len(shown) == 10


@pytest.mark.parametrize("broken", [CopiedTrack, EncodedTrack])
def test_when_sound_fails_all_the_same_the_video_is_written(tmp_path, swap, monkeypatch, broken):
    """Copying fails late: the sound is encoded; that fails, too: the video is silent, and says so."""

    def fail(self, packet, real=broken.feed):
        if packet.pts is not None and packet.pts * packet.time_base > 1.5:  # later than anything that is tried
            raise av.error.InvalidDataError(1094995529, "Invalid data found when processing input")
        yield from real(self, packet)

    monkeypatch.setattr(broken, "feed", fail)
    source = write_clip(tmp_path / "in.mp4", [background(64, 96)] * 50, sound=clicks(AT, 2.0))
    suffix = ".webm" if broken is EncodedTrack else ".mp4"
    result = swap(source, tmp_path / f"out{suffix}")
    assert result.frames == 50 and len(pictures(tmp_path / f"out{suffix}")) == 50
    said = [warning for warning in result.warnings if "its sound cannot be kept (Invalid data found" in warning]
    assert len(said) == (broken is EncodedTrack)
    if broken is CopiedTrack:
        assert found_clicks(tmp_path / "out.mp4") == pytest.approx(AT, abs=0.02)


def test_a_video_that_has_gone_when_its_pictures_are_finished_leaves_a_silent_one(tmp_path, swap):
    source = write_clip(tmp_path / "in.mp4", [background(64, 96)] * 10, sound=clicks([], 0.4))
    result = swap(source, tmp_path / "out.mp4", progress=lambda now: source.unlink(missing_ok=True))
    assert len(pictures(tmp_path / "out.mp4")) == 10
    assert any("its sound cannot be kept (file not found)" in said for said in result.warnings)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".webm"])
def test_a_gap_in_the_sound_stays_one(tmp_path, swap, suffix):
    """Also where the file counts samples, as QuickTime does."""
    with av.open(str(tmp_path / "in.mkv"), "w") as out:
        shown, track = out.add_stream("mjpeg", rate=25), out.add_stream("pcm_s16le", rate=48000)
        shown.width, shown.height, shown.pix_fmt = 96, 64, "yuvj420p"
        track.codec_context.layout = "mono"
        packets, sound = [], bursts(48000, 1)
        for i in range(50):
            frame = av.VideoFrame.from_ndarray(background(64, 96))
            frame.pts, frame.time_base = i, Fraction(1, 25)
            packets += shown.encode(frame)
        for begin in [*range(0, 32000, 1000), *range(48000, 96000, 1000)]:
            part = (sound[begin : begin + 1000].T * 32000).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, begin, Fraction(1, 48000)
            packets += track.encode(frame)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            out.mux_one(packet)
    swap(tmp_path / "in.mkv", tmp_path / f"out{suffix}")
    assert found_clicks(tmp_path / f"out{suffix}") == pytest.approx(AT, abs=0.02)


def sound_frame(begin: float, seconds: float, rate: int = 1000, value: float = 0.5) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.full((1, round(seconds * rate)), value, np.float32), "flt", "mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, round(begin * rate), Fraction(1, rate)
    return frame


def test_gaps_become_silence_and_what_is_there_twice_is_left_out():
    steady = UnbrokenSound("mono", 1000, Fraction(1), Fraction(3))
    fed = [(0.0, 0.5), (0.9, 0.3), (1.21, 0.29), (1.8, 0.2), (1.5, 0.4), (2.0, 2.0)]
    made = [part for begin, seconds in fed for part in steady.feed(sound_frame(begin, seconds))]
    made += list(steady.finish())
    row = np.concatenate([part.to_ndarray().ravel() for part in made])
    assert made[0].pts == 0 and len(row) == 2000
    assert all(a.pts + a.samples == b.pts for a, b in itertools.pairwise(made))
    silent = np.flatnonzero(row == 0)
    assert silent.min() == 490 and silent.max() == 799 and (row[:490] == 0.5).all() and (row[800:] == 0.5).all()


@pytest.mark.parametrize("audio", ["pcm_s16le", "flac", "aac"])
def test_encoded_sound_of_a_part_begins_to_the_sample(tmp_path, swap, audio):
    source = write_clip(tmp_path / "in.mkv", [background(64, 96)] * 50, Coding(audio=(audio,)), sound=clicks(AT, 2.0))
    swap(source, tmp_path / "out.webm", settings=VideoSettings(start=0.333, end=1.5))
    assert found_clicks(tmp_path / "out.webm") == pytest.approx([at - 0.333 for at in AT], abs=0.005)
