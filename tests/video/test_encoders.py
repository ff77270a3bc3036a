"""The encoders that videos are written with."""

import av
import numpy as np
import pytest
from clips import background, write_clip

from swapper.types import UserError
from swapper.video.encode import FORMATS, check_video_output
from swapper.video.io import VideoReader
from swapper.video.job import VideoSettings

pytestmark = pytest.mark.slow

CODECS = {"h264": "h264", "h265": "hevc", "av1": "av1", "vp9": "vp9"}
PAIRS = [(suffix, name) for suffix in (".mp4", ".mov", ".mkv", ".webm") for name in FORMATS[suffix].encoders]


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory):
    """A clip of two segments."""
    still = background(64, 96)
    images = [np.roll(still, i, 1) for i in range(260)]
    return write_clip(tmp_path_factory.mktemp("clip") / "in.mp4", images), images


@pytest.mark.parametrize(("suffix", "encoder"), PAIRS)
def test_every_format_holds_its_encoders_pictures_in_time(moving, tmp_path, swap, suffix, encoder, capfd):
    source, images = moving
    out = tmp_path / f"out{suffix}"
    result = swap(source, out, settings=VideoSettings(encoder=encoder, quality=12))
    assert result.frames == 260 and capfd.readouterr().err == ""
    with av.open(str(out)) as file:
        stream = file.streams.video[0]
        assert stream.codec_context.codec.canonical_name == CODECS[encoder]
        if encoder == "h265" and suffix != ".mkv":
            assert stream.codec_context.codec_tag == "hvc1", "what Apple's players want"
    shown = list(VideoReader(out).frames())
    assert [round(float(frame.pts * VideoReader(out).info.time_base), 2) for frame in shown] == [
        round(i / 25, 2) for i in range(260)
    ]
    for at in (0, 100, 249, 250, 259):
        assert np.abs(shown[at].image.astype(int) - images[at]).mean() < 6


def test_what_a_format_does_not_hold_is_refused_before_anything_is_done(moving, tmp_path, swap):
    for suffix, name, known in ((".webm", "h264", "usual, vp9, av1"), (".mov", "av1", "usual, h264, h265")):
        with pytest.raises(UserError) as refused:
            swap(moving[0], tmp_path / f"out{suffix}", settings=VideoSettings(encoder=name))
        assert str(refused.value) == (
            f"Encoder '{name}': a {suffix} file does not hold its pictures. Choose one of: {known}."
        )
    with pytest.raises(UserError, match="Unknown encoder 'x264'"):
        VideoSettings(encoder="x264")
    assert list(tmp_path.iterdir()) == []


def test_animations_have_their_own_way(tmp_path):
    assert check_video_output(tmp_path / "out.gif", "av1") == FORMATS[".gif"]
    assert FORMATS[".mp4"].encoder.codec == "libx264" and FORMATS[".webm"].encoder.codec == "libvpx-vp9"
