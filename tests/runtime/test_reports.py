"""What libraries would report, and what they would keep in the home directory."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from recorders import behind, kept_in

from swapper.runtime.reports import SWITCHES, is_silent, silence_reports

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
OPENS = "from swapper.runtime.onnx_session import open_session; from pathlib import Path; " + (
    f"open_session(Path({str(ROOT / 'weights' / 'geometry-lite.onnx')!r}))"
)
REPORTS = sys.platform == "linux" and tuple(map(int, version("onnxruntime").split(".")[:2])) >= (1, 29)


def run(program: str, home: Path, **environment: str) -> str:
    """What a new process prints whose user has said nothing about reports."""
    named = (*SWITCHES, "CI", "GITHUB_ACTIONS", "TF_BUILD", "GITLAB_CI", "TRAVIS", "CIRCLECI", "JENKINS_URL")
    clean = {name: value for name, value in os.environ.items() if name not in named}
    home.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**clean, **behind("", home), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_switches_are_set_unless_a_user_set_them() -> None:
    environ: dict[str, str] = {"HF_HUB_DISABLE_TELEMETRY": "0", "GRADIO_ANALYTICS_ENABLED": ""}
    silence_reports(environ)
    assert environ == {**SWITCHES, "HF_HUB_DISABLE_TELEMETRY": "0"}
    assert is_silent(environ) and not is_silent({"ORT_DISABLE_TELEMETRY": "0"}) and not is_silent({})


@pytest.mark.parametrize(
    "begin",
    [
        "import swapper",
        "from swapper.methods.base import METHODS",
        "import swapper.__main__",
        "import trainers",
        "import trainers.__main__",
        "import runpy; runpy.run_path('app.py', run_name='app')",
    ],
)
def test_every_way_in_turns_reports_off_before_it_imports_anything_else(tmp_path: Path, begin: str) -> None:
    watch = (
        "import importlib.abc, os, sys\n"
        "class Watch(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        known = name in ('onnxruntime', 'gradio', 'huggingface_hub')\n"
        "        if known and not os.environ.get('ORT_DISABLE_TELEMETRY'):\n"
        "            print('TOO EARLY', name)\n"
        "sys.meta_path.insert(0, Watch())\n"
    )
    said = run(f"{watch}{begin}\nprint({{name: os.environ.get(name) for name in {list(SWITCHES)!r}}})", tmp_path / "h")
    assert "TOO EARLY" not in said and said.strip().splitlines()[-1] == str(dict(SWITCHES))


def test_nothing_is_kept_in_the_home_directory(tmp_path: Path) -> None:
    run(OPENS, tmp_path / "home")
    assert kept_in(tmp_path / "home") == []


@pytest.mark.skipif(not REPORTS, reason="this version of ONNX Runtime has nothing to report")
def test_a_user_who_wants_reports_gets_them(tmp_path: Path) -> None:
    run(OPENS, tmp_path / "home", ORT_DISABLE_TELEMETRY="0")
    assert any(name.endswith("deviceid") for name in kept_in(tmp_path / "home")), "this test could not see a report"


def test_a_program_that_imports_onnxruntime_first_is_told(tmp_path: Path) -> None:
    assert "Import swapper first" in run("import onnxruntime, swapper", tmp_path / "home")
    assert run("import onnxruntime, swapper", tmp_path / "home", ORT_DISABLE_TELEMETRY="1") == ""
