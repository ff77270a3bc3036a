"""What Gradio would do for anybody who asks, and this app does not: fetch files from addresses."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import gradio as gr
from gradio.blocks import Block

from swapper.ui.files import uploaded_path

NO_ADDRESSES = "File: web addresses are not fetched. Upload the file itself."


def refuse_addresses(app: gr.Blocks) -> None:
    """Refuse files that are named by a web address, so that nobody can make this machine call another one.

    The app's own addresses of uploaded files, which tools of language models send, are taken for the files.

    Args:
        app: finished; its components are changed.
    """
    for block in app.blocks.values():
        cast(Any, block).async_move_resource_to_block_cache = _local_only(block)


def _local_only(block: Block) -> Callable[[str | Path | None], Awaitable[str | None]]:
    move = block.async_move_resource_to_block_cache

    async def moved(url_or_file_path: str | Path | None) -> str | None:
        if str(url_or_file_path).lower().startswith(("http:", "https:")):
            url_or_file_path = uploaded_path(str(url_or_file_path))
            if url_or_file_path is None:
                raise gr.Error(NO_ADDRESSES, print_exception=False)
        return await move(url_or_file_path)

    return moved
