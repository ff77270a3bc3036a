"""Transparent videos are shown over white, never with what lies hidden under their transparent parts."""

import av
import numpy as np
import pytest
from clips import Coding, pictures, write_clip

from swapper.video.io import VideoReader

RED, GREEN = (200, 30, 30), (20, 160, 40)


def frames(count: int = 6) -> list[np.ndarray]:
    """Red on the left; on the right green that is hidden."""
    image = np.zeros((96, 160, 4), np.uint8)
    image[:, :80], image[:, 80:] = (*RED, 255), (*GREEN, 0)
    return [image] * count


@pytest.fixture(params=["libvpx-vp9", "libvpx"])
def clip(request, tmp_path):
    path = tmp_path / "in.webm"
    with av.open(str(path), "w") as out:
        stream = out.add_stream(request.param, rate=25, options={"auto-alt-ref": "0"})
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuva420p"
        stream.metadata["alpha_mode"] = "1"
        for image in frames():
            frame = av.VideoFrame.from_ndarray(image, "rgba")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def test_what_is_hidden_stays_hidden(clip):
    reader = VideoReader(clip)
    images = [frame.image for frame in reader.frames()]
    assert reader.info.transparent and len(images) == 6
    for image in images:
        assert np.abs(image[20:76, 20:60].astype(int) - RED).max() < 25
        assert image[20:76, 100:140].min() > 245


def test_a_job_says_that_transparency_is_lost(clip, engine, someone, tmp_path):
    result = engine.swap_video(someone, clip, tmp_path / "out.mp4")
    assert any("its transparent parts are shown over white" in said for said in result.warnings)
    assert pictures(tmp_path / "out.mp4")[0][20:76, 100:140].min() > 240


def test_an_opaque_video_has_none(tmp_path):
    path = write_clip(tmp_path / "in.webm", [image[..., :3] for image in frames()], Coding("libvpx-vp9", options=()))
    assert not VideoReader(path).info.transparent


def test_the_case_of_the_report(shared_cases):
    reader = VideoReader(shared_cases / "alpha-vp9.webm")
    image = next(iter(reader.frames())).image
    assert reader.info.transparent and image[:40, :40].min() > 245
