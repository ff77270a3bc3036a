"""How programs end when they are stopped, and what they print on terminals that know few letters."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from swapper.runtime.program import say_stopped
from swapper.runtime.whole_file import unfinished, whole_file

ROOT = Path(__file__).parents[2]
PORTRAITS = ROOT / "examples" / "portraits"
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")


def start(*command: str, **environ: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def started(program: "subprocess.Popen[str]") -> bool:
    """Whether it takes signals itself, before which Python ends it in its own way."""
    status = (Path("/proc") / str(program.pid) / "status").read_text()
    (caught,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), SIGNALS)
@pytest.mark.parametrize("seconds", [0.2, 1.0, 3.0, 6.0])
@pytest.mark.parametrize("command", ["image", "video"])
def test_stopped_while_loading_or_working(number, code, seconds, command, tmp_path):
    if not (PORTRAITS / "02.jpg").is_file() or not Path("/proc/self/status").exists():
        pytest.skip("needs the example portraits, and Linux")
    suffix = {"image": ".jpg", "video": ".gif"}[command]
    target = PORTRAITS / "02.jpg"
    if command == "video":
        from clips import pictures, portrait, write_clip

        target = write_clip(tmp_path / "in.mp4", [portrait(1)] * 400)
        assert len(pictures(target)) == 400
    source = str(PORTRAITS / "01.jpg")
    program = start("-m", "swapper", command, source, str(target), "-o", str(tmp_path / f"out{suffix}"))
    while not started(program):
        time.sleep(0.02)
    time.sleep(seconds)
    program.send_signal(number)
    out, err = program.communicate(timeout=120)
    if program.returncode == 0:
        pytest.skip("it was faster than that")
    assert (program.returncode, err.count("\n")) == (code, 1), err
    assert err.startswith("Stopped.") and not out
    left = {path.name for path in tmp_path.iterdir()} - {"in.mp4"}
    if "resume" in err:  # what is finished is kept for that: a folder and the job's lock, both hidden
        assert command == "video" and len(left) == 2 and all(name.startswith(".swapper-") for name in left)
    else:
        assert not left


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_half_written_files_go(number, code, tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from swapper.runtime.program import stop_at_once; stop_at_once()\n"
        "from swapper.runtime.whole_file import whole_file\n"
        f"with whole_file(Path({str(tmp_path / 'a.png')!r})) as fresh:\n"
        "    fresh.write_bytes(b'half'); print('ready', flush=True); time.sleep(60)"
    )
    program = start("-c", script)
    assert program.stdout is not None and program.stdout.readline() == "ready\n"
    assert len(list(tmp_path.iterdir())) == 1
    program.send_signal(number)
    assert program.wait(10) == code and program.stderr is not None and program.stderr.read() == "Stopped.\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_work_that_wants_to_keep_something_is_told_once(number, code):
    script = (
        "import sys, time; from swapper.runtime.program import interruptible, say_stopped, stop_at_once\n"
        "stop_at_once()\n"
        "try:\n"
        "    with interruptible():\n"
        "        print('ready', flush=True); time.sleep(60)\n"
        "except KeyboardInterrupt as stop:\n"
        "    print('tidying', flush=True)\n"
        "    if len(sys.argv) > 1: time.sleep(60)\n"
        "    sys.exit(say_stopped(stop, 'It goes on.'))"
    )
    for patient in ([], ["wait"]):
        program = start("-c", script, *patient)
        assert program.stdout is not None and program.stderr is not None
        assert program.stdout.readline() == "ready\n"
        program.send_signal(number)
        assert program.stdout.readline() == "tidying\n"
        if patient:
            program.send_signal(number)
        assert program.wait(10) == code
        assert program.stderr.read() == ("Stopped.\n" if patient else "Stopped. It goes on.\n")


def test_what_is_being_written_is_known_and_forgotten(tmp_path):
    with whole_file(tmp_path / "a.png") as fresh:
        assert unfinished() == [fresh]
        fresh.touch()
    assert unfinished() == []
    with pytest.raises(ValueError, match="no"), whole_file(tmp_path / "b.png"):
        raise ValueError("no")
    assert unfinished() == []


def test_an_exception_from_elsewhere_is_one_line_too(capsys):
    assert say_stopped(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "Stopped.\n"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp949", "utf-8", "cp437:strict"])
@pytest.mark.parametrize("name", ["o 😀.png", "한국.png", "naïve.png", "a\udcff.png"])
def test_any_name_can_be_printed(encoding, name, tmp_path):
    script = (
        "import os, sys; from pathlib import Path; from swapper.runtime.program import speak_plainly; speak_plainly()\n"
        "name = os.fsdecode(bytes.fromhex(sys.argv[1])); print(name); print(name, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, os.fsencode(name).hex()],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    assert done.stdout.strip() and done.stderr.strip()


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "ascii:strict"])
def test_the_image_command_on_a_windows_code_page(encoding, tmp_path):
    if not (PORTRAITS / "02.jpg").is_file():
        pytest.skip("the example portraits are not here")
    output = tmp_path / "o 😀.png"
    command = ["image", str(PORTRAITS / "01.jpg"), str(PORTRAITS / "02.jpg"), "-o", str(output), "--method", "warp"]
    program = start("-m", "swapper", *command, PYTHONIOENCODING=encoding)
    out, err = program.communicate(timeout=120)
    assert program.returncode == 0 and output.is_file(), err
    assert "\\U0001f600" in out and "swapped 1 of 1" in out
    program = start("-m", "swapper", *command, PYTHONIOENCODING=encoding)
    out, err = program.communicate(timeout=120)
    assert program.returncode == 2 and err.count("\n") == 1 and "exists already" in err


def test_output_that_nobody_reads_ends_the_program_without_a_word():
    command = shlex.join([sys.executable, "-m", "swapper", "weights", "list"])
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -1; exit ${{PIPESTATUS[0]}}"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stderr == "" and len(done.stdout.splitlines()) == 1 and done.returncode in (0, 141)
