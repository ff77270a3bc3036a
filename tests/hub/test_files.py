"""Weights by name, with the Hub's real client against a small local server that speaks the Hub's protocol."""

import hashlib
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from fake_hub import CONTENT, REPO, FakeHub, cached_bytes, list_file

from swapper import hub
from swapper.cli.main import main
from swapper.hub import manifest
from swapper.types import UserError


def test_first_download_then_cache(server: FakeHub, shipped: Path) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    path = hub.resolve("net")
    assert path.read_bytes() == CONTENT
    assert server.downloads() == [(f"/{REPO}/resolve/v1/nets/net.onnx", None)]
    before = len(server.asked)
    assert hub.resolve("net") == path
    assert len(server.asked) == before, "a cached file must not ask the network"


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
