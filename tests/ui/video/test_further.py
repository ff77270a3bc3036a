"""Further videos keep a part of their own each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from clips import write_clip

from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.ui.languages import korean
from swapper.ui.video.further import FurtherPanel, build_further
from swapper.ui.visits import properties
from swapper.video.job import VideoSettings

LIMITS = Limits(max_clips=3, max_video_seconds=2)
WHOLE = VideoSettings(quality=23, rate=15, encoder="h265")


@pytest.fixture(scope="module")
def panel() -> Iterator[FurtherPanel]:
    with gr.Blocks():
        yield build_further(LIMITS)


@pytest.fixture
def clips(uploads: Path) -> list[dict[str, Any]]:
    """Uploads of one second, of three, and of no video."""
    made = []
    for name, frames in (("a.mp4", 25), ("b.mp4", 75)):
        images = [np.full((48, 64, 3), i, np.uint8) for i in range(frames)]
        path = str(write_clip(uploads / name, images))
        made.append({"path": path, "orig_name": name, "meta": {"_type": "gradio.FileData"}})
    (uploads / "c.mp4").write_text("no video")
    return [*made, {"path": str(uploads / "c.mp4"), "orig_name": "c.mp4"}]


def values(panel: FurtherPanel, shown: dict[Any, Any]) -> list[Any]:
    """What the page sends after an answer, beside the files."""
    return [shown[panel.paths], *[properties(shown[block])["value"] for block in (*panel.starts, *panel.ends)]]


def visible(panel: FurtherPanel, shown: dict[Any, Any]) -> list[bool]:
    return [properties(shown[row])["visible"] for row in panel.rows]


def parts(panel: FurtherPanel, payload: list[Any], sent: list[Any]) -> list[VideoSettings]:
    return [one.part(one.find()) for one in panel.queued(LIMITS, payload, sent[0], sent[1:], WHOLE)]


def test_each_video_has_a_part_of_its_own_which_stays_when_others_come_and_go(panel, clips):
    first, second, broken = clips
    shown = panel.fit(LIMITS, [first, second], None, *[0] * 6)
    assert visible(panel, shown) == [True, True, False]
    slider = properties(shown[panel.ends[1]])
    assert (slider["maximum"], slider["value"], slider["label"]) == (3.0, 2.0, "End of b.mp4")
    assert korean(slider["label"]) == "b.mp4 끝"
    sent = values(panel, shown)
    assert parts(panel, [first, second], sent) == [
        VideoSettings(0, None, 23, rate=15, encoder="h265"),
        VideoSettings(0, 2.0, 23, rate=15, encoder="h265"),
    ]
    sent[2], sent[5] = 1.2, 2.4  # start and end of the second
    shown = panel.fit(LIMITS, [broken, second], *sent)
    assert visible(panel, shown) == [False, True, False]
    sent = values(panel, shown)
    assert [one.part(one.find()) for one in panel.queued(LIMITS, [second], sent[0], sent[1:], WHOLE)] == [
        VideoSettings(1.2, 2.4, 23, rate=15, encoder="h265")
    ], "sliders are known by their video, not by its place"
    found = dict(zip(panel.inputs, [[second["path"]], [second["path"]], *sent[2:4], 0, *sent[5:], 0], strict=True))
    again = panel.again(LIMITS, found)
    assert visible(panel, again) == [True, False, False] and properties(again[panel.starts[0]])["value"] == 1.2


def test_a_video_that_has_not_been_looked_at_is_swapped_whole(panel, clips):
    queued = panel.queued(LIMITS, clips[:2], None, [0] * 6, WHOLE)
    assert [one.name for one in queued] == ["a.mp4", "b.mp4"] and [one.part("any") for one in queued] == [WHOLE] * 2


def test_parts_that_are_none_are_refused(panel, clips):
    path = clips[0]["path"]
    for start, end in (("x", 1), (-1, 1), (None, 1)):
        with pytest.raises(UserError, match="Seconds"):
            panel.queued(LIMITS, clips[:1], [path], [start, 0, 0, end, 0, 0], WHOLE)
    (wrong,) = panel.queued(LIMITS, clips[:1], [path], [0.8, 0, 0, 0.4, 0, 0], WHOLE)
    with pytest.raises(UserError, match=r"Trim from 0\.8 to 0\.4"):
        wrong.part(path)
    with pytest.raises(UserError, match="3"):
        panel.queued(LIMITS, [*clips, clips[0]], None, [0] * 6, WHOLE)
