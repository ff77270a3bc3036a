"""What a library does to the priority of threads is undone."""

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import av
import pytest

from swapper.runtime.threads import usual_priority

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere encoders leave priorities alone")


def kinds() -> set[int]:
    """How the threads of this process are scheduled."""
    return {os.sched_getscheduler(int(task.name)) for task in Path("/proc/self/task").iterdir()}


def test_an_encoder_makes_nobody_a_real_time_process():
    before = kinds()
    with av.open(io.BytesIO(), "w", format="avif") as container:
        stream = container.add_stream("libsvtav1", rate=1, options={"preset": "8"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        with usual_priority():
            stream.codec_context.open()
        assert kinds() == before
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    assert kinds() == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may ask for real time")
def test_what_was_asked_for_before_stays():
    code = (
        "import os; from swapper.runtime.threads import usual_priority as usual\n"
        "os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))\n"
        "with usual(): os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))\n"
        "assert os.sched_getscheduler(0) == os.SCHED_BATCH"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_threads_begun_meanwhile_get_their_callers_priority():
    done, begun = threading.Event(), threading.Event()

    def work() -> None:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        begun.set()
        done.wait(10)

    with usual_priority():
        thread = threading.Thread(target=work)
        thread.start()
        assert begun.wait(10)
    assert kinds() <= {os.SCHED_OTHER}
    done.set()
    thread.join()
