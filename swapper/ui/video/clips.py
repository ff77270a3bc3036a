"""Several videos, one after another: the same people and settings; what has ended is kept whatever comes after it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from swapper.types import UserError
from swapper.ui.callout import callout
from swapper.ui.files import nothing_left_on_failure
from swapper.ui.languages import said
from swapper.ui.layout import Updates
from swapper.ui.many import named
from swapper.ui.progress import Tell
from swapper.ui.video import page
from swapper.ui.video.jobs import Work, run_job
from swapper.video.job import VideoProgress, VideoResult, VideoSettings

ALL_RESULTS = "All results"
NUMBERED = "Video {number} of {count}: {what}"


@dataclass(frozen=True)
class QueuedClip:
    """A video that is to be swapped.

    Attributes:
        name: that a visitor knows it by.
        find: looks at the upload and gives its path.
        part: says which part of the video at a path is swapped, and how.
    """

    name: str
    find: Callable[[], str]
    part: Callable[[str], VideoSettings]


@dataclass
class SwappedClips:
    """What came of the videos so far.

    Attributes:
        results: those that are finished, with the names of their videos.
        notes: sentences that say which videos were left out, and why, and warnings of the others.
    """

    results: list[tuple[VideoResult, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, result: VideoResult, name: str) -> None:
        """Take in one result.

        Args:
            result: the finished video.
            name: of its video.
        """
        self.results.append((result, name))
        self.notes.extend(named(name, warning) for warning in result.warnings)


@dataclass(frozen=True)
class ClipsPanel:
    """Components that show the results of several videos.

    Attributes:
        box: holds the rest; hidden where there was one video.
        gallery: plays them.
        files: downloads them.
        notes: which were left out, and warnings.
    """

    box: gr.Column
    gallery: gr.Gallery
    files: gr.File
    notes: gr.HTML

    @property
    def outputs(self) -> list[Any]:
        """All components."""
        return [self.box, self.gallery, self.files, self.notes]

    def show(self, ended: SwappedClips) -> Updates:
        """Show what came of the videos so far.

        Args:
            ended: that.
        """
        paths = [(str(result.path), name) for result, name in ended.results]
        return {
            self.box: gr.Column(visible=True),
            self.gallery: paths,
            self.files: [path for path, _ in paths],
            self.notes: callout(ended.notes),
        }


def build_clips() -> ClipsPanel:
    """Lay out the results, hidden until there are several."""
    with gr.Column(visible=False) as box:
        gr.HTML(f'<h3 class="part">{ALL_RESULTS}</h3>')
        gallery = gr.Gallery(
            interactive=False,
            show_label=False,
            columns=2,
            height="auto",
            object_fit="contain",
            buttons=["fullscreen"],
            elem_id="video-all-results",
        )
        files = gr.File(
            interactive=False, file_count="multiple", label="Files", show_label=False, elem_id="video-all-files"
        )
        notes = gr.HTML(elem_id="video-several-notes")
    return ClipsPanel(box, gallery, files, notes)


def swap_clips(
    wanted: Sequence[QueuedClip],
    work: Callable[[str, VideoSettings], Work],
    suffix: str,
    tell: Tell,
    ended: SwappedClips,
) -> Iterator[SwappedClips]:
    """Swap videos one after another; one that cannot be swapped does not stop the others.

    Args:
        wanted: the videos.
        work: the job of swapping a part of the video at a path.
        suffix: of the results.
        tell: is told where the work is.
        ended: takes what comes of them.

    Yields:
        ``ended``, after each video.

    Raises:
        UserError: the work was cancelled.
    """
    for number, one in enumerate(wanted):
        try:
            with nothing_left_on_failure():  # of this one only: others stay when a later one is cancelled
                path = one.find()
                told = teller(tell, number, len(wanted))
                ended.add(run_job(path, work(path, one.part(path)), suffix, told, tell.cancel), one.name)
        except UserError as error:
            if tell.cancel.is_set():
                raise
            ended.notes.append(named(one.name, error))
        yield ended


def teller(tell: Tell, number: int = 0, count: int = 1) -> Callable[[VideoProgress], object]:
    """What tells a visitor where the job on one of several videos is.

    Args:
        tell: is told where all of the work is.
        number: of the video, 0 first.
        count: videos.
    """
    what = said("Swapping")
    words = said(NUMBERED.format(number=number + 1, count=count, what=what)) if count > 1 else what

    def told(now: VideoProgress) -> None:
        if not tell.cancel.is_set():
            tell((number + now.fraction) / count, words, lambda: now.image, page.where(now))

    return told
