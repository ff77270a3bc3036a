"""Where the result of some work will be on the page, with its bar and the button that ends it."""

from collections.abc import Sequence
from dataclasses import dataclass

import gradio as gr
from gradio.blocks import Block

CANCEL = "Cancel"


@dataclass(frozen=True)
class Result:
    """Where the result of some work is shown.

    Attributes:
        stale: says that it is an old one.
        meter: where the work is.
        cancel: ends it.
        empty: stands where the result will; None where nothing does.
        boxes: hold the result; hidden until there is one.
        saves: whether the result can be downloaded, so that a visitor is asked before it is lost.
    """

    stale: gr.HTML
    meter: gr.HTML
    cancel: gr.Button
    empty: gr.HTML | None
    boxes: Sequence[Block] = ()
    saves: bool = True


def build_result_place(name: str, empty: str | None, low: bool = False) -> Result:
    """Lay out where the result of some work will be; ``dataclasses.replace`` adds the boxes that hold it.

    Args:
        name: stands before the components' ids.
        empty: words that stand where the result will; None for a small bar only.
        low: take less room.
    """
    stale = gr.HTML(elem_id=f"{name}-stale")
    nothing = gr.HTML(f'<div class="empty{" low" if low else ""}"><p>{empty}</p></div>') if empty is not None else None
    bar = gr.HTML(visible=False, elem_id=f"{name}-running")
    cancel = gr.Button(CANCEL, size="md", variant="stop", visible=False, elem_id=f"{name}-cancel")
    return Result(stale, bar, cancel, nothing)
