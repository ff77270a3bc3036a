"""What Gradio would do for anybody who asks, and this app does not.

It fetches no files from addresses, keeps nothing that is put beside its events, gives files no name that can be worked
out, and answers calls that it cannot understand in a sentence.
"""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import processing_utils
from gradio.blocks import Block
from gradio.components.base import server

from swapper.types import UserError
from swapper.ui.files import uploaded_path

NO_ADDRESSES = "File: web addresses are not fetched. Upload the file itself."
GUARD_IS_OFF = (
    "Gradio {version}: it fetches web addresses past this app's guard. Install what requirements.txt asks for: "
    "'python -m pip install -r requirements.txt'."
)
NO_CALL = "Call: it does not have the values that were asked for. Reload the page, or look at “Use via API”."
_SENT = {"path": "http://address.invalid/photo.png", "meta": {"_type": "gradio.FileData"}}  # a name that nobody can own
_move = Block.async_move_resource_to_block_cache  # one of Gradio's internals: every file of a caller goes through it


def guard(app: gr.Blocks) -> None:
    """Do all of this.

    Args:
        app: finished; it is changed.

    Raises:
        UserError: as of ``refuse_addresses``.
    """
    processing_utils.hash_seed = secrets.token_bytes(16)  # goes into the paths of uploads, which Gradio serves
    refuse_addresses(app)
    gr.ImageEditor.accept_blobs = _keep_nothing
    _say_what_is_wrong(app)


def refuse_addresses(app: gr.Blocks) -> None:
    """Refuse files that are named by a web address, so that nobody can make this machine call another one.

    The app's own addresses of uploaded files, which tools of language models send, are taken for the files. It is
    Gradio's class that changes, for the whole process: an instance is made anew in every session that updates it.

    Args:
        app: finished; an address is sent through it, to see that it is refused.

    Raises:
        UserError: it is not, because this version of Gradio works in another way.
    """
    Block.async_move_resource_to_block_cache = _move_own_files
    event = next(e for e in app.fns.values() if e.inputs and not e.inputs[0].stateful and not e.component_prop_inputs)
    asked = app.preprocess_data(event, [_SENT] * len(event.inputs), None)
    try:
        with ThreadPoolExecutor(1) as thread:  # a notebook's own thread runs an event loop already
            thread.submit(asyncio.run, asked).result()
    except gr.Error as error:
        if error.message == NO_ADDRESSES:
            return
    except (OSError, ValueError):  # it was looked for
        pass
    raise UserError(GUARD_IS_OFF.format(version=gr.__version__))


@server
def _keep_nothing(self: gr.ImageEditor, data: Any) -> None:
    """A door of Gradio's that its own page does not use any more: whatever comes in there would stay in memory."""


async def _move_own_files(self: Block, url_or_file_path: str | Path | None) -> str | None:
    if str(url_or_file_path).lower().startswith(("http:", "https:")):
        url_or_file_path = uploaded_path(str(url_or_file_path))
        if url_or_file_path is None:
            raise gr.Error(NO_ADDRESSES, print_exception=False)
    return await _move(self, url_or_file_path)


def _say_what_is_wrong(app: gr.Blocks) -> None:
    """Give callers a sentence where Gradio cannot take in what they sent, too few values for example."""
    take_in = app.preprocess_data

    async def taken_in(*args: Any, **kwargs: Any) -> list[Any]:
        try:
            return await take_in(*args, **kwargs)
        except gr.Error:
            raise
        except (ValueError, TypeError, LookupError, AttributeError, OSError) as error:
            raise gr.Error(NO_CALL, print_exception=False) from error

    app.preprocess_data = taken_in
