"""Every command behind a proxy that records: nothing is asked of it, and nothing is left in the home directory."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from recorders import behind, kept_in, recording_proxy
from served_app import serve

from swapper.cli.main import parser
from swapper.runtime.reports import SWITCHES

ROOT = Path(__file__).parents[1]
ALIVE = 25  # seconds; ONNX Runtime sends its first report after about ten
# Runs the commands one after the other, as ``python -m swapper`` would, and stays until a report would have been sent.
DRIVER = f"""
import json, sys, time, traceback
from swapper.__main__ import main
begun, codes = time.monotonic(), []
for command in json.loads(sys.argv[1]):
    try:
        codes.append(main(command))
    except SystemExit as end:
        codes.append(end.code)
time.sleep(max(0, {ALIVE} - (time.monotonic() - begun)))
print(json.dumps(codes))
"""


def commands(folder: Path) -> list[tuple[list[str], int]]:
    """Every command of the parser with small work to do, and its exit code."""
    photos = [str(ROOT / "examples" / "portraits" / f"0{number}.jpg") for number in (1, 2, 5)]
    for name, photo in (("sources", photos[0]), ("targets", photos[2])):
        (folder / name).mkdir()
        (folder / name / "photo.jpg").write_bytes(Path(photo).read_bytes())
    people = ["--sources", str(folder / "sources"), "--targets", str(folder / "targets")]
    clip, out = str(ROOT / "examples" / "call.mp4"), str(folder / "out")
    return [
        (["weights", "list"], 0),
        (["weights", "verify"], 0),
        (["weights", "pull", "ghost-lite"], 0),
        (["weights", "convert", "nothing", photos[0]], 2),
        (["image", *photos[:2], "-o", f"{out}.png", "--restore", "renovation"], 0),
        (["video", photos[0], clip, "-o", f"{out}.mp4", "--end", "0.3"], 0),
        (["batch", str(folder / "targets"), "-o", f"{out}-batch", "--source", photos[0], "--workers", "1"], 0),
        (["export", photos[0], "-o", f"{out}.onnx"], 0),
        (["interpolate", *photos, "-o", f"{out}-path", "--steps", "1"], 0),
        (["gallery", str(folder / "sources"), "-o", f"{out}.safetensors"], 0),
        (["compare", *people, "--methods", "warp", "-o", f"{out}-report", "--pairs", "1"], 0),
        (["bench", "--models", "--only", "arcface-mobile"], 0),
        (["provenance", f"{out}.png"], 0),
    ]


def clean(**more: str) -> dict[str, str]:
    """This process's environment without what it says about reports."""
    return {**{name: value for name, value in os.environ.items() if name not in SWITCHES}, **more}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_command_asks_anybody_or_keeps_anything(tmp_path: Path) -> None:
    work = commands(tmp_path)
    (known,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    assert {command[0] for command, _ in work} == set(known.choices), "a new command needs its row"
    with recording_proxy() as (proxy, asked):
        done = subprocess.run(
            [sys.executable, "-c", DRIVER, json.dumps([command for command, _ in work])],
            cwd=ROOT,
            env=clean(**behind(proxy, tmp_path / "home"), SWAPPER_SIGNING_FOLDER=str(tmp_path / "signing")),
            capture_output=True,
            text=True,
            timeout=800,
        )
    assert done.returncode == 0, done.stderr
    codes = json.loads(done.stdout.splitlines()[-1])
    assert codes == [code for _, code in work], done.stderr
    assert asked == [] and kept_in(tmp_path / "home") == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reports of other systems do not heed the proxy's variable")
def test_the_recorder_would_notice(tmp_path: Path) -> None:
    """The same proxy hears of reports when a user asks for them, so silence means silence."""
    program = (
        "import time; from pathlib import Path; from swapper.runtime.onnx_session import open_session\n"
        f"session = open_session(Path('weights/geometry-lite.onnx')); time.sleep({ALIVE})"
    )
    with recording_proxy() as (proxy, asked):
        wanted = clean(**behind(proxy, tmp_path / "home"), ORT_DISABLE_TELEMETRY="0")
        for sign_of_tests in ("CI", "GITHUB_ACTIONS", "TF_BUILD", "GITLAB_CI", "TRAVIS", "CIRCLECI", "JENKINS_URL"):
            wanted.pop(sign_of_tests, None)  # where the library is silent by itself
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=wanted, timeout=120, check=True)
    if not kept_in(tmp_path / "home"):
        pytest.skip("this version of ONNX Runtime has nothing to report")
    assert any("CONNECT" in request for request in asked)


@pytest.mark.slow
@pytest.mark.parametrize("proxy", ["socks://127.0.0.1:9", "socks5://user:secret@127.0.0.1:9", "http://127.0.0.1:9"])
def test_the_app_starts_behind_any_proxy_and_reaches_itself(tmp_path: Path, proxy: str) -> None:
    """Nobody listens at that port, so whatever went through the proxy would fail."""
    with serve(tmp_path, **behind(proxy, tmp_path / "home")):
        assert "Running on local URL" in (tmp_path / "log").read_text()
    assert kept_in(tmp_path / "home") == []


def test_a_proxy_of_another_kind_is_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=clean(**behind("socks4://user:secret@127.0.0.1:9", tmp_path / "home")),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2 and "secret" not in done.stderr
    assert done.stderr.startswith("error: Environment variable") and len(done.stderr.splitlines()) == 1
