"""What all tabs lay out alike: headings, photos, rows of examples; and the options of their events."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.blocks import Block
from jaxtyping import UInt8

from swapper.runtime import values
from swapper.types import UserError
from swapper.ui.files import plain_sentence

EXAMPLE = "Fill in an example"
EXAMPLES_NOTE = "Or one of these synthetic people:"
SYNTHETIC = "Synthetic person {number}"
FORMATS = {"PNG": ".png", "JPEG": ".jpg"}
PHOTO_HEIGHT = 204  # px

Updates = dict[Any, Any]  # what a handler returns: new value or properties by component
Pictures = Sequence[UInt8[np.ndarray, "h w 3"]]
_CAPTION = "one.caption === '' ? null : one.caption ?? ''"
_RECAPTIONED = f"(photos) => photos && photos.map((one) => ({{ ...one, caption: {_CAPTION} }}))"
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


def heading(words: tuple[str, str], numbered: bool = True) -> None:
    """Title and one sentence above a part of a tab.

    Args:
        words: these two.
        numbered: it is a step; the page's style counts those of a tab that are shown.
    """
    title, sentence = words
    badge = "<i></i>" if numbered else ""
    gr.HTML(f'<div class="step">{badge}<h2>{title}</h2><p>{sentence}</p></div>')


def build_photo(words: tuple[str, str], name: str, examples: list[Path], webcam: bool = True) -> gr.Image:
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
    strip = picture_strip(files, pictures)

    def pick(event: Click) -> Any:
        path = str(files[clicked(event, len(files))])
        return [path] if many else path

    def add(shown: list[Any] | None, event: Click) -> Any:
        return [*(shown or []), str(files[clicked(event, len(files))])]

    filled = strip.select(add if adds else pick, component if adds else None, component, **QUICK)
    if isinstance(component, gr.Gallery):
        say_filled(filled, [component])


def picture_strip(files: list[Path], pictures: Pictures | None = None) -> gr.Gallery:
    """Lay out a row of thumbnails, each named by what it shows.

    Args:
        files: pictures or videos.
        pictures: one of each video.
    """
    shown = list(pictures) if pictures else [str(path) for path in files]
    return gr.Gallery(
        [(picture, example_name(path)) for picture, path in zip(shown, files, strict=True)],
        allow_preview=False,
        interactive=False,
        show_label=False,
        object_fit="cover",
        buttons=[],
        elem_classes="strip clips" if pictures else "strip",
    )


def example_name(path: Path) -> str:
    """What an example shows, from its file name such as ``portrait-03.jpg``.

    Args:
        path: of the example.
    """
    found = re.search(r"(\d+)$", path.stem)
    if path.parent.name == "portraits" and found:
        return SYNTHETIC.format(number=int(found[1]))
    return path.stem.replace("-", " ").replace("_", " ").capitalize()


def say_filled(event: Any, galleries: Sequence[gr.Gallery]) -> None:
    """Let galleries that a handler fills call their change event, which Gradio's page leaves out for an empty one.

    No caption becomes one without letters: another value, and nothing that is seen.

    Args:
        event: what filled them, as Gradio returns it.
        galleries: they.
    """
    event.then(None, [*galleries], [*galleries], js=f"(...all) => all.map({_RECAPTIONED})", **QUICK)


def touched(block: Any) -> Any:
    """The event of a component that a visitor has changed, be it with an example, which files do not call input.

    Args:
        block: a component.
    """
    return block.change if hasattr(block, "upload") else getattr(block, "input", None) or block.change


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
