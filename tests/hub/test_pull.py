"""``weights pull`` as a program: what it says while bytes trickle in, Ctrl-C, and proxies."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_hub import COMMIT, CONTENT, REPO, FakeHub, list_file
from recorders import behind, socks_proxy

from swapper.registry import recommended_weights


def pull(
    server: FakeHub, shipped: Path, tmp_path: Path, what: tuple[str, ...] = ("net",), **environment: str
) -> subprocess.Popen[str]:
    """``python -m swapper weights pull net`` on that manifest, or whatever else it is to pull."""
    program = (
        "import sys; from pathlib import Path; from swapper.__main__ import main; "
        "from swapper.hub import files, manifest\n"
        f"manifest.shipped_folder = files.shipped_folder = lambda: Path({str(shipped)!r})\n"
        f"sys.exit(main({['weights', 'pull', *what]!r}))"
    )
    own = {"HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0", **environment}
    return subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_progress_is_seen_from_the_first_byte_and_ctrl_c_works_at_any_time(
    server: FakeHub, shipped: Path, tmp_path: Path
) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    server.pieces = (100, 0.2)
    process = pull(server, shipped, tmp_path)
    assert process.stderr is not None and process.stdout is not None
    seen = ""
    while "102k" not in seen:
        letter = process.stderr.read(1)
        assert letter, f"it ended: {seen}"
        seen += letter
    assert "net.onnx:   0%" in seen
    while not list(tmp_path.rglob("*.part")):
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - started < 5 and process.returncode == 130
    assert "Traceback" not in err and out == ""
    assert err.strip().splitlines()[-1] == "Stopped. What came so far is kept; run the same command to resume."
    (part,) = tmp_path.rglob("*.part")
    kept = part.stat().st_size
    assert kept > 0
    server.pieces = None
    process = pull(server, shipped, tmp_path)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert Path(out.strip().removeprefix("net: ")).read_bytes() == CONTENT
    assert server.downloads()[-1][1] == f"bytes={kept}-"


@pytest.mark.parametrize("kind", ["socks", "socks5", "socks5h"])
def test_a_download_goes_through_a_socks_proxy(server: FakeHub, shipped: Path, tmp_path: Path, kind: str) -> None:
    list_file(shipped)
    server.files[REPO, "nets/net.onnx"] = CONTENT
    host, port = server.url.removeprefix("http://").split(":")
    with socks_proxy((host, int(port))) as (proxy, asked):
        named = behind(f"{kind}://127.0.0.1:{proxy}", tmp_path / "home")
        process = pull(server, shipped, tmp_path, **{**named, "HF_ENDPOINT": "http://hub.example"})
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert Path(out.strip().removeprefix("net: ")).read_bytes() == CONTENT
    assert set(asked) == {"hub.example:80"}


def test_a_proxy_of_another_kind_is_one_sentence(server: FakeHub, shipped: Path, tmp_path: Path) -> None:
    list_file(shipped)
    process = pull(server, shipped, tmp_path, ALL_PROXY="socks4://127.0.0.1:9")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2 and out == "" and server.asked == []
    assert err.startswith("error: Environment variable ALL_PROXY: 'socks4://'") and len(err.splitlines()) == 1


def list_recommended(server: FakeHub, shipped: Path) -> dict[str, bytes]:
    """Put files under the recommended names on the server and into the manifest; their contents by name."""
    contents = {name: CONTENT[number:] for number, name in enumerate(recommended_weights())}
    rows = [
        {
            "name": name,
            "file": f"nets/{name}.onnx",
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "repo_id": REPO,
            "revision": COMMIT,
            "licence": "MIT",
        }
        for name, content in contents.items()
    ]
    (shipped / "manifest.json").write_text(json.dumps({"files": rows}))
    server.files |= {(REPO, f"nets/{name}.onnx"): content for name, content in contents.items()}
    return contents


def test_all_recommended_go_on_after_the_program_was_killed(server: FakeHub, shipped: Path, tmp_path: Path) -> None:
    contents = list_recommended(server, shipped)
    assert list(contents) == ["hyperswap_1a_256", "w600k_r50"]
    server.pieces = (2000, 0.1)
    process = pull(server, shipped, tmp_path, ("--all-recommended",))
    while not any(path.stat().st_size for path in tmp_path.rglob("*.part")):
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.communicate(timeout=30)
    (part,) = tmp_path.rglob("*.part")
    kept, server.pieces = part.stat().st_size, None
    assert 0 < kept < len(CONTENT)
    process = pull(server, shipped, tmp_path, ("--all-recommended",))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert (f"/{REPO}/resolve/{COMMIT}/nets/hyperswap_1a_256.onnx", f"bytes={kept}-") in server.downloads()
    found = dict(line.split(": ", 1) for line in out.splitlines())
    assert {name: Path(path).read_bytes() for name, path in found.items()} == contents
    assert all(f"{name}.onnx: 100%" in err for name in contents), "a bar for each file"
    asked = len(server.downloads())
    again = pull(server, shipped, tmp_path, ("--all-recommended", "w600k_r50"))
    assert (
        sorted(again.communicate(timeout=60)[0].splitlines()) == sorted(out.splitlines())
        and len(server.downloads()) == asked
    )


def test_a_recommended_file_with_a_wrong_checksum_is_removed_and_the_others_stay(
    server: FakeHub, shipped: Path, tmp_path: Path
) -> None:
    contents = list_recommended(server, shipped)
    right = server.files[REPO, "nets/w600k_r50.onnx"]
    server.files[REPO, "nets/w600k_r50.onnx"] = right[::-1]
    process = pull(server, shipped, tmp_path, ("--all-recommended",))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2 and out.startswith("hyperswap_1a_256: ") and len(out.splitlines()) == 1
    assert "w600k_r50.onnx is corrupt or is a different file: its SHA-256 is" in err.splitlines()[-1]
    blobs = [path for path in tmp_path.rglob("blobs/*") if path.is_file()]
    assert [path.read_bytes() for path in blobs] == [contents["hyperswap_1a_256"]]
    server.files[REPO, "nets/w600k_r50.onnx"] = right
    process = pull(server, shipped, tmp_path, ("--all-recommended",))
    assert len(process.communicate(timeout=60)[0].splitlines()) == 2 and process.returncode == 0


def test_pulling_nothing_says_what_to_name(server: FakeHub, shipped: Path, tmp_path: Path) -> None:
    process = pull(server, shipped, tmp_path, ())
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2 and out == "" and not server.asked
    assert err.startswith("error: No weights were named. Give names of")
