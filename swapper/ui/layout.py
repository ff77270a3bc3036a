"""The parts of the Image swap tab as they lie on the page, and what other tabs share with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.blocks import Block
from jaxtyping import UInt8

from swapper.runtime import values
from swapper.types import UserError
from swapper.ui.assignment import PEOPLE
from swapper.ui.files import plain_sentence

SOURCE = ("1", "Source", "Whose face you want. Several photos give a steadier likeness.")
TARGET = ("2", "Target", "The photo to change. Only the faces change.")
RESULT = ("3", "Result", "Drag the handle to compare before and after.")
EXAMPLE = "Fill in an example"
EXAMPLES_NOTE = "Or one of these synthetic people:"
ADD_PERSON = "Add another person"
EMPTY = "Your picture appears here."
DOWNLOAD = "Download {kind}"
FORMATS = {"PNG": ".png", "JPEG": ".jpg"}
PHOTO_HEIGHT = 204  # px

Pictures = Sequence[UInt8[np.ndarray, "h w 3"]]
ENGINE = "engine"  # events that share this name wait for each other: what is done in seconds
LENGTHY = "lengthy"  # what may take minutes; nobody with a photo waits for it
# Of events that are done at once and are no endpoint.
QUICK: dict[str, Any] = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}


def queued(name: str, limit: int) -> dict[str, Any]:
    """Options of events that take a while and are no endpoint.

    Photos come as Gradio sends them: ``read_image`` knows more kinds than it does, and says what is wrong.

    Args:
        name: of the queue.
        limit: events of this queue at a time.
    """
    return {"api_visibility": "private", "preprocess": False, "concurrency_id": name, "concurrency_limit": limit}


class Click(gr.EventData):
    """A click on one of some pictures, whatever a browser says about it.

    Attributes:
        index: of the picture, or anything else.
    """

    def __init__(self, target: Block | None, _data: Any):
        """Take what Gradio passes on."""
        super().__init__(target, _data)
        self.index = _data.get("index") if isinstance(_data, dict) else None


@dataclass(frozen=True)
class Sources:
    """Components that take the photos of source persons.

    Attributes:
        galleries: one for each of ``PEOPLE``; all but the first are hidden at first.
        add: shows one more.
    """

    galleries: list[gr.Gallery]
    add: gr.Button


@dataclass(frozen=True)
class ResultPanel:
    """Components that show the result."""

    empty: gr.HTML
    slider: gr.ImageSlider
    downloads: gr.Row
    png: gr.DownloadButton
    jpeg: gr.DownloadButton
    notes: gr.HTML
    summary: gr.HTML

    @property
    def outputs(self) -> list[Any]:
        """All components, in the order in which the swap fills them."""
        return [self.empty, self.slider, self.downloads, self.png, self.jpeg, self.notes, self.summary]


def heading(words: tuple[str, str, str]) -> None:
    """Number, title and one sentence above a part of a tab.

    Args:
        words: these three; the number may be empty.
    """
    number, title, sentence = words
    badge = f"<i>{number}</i>" if number else ""
    gr.HTML(f'<div class="step">{badge}<h2>{title}</h2><p>{sentence}</p></div>')


def build_inputs(examples: Path) -> tuple[Sources, gr.Image]:
    """Lay out source and target.

    Args:
        examples: folder with ``portraits`` and group photos; missing files are not shown.
    """
    with gr.Row(equal_height=True, elem_classes="inputs"):
        sources = build_sources(examples)
        shown = [*sorted(examples.glob("*.jpg")), *sorted((examples / "portraits").glob("*.jpg"))[::-1]]
        target = build_photo(TARGET, "target", shown)
    return sources, target


def build_photo(words: tuple[str, str, str], name: str, examples: list[Path], webcam: bool = True) -> gr.Image:
    """Lay out the card for one photo.

    Args:
        words: its heading.
        name: the component's id.
        examples: photos to offer.
        webcam: offer to take one.
    """
    with gr.Column(min_width=240, elem_classes="card"):
        heading(words)
        photo = gr.Image(
            label="Photo",
            type="filepath",
            sources=["upload", "webcam", "clipboard"] if webcam else ["upload", "clipboard"],
            height=PHOTO_HEIGHT,
            buttons=[],
            elem_id=name,
        )
        example_strip(examples, photo, many=False)
    return photo


def build_sources(examples: Path, name: str = "") -> Sources:
    """Lay out the card for the photos of the source persons.

    Args:
        examples: folder with ``portraits``; missing files are not shown.
        name: stands before the components' ids.
    """
    with gr.Column(min_width=240, elem_classes="card"):
        heading(SOURCE)
        galleries = [
            gr.Gallery(
                label=f"Person {letter}",
                visible=index == 0,
                interactive=True,
                sources=["upload", "webcam", "clipboard"],
                file_types=["image"],
                columns=2,
                height=PHOTO_HEIGHT,
                object_fit="contain",
                buttons=[],
                elem_id=f"{name}source-{letter.lower()}",
            )
            for index, letter in enumerate(PEOPLE)
        ]
        example_strip(sorted((examples / "portraits").glob("*.jpg")), galleries[0], many=True)
        add = gr.Button(ADD_PERSON, size="sm", variant="secondary", elem_classes="quiet")
    return Sources(galleries, add)


def example_strip(
    files: list[Path],
    component: gr.Gallery | gr.Image | gr.Video,
    many: bool,
    adds: bool = False,
    pictures: Pictures | None = None,
) -> None:
    """A row of thumbnails that fill a component when clicked.

    Args:
        files: pictures or videos to offer; nothing is laid out without any.
        component: to fill.
        many: it takes a list.
        adds: a click adds to what is there instead of replacing it.
        pictures: one of each video, which browsers do not show by themselves everywhere.
    """
    if not files:
        return
    gr.HTML(f'<p class="hint">{EXAMPLES_NOTE}</p>')
    strip = gr.Gallery(
        list(pictures) if pictures else [str(path) for path in files],
        allow_preview=False,
        interactive=False,
        show_label=False,
        object_fit="cover",
        buttons=[],
        elem_classes="strip clips" if pictures else "strip",
    )

    def pick(event: Click) -> Any:
        path = str(files[clicked(event, len(files))])
        return [path] if many else path

    def add(shown: list[Any] | None, event: Click) -> Any:
        return [*(shown or []), str(files[clicked(event, len(files))])]

    strip.select(add if adds else pick, component if adds else None, component, **QUICK)


def clicked(event: Click, count: int) -> int:
    """Number of the picture that was clicked.

    Args:
        event: as Gradio hands it in.
        count: pictures.

    Raises:
        gr.Error: there is no such picture.
    """
    try:
        return values.whole("Picture", event.index, 0, count - 1)
    except UserError as error:
        raise gr.Error(plain_sentence(error), print_exception=False) from error


def build_result() -> ResultPanel:
    """Lay out the result."""
    heading(RESULT)
    empty = gr.HTML(f'<div class="empty"><p>{EMPTY}</p></div>')
    slider = gr.ImageSlider(
        visible=False,
        interactive=False,
        type="filepath",
        show_label=False,
        max_height=620,
        buttons=["fullscreen"],
        elem_id="before-after",
    )
    notes = gr.HTML()
    with gr.Row(visible=False) as downloads:
        png, jpeg = (
            gr.DownloadButton(DOWNLOAD.format(kind=kind), size="md", min_width=120, elem_id=kind.lower())
            for kind in FORMATS
        )
    return ResultPanel(empty, slider, downloads, png, jpeg, notes, gr.HTML(elem_id="summary"))
