"""Weights by name, with the Hub's real client against a small local server that speaks the Hub's protocol."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest
from huggingface_hub import constants

from swapper import hub
from swapper.cli.main import main
from swapper.hub import files, manifest
from swapper.types import UserError

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
    private: bool = False
    url: str = ""

    def downloads(self) -> list[tuple[str, str | None]]:
        return [(path, span) for method, path, span in self.asked if method == "GET"]


class Server(ThreadingHTTPServer):
    """The server with its state, which its handlers share."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = FakeHub(url=f"http://127.0.0.1:{self.server_address[1]}")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    @property
    def hub(self) -> FakeHub:
        return cast(Server, self.server).state

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        if self.path.startswith("/api/"):
            return self.refuse(404)
        self.hub.asked.append((self.command, self.path, self.headers.get("Range")))
        self.hub.tokens.append(self.headers.get("Authorization"))
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
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.hub.cuts:
            self.wfile.write(content[start : start + self.hub.cuts.pop(0)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.wfile.write(content[start:])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    http = Server()
    state = http.state
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    monkeypatch.setattr(constants, "ENDPOINT", state.url)  # HF_ENDPOINT is read when the client is imported
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", state.url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    yield state
    http.shutdown()
    http.server_close()


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty shipped folder; ``list_file`` puts rows into its manifest."""
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "manifest.json").write_text('{"files": []}')
    monkeypatch.setattr(manifest, "shipped_folder", lambda: folder)
    monkeypatch.setattr(files, "shipped_folder", lambda: folder)
    monkeypatch.delenv("SWAPPER_WEIGHTS", raising=False)
    monkeypatch.delenv("SWAPPER_REPO", raising=False)
    return folder


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


def test_first_download_then_cache(server: FakeHub, shipped: Path) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    path = hub.resolve("net")
    assert path.read_bytes() == CONTENT
    assert server.downloads() == [(f"/{REPO}/resolve/v1/nets/net.onnx", None)]
    before = len(server.asked)
    assert hub.resolve("net") == path
    assert len(server.asked) == before, "a cached file must not ask the network"


def test_large_file_is_fetched_from_where_the_hub_redirects(server: FakeHub, shipped: Path) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    server.large.add("nets/net.onnx")
    assert hub.resolve("net").read_bytes() == CONTENT
    assert server.downloads()[-1] == ("/cdn/nets/net.onnx", None)


def test_wrong_checksum_removes_the_file_and_says_so(server: FakeHub, shipped: Path, tmp_path: Path) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT[::-1]
    with pytest.raises(
        UserError, match=r"net\.onnx is corrupt or is a different file: its SHA-256 is .* It was removed"
    ):
        hub.resolve("net")
    assert cached_bytes(tmp_path) == 0
    server.files[REPO, "nets/net.onnx"] = CONTENT
    assert hub.resolve("net").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"file": "nets/gone.onnx"}, "someone/models at revision v1 does not contain it"),
        ({"revision": "v9"}, "there is no someone/models at revision v9"),
        ({"repo_id": "someone/gone"}, "the repository someone/gone does not exist or is private"),
    ],
)
def test_what_the_hub_does_not_have(server: FakeHub, shipped: Path, changes: dict[str, object], message: str) -> None:
    list_file(shipped, **changes)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    with pytest.raises(UserError, match=message) as caught:
        hub.resolve("net")
    assert f"put it into {shipped}" in str(caught.value)
    assert server.url in str(caught.value), "the message gives the address to download by hand"


def test_private_repository_wants_a_token(server: FakeHub, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    server.private = True
    with pytest.raises(UserError, match="set HF_TOKEN"):
        hub.resolve("net")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert hub.resolve("net").read_bytes() == CONTENT
    assert "Bearer hf_secret" in server.tokens


def test_hub_down(server: FakeHub, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list_file(shipped)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)  # the client waits between its attempts
    server.status = 503
    with pytest.raises(UserError, match=r"the Hub \(http://127.0.0.1:\d+\) does not answer"):
        hub.resolve("net")


def test_no_connection_answers_at_once(server: FakeHub, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list_file(shipped)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")
    started = time.monotonic()
    with pytest.raises(UserError, match="does not answer"):
        hub.resolve("net")
    assert time.monotonic() - started < 5


def test_offline_flag(server: FakeHub, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="it cannot be downloaded because HF_HUB_OFFLINE is set"):
        hub.resolve("net")
    assert server.asked == []
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    path = hub.resolve("net")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert hub.resolve("net") == path


def test_interrupted_download_resumes(server: FakeHub, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    server.cuts = [60_000]
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    assert hub.resolve("net").read_bytes() == CONTENT
    spans = [span for _, span in server.downloads()]
    assert spans[0] is None
    assert spans[1] is not None and 0 < int(spans[1].removeprefix("bytes=").rstrip("-")) <= 60_000


def test_download_that_never_finishes_leaves_nothing(
    server: FakeHub, shipped: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    server.cuts = [0] * 20
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    with pytest.raises(UserError, match="is not on this machine, and"):
        hub.resolve("net")
    assert cached_bytes(tmp_path) == 0


def test_file_without_sha256_is_checked_against_its_crc32(server: FakeHub, shipped: Path) -> None:
    list_file(shipped, content=None)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    server.files[REPO, "nets/net.hash"] = f"{zlib.crc32(CONTENT):08x}".encode()
    assert hub.resolve("net", trust=True).read_bytes() == CONTENT


def test_wrong_crc32_removes_the_file_and_says_so(server: FakeHub, shipped: Path) -> None:
    list_file(shipped, content=None)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    server.files[REPO, "nets/net.hash"] = b"deadbeef"
    with pytest.raises(UserError, match=r"its CRC-32 is [0-9a-f]{8}, not deadbeef\. It was removed"):
        hub.resolve("net", trust=True)
    assert hub.find_cached(hub.entry("net")) is None


def test_file_without_any_checksum_is_taken_from_those_one_trusts(
    server: FakeHub, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    list_file(shipped, content=None)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    with pytest.raises(UserError, match=r"net\.onnx is unverified, .* weights pull net --trust"):
        hub.resolve("net")
    assert main(["weights", "pull", "net"]) == 2 and not server.asked
    assert main(["weights", "list"]) == 0
    assert "not here, unverified" in capsys.readouterr().out
    assert main(["weights", "pull", "net", "--trust"]) == 0
    assert hub.resolve("net").read_bytes() == CONTENT
    assert hub.resolve("net", trust=True).read_bytes() == CONTENT


def test_own_folder_comes_first(shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list_file(shipped)
    (shipped / "net.onnx").write_bytes(CONTENT)
    assert hub.resolve("net") == shipped / "net.onnx"
    own = tmp_path / "own"
    own.mkdir()
    (own / "net.onnx").write_bytes(CONTENT)
    (own / "mine.onnx").write_bytes(b"anything")
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(own))
    assert hub.resolve("net") == own / "net.onnx"
    assert hub.resolve("mine") == own / "mine.onnx"
    with pytest.raises(UserError, match=r"Unknown weights '\.\./weights/net'"):
        hub.resolve("../weights/net")


def test_the_authors_own_file_will_do_as_well(shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path / "own"))
    canonical, other = b"as the authors publish it", b"something else"
    list_file(shipped, also=[hashlib.sha256(canonical).hexdigest()])
    own = tmp_path / "own" / hub.entry("net").file_name
    own.parent.mkdir()
    own.write_bytes(canonical)
    assert hub.resolve("net") == own
    own.write_bytes(other)
    with pytest.raises(UserError, match="is corrupt or is a different file"):
        hub.resolve("net")


def test_insightfaces_own_inswapper_is_known() -> None:
    (digest,) = hub.entry("inswapper_128").also
    assert digest.startswith("e4a3f08c") and len(digest) == 64


def test_local_file_is_verified_again_when_it_changes(shipped: Path) -> None:
    list_file(shipped)
    path = shipped / "net.onnx"
    path.write_bytes(CONTENT)
    hub.resolve("net")
    path.write_bytes(CONTENT[::-1])
    os.utime(path, ns=(1, 1))
    with pytest.raises(UserError, match="is corrupt or is a different file"):
        hub.resolve("net")
    assert path.exists(), "a user's file is never removed"
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n")
    with pytest.raises(UserError, match="Run 'git lfs pull'"):
        hub.resolve("net")


def test_environment_names_endpoint_and_repository(server: FakeHub, shipped: Path, tmp_path: Path) -> None:
    list_file(shipped, repo_id=manifest.DEFAULT_REPO)
    server.files["a-copy/of-it", "nets/net.onnx"] = CONTENT
    program = (
        "from pathlib import Path; from swapper import hub; from swapper.hub import files, manifest\n"
        f"manifest.shipped_folder = files.shipped_folder = lambda: Path({str(shipped)!r})\n"
        "print(hub.resolve('net'))"
    )
    environment = os.environ | {
        "HF_ENDPOINT": server.url,
        "HF_HOME": str(tmp_path / "home"),
        "SWAPPER_REPO": "a-copy/of-it",
        "HF_HUB_OFFLINE": "0",
    }
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert Path(done.stdout.strip()).read_bytes() == CONTENT
    assert str(tmp_path / "home") in done.stdout
