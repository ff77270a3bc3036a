"""One person's network from the Live tab: to download, or to open in the page that swaps in the browser."""

import html
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from swapper.methods.mobilefaceswap import MobileFaceSwapMethod
from swapper.runtime.limits import Limits
from swapper.ui.consent import require_consent
from swapper.ui.files import new_folder, upload_path
from swapper.ui.languages import said, said_markup
from swapper.ui.layout import ENGINE, Updates, heading
from swapper.ui.live.page import PAGE, page_routes
from swapper.ui.live.streams import FASTEST, live_method
from swapper.ui.progress import Tell
from swapper.ui.result_place import build_result_place
from swapper.ui.swappers import SwapperCache
from swapper.ui.visits import Visits
from swapper.ui.work import Work

NO_SOURCE = "Source: no photo yet. Add one, or choose an example."
OWN_DEVICE = (
    "Swaps on your own device",
    "Your browser does the work: nothing of the camera is sent, and it is faster.",
)
OPENS = "There you can try people who do not exist. To swap with the source's photo, prepare that person first:"
MAKE = "Prepare this person"
DOWNLOAD = "Save for later"
FILE = "face.onnx"
BY_COMMAND = "It takes a person's file that “python -m swapper export” makes from a photo."
NOT_HERE = "The page that does it is not on this machine."
OPEN_PAGE = "Open the live page"
OPEN_WITH_FACE = "Open the live page with this person"
FROM_PAGE = "../gradio_api/file="  # where Gradio serves files, seen from the page


@dataclass(frozen=True)
class FaceExport:
    """The components, and what happens when the button is pressed.

    Attributes:
        swappers: shared by all sessions.
        linked: whether the page that swaps in the browser is served.
        download: hands the file out.
        link: opens the page.
        box: holds the download.
    """

    swappers: SwapperCache
    linked: bool
    download: gr.DownloadButton
    link: gr.HTML
    box: gr.Column

    def make(self, tell: Tell, agreed: Any, source: Any) -> Iterator[Updates]:
        """Write the source's network, where nobody else can guess it; ``source`` is the photo as Gradio sends it.

        Raises:
            UserError: the photo cannot be used.
        """
        require_consent(agreed)
        photo = upload_path(source, NO_SOURCE)
        tell(0.0, said("Learning the source"))
        file = write_face(self.swappers, photo)
        link = said_markup(page_link(OPEN_WITH_FACE, file)) if self.linked else ""
        yield {
            self.box: gr.Column(visible=True),
            self.download: gr.DownloadButton(value=str(file)),
            self.link: gr.HTML(value=link),
        }


def write_face(swappers: SwapperCache, photo: str) -> Path:
    """Write the network of the person in a photo into a folder of its own.

    Args:
        swappers: shared by all sessions; they have the student.
        photo: path.

    Raises:
        UserError: the photo cannot be used.
    """
    path = new_folder() / FILE
    export_face(swappers, photo, path)
    return path


def export_face(swappers: SwapperCache, photo: str, path: Path) -> None:
    """Write the network of the person in a photo.

    Args:
        swappers: shared by all sessions; they have the student.
        photo: path.
        path: file to write.

    Raises:
        UserError: the photo cannot be used.
    """
    swapper = swappers.get(FASTEST)
    assert isinstance(swapper.method, MobileFaceSwapMethod), "that is its name"
    swapper.method.export(swapper.identify(photo), path, half=True)


def page_link(words: str, face: Path | None = None) -> str:
    """HTML of a link to the page that swaps in the browser.

    Args:
        words: on it.
        face: file that the page shall load, among the app's temporary ones.
    """
    asked = f"?face={quote(f'{FROM_PAGE}{face}', safe='')}" if face else ""
    return f'<a class="opens" href="{PAGE}{html.escape(asked)}" target="_blank" rel="noopener">{words}</a>'


def build_face_export(
    swappers: SwapperCache,
    consent: gr.Checkbox,
    source: gr.Image,
    limits: Limits,
    examples: Path,
    visits: Visits,
) -> bool:
    """Lay it out and wire it; called inside Blocks. Without the student it says which command does the same.

    Args:
        swappers: shared by all sessions.
        consent: the page's checkbox.
        source: the tab's photo.
        limits: what is allowed on this machine.
        examples: folder with the page.
        visits: remembers what is on the page.

    Returns:
        Whether visitors can swap on their own devices.
    """
    linked, student = bool(page_routes(examples)), live_method() == FASTEST
    heading(OWN_DEVICE, numbered=False)
    hint = (OPENS if student else BY_COMMAND) if linked else NOT_HERE
    gr.HTML(f'{page_link(OPEN_PAGE) if linked else ""}<p class="hint">{hint}</p>', elem_id="live-page")
    if not student:
        return linked
    problem = gr.HTML(elem_id="live-face-problem")
    make = gr.Button(MAKE, size="md", min_width=120, elem_id="live-make")
    with gr.Column(visible=False, elem_classes="shown") as box:
        link = gr.HTML(elem_id="live-page-with-face")
        download = gr.DownloadButton(DOWNLOAD, size="md", elem_id="live-face", elem_classes="download")
    place = replace(build_result_place("live-make", None), boxes=[box])
    export = FaceExport(swappers, linked, download, link, box)
    work = Work("face", MAKE, make, problem, place, gr.State(""), visits)
    work.wire(export.make, consent, [source], [download, link], (ENGINE, limits.concurrency))
    work.watch([source], shown=[download, link])
    return linked
