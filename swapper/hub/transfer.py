"""Carrying a file over from the Hub: within a time, at a least speed, on from where it stopped, and never waiting deaf.

Whatever waits for another machine does so in a thread of its own, so that the caller can be interrupted at any moment
and no answer, however slowly it trickles in, holds it beyond the limits.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any, TypeVar

from huggingface_hub import get_session
from huggingface_hub.errors import (
    HfHubHTTPError,
    HTTPError,  # pyright: ignore[reportPrivateImportUsage] (its home moved between versions of the client)
)
from huggingface_hub.utils import hf_raise_for_status

from swapper.runtime.limits import Limits

ANSWER = 30.0  # seconds, within which an answer has to begin
WINDOW = 30.0  # seconds, over which the speed is measured
ATTEMPTS = 5  # without a byte in between
_TICK = 0.2  # seconds between two looks at the clock
_SILENCE = 20.0  # seconds without a byte after which a connection counts as broken
_WAITING = 64  # pieces between the thread that receives and the one that writes

R = TypeVar("R")
Tell = Callable[[int, int | None], object]  # bytes that are here, and bytes in all where that is known


class DownloadStopped(Exception):
    """A download was given up; the message is half a sentence that says why."""


@dataclass(frozen=True)
class Remote:
    """What is carried over.

    Attributes:
        url: where it is asked for; redirects are followed.
        headers: of the request.
        size: in bytes; None where nobody says.
    """

    url: str
    headers: dict[str, str]
    size: int | None


def within(seconds: float, ask: Callable[[], R]) -> R:
    """What a function returns or raises, if it does so in time.

    Args:
        seconds: after which it is left alone.
        ask: is called in a thread of its own.

    Raises:
        DownloadStopped: it takes longer.
    """
    box: Queue[tuple[Any, BaseException | None]] = Queue()

    def run() -> None:
        try:
            box.put((ask(), None))
        except BaseException as error:  # raised where the caller waits
            box.put((None, error))

    Thread(target=run, daemon=True).start()
    end = time.monotonic() + seconds
    while True:
        try:
            value, error = box.get(timeout=_TICK)
        except Empty:
            if time.monotonic() > end:
                raise DownloadStopped(f"it has not answered within {seconds:.0f} seconds") from None
            continue
        if error is not None:
            raise error
        return value


class Pace:
    """Watches how long a download takes, and how fast it is."""

    def __init__(self, limits: Limits):
        """Begin now.

        Args:
            limits: of time and speed.
        """
        self._limits, self._begun = limits, time.monotonic()
        self._seen: deque[tuple[float, int]] = deque([(self._begun, 0)])
        self._bytes = 0

    def check(self, more: int = 0) -> None:
        """Count bytes that came.

        Args:
            more: since the last call.

        Raises:
            DownloadStopped: it takes too long or is too slow.
        """
        now = time.monotonic()
        self._bytes += more
        self._seen.append((now, self._bytes))
        while len(self._seen) > 1 and self._seen[1][0] <= now - WINDOW:
            self._seen.popleft()
        if now - self._begun > self._limits.download_seconds:
            raise DownloadStopped(
                f"it is not finished after {self._limits.download_seconds} seconds (SWAPPER_DOWNLOAD_SECONDS)"
            )
        since, before = self._seen[0]
        speed = (self._bytes - before) / max(now - since, 1e-9)
        if now - since >= WINDOW and speed < self._limits.download_speed:
            raise DownloadStopped(
                f"it came at {speed:.0f} bytes a second, slower than {self._limits.download_speed} "
                "(SWAPPER_DOWNLOAD_SPEED)"
            )


def carry_over(remote: Remote, part: Path, limits: Limits, tell: Tell) -> None:
    """Write the rest of a file behind what an earlier call left of it.

    Args:
        remote: the file.
        part: where its bytes go; it stays when the download ends early, so that another call can go on.
        limits: of time and speed.
        tell: called at the start, and whenever bytes have come.

    Raises:
        DownloadStopped: it takes too long, is too slow, or is longer than announced.
        HfHubHTTPError: the Hub answers with an error.
        HTTPError: the connection breaks again and again.
        OSError: the bytes cannot be written.
    """
    pace, left = Pace(limits), ATTEMPTS
    while True:
        before = _size(part)
        tell(before, remote.size)
        if before == remote.size:
            return
        try:
            whole = _append(remote, part, before, pace, tell)
        except HTTPError as error:
            if isinstance(error, HfHubHTTPError):
                raise
            left = ATTEMPTS if _size(part) > before else left - 1
            if not left:
                raise
        else:
            if whole:
                return
            left = ATTEMPTS if _size(part) > before else left - 1
            if not left:
                raise DownloadStopped("the connection ends before the file does")
        pace.check()
        time.sleep(1)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _append(remote: Remote, part: Path, have: int, pace: Pace, tell: Tell) -> bool:
    """One connection's bytes; returns whether the file is whole."""
    with part.open("ab") as file:
        for piece in _pieces(remote, have, pace):
            if isinstance(piece, int):
                file.truncate(piece)  # the Hub begins anew where it cannot go on
                have = piece
                continue
            file.write(piece)
            file.flush()
            have += len(piece)
            tell(have, remote.size)
            if remote.size is not None and have > remote.size:
                file.truncate(0)
                raise DownloadStopped(f"it is longer than the {remote.size} bytes that were announced")
    return remote.size is None or have == remote.size


def _pieces(remote: Remote, have: int, pace: Pace) -> Iterator[int | bytes]:
    """Where the bytes begin, then the bytes as they come."""
    arrived: Queue[int | bytes | BaseException | None] = Queue(_WAITING)
    left = Event()
    Thread(target=_receive, args=(remote, have, arrived, left), daemon=True).start()
    answer_by = time.monotonic() + ANSWER
    answered = False
    try:
        while True:
            try:
                piece = arrived.get(timeout=_TICK)
            except Empty:
                pace.check()
                if not answered and time.monotonic() > answer_by:
                    raise DownloadStopped(f"it has not answered within {ANSWER:.0f} seconds") from None
                continue
            if piece is None:
                return
            if isinstance(piece, BaseException):
                raise piece
            answered = True
            pace.check(0 if isinstance(piece, int) else len(piece))
            yield piece
    finally:
        left.set()


def _receive(remote: Remote, have: int, arrived: "Queue[int | bytes | BaseException | None]", left: Event) -> None:
    """Put what comes into a queue until nobody waits for it any more."""

    def put(item: int | bytes | BaseException | None) -> None:
        while not left.is_set():
            try:
                return arrived.put(item, timeout=_TICK)
            except Full:
                continue

    headers = {**remote.headers, "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        with get_session().stream(
            "GET", remote.url, headers=headers, follow_redirects=True, timeout=_SILENCE
        ) as response:
            if response.status_code != 416:
                hf_raise_for_status(response)
                put(have if response.status_code == 206 else 0)
                for piece in response.iter_bytes():
                    put(piece)
                    if left.is_set():
                        return
                return put(None)
        if not have:
            raise DownloadStopped("it cannot be read from its start")
        _receive(remote, 0, arrived, left)  # what is here was more than there is
    except BaseException as error:  # raised where the caller waits
        put(error)
