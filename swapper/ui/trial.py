"""A first try at decoding every upload, in a process of its own that may be ended.

A file whose decoding takes too long, takes too much memory or brings the decoder down does so there, and is refused
before the app itself opens it.
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock, Timer

from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.ui.trial_worker import DONE, TOO_MUCH

TOO_LONG = (
    "File '{name}': decoding it takes more than {most} seconds of computing. "
    "Save it again in a common format, or set SWAPPER_DECODE_SECONDS."
)
TOO_LARGE = (
    "File '{name}': decoding it takes more than {most:g} MB of memory. Make it smaller, or set SWAPPER_DECODE_BYTES."
)
BROKEN = "File '{name}': the decoder broke down over it, so the file is damaged. Save it again in a common format."

_KEPT = 2  # processes that wait for the next file
_FILES = 500  # after which a process makes room for a fresh one
_PATIENCE = 10  # times the seconds of computing, after which a process that does nothing is ended
_SLOW = "too long"
_BROKE = "broke"
_KILLED = "killed"  # by a system that has no memory left


def try_decoding(path: str, video: bool = False) -> None:
    """Decode an upload in another process, once for as long as it stays as it is.

    Args:
        path: of the file; one that is not there passes, because whoever reads it says so.
        video: look at the head and the first frame, as a video is looked at before it is swapped.

    Raises:
        UserError: that takes more than ``SWAPPER_DECODE_SECONDS`` or ``SWAPPER_DECODE_BYTES``, or ends the process.
    """
    file = Path(path).resolve()
    if not file.is_file():
        return
    limits = Limits.from_environment() if video else Limits.for_photos()
    state = file.stat()
    found = _outcome(os.getpid(), str(file), video, limits, state.st_mtime_ns, state.st_size)
    if found == _SLOW:
        raise UserError(TOO_LONG.format(name=path, most=limits.decode_seconds))
    if found == TOO_MUCH:
        raise UserError(TOO_LARGE.format(name=path, most=round(limits.decode_bytes / 2**20, 1)))
    if found != DONE:
        raise UserError(BROKEN.format(name=path))


def get_ready() -> None:
    """Start a process, so that nobody waits for it."""
    _trials(os.getpid()).get_ready()


@lru_cache(maxsize=512)
def _outcome(process: int, path: str, video: bool, limits: Limits, _changed: int, _size: int) -> str:
    return _trials(process).outcome(path, video, limits)


@lru_cache(maxsize=1)
def _trials(_process: int) -> "Trials":
    """Those of this process: a fork must not speak through its parent's pipes."""
    return Trials()


@dataclass
class _Worker:
    process: subprocess.Popen[str]
    files: int = 0

    @classmethod
    def start(cls) -> "_Worker":
        root = str(Path(__file__).parents[2])
        paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        return cls(
            subprocess.Popen(
                [sys.executable, "-m", "swapper.ui.trial_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": paths},
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C is the app's; this one ends when its input does
            )
        )

    def ask(self, path: str, video: bool, limits: Limits) -> str:
        """What becomes of a file: ``DONE``, ``TOO_MUCH``, or empty where the process ended over it."""
        assert self.process.stdin and self.process.stdout, "they are pipes"
        self.files += 1
        try:
            asked = {"path": path, "video": video, "limits": asdict(limits)}
            self.process.stdin.write(json.dumps(asked) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        return json.loads(line) if line.endswith("\n") else ""

    def end(self) -> int:
        """End it if it has not ended; returns its exit code, negative for a signal."""
        assert self.process.stdin and self.process.stdout, "they are pipes"
        self.process.kill()
        code = self.process.wait()
        self.process.stdout.close()
        with suppress(BrokenPipeError):  # what was asked last was not read any more
            self.process.stdin.close()
        return code


class Trials:
    """Processes that decode files, warm for the next one."""

    def __init__(self) -> None:
        """Start none yet."""
        self._lock = Lock()
        self._idle: list[_Worker] = []

    def get_ready(self) -> None:
        """Start a process unless one waits."""
        with self._lock:
            if not self._idle:
                self._idle.append(_Worker.start())

    def outcome(self, path: str, video: bool, limits: Limits) -> str:
        """What becomes of a file: one of the worker's words, or one for a process that did not come to its end.

        Args:
            path: absolute.
            video: as of ``try_decoding``.
            limits: what is allowed on this machine.
        """
        worker = self._take()
        fresh = worker.files == 0
        found = self._ask(worker, path, video, limits)
        if found in (_BROKE, _KILLED) and not fresh:  # perhaps for a reason that is older than this file
            found = self._ask(_Worker.start(), path, video, limits)
        return TOO_MUCH if found == _KILLED else found

    def _ask(self, worker: _Worker, path: str, video: bool, limits: Limits) -> str:
        patience = limits.decode_seconds * (1 if sys.platform == "win32" else _PATIENCE)
        late = Timer(patience, worker.process.kill)
        late.daemon = True
        late.start()
        said = worker.ask(path, video, limits)
        in_time = late.is_alive()
        late.cancel()
        if said:
            self._put(worker)
            return said
        code = worker.end()
        if not in_time or (sys.platform != "win32" and code == -signal.SIGXCPU):
            return _SLOW
        return _KILLED if sys.platform != "win32" and code == -signal.SIGKILL else _BROKE

    def _take(self) -> _Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.process.poll() is None:
                    return worker
                worker.end()
        return _Worker.start()

    def _put(self, worker: _Worker) -> None:
        with self._lock:
            if len(self._idle) < _KEPT and worker.files < _FILES:
                self._idle.append(worker)
                return
        worker.end()
