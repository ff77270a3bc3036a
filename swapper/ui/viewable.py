"""Uploads that no browser shows by itself, such as HEIC: the page gets a JPEG wherever it shows one as a picture."""

import io
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from swapper.images import read_image
from swapper.studies.previews import shrink
from swapper.types import UserError
from swapper.ui.files import PREVIEW_SIDE, upload_paths
from swapper.ui.gate import App, Receive, Send

SUFFIXES = (".heic", ".heif", ".tif", ".tiff")
_SERVED = "/gradio_api/file="
_KEPT = {"cache-control": "private, max-age=3600", "vary": "accept"}  # uploads never change


class Viewable:
    """An ASGI middleware that answers where a picture is to be shown; downloads get the file as it is."""

    def __init__(self, app: App):
        """Stand before an app.

        Args:
            app: all routes.
        """
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        path = _asked_for(scope)
        shown = await run_in_threadpool(as_jpeg, path) if path else None
        if shown is None:
            return await self._app(scope, receive, send)
        await Response(shown, media_type="image/jpeg", headers=_KEPT)(scope, receive, send)


def as_jpeg(path: str) -> bytes | None:
    """An uploaded picture as a browser shows it, reduced; None where it is no upload, or cannot be read.

    Args:
        path: whatever was asked for.
    """
    try:
        (found,) = upload_paths({"path": path}, files=1)
        file = io.BytesIO()
        Image.fromarray(shrink(read_image(found), PREVIEW_SIDE)).save(file, "JPEG", quality=90)
    except UserError:  # the page says what is wrong when the photo is used
        return None
    return file.getvalue()


def _asked_for(scope: MutableMapping[str, Any]) -> str:
    """Path of the upload that a page wants to show; empty for all other requests."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return ""
    asked = str(scope["path"]).removeprefix(scope.get("root_path", ""))
    if not asked.startswith(_SERVED) or Path(asked).suffix.lower() not in SUFFIXES:
        return ""
    accepted = dict(scope["headers"]).get(b"accept", b"")
    return asked.removeprefix(_SERVED) if accepted.startswith(b"image/") else ""
