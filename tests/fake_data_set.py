"""A small local server that speaks as much of the Hub's protocol as reading one data set as a stream takes."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import cast
from urllib.parse import unquote, urlsplit

from local_server import AnsweringHandler

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "someone/faces"


class Server(ThreadingHTTPServer):
    """The server, the files of the set by their paths in it, and what it was asked."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.asked = files, list[str]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(AnsweringHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer()

    def answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        server = cast(Server, self.server)
        server.asked.append(f"{self.command} {path}")
        files, api = server.files, f"/api/datasets/{NAME}"
        if path in (api, f"{api}/revision/{COMMIT}", f"{api}/revision/main"):
            siblings = [{"rfilename": name} for name in files]
            self.say({"id": NAME, "sha": COMMIT, "siblings": siblings, "private": False, "tags": []})
        elif path.startswith(f"{api}/tree/"):
            self.say(self.listed(path.removeprefix(f"{api}/tree/").partition("/")[2]))
        elif path.startswith(f"{api}/paths-info/"):
            self.say([self.described(name) for name in files])
        elif path.startswith(f"/datasets/{NAME}/resolve/") and path.split("/", 6)[6] in files:
            self.send(files[path.split("/", 6)[6]])
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound" if NAME in path else "RepoNotFound")
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def listed(self, folder: str) -> list[dict[str, object]]:
        """Files and folders in a folder, and below them where that is asked for."""
        names = [name for name in cast(Server, self.server).files if name.startswith(f"{folder}/" if folder else "")]
        folders = {name.rpartition("/")[0] for name in names} - {"", folder}
        if "recursive=true" not in self.path.lower():
            names = [name for name in names if name.rpartition("/")[0] == folder]
        places = [{"type": "directory", "path": name, "size": 0, "oid": "0" * 40} for name in sorted(folders)]
        return [*places, *map(self.described, names)]

    def described(self, name: str) -> dict[str, object]:
        content = cast(Server, self.server).files[name]
        return {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}

    def say(self, value: object) -> None:
        self.send(json.dumps(value).encode(), "application/json")

    def send(self, content: bytes, kind: str = "application/octet-stream") -> None:
        span = self.headers.get("Range")
        begin, _, end = (span or "bytes=0-").removeprefix("bytes=").partition("-")
        part = content[int(begin) : int(end) + 1 if end else None]
        self.send_response(206 if span else 200)
        if span:
            self.send_header("Content-Range", f"bytes {begin}-{int(begin) + len(part) - 1}/{len(content)}")
        for name, value in {
            "ETag": f'"{hashlib.sha1(content).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
            "Content-Type": kind,
            "Content-Length": str(len(part)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(part)


@contextmanager
def served_data_set(files: dict[str, bytes]) -> Iterator[Server]:
    """The server while it answers."""
    server = Server(files)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
