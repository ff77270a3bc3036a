"""What a result says about itself, said beside it, with the way to the tab that shows it."""

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from swapper.errors import UserError
from swapper.provenance import MarkSettings
from swapper.provenance.credentials import read_credentials
from swapper.ui.languages import said
from swapper.ui.layout import QUICK, Updates

BOTH = "It carries content credentials and an invisible watermark, which say that a face was swapped."
WATERMARK_ONLY = "It carries an invisible watermark, which says that a face was swapped, and no content credentials."
UNMARKED = "It carries neither content credentials nor a watermark: they are turned off on this machine."
CHECK = "Check this file"


@dataclass(frozen=True)
class MarksNote:
    """Components beside a result.

    Attributes:
        words: which marks it carries.
        check: opens the tab that reads them.
        file: state of the session: path of the result.
    """

    words: gr.HTML
    check: gr.Button
    file: gr.State

    @property
    def outputs(self) -> list[Any]:
        """Components that ``show`` fills."""
        return [self.words, self.check, self.file]

    def show(self, path: str) -> Updates:
        """Say which marks a finished file carries.

        Args:
            path: of the file.
        """
        words = f'<p class="hint">{html.escape(said(marks_sentence(path)))}</p>'
        return {self.words: words, self.check: gr.Button(visible=True), self.file: path}

    def wire(self, open_tab: Callable[[str | None], Updates], outputs: list[Any]) -> None:
        """Let the button open the tab; called inside Blocks.

        Args:
            open_tab: is given the path; says what changes.
            outputs: what that changes.
        """
        self.check.click(open_tab, self.file, outputs, **QUICK)


def marks_sentence(path: str) -> str:
    """Which marks a file carries that this app wrote, in one sentence.

    Args:
        path: of the file.
    """
    if not MarkSettings.from_environment().mark:
        return UNMARKED
    try:
        found = read_credentials(path)
    except UserError:
        return WATERMARK_ONLY
    return BOTH if found is not None and found.valid else WATERMARK_ONLY


def build_marks_note(name: str) -> MarksNote:
    """Lay out the components; called inside Blocks.

    Args:
        name: stands before their ids.
    """
    words = gr.HTML(elem_id=f"{name}-marks")
    check = gr.Button(
        CHECK, size="sm", variant="secondary", visible=False, elem_classes="quiet", elem_id=f"{name}-check"
    )
    return MarksNote(words, check, gr.State(None))
