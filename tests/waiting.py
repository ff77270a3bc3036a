"""Waiting for a state instead of for a time."""

import time
from collections.abc import Callable

PATIENCE = 300  # seconds; a machine with much else to do takes its time


def wait_for(said: str, condition: Callable[[], object]) -> None:
    """Wait until something is the case.

    Args:
        said: what is waited for, in the failure's words.
        condition: asked again and again.
    """
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"in {PATIENCE} s: not {said}"
        time.sleep(0.1)
