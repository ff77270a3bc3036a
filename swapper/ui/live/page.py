"""The page that swaps in the visitor's own browser, served beside the app under ``/browser``."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from swapper import hub
from swapper.types import UserError
from swapper.ui.live.virtual import VirtualPeople, Write

PAGE = "browser/live.html"
# Only an isolated page may use several threads.
_ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}


def page_routes(examples: Path, write: Write | None = None) -> list[BaseRoute]:
    """What ``Blocks.launch`` passes on to its server; nothing where the page or its landmark network is missing.

    Args:
        examples: folder with ``live.html``, ``live`` and ``portraits``.
        write: makes the file of a person from a photo; without it nobody virtual can be tried.
    """
    page, parts = examples / "live.html", examples / "live"
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
        *(VirtualPeople(examples / "portraits", write).routes("/browser/people") if write else []),
    ]
