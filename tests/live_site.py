"""The page that swaps in the browser as a static server gives it, and people's files made by random weights."""

import functools
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from clips import PORTRAITS, portrait
from random_student import write_student
from served_app import ROOT

from swapper import hub
from swapper.hub import files
from swapper.methods.mobilefaceswap import MobileFaceSwapMethod
from swapper.models.mobilefaceswap import MobileFaceSwap
from swapper.pipeline import FaceSwapper


class Handler(SimpleHTTPRequestHandler):
    """The repository's page with some people, isolated as a static Space isolates it."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript", ".js": "text/javascript"}

    def translate_path(self, path: str) -> str:
        name = path.split("?")[0].lstrip("/")
        if name == "geometry-lite.onnx":
            return str(ROOT / "weights" / name)
        own = name.endswith(".onnx") or name.startswith("people/")
        return str((Path(self.directory) if own else ROOT / "examples") / name)

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


def write_people(folder: Path) -> Path:
    """Write the file of one person, and in ``people`` those of two who do not exist; that of the first."""
    path = write_student(folder)
    listed = hub.entries
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "entries", lambda: [row for row in listed() if row.name != path.stem])
        patch.setenv("SWAPPER_WEIGHTS", str(folder))
        network = hub.load(MobileFaceSwap, path.stem)
    method = MobileFaceSwapMethod(torch.device("cpu"), network, template="tight", size=64)
    swapper, names = FaceSwapper(method, "cpu"), ["01", "02"]
    method.export(swapper.identify(portrait(0)), folder / "face.onnx", half=True)
    (folder / "people").mkdir()
    for name in names:
        method.export(swapper.identify(portrait(int(name))), folder / "people" / f"{name}.onnx", half=True)
        shutil.copy(PORTRAITS / f"{name}.jpg", folder / "people")
    (folder / "people" / "people.json").write_text(json.dumps(names))
    return folder / "face.onnx"


@contextmanager
def serve_page(folder: Path) -> Iterator[str]:
    """Serve the page with the people of a folder; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/live.html"
    server.shutdown()
