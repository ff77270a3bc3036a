"""How the project's programs end when they are stopped, and how they speak to terminals that know few letters."""

import atexit
import io
import logging
import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread, current_thread, main_thread
from types import FrameType

from swapper.runtime.whole_file import unfinished

_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}  # exit codes of a program that was stopped by Ctrl-C, or by SIGTERM
_SAID = "Stopped."


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived, in a block of ``interruptible``."""


class StopRequest:
    """Whether somebody has asked the process to end, for work that ends at a moment of its own.

    Attributes:
        number: of the signal; None while nobody has asked.
    """

    number: signal.Signals | None = None

    @property
    def exception(self) -> KeyboardInterrupt:
        """What the signal would have raised; ``say_stopped`` takes it."""
        return Terminated() if self.number == signal.SIGTERM else KeyboardInterrupt()


def stop_at_once() -> None:
    """From now on Ctrl-C and SIGTERM end the process at once, with one line; half-written files are removed.

    For programs only, before their imports, which take seconds. An exception would be lost in one of the many places
    that swallow any, and would wait for threads.
    """
    for number in _CODES:
        signal.signal(number, _end)
    atexit.register(_ignore)  # all is done by then, and Python would forget our answer before it ends


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM raise in the block instead, once, so that finished work is kept and locks are released.

    Raises:
        KeyboardInterrupt: Ctrl-C.
        Terminated: SIGTERM.
    """
    with _handled(_raise, only_ours=True):
        yield


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Ctrl-C and SIGTERM are noted in the block, once, for work that looks at them when it can; the next one ends it.

    Yields:
        What is noted; nothing ever is where the block runs in a thread of its own.
    """
    request = StopRequest()
    before = {number: signal.getsignal(number) for number in _CODES}

    def note(number: int, _frame: FrameType | None) -> None:
        request.number = signal.Signals(number)
        for other, handler in before.items():
            signal.signal(other, handler)

    with _handled(note):
        yield request


def follow_parent() -> None:
    """For worker processes: the process that started this one answers Ctrl-C alone, and this one ends with it.

    SIGTERM ends it without a word; half-written files are removed either way.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_silently)
    Thread(target=_end_with_parent, name="parent", daemon=True).start()


def say_stopped(stop: KeyboardInterrupt, more: str = "") -> int:
    """Say in one line that the program was stopped.

    Args:
        stop: what was caught.
        more: a sentence on what the user can do now.

    Returns:
        The exit code.
    """
    print(f"{_SAID} {more}" if more else _SAID, file=sys.stderr)
    return _CODES[signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT]


def nobody_reads(error: BrokenPipeError) -> int:
    """End as programs do whose output is no longer read, as after ``| head``: without a word.

    Args:
        error: what was caught.

    Returns:
        The exit code.

    Raises:
        BrokenPipeError: standard output is read; the error is of something else.
    """
    if hasattr(select, "poll"):
        watch = select.poll()
        watch.register(sys.stdout.fileno(), 0)
        if not any(seen & select.POLLERR for _, seen in watch.poll(0)):
            raise error
    with Path(os.devnull).open("w") as nowhere:  # or the interpreter would complain about what is left
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    return 128 + 13  # SIGPIPE, which Windows lacks


def speak_plainly() -> None:
    """Let output hold letters that the terminal's code page lacks, escaped, and keep libraries' own words out of it."""
    logging.getLogger("PIL").addHandler(logging.NullHandler())  # what is wrong with a picture is said in one sentence
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _handled(handler: "signal._HANDLER", only_ours: bool = False) -> Iterator[None]:
    """Signals go to a handler; to none but the earlier one where it is not ours, or outside the main thread."""
    before = {number: signal.getsignal(number) for number in _CODES}
    changed = [number for number in before if not only_ours or before[number] is _end]
    if current_thread() is not main_thread():
        changed = []
    for number in changed:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, before[number])


def _end(number: int, _frame: FrameType | None) -> None:
    _ignore()
    _remove_unfinished()
    with suppress(OSError, ValueError, RuntimeError, AttributeError):  # it was being written to, or there is none
        sys.stdout.flush()
    with suppress(OSError):
        os.write(2, f"{_SAID}\n".encode("ascii"))
    os._exit(_CODES[signal.Signals(number)])


def _end_silently(number: int, _frame: FrameType | None) -> None:
    _remove_unfinished()
    os._exit(_CODES[signal.Signals(number)])


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        _remove_unfinished()
        os._exit(1)


def _remove_unfinished() -> None:
    for path in unfinished():
        with suppress(OSError):
            path.unlink()


def _ignore() -> None:
    for number in _CODES:
        signal.signal(number, signal.SIG_IGN)


def _raise(number: int, _frame: FrameType | None) -> None:
    for other in _CODES:
        signal.signal(other, _end)  # whoever asks twice does not want to wait
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt
