"""A small local server that speaks the Hub's protocol, and the manifest that points at it."""

import contextlib
import hashlib
import json
import socket
import time
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import cast

from local_server import AnsweringHandler

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPO = "someone/models"
CONTENT = bytes(range(256)) * 400


@dataclass
class FakeHub:
    """State of the server: files by (repository, path), what it was asked, and how it misbehaves."""

    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    large: set[str] = field(default_factory=set)  # served like Git LFS: by a redirect to another host
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)  # method, path, Range
    tokens: list[str | None] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)  # bytes after which the next downloads break off
    status: int | None = None  # answer everything with this
    pieces: tuple[int, float] | None = None  # bytes at a time, and seconds between them
    headers: tuple[str, float] | None = None  # of this method, a byte at a time, seconds between them
    etag: str = ""  # in place of the right one
    commit: str = COMMIT
    endless: bool = False  # downloads go on beyond the file's end
    private: bool = False
    url: str = ""

    def downloads(self) -> list[tuple[str, str | None]]:
        return [(path, span) for method, path, span in self.asked if method == "GET"]


class Server(ThreadingHTTPServer):
    """The server with its state, which its handlers share."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = FakeHub(url=f"http://127.0.0.1:{self.server_address[1]}")


class Handler(AnsweringHandler):
    @property
    def hub(self) -> FakeHub:
        return cast(Server, self.server).state

    def answer(self) -> None:
        if self.path.startswith("/api/"):
            return self.refuse(404)
        self.hub.asked.append((self.command, self.path, self.headers.get("Range")))
        self.hub.tokens.append(self.headers.get("Authorization"))
        if self.hub.headers and self.hub.headers[0] == self.command:
            return self.dribble(self.hub.headers[1])
        if self.hub.status is not None:
            return self.refuse(self.hub.status)
        if self.path.startswith("/cdn/"):
            return self.send(self.hub.files[REPO, self.path.removeprefix("/cdn/")])
        self.resolve()

    def resolve(self) -> None:
        repo, _, rest = self.path.removeprefix("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        if self.hub.private and self.headers.get("Authorization") != "Bearer hf_secret":
            self.refuse(401, "RepoNotFound")
        elif repo not in {known for known, _ in self.hub.files}:
            self.refuse(404, "RepoNotFound")
        elif revision not in ("main", "v1", COMMIT):
            self.refuse(404, "RevisionNotFound")
        elif (repo, name) not in self.hub.files:
            self.refuse(404, "EntryNotFound")
        elif name in self.hub.large:
            self.redirect(name, self.hub.files[repo, name])
        else:
            self.send(self.hub.files[repo, name])

    def refuse(self, status: int, code: str = "") -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        if code == "EntryNotFound":
            self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def redirect(self, name: str, content: bytes) -> None:
        self.send_response(302)
        self.send_header("Location", f"{self.hub.url.replace('127.0.0.1', 'localhost')}/cdn/{name}")
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("X-Linked-ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Linked-Size", str(len(content)))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send(self, content: bytes) -> None:
        span = self.headers.get("Range")
        start = int(span.removeprefix("bytes=").rstrip("-")) if span else 0
        self.send_response(206 if span else 200)
        if span:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("ETag", f'"{self.hub.etag or hashlib.sha1(content).hexdigest()}"')
        if self.hub.commit:
            self.send_header("X-Repo-Commit", self.hub.commit)
        endless = self.hub.endless and self.command == "GET"
        self.send_header(*(("Connection", "close") if endless else ("Content-Length", str(len(content) - start))))
        self.end_headers()
        if self.command == "HEAD":
            return
        if endless:
            return self.write_on(content, start)
        if self.hub.pieces:
            return self.write_slowly(content[start:], *self.hub.pieces)
        if self.hub.cuts:
            self.wfile.write(content[start : start + self.hub.cuts.pop(0)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.wfile.write(content[start:])

    def dribble(self, seconds: float) -> None:
        with contextlib.suppress(OSError):
            for letter in b"HTTP/1.1 200 OK\r\nX-Nothing: " + b"0" * 2000:
                self.wfile.write(bytes([letter]))
                time.sleep(seconds)

    def write_slowly(self, content: bytes, size: int, seconds: float) -> None:
        with contextlib.suppress(OSError):
            for start in range(0, len(content), size):
                self.wfile.write(content[start : start + size])
                time.sleep(seconds if self.hub.pieces else 0)

    def write_on(self, content: bytes, start: int) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.write(content[start:])
            for _ in range(1000):
                self.wfile.write(content)


def list_file(shipped: Path, content: bytes | None = CONTENT, **changes: object) -> None:
    row: dict[str, object] = {
        "name": "net",
        "file": "nets/net.onnx",
        "sha256": None if content is None else hashlib.sha256(content).hexdigest(),
        "bytes": None if content is None else len(content),
        "repo_id": REPO,
        "revision": "v1",
        "licence": "MIT",
    }
    (shipped / "manifest.json").write_text(json.dumps({"files": [row | changes]}))


def cached_bytes(tmp_path: Path) -> int:
    blobs = (tmp_path / "cache").glob("models--*/blobs/*")
    return sum(path.stat().st_size for path in blobs)
