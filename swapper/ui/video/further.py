"""Further videos: which part of each is swapped, and how they are queued."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component

from swapper.runtime import values
from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.ui.files import upload_path
from swapper.ui.languages import said
from swapper.ui.layout import Updates
from swapper.ui.many import listed, upload_name
from swapper.ui.video.clip import STEP, Clip, open_clip
from swapper.ui.video.clips import QueuedClip
from swapper.video.job import LONGEST, VideoSettings

FURTHER = "More videos, one after another"
FURTHER_HINT = (
    "Each with the same people and settings, and a part of its own, which you choose below. Results are kept as they "
    "end."
)
START_OF, END_OF = "Start of {name}", "End of {name}"
NO_FILE = "Video: this is no uploaded file. Remove it and add it again."
KINDS = ["video", ".gif", ".webp", ".apng", ".avif", ".mkv"]
HEIGHT = 160  # px
_MOST_ROWS = 24  # of sliders; videos beyond them are swapped whole
_WHOLE = (0.0, 0.0)  # start and end of a video of which no part was chosen

Part = tuple[Any, Any]  # start and end as sliders send them, seconds


@dataclass(frozen=True)
class FurtherPanel:
    """Components that take further videos, and choose a part of each.

    Attributes:
        files: takes them.
        rows: one for each video, hidden until it is there.
        starts: first seconds of the parts.
        ends: last seconds of the parts.
        paths: state of the session: the videos that the sliders stand for, in their order.
    """

    files: gr.File
    rows: list[gr.Row]
    starts: list[gr.Slider]
    ends: list[gr.Slider]
    paths: gr.State

    @property
    def inputs(self) -> list[Component]:
        """All that says what is swapped, for an event's inputs; ``chosen`` takes the values after the first."""
        return [self.files, self.paths, *self.starts, *self.ends]

    @property
    def shown(self) -> list[Any]:
        """Components that ``fit`` changes."""
        return [*self.rows, *self.starts, *self.ends, self.paths]

    def chosen(self, paths: Any, sent: Sequence[Any]) -> dict[str, Part]:
        """Start and end by video.

        Args:
            paths: value of the state.
            sent: values of the sliders, ``starts`` first.
        """
        parts = zip(sent[: len(self.starts)], sent[len(self.starts) :], strict=True)
        return dict(zip(paths or [], parts, strict=False))

    def fit(self, limits: Limits, payload: Any, paths: Any, *sent: Any) -> Updates:
        """A row of sliders for each video; parts that were chosen before stay.

        Args:
            limits: what is allowed on this machine.
            payload: the videos as the page sends them.
            paths: as of ``chosen``.
            *sent: as of ``chosen``.
        """
        before, items = self.chosen(paths, sent), payload if isinstance(payload, list) else []
        clips = [_seen(item, limits) for item in items[: len(self.rows)]]
        shown: Updates = {self.paths: [clip.path if clip else "" for clip in clips]}
        for index, (row, start, end) in enumerate(zip(self.rows, self.starts, self.ends, strict=True)):
            clip = clips[index] if index < len(clips) else None
            shown[row] = gr.Row(visible=clip is not None)
            if clip is None:
                shown |= {start: _WHOLE[0], end: _WHOLE[1]}
                continue
            first, last = before.get(clip.path, (0.0, min(clip.last, clip.longest)))
            name = upload_name(items[index])
            shown[start] = gr.Slider(maximum=clip.last, value=first, label=said(START_OF.format(name=name)))
            shown[end] = gr.Slider(maximum=clip.last, value=last, label=said(END_OF.format(name=name)))
        return shown

    def again(self, limits: Limits, found: Mapping[Any, Any]) -> Updates:
        """The same after a reload.

        Args:
            limits: what is allowed on this machine.
            found: values that came back, by component.
        """
        files = [{"path": path} for path in found.get(self.files) or []]
        return self.fit(limits, files, *(found.get(block) for block in self.inputs[1:]))

    def queued(
        self, limits: Limits, payload: Any, paths: Any, sent: Sequence[Any], whole: VideoSettings
    ) -> list[QueuedClip]:
        """Further videos as they are to be swapped.

        Args:
            limits: what is allowed on this machine.
            payload: the videos as the page sends them.
            paths: as of ``chosen``.
            sent: as of ``chosen``.
            whole: settings of each of them, but for its part.

        Raises:
            UserError: there are too many, or a part is none.
        """
        parts = {path: _checked(part) for path, part in self.chosen(paths, sent).items() if path}
        return further_clips(listed(payload, limits.max_clips), parts, whole, limits)


def further_clips(
    items: Sequence[Any], parts: Mapping[str, tuple[float, float]], whole: VideoSettings, limits: Limits
) -> list[QueuedClip]:
    """Further videos as they are to be swapped.

    Args:
        items: as the page sends them.
        parts: start and end by path, seconds; all of the others is swapped.
        whole: settings of each of them, but for its part.
        limits: what is allowed on this machine.
    """

    def part_of(path: str) -> VideoSettings:
        start, end = parts.get(path, _WHOLE)
        return open_clip(path, limits).part(start, end, whole) if end else whole

    most = limits.max_video_bytes
    return [QueuedClip(upload_name(item), partial(upload_path, item, NO_FILE, most), part_of) for item in items]


def build_further(limits: Limits) -> FurtherPanel:
    """Lay out what takes further videos, closed at first.

    Args:
        limits: what is allowed on this machine.
    """
    rows, starts, ends = [], [], []
    with gr.Accordion(FURTHER, open=False, elem_classes="settings further", elem_id="video-further-box"):
        gr.HTML(f'<p class="hint">{FURTHER_HINT}</p>')
        files = gr.File(
            label="Videos",
            show_label=False,
            file_count="multiple",
            file_types=KINDS,
            height=HEIGHT,
            elem_id="video-further",
        )
        for number in range(1, min(limits.max_clips, _MOST_ROWS) + 1):
            with gr.Row(visible=False, elem_id=f"video-part-{number}", elem_classes="blend") as row:
                for sliders, words in ((starts, START_OF), (ends, END_OF)):
                    label = words.format(name=f"video {number}")
                    sliders.append(gr.Slider(0, 1, 0, step=STEP, label=label, buttons=[], min_width=200))
            rows.append(row)
    return FurtherPanel(files, rows, starts, ends, gr.State(None, time_to_live=3600))


def _seen(item: Any, limits: Limits) -> Clip | None:
    """A video; None where it cannot be used, which is said when its turn comes."""
    try:
        return open_clip(upload_path(item, NO_FILE, limits.max_video_bytes), limits)
    except UserError:
        return None


def _checked(part: Part) -> tuple[float, float]:
    start, end = (values.number("Seconds", value, 0, LONGEST) for value in part)
    return start, end
