"""People who do not exist, for the page that swaps in the browser: somebody to try without a photo."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

Write = Callable[[str, Path], None]  # takes a photo's path and writes the person's file


class VirtualPeople:
    """The shipped portraits; a person's file is made when somebody asks for it first, and kept in memory."""

    def __init__(self, folder: Path, write: Write):
        """Look which there are.

        Args:
            folder: with the portraits, ``01.jpg`` and so on.
            write: makes a person's file.
        """
        self._photos = {path.stem: path for path in sorted(folder.glob("*.jpg")) if path.stem.isdecimal()}
        self._write, self._lock = write, Lock()
        self._files: dict[str, bytes] = {}

    def file(self, name: str) -> bytes:
        """A person's file.

        Args:
            name: one of those there are.
        """
        with self._lock:
            if name not in self._files:
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder) / "face.onnx"
                    self._write(str(self._photos[name]), path)
                    self._files[name] = path.read_bytes()
            return self._files[name]

    def routes(self, place: str) -> list[BaseRoute]:
        """Where the page looks for them; nothing where there are none.

        Args:
            place: path of the folder that the page expects them in.
        """

        def names(_request: Request) -> Response:
            return JSONResponse(list(self._photos))

        def picture(request: Request) -> Response:
            path = self._photos.get(request.path_params["name"])
            return FileResponse(path) if path else Response(status_code=404)

        def network(request: Request) -> Response:
            name = request.path_params["name"]
            if name not in self._photos:
                return Response(status_code=404)
            return Response(self.file(name), media_type="application/octet-stream")

        if not self._photos:
            return []
        return [
            Route(f"{place}/people.json", names),
            Route(f"{place}/{{name}}.jpg", picture),
            Route(f"{place}/{{name}}.onnx", network),
        ]
