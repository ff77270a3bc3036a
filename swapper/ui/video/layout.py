"""The parts of the Video tab as they lie on the page."""

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.components import Component
from jaxtyping import UInt8

from swapper.registry.encoders import ENCODERS, USUAL
from swapper.studies.previews import shrink
from swapper.ui.assignment_panel import AssignmentPanel, build_assignment_panel
from swapper.ui.choices import chosen
from swapper.ui.layout import PHOTO_HEIGHT, example_strip, heading
from swapper.ui.marks_note import MarksNote, build_marks_note
from swapper.ui.plan import CHOSEN, EVERYONE, LARGEST
from swapper.ui.result_place import Result, build_result_place
from swapper.ui.settings_panel import SettingsPanel, build_settings_panel
from swapper.ui.sources import Sources, build_sources
from swapper.ui.video.clip import STEP
from swapper.ui.video.clips import ClipsPanel, build_clips
from swapper.ui.video.jobs import FORMATS
from swapper.video.io import VideoReader

TARGET = ("Video", "The video to change. Only the faces change; the sound is kept.")
PART = ("Part and preview", "Choose what to swap, and preview a frame before you start.")
PEOPLE = ("Who changes", "Unless you choose otherwise, every face becomes person A.")
RESULT = ("Result", "Play it here or download it.")
WHO = [("Everyone", EVERYONE), ("The largest face", LARGEST), ("People I choose", CHOSEN)]
WHO_LABEL = "Faces to swap"
FIND = "Find people"
FIND_HINT = "Searches the part that is selected below; then click a person and choose who they become."
NOBODY_YET = "The people in the video appear here."
BECOMES = "This person becomes"
TIME, TIME_INFO = "Frame", "In seconds from the start of the video."
START, END = "Start", "End"
PREVIEW = "Preview the swap"
SWAP = "Swap video"
EMPTY = "Your video appears here."
DOWNLOAD = "Download {kind}"
GIF = "Choose a GIF or another animation"
STEADINESS, STEADINESS_INFO = "Steadiness", "How strongly jitter of the faces is smoothed."
QUALITY, QUALITY_INFO = "Picture quality", "Higher quality makes a larger file."
QUALITIES = [("Best", 18), ("Good", 23), ("Small file", 28)]
PAIR = "Before and after, side by side"
RATE, RATE_INFO = "Frame rate", "Frames a second at most. Fewer make a smaller file sooner."
AS_IS = 0  # stands for the video's own
ENCODER = "Encoder"
ENCODERS_OFFERED = [("H.264", USUAL), *((ENCODERS[name].label, name) for name in ("h265", "av1"))]  # of MP4 files
ENCODER_INFO = "Not of GIFs. H.264 plays everywhere; the others need newer players, and longer to encode."
RATES = [("As in the video", AS_IS), ("30", 30), ("25", 25), ("15", 15)]
STILL_SIDE = 240  # px
KIND, KIND_INFO = "File format", "A GIF has no sound and fewer colours."


@dataclass(frozen=True)
class PartPanel:
    """Components that choose a part of the video and preview it.

    Attributes:
        box: holds the rest; hidden until there is a video.
        facts: what the video is.
        frame: a frame, and its swap.
        time: seconds of the frame.
        preview: swaps the frame.
        place: where that is.
        start: first second of the part.
        end: last second of the part.
        length: says how long the part is.
    """

    box: gr.Column
    facts: gr.HTML
    frame: gr.HTML
    time: gr.Slider
    preview: gr.Button
    place: Result
    start: gr.Slider
    end: gr.Slider
    length: gr.HTML

    @property
    def outputs(self) -> list[Any]:
        """Components that a new video fills."""
        return [self.box, self.facts, self.frame, self.time, self.start, self.end, self.length]


