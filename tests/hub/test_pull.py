"""``weights pull`` as a program: what it says while bytes trickle in, Ctrl-C, and proxies."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_hub import CONTENT, REPO, FakeHub, list_file
from recorders import behind, socks_proxy


def pull(server: FakeHub, shipped: Path, tmp_path: Path, **environment: str) -> subprocess.Popen[str]:
    """``python -m swapper weights pull net`` on that manifest."""
    program = (
        "import sys; from pathlib import Path; from swapper.__main__ import main; "
        "from swapper.hub import files, manifest\n"
        f"manifest.shipped_folder = files.shipped_folder = lambda: Path({str(shipped)!r})\n"
        "sys.exit(main(['weights', 'pull', 'net']))"
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
