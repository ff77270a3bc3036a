"""What a request meets before Gradio does: a closed door where the app needs none, and an answer to nonsense."""

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

LOGGER = logging.getLogger("swapper")
API = "/gradio_api/"
# Gradio's own doors that this app has no use for: they would fetch from other machines, run programs, show the log of
# all calls, or write files that nobody asked for.
CLOSED = (
    "/monitoring",
    f"{API}proxy=",
    f"{API}file=http:",
    f"{API}file=https:",
    f"{API}file/http:",
    f"{API}file/https:",
    f"{API}component_server",
    f"{API}custom_component",
    f"{API}deep_link",
    f"{API}dev/",
    f"{API}process_recording",
    f"{API}profiling",
    f"{API}undo-vibe-edit",
    f"{API}vibe-",
)
DIRECT = (f"{API}run/", f"{API}api/")  # calls past the queue, whose errors Gradio gives as the server's own
NOT_HERE = "There is nothing here."
NO_ADDRESS = "This is not an address: it contains control characters."
NO_CALL = "This call cannot be understood. See “Use via API” at the foot of the page."

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class Gate:
    """An ASGI middleware around Gradio's routes."""

    def __init__(self, app: App):
        """Stand before an app.

        Args:
            app: all routes.
        """
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        refused = _refusal(scope)
        if refused is not None:
            return await refused(scope, receive, send)
        await self._watched(scope, receive, send)

    async def _watched(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Hand a request on; where Gradio stumbles over it before it answers, the caller is told whose fault it is."""
        begun, held = False, None

        async def watch(message: Message) -> None:
            nonlocal begun, held
            begun = True
            if message.get("status") == 500 and scope["path"].startswith(DIRECT):
                held = message
                return
            if held is not None:
                sentence = b'"error":null' not in message.get("body", b"")
                await send({**held, "status": 400 if sentence else 500})
                held = None
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:  # an edge of the program: handlers answer for themselves, in the queue
            if begun and isinstance(error.__cause__ or error, HTTPException):
                return await send({"type": "http.response.body", "body": b"", "more_body": False})
            if begun or not scope["path"].startswith(API):
                raise
            LOGGER.warning("Refused %s %s: %r", scope["method"], scope["path"], error)
            status, said = (404, NOT_HERE) if isinstance(error, LookupError) else (400, NO_CALL)
            await JSONResponse({"detail": said}, status)(scope, receive, send)


def _refusal(scope: MutableMapping[str, Any]) -> Response | None:
    path = str(scope["path"]).removeprefix(scope.get("root_path", ""))
    query = unquote_to_bytes(scope.get("query_string", b""))
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in path + query.decode(errors="replace")):
        return JSONResponse({"detail": NO_ADDRESS}, 400)
    if path.lower().startswith(CLOSED):
        return JSONResponse({"detail": NOT_HERE}, 404)
    return None