@dataclass(frozen=True)
class CastPanel:
    """Components that say who changes.

    Attributes:
        box: holds the rest; hidden until there is a video.
        who: everyone, the largest face, or people who are chosen.
        search: holds what finds people; shown when people are chosen.
        find: looks for people.
        place: where that is.
        empty: stands where they will.
        people: those found.
    """

    box: gr.Column
    who: gr.Radio
    search: gr.Column
    find: gr.Button
    place: Result
    empty: gr.HTML
    people: AssignmentPanel


@dataclass(frozen=True)
class VideoResultPanel:
    """Components that show a job and its result.

    Attributes:
        place: where the job and its result are.
        box: holds the rest.
        player: the finished video.
        picture: the same where it is a GIF.
        download: hands it over.
        notes: warnings.
        summary: what was done, and how fast.
        marks: says what the file says about itself.
        pair: holds the next.
        both: the video before and after, side by side.
        single: holds all that belongs to the first video alone.
        clips: shows the results of further videos.
    """

    place: Result
    box: gr.Column
    player: gr.Video
    picture: gr.Image
    download: gr.DownloadButton
    notes: gr.HTML
    summary: gr.HTML
    marks: MarksNote
    pair: gr.Accordion
    both: gr.HTML
    single: gr.Column
    clips: ClipsPanel

    @property
    def outputs(self) -> list[Any]:
        """Components that a job fills."""
        own = [self.player, self.picture, self.download, self.notes, self.summary, *self.marks.outputs]
        return [*own, self.pair, self.both, self.single, *self.clips.outputs]


@dataclass(frozen=True)
class VideoSettingsPanel:
    """Settings of a swap, and of the file it is written to.

    Attributes:
        swap: as for photos.
        steadiness: of the faces over time.
        quality: constant rate factor of the result.
        kind: suffix of the result.
        rate: frames a second at most.
        encoder: of the result's pictures.
    """

    swap: SettingsPanel
    steadiness: gr.Slider
    quality: gr.Radio
    kind: gr.Radio
    rate: gr.Radio
    encoder: gr.Radio

    @property
    def inputs(self) -> list[Component]:
        """All components, for an event's inputs; ``settings_panel.read`` takes the values after the first five."""
        return [self.steadiness, self.quality, self.kind, self.rate, self.encoder, *self.swap.inputs]

    @property
    def saved(self) -> dict[str, Component]:
        """Those besides ``swap`` that are saved with it, by name of the setting."""
        return {"steadiness": self.steadiness, "quality": self.quality, "fps": self.rate, "encoder": self.encoder}

    def again(self, values: dict[Any, Any]) -> dict[Any, Any]:
        """Show what came back after a reload, even what only a file of settings can choose.

        Args:
            values: by component.
        """
        kept = {block: values.get(block) for block in self.saved.values()}
        return {block: chosen(block, value) for block, value in kept.items() if value is not None}


def build_inputs(examples: Path) -> tuple[Sources, gr.Video, gr.UploadButton]:
    """Lay out source photos, target video, and the button for a GIF instead.

    Args:
        examples: folder with ``portraits`` and clips; missing files are not shown.
    """
    with gr.Row(equal_height=True, elem_classes="inputs"):
        sources = build_sources(examples, "video-")
        with gr.Column(min_width=240, elem_classes="card"):
            heading(TARGET)
            target = gr.Video(
                label="Video",
                sources=["upload", "webcam"],
                include_audio=True,
                height=PHOTO_HEIGHT,
                buttons=[],
                elem_id="video-target",
            )
            clips = sorted(examples.glob("*.mp4"))
            example_strip(clips, target, many=False, pictures=[_still(path) for path in clips])
            gif = gr.UploadButton(
                GIF,
                file_types=[".gif", ".webp", ".apng", ".avif"],
                size="sm",
                elem_classes="quiet",
                elem_id="video-gif",
            )
    return sources, target, gif


def _still(path: Path) -> UInt8[np.ndarray, "a b 3"]:
    """A small picture of a clip."""
    with closing(VideoReader(path).samples([0.0])) as frames:
        return shrink(next(frames).image, STILL_SIDE)


