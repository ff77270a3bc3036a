"""Uploads are decoded for the first time in a process that is ended when that takes too much."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from clips import background, write_clip
from hostile.pictures import deep_png, thin_png
from PIL import Image
from waiting import wait_for

from swapper.types import UserError
from swapper.ui import files, trial
from swapper.ui.trial import try_decoding

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def fresh():
    """No process from another test, and none afterwards."""
    for cached in (trial._outcome, trial._trials):
        cached.cache_clear()
    yield
    trials = trial._trials(os.getpid())
    while trials._idle:
        trials._idle.pop().end()
    for cached in (trial._outcome, trial._trials):
        cached.cache_clear()


def workers() -> list[int]:
    """Numbers of the processes that wait."""
    return [worker.process.pid for worker in trial._trials(os.getpid())._idle]


@pytest.fixture
def photo(uploads: Path) -> str:
    Image.new("RGB", (64, 48), "grey").save(uploads / "a.png")
    return str(uploads / "a.png")


def test_usual_files_pass_through_one_process(photo, uploads):
    clip = write_clip(uploads / "a.mp4", [background(64, 96)] * 3)
    assert files.upload_paths({"path": photo}) == [photo]
    (first,) = workers()
    assert files.upload_paths({"path": str(clip)}, most=10**9) == [str(clip)]
    Image.new("RGB", (64, 48), "red").save(photo)
    assert files.upload_paths({"path": photo}) == [photo]
    assert workers() == [first]


def test_a_file_that_passed_is_not_tried_again(photo):
    try_decoding(photo)
    (worker,) = workers()
    os.kill(worker, signal.SIGSTOP)  # whoever asks it now waits
    begin = time.perf_counter()
    try_decoding(photo)
    assert time.perf_counter() - begin < 1
    os.kill(worker, signal.SIGCONT)


def test_a_photo_that_takes_too_long_is_refused(uploads, monkeypatch):
    monkeypatch.setenv("SWAPPER_DECODE_SECONDS", "1")
    slow = uploads / "slow.png"
    slow.write_bytes(deep_png(6000))
    for _ in range(2):
        with pytest.raises(UserError, match=r"File '.*slow\.png': .* more than 1 seconds of .* SWAPPER_DECODE_SECONDS"):
            files.upload_paths({"path": str(slow)})
    assert workers() == []


def test_a_photo_that_takes_too_much_memory_is_refused_and_the_process_stays(uploads, photo, monkeypatch):
    monkeypatch.setenv("SWAPPER_DECODE_BYTES", str(60 * 2**20))
    large = uploads / "large.png"
    large.write_bytes(thin_png(6000, 6000))
    with pytest.raises(UserError, match=r"more than 60 MB of memory\. .* SWAPPER_DECODE_BYTES\.$"):
        files.upload_paths({"path": str(large)})
    (worker,) = workers()
    try_decoding(photo)
    assert workers() == [worker]
    monkeypatch.delenv("SWAPPER_DECODE_BYTES")
    try_decoding(str(large))


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n cut off"])
def test_damage_is_left_to_whoever_reads_the_file(uploads, content):
    (uploads / "a.png").write_bytes(content)
    try_decoding(str(uploads / "a.png"))
    try_decoding(str(uploads / "a.png"), video=True)
    try_decoding(str(uploads / "not there.png"))


def test_a_decoder_that_breaks_down_takes_nothing_with_it(photo, monkeypatch):
    (Path(photo).parent / "sitecustomize.py").write_text("import os, sys\nsys.stdin.readline()\nos.abort()\n")
    monkeypatch.setenv("PYTHONPATH", str(Path(photo).parent))
    with pytest.raises(UserError, match="the decoder broke down over it"):
        try_decoding(photo)


def test_a_process_that_was_ended_is_replaced(photo, uploads):
    try_decoding(photo)
    (worker,) = workers()
    os.kill(worker, signal.SIGKILL)
    Image.new("RGB", (64, 48), "red").save(uploads / "b.png")
    try_decoding(str(uploads / "b.png"))
    assert len(workers()) == 1 and workers() != [worker]


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_asks_a_process_of_its_own(photo, uploads):
    try_decoding(photo)
    Image.new("RGB", (64, 48), "red").save(uploads / "b.png")
    child = os.fork()
    if child == 0:
        try_decoding(str(uploads / "b.png"))
        os._exit(0 if len(workers()) == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_when_the_app_ends(way):
    code = "import os; from swapper.ui.trial import *; from swapper.ui.trial import _trials; get_ready()\n"
    code += "print(_trials(os.getpid())._idle[0].process.pid, flush=True); input()"
    app = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert app.stdin and app.stdout
    worker = int(app.stdout.readline())
    app.send_signal(way)
    app.wait()
    wait_for("the other process gone", lambda: not is_running(worker))


def is_running(number: int) -> bool:
    """Whether there is such a process; one that nobody waited for has ended, too."""
    status = Path(f"/proc/{number}/stat")
    return status.is_file() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_the_process_starts_without_torch():
    code = "import sys, swapper.ui.trial_worker; sys.exit('torch' in sys.modules or 'gradio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
