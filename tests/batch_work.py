"""What workers do in tests of the batch engine; a module of its own, so that other processes can import it."""

import os
import signal
import time
from pathlib import Path

import cv2  # noqa: F401
import numpy as np  # noqa: F401
from threadpoolctl import threadpool_info

from swapper.errors import UserError

Task = tuple[str, int, str]  # what happens, a number, and a folder in which each attempt leaves a file


class Squaring:
    """Squares numbers; the first word of a task says what happens before."""

    def __init__(self, log: str):
        (Path(log) / f"worker-{os.getpid()}-{time.monotonic_ns()}").touch()

    def __call__(self, task: Task, tell) -> int:
        word, number, log = task
        begun = len(list(Path(log).glob(f"task-{number}-*")))
        (Path(log) / f"task-{number}-{begun}").touch()
        if word == "refuse":
            raise UserError(f"Number {number}: it is refused. Give another.")
        if word == "stumble":
            raise KeyError("something")
        if word == "die" or (word == "die once" and not begun):
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "threads":
            return max(library["num_threads"] for library in threadpool_info())
        if word == "wait":
            for share in (0.25, 0.5, 0.75):
                time.sleep(0.7)
                tell(share)
        return number * number