def build_part() -> PartPanel:
    """Lay out trimming and preview, hidden until there is a video."""
    with gr.Column(visible=False, elem_classes="card") as box:
        heading(PART)
        facts = gr.HTML(elem_id="video-facts")
        frame = gr.HTML(elem_id="video-frame")
        time = gr.Slider(0, 1, 0, step=STEP, label=TIME, info=TIME_INFO, buttons=[], elem_id="video-time")
        preview = gr.Button(PREVIEW, size="md", variant="secondary", elem_id="video-preview")
        place = replace(build_result_place("video-preview", None), saves=False)
        with gr.Row():
            start = gr.Slider(0, 1, 0, step=STEP, label=START, buttons=[], min_width=200, elem_id="video-start")
            end = gr.Slider(0, 1, 1, step=STEP, label=END, buttons=[], min_width=200, elem_id="video-end")
        length = gr.HTML(elem_id="video-length")
    return PartPanel(box, facts, frame, time, preview, place, start, end, length)


def build_cast(sources: Sources) -> CastPanel:
    """Lay out the choice of who changes, hidden until there is a video.

    Args:
        sources: where the photos of the source persons go.
    """
    with gr.Column(visible=False, elem_classes="card") as box:
        heading(PEOPLE)
        who = gr.Radio(WHO, value=EVERYONE, label=WHO_LABEL, elem_id="video-who")
        with gr.Column(visible=False) as search:
            gr.HTML(f'<p class="hint">{FIND_HINT}</p>')
            find = gr.Button(FIND, size="md", variant="secondary", elem_id="video-find")
            place = replace(build_result_place("video-find", None), saves=False)
            empty = gr.HTML(f'<div class="empty low"><p>{NOBODY_YET}</p></div>')
            people = build_assignment_panel(sources, BECOMES, "video-")
    return CastPanel(box, who, search, find, place, empty, people)


def build_settings() -> VideoSettingsPanel:
    """Lay out the settings."""
    swap = build_settings_panel(moving=True)
    with gr.Accordion("Video settings", open=False, elem_classes="settings"), gr.Row(elem_classes="blend"):
        steadiness = gr.Slider(0, 1, 1, step=0.05, label=STEADINESS, info=STEADINESS_INFO, buttons=[])
        quality = gr.Radio(QUALITIES, value=QUALITIES[0][1], label=QUALITY, info=QUALITY_INFO)
        kind = gr.Radio(list(FORMATS.items()), value=FORMATS["MP4"], label=KIND, info=KIND_INFO, elem_id="video-kind")
        rate = gr.Radio(RATES, value=AS_IS, label=RATE, info=RATE_INFO, elem_id="video-rate")
        encoder = gr.Radio(ENCODERS_OFFERED, value=USUAL, label=ENCODER, info=ENCODER_INFO, elem_id="video-encoder")
    return VideoSettingsPanel(swap, steadiness, quality, kind, rate, encoder)


def build_result() -> VideoResultPanel:
    """Lay out the result."""
    heading(RESULT)
    place = build_result_place("video", EMPTY)
    with gr.Column(visible=False, elem_classes="shown") as box:
        with gr.Column(elem_classes="shown") as single:
            player = gr.Video(interactive=False, show_label=False, label="Result", buttons=[], elem_id="video-player")
            picture = gr.Image(
                visible=False,
                interactive=False,
                show_label=False,
                label="Result",
                buttons=[],
                elem_id="video-gif-result",
            )
            download = gr.DownloadButton(
                DOWNLOAD.format(kind="MP4"), size="md", elem_id="video-download", elem_classes="download"
            )
            notes = gr.HTML(elem_id="video-notes")
            marks = build_marks_note("video")
            with gr.Accordion(PAIR, open=False, visible=False, elem_classes="pair-box", elem_id="video-pair") as pair:
                both = gr.HTML(elem_id="video-both")
            summary = gr.HTML(elem_id="video-summary")
        clips = build_clips()
    place = replace(place, boxes=[box])
    return VideoResultPanel(place, box, player, picture, download, notes, summary, marks, pair, both, single, clips)
