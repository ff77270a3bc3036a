"""Subtitles of whole jobs: kept, trimmed, and left out where a format cannot hold them."""

from pathlib import Path

import av
import pytest
from clips import flash_clip, found_clicks

from swapper.video.job import VideoSettings

pytestmark = pytest.mark.slow

FRAME = 0.04  # seconds
SPOKEN = "1\n00:00:00,400 --> 00:00:01,200\n<i>First</i> line\nbelow\n\n2\n00:00:01,600 --> 00:00:02,400\nSecond\n\n"


def with_subtitles(film: Path, path: Path) -> Path:
    """A copy of a film with a track of subtitles of Matroska's own kind, named and in Danish."""
    words = path.with_suffix(".srt")
    words.write_text(SPOKEN)
    with av.open(str(film)) as source, av.open(str(words)) as text, av.open(str(path), "w") as out:
        kept = {s.index: out.add_stream_from_template(s) for s in source.streams}
        track = out.add_stream_from_template(text.streams.subtitles[0])
        track.metadata["language"] = "dan"
        packets = [p for p in source.demux() if p.dts is not None]
        for packet in packets:
            packet.stream = kept[packet.stream.index]
        spoken = [p for p in text.demux() if p.dts is not None]
        for packet in spoken:
            packet.stream = track
        for packet in sorted([*packets, *spoken], key=lambda p: p.dts * p.time_base):
            out.mux_one(packet)
    words.unlink()
    return path


def subtitles(path: Path) -> list[tuple[float, float, str]]:
    """Begin, end and text of every subtitle."""
    found = []
    with av.open(str(path)) as file:
        origin = (file.start_time or 0) / av.time_base
        stream = file.streams.subtitles[0]
        for packet in file.demux(stream):
            parts = stream.codec_context.decode2(packet) if packet.pts is not None else None
            begin = float((packet.pts or 0) * packet.time_base) - origin
            end = begin + float((packet.duration or 0) * packet.time_base)
            found += [(begin, end, part.ass.decode().split(",", 8)[-1]) for part in parts or ()]
    return found


STYLED, PLAIN = r"{\i1}First{\i0} line\Nbelow", r"First line\Nbelow"


@pytest.mark.parametrize(
    ("suffix", "codec", "words"),
    [
        (".mkv", "subrip", STYLED),
        (".mp4", "mov_text", PLAIN),
        (".mov", "mov_text", PLAIN),
        (".webm", "webvtt", PLAIN),
    ],
)
def test_subtitles_are_kept(tmp_path, swap, suffix, codec, words):
    source = with_subtitles(flash_clip(tmp_path / "film.mp4"), tmp_path / "in.mkv")
    output = tmp_path / f"out{suffix}"
    swap(source, output)
    with av.open(str(output)) as file:
        track = file.streams.subtitles[0]
        assert track.codec_context.codec.canonical_name == codec
        assert track.metadata["language"] == "dan"
    first, second = subtitles(output)
    assert first[:2] == pytest.approx((0.4, 1.2), abs=0.03) and second[:2] == pytest.approx((1.6, 2.4), abs=0.03)
    assert (first[2], second[2]) == (words, "Second")  # rewritten without their style where they are not copied
    assert found_clicks(output) == pytest.approx(found_clicks(source), abs=FRAME / 2)


def test_subtitles_are_trimmed_with_the_pictures(tmp_path, swap):
    source = with_subtitles(flash_clip(tmp_path / "film.mp4"), tmp_path / "in.mkv")
    for output in (tmp_path / "out.mkv", tmp_path / "out.mp4"):
        swap(source, output, settings=VideoSettings(start=1.0, end=2.2))
        first, second = subtitles(output)
        assert first[:2] == pytest.approx((0, 0.2), abs=0.05) and second[:2] == pytest.approx((0.6, 1.2), abs=0.05)


def test_subtitles_that_a_format_cannot_hold_are_left_out_and_that_is_said(tmp_path, swap, monkeypatch):
    """As pictures of text, of which FFmpeg can make no text."""
    monkeypatch.setattr("swapper.video.subtitles._TEXT", frozenset())
    source = with_subtitles(flash_clip(tmp_path / "film.mp4"), tmp_path / "in.mkv")
    result = swap(source, tmp_path / "out.mp4", settings=VideoSettings(end=0.4))
    assert any("1 of its tracks of subtitles cannot be kept in a .mp4 file" in said for said in result.warnings)
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert not file.streams.subtitles
