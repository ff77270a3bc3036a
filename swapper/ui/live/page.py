"""The page that swaps in the visitor's own browser, served beside the app under ``/browser``."""

import os
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from swapper import hub
from swapper.types import UserError

PAGE = "browser/live.html"
RUNTIME = "SWAPPER_ORT"
NO_RUNTIME = (
    "Environment variable {variable}: '{folder}' is not a folder. Name the one with ONNX Runtime's files or unset it."
)
# Only an isolated page may use several threads.
_ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}


def page_routes(examples: Path) -> list[BaseRoute]:
    """What ``Blocks.launch`` passes on to its server; nothing where the page or its landmark network is missing.

    Args:
        examples: folder with ``live.html`` and ``live``.

    Raises:
        UserError: ``$SWAPPER_ORT`` names no folder.
    """
    page, parts, runtime = examples / "live.html", examples / "live", own_runtime()
    try:
        landmarks = hub.resolve("geometry-lite-onnx")
    except UserError:
        return []
    if not page.is_file():
        return []

    async def show(_request: Request) -> FileResponse:
        return FileResponse(page, headers=_ISOLATED)

    async def network(_request: Request) -> FileResponse:
        return FileResponse(landmarks, media_type="application/octet-stream")

    return [
        Route(f"/{PAGE}", show),
        Route("/browser/geometry-lite.onnx", network),
        Mount("/browser/live", StaticFiles(directory=parts)),
        *([Mount("/browser/ort", StaticFiles(directory=runtime))] if runtime else []),
    ]


def own_runtime() -> Path | None:
    """The folder with ONNX Runtime's files for browsers, ``$SWAPPER_ORT``; None where it is not set.

    Raises:
        UserError: there is no such folder.
    """
    value = os.environ.get(RUNTIME)
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise UserError(NO_RUNTIME.format(variable=RUNTIME, folder=folder))
    return folder
