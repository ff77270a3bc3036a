"""What a video says of itself; pictures are in ``tests/cli/test_provenance.py``."""

import pytest
from clips import write_clip
from textures import texture

from swapper.errors import UserError
from swapper.provenance import Origin
from swapper.provenance.watermark import add_mark
from swapper.video.file_check import check_file, is_video


def test_a_video_is_told_by_its_suffix():
    assert is_video("a.MP4") and is_video("b.webm") and not is_video("c.gif")


def test_the_watermark_of_a_frame_is_found_and_a_plain_clip_has_none(tmp_path):
    still = texture(8, 320, 1.5)
    plain = check_file(write_clip(tmp_path / "plain.mp4", [still] * 5))
    marked = check_file(write_clip(tmp_path / "marked.mp4", [add_mark(still, Origin("warp").message)] * 5))
    assert plain.mark is None and plain.credentials is None
    assert marked.mark is not None and marked.mark.message == Origin("warp").message


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(UserError, match="not found"):
        check_file(tmp_path / "nothing.mp4")
