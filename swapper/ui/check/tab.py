"""The Check a file tab: what a picture or a video says about how it was made."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from swapper.runtime.limits import Limits
from swapper.ui.check.words import finding
from swapper.ui.files import upload_files, upload_path
from swapper.ui.languages import said
from swapper.ui.layout import LENGTHY, PHOTO_HEIGHT, Updates, heading
from swapper.ui.progress import Tell
from swapper.ui.result_place import build_result_place
from swapper.ui.visits import Visits
from swapper.ui.work import Work
from swapper.video.file_check import VIDEOS, check_file, is_video

FILE = ("File", "A picture or a video, as you got it. Screenshots and copies from chats lose what it says.")
FOUND = ("What it says", "Whether the file is signed, and whether Swapper left its watermark in it.")
EMPTY = "What is found appears here."
CHECK = "Check the file"
NO_FILE = "File: none yet. Add the picture or video to check."
LOOKING = "Looking for marks"
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".apng", ".avif", ".heic", ".heif", ".tif", ".tiff", ".bmp")


@dataclass(frozen=True)
class CheckInputs:
    """What another tab fills to have a file of its own checked.

    Attributes:
        file: the file.
        opened: unseen; another name for each file that was handed over, even the same one; its change starts the check.
    """

    file: gr.File
    opened: gr.Textbox

    @property
    def filled(self) -> list[Any]:
        """What ``fill`` changes."""
        return [self.file, self.opened]

    def fill(self, path: str | None) -> Updates:
        """Take over a file of the app's own.

        Args:
            path: of the file.
        """
        if not path or not Path(path).is_file():
            return {self.file: gr.skip()}
        return {self.file: path, self.opened: uuid.uuid4().hex}


def read_file(payload: Any, limits: Limits) -> str:
    """Where the uploaded file lies, once it has passed what uploads of its kind have to pass.

    Args:
        payload: the file as Gradio sends it.
        limits: what is allowed on this machine.

    Raises:
        UserError: there is none, or it is refused.
    """
    found = upload_files(payload, limits.max_video_bytes, 1)
    moving = bool(found) and is_video(found[0])
    return upload_path(payload, NO_FILE, limits.max_video_bytes if moving else None)


def build_check_tab(limits: Limits, visits: Visits) -> CheckInputs:
    """Lay out the tab and wire it; called inside Blocks; returns its inputs.

    Args:
        limits: what is allowed on this machine.
        visits: remembers what is on the page.
    """
    with gr.Row(elem_classes="workspace"):
        with gr.Column(scale=10, min_width=320, elem_classes="card"):
            heading(FILE, numbered=False)
            file = gr.File(
                label="Picture or video", file_types=[*PICTURES, *VIDEOS], height=PHOTO_HEIGHT, elem_id="check-file"
            )
            start = gr.Button(CHECK, variant="primary", elem_id="check")
            problem = gr.HTML(elem_id="check-problem")
        with gr.Column(scale=11, min_width=320, elem_classes="card result"):
            heading(FOUND, numbered=False)
            place = build_result_place("check", EMPTY, low=True)
            with gr.Column(visible=False, elem_classes="shown") as box:
                told = gr.HTML(elem_id="check-found")
    opened = gr.Textbox(visible="hidden", show_label=False, container=False)

    def check(tell: Tell, _agreed: Any, payload: Any) -> Iterator[Updates]:
        path = read_file(payload, limits)
        tell(0.1, said(LOOKING))
        found = check_file(path, limits if is_video(path) else None)
        yield {box: gr.Column(visible=True), told: finding(found, Path(path).name)}

    place = replace(place, boxes=[box], saves=False)
    work = Work("check", CHECK, start, problem, place, gr.State(""), visits)
    starts = [start.click, file.upload, opened.change]
    nobody = gr.Checkbox(False, visible="hidden", show_label=False, container=False)  # nothing is swapped here
    work.wire(check, nobody, [file], [told], (LENGTHY, limits.concurrency), starts=starts)
    work.watch([file], shown=[told])
    return CheckInputs(file, opened)
