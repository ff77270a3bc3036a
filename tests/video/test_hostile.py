"""Files that would make the reader open other files, or frames larger than this machine may decode."""

import struct
from pathlib import Path

import av
import numpy as np
import pytest
from clips import background, pictures, write_clip
from hostile.videos import alias, box, growing, refer

from swapper.types import UserError
from swapper.video import opening
from swapper.video.io import VideoReader


@pytest.fixture
def secret(tmp_path) -> Path:
    return write_clip(tmp_path / "secret.mov", [np.full((64, 96, 3), 220, np.uint8)] * 3)


@pytest.fixture
def pointing(tmp_path, secret) -> Path:
    """It has no picture of its own, and points to the secret one."""
    path = write_clip(tmp_path / "in.mov", [np.full((64, 96, 3), 220, np.uint8)] * 3)
    data = bytearray(refer(path, alias(secret.name)).read_bytes())
    size = struct.unpack_from(">I", data, data.index(b"mdat") - 4)[0]
    data[data.index(b"mdat") + 4 : data.index(b"mdat") + size - 4] = bytes(size - 8)
    path.write_bytes(data)
    return path


def test_a_file_that_points_to_another_is_refused(tmp_path, swap, pointing):
    with av.open(str(pointing), options={"enable_drefs": "1"}) as file:  # it does, where that is allowed
        assert next(file.decode(video=0)).to_ndarray(format="gray").mean() > 200
    with pytest.raises(UserError, match="are in another file, which is not opened"):
        swap(pointing, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_the_other_file_is_not_opened(tmp_path, pointing, monkeypatch):
    monkeypatch.setattr(opening, "refers_elsewhere", lambda path: False)
    with opening.open_video(pointing) as file:
        assert list(file.decode(file.streams.video[0])) == []


@pytest.mark.parametrize(
    "reference",
    [
        box(b"url ", bytes(4), b"http://127.0.0.1:9/x.mp4\0"),
        box(b"url ", bytes(4), b"file:///etc/hostname\0"),
        box(b"urn ", bytes(4), b"name\0place\0"),
        box(b"rsrc", bytes(4), b"x" * 8),
        box(b"alis", bytes(4)),
    ],
    ids=["address", "file", "name", "resource", "empty alias"],
)
def test_every_kind_of_reference_is_refused(tmp_path, reference):
    source = refer(write_clip(tmp_path / "in.mp4", [background(64, 96)] * 3), reference)
    with pytest.raises(UserError, match="Save it as one file that holds everything"):
        VideoReader(source)


@pytest.mark.parametrize("reference", [box(b"url ", b"\0\0\0\1"), box(b"url ", bytes(4)), box(b"alis", b"\0\0\0\1")])
def test_files_that_point_to_themselves_are_read(tmp_path, swap, reference):
    source = refer(write_clip(tmp_path / "in.mov", [background(64, 96)] * 3), reference)
    assert swap(source, tmp_path / "out.mp4").frames == 3


@pytest.mark.parametrize("sides", [[64] * 8 + [600], [64, 600] + [64] * 8, [600] * 3], ids=["last", "second", "all"])
def test_a_frame_beyond_the_limit_is_refused_before_it_is_decoded(tmp_path, swap, monkeypatch, sides):
    monkeypatch.setenv("SWAPPER_MAX_PIXELS", "300000")
    source = growing(tmp_path / "in.mov", sides)
    with pytest.raises(UserError, match=r"more than the limit of 0\.3|more megapixels than the limit of 0\.3"):
        swap(source, tmp_path / "out.mp4")
    assert {path.name for path in tmp_path.iterdir()} == {"in.mov"}


def test_frames_that_change_their_size_within_the_limit_are_read(tmp_path, swap):
    swap(growing(tmp_path / "in.mov", [64, 64, 200, 64]), tmp_path / "out.mp4")
    assert [image.shape for image in pictures(tmp_path / "out.mp4")] == [(64, 64, 3)] * 4


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{film}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {film}\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    ],
)
@pytest.mark.parametrize("name", ["in.mp4", "in.m3u8", "in.txt"])
def test_playlists_are_refused(tmp_path, swap, text, name):
    """They could make the program read other files, or addresses."""
    film = write_clip(tmp_path / "film.mp4", [background(96, 160)] * 3)
    (tmp_path / name).write_text(text.format(film=film))
    with pytest.raises(UserError, match="not a readable video"):
        swap(tmp_path / name, tmp_path / "out.mp4")
