"""Model repositories on a small local server that speaks the Hub's protocol, each revision with files of its own."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest
from huggingface_hub import constants
from local_server import AnsweringHandler


@dataclass
class Repositories:
    """What is served.

    Attributes:
        files: by commit and path.
        commits: by repository and the name of a revision.
        claimed: SHA-256 that is said of a file, by path; its own where none is.
        asked: revision and path of every request.
        downloaded: paths of the files that were sent.
    """

    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    commits: dict[tuple[str, str], str] = field(default_factory=dict)
    claimed: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    downloaded: list[str] = field(default_factory=list)

    def commit(self, repo: str, folder: Path, *revisions: str) -> str:
        """Put the files of a folder into a repository as a new commit, which branches or tags name."""
        commit = hashlib.sha1(f"{repo} {len(self.files)}".encode()).hexdigest()
        for path in folder.iterdir():
            self.files[commit, path.name] = path.read_bytes()
        for revision in (commit, *revisions):
            self.commits[repo, revision] = commit
        return commit


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = Repositories()


class Handler(AnsweringHandler):
    def answer(self) -> None:
        state = cast(Server, self.server).state
        repo, _, rest = self.path.removeprefix("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        state.asked.append((revision, name))
        commit = state.commits.get((repo, revision))
        if commit is None:
            known = repo in {other for other, _ in state.commits}
            return self.refuse("RevisionNotFound" if known else "RepoNotFound")
        content = state.files.get((commit, name))
        if content is None:
            return self.refuse("EntryNotFound", commit)
        self.send_response(200)
        self.send_header("X-Repo-Commit", commit)
        if name.endswith(".safetensors"):  # large files are named by their SHA-256
            claimed = state.claimed.get(name, hashlib.sha256(content).hexdigest())
            self.send_header("X-Linked-ETag", f'"{claimed}"')
            self.send_header("X-Linked-Size", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            state.downloaded.append(name)
            self.wfile.write(content)

    def refuse(self, code: str, commit: str = "") -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", code)
        if commit:
            self.send_header("X-Repo-Commit", commit)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def served(monkeypatch: pytest.MonkeyPatch, cache: Path) -> Iterator[Repositories]:
    """Serve repositories to the Hub's client, which keeps what it downloads in a folder of the test's."""
    http = Server()
    url = f"http://127.0.0.1:{http.server_address[1]}"
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    yield http.state
    http.shutdown()
    http.server_close()
