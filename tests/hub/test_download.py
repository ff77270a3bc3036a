"""Downloads, with the Hub's real client against a local server that answers, refuses, breaks off, trickles and lies."""

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from fake_hub import CONTENT, REPO, FakeHub, cached_bytes, list_file
from filelock import FileLock
from huggingface_hub import constants

from swapper import hub
from swapper.errors import UserError
from swapper.hub import WeightEntry, download, transfer


def test_large_file_is_fetched_from_where_the_hub_redirects(server: FakeHub, shipped: Path) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    server.large.add("nets/net.onnx")
    assert hub.resolve("net").read_bytes() == CONTENT
    assert server.downloads()[-1] == ("/cdn/nets/net.onnx", None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"file": "nets/gone.onnx"}, "someone/models at revision v1 does not contain it"),
        ({"revision": "v9"}, "there is no someone/models at revision v9"),
        ({"repo_id": "someone/gone"}, "the repository someone/gone does not exist or is private"),
    ],
)
def test_what_the_hub_does_not_have(server: FakeHub, shipped: Path, changes: dict[str, Any], message: str) -> None:
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
    with pytest.raises(UserError, match=r"the Hub \(http://127.0.0.1:\d+\) answers with error 503\. Try again in"):
        hub.resolve("net")
    assert len(server.asked) == 3, "an error that may pass is worth asking again"


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


@pytest.mark.parametrize(
    ("status", "token", "sentence"),
    [
        (401, "", r"the Hub asks who you are \(401\)\. Set HF_TOKEN"),
        (401, "hf_wrong", r"the Hub rejects the token in HF_TOKEN \(401\)\. Renew that token or unset it"),
        (403, "hf_wrong", r"the Hub does not allow it \(403\)\. Set HF_TOKEN to a token that may read it"),
        (404, "", r"has no such file \(404\)\. Check HF_ENDPOINT and the repository's name"),
        (407, "", r"the proxy asks for a name and a password \(407\)"),
        (418, "", r"answers with error 418\. Try again in some minutes"),
        (429, "", r"was asked too often \(429\)\. Wait some minutes, or set HF_TOKEN"),
        (500, "", r"answers with error 500\. Try again in some minutes"),
    ],
)
def test_every_answer_has_its_own_sentence(
    server: FakeHub, shipped: Path, monkeypatch: pytest.MonkeyPatch, status: int, token: str, sentence: str
) -> None:
    list_file(shipped)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    server.status = status
    with pytest.raises(UserError, match=sentence) as caught:
        hub.resolve("net")
    assert "does not answer" not in str(caught.value) and "hf_wrong" not in str(caught.value)


def test_a_trickle_is_given_up_and_gone_on_with(
    server: FakeHub, shipped: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    server.pieces = (1, 0.01)
    monkeypatch.setattr(transfer, "WINDOW", 1.0)
    started = time.monotonic()
    with pytest.raises(UserError, match=r"at \d+ bytes a second, slower than 4096 \(SWAPPER_DOWNLOAD_SPEED\)"):
        hub.resolve("net")
    assert time.monotonic() - started < 10
    kept = cached_bytes(tmp_path)
    assert 0 < kept < 1000
    server.pieces = None
    assert hub.resolve("net").read_bytes() == CONTENT
    assert server.downloads()[-1][1] == f"bytes={kept}-"
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_a_download_has_a_total_time(server: FakeHub, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    server.pieces = (1000, 0.05)
    monkeypatch.setenv("SWAPPER_DOWNLOAD_SECONDS", "1")
    with pytest.raises(
        UserError, match=r"not finished after 1 seconds \(SWAPPER_DOWNLOAD_SECONDS\)\. Try again \(what came so far"
    ):
        hub.resolve("net")


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_an_answer_that_never_ends_its_beginning(
    server: FakeHub, shipped: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    server.headers = (method, 0.05)
    monkeypatch.setattr(transfer, "ANSWER", 1.0)
    monkeypatch.setattr(download, "ANSWER", 1.0)
    started = time.monotonic()
    with pytest.raises(UserError, match="it has not answered within 1 seconds"):
        hub.resolve("net")
    assert time.monotonic() - started < 10


def test_what_is_no_hub_is_told(server: FakeHub, shipped: Path) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    server.commit = ""  # the page where a hotel asks for a room number
    with pytest.raises(UserError, match=rf"the server at {server.url} is not a Hub"):
        hub.resolve("net")


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", "..", "a/b", "e" * 300, "a\\b"])
def test_names_that_a_hub_makes_up_lead_nowhere(server: FakeHub, shipped: Path, tmp_path: Path, name: str) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    server.etag = name
    with pytest.raises(UserError, match="is not a Hub"):
        hub.resolve("net")
    assert not list(tmp_path.rglob("evil*")) and not Path("/tmp/evil").exists()


def test_a_file_of_another_size_is_not_even_begun(server: FakeHub, shipped: Path) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT * 2
    with pytest.raises(UserError, match=r"was replaced on the Hub: it has 204800 bytes there, not 102400"):
        hub.resolve("net")
    assert server.downloads() == []


def test_a_download_ends_where_it_should(server: FakeHub, shipped: Path, tmp_path: Path) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    server.endless = True
    with pytest.raises(UserError, match="longer than the 102400 bytes that were announced"):
        hub.resolve("net")
    assert cached_bytes(tmp_path) == 0


def test_a_repository_of_a_network_is_downloaded_in_the_same_way(
    server: FakeHub, shipped: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server.files[REPO, "model.safetensors"] = CONTENT
    server.pieces = (1, 0.01)
    row = WeightEntry("x", "model.safetensors", None, None, repo_id=REPO, revision="main", licence="")
    own = tmp_path / "own"
    monkeypatch.setattr(transfer, "WINDOW", 1.0)
    with pytest.raises(
        UserError, match=r"^Network 'someone/models': model\.safetensors .* slower than 4096 .* Try again"
    ):
        hub.fetch(row, None, own, again=False, ask=True)
    server.pieces = None
    path = hub.fetch(row, None, own, again=False, ask=True)
    assert path.read_bytes() == CONTENT and path.is_relative_to(own)
    asked = len(server.downloads())
    assert hub.fetch(row, None, own, again=False, ask=True) == path and len(server.downloads()) == asked
    server.files[REPO, "model.safetensors"] = CONTENT[::-1]
    assert hub.fetch(row, None, own, again=True, ask=True).read_bytes() == CONTENT[::-1]
    server.status = 404
    assert hub.fetch(row, None, own, again=False, ask=True).read_bytes() == CONTENT[::-1], "what is here will do"
    with pytest.raises(
        UserError, match=r"has no such file \(404\)\. Check HF_ENDPOINT and the repository's name, or give"
    ):
        hub.fetch(row, None, own, again=True, ask=True)


def test_a_download_of_another_program_is_waited_for_aloud(
    server: FakeHub, shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    path = hub.resolve("net")
    blob = path.resolve()
    lock = FileLock(tmp_path / "cache" / ".locks" / f"models--{REPO.replace('/', '--')}" / f"{blob.name}.lock")
    content = blob.read_bytes()
    path.unlink()
    blob.unlink()
    held = threading.Event()

    def work() -> None:
        with lock:
            held.set()
            time.sleep(2)
            blob.write_bytes(content)

    asked = len(server.downloads())
    other = threading.Thread(target=work)
    other.start()
    held.wait()
    assert hub.resolve("net").read_bytes() == CONTENT
    other.join()
    assert "net.onnx: another program is downloading it" in capsys.readouterr().err
    assert len(server.downloads()) == asked
