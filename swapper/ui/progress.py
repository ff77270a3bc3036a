"""How lengthy work tells a visitor where it is, and how it ends when nobody waits for it any more."""

import contextvars
import html
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any, TypeVar

import numpy as np
from jaxtyping import UInt8

from swapper.runtime.timing import StepTimer
from swapper.studies.previews import data_uri, shrink
from swapper.ui.files import nothing_left_on_failure
from swapper.ui.languages import said, said_markup

ReportProgress = Callable[[float, str], Any]  # share done in [0, 1], and what is being done
Picture = Callable[[], UInt8[np.ndarray, "h w 3"]]  # gives one when it is to be shown

LOOK_EVERY = 0.4  # seconds from one look at work to the next
SHOWN_SIDE = 640  # px, longer side of the picture that is shown while work runs
WAITING = "Waiting in the queue"
STARTING = "Getting ready"
DONE_SO_FAR = "Share of the work that is done"
LATEST = "The latest finished frame"
BUSY = "{what} · {percent} %"

T = TypeVar("T")


class Cancelled(Exception):
    """Nobody waits for the work any more."""


@dataclass(frozen=True)
class Progress:
    """Where work is.

    Attributes:
        share: that is done, 0 to 1.
        what: is being done, in the visitor's language.
        picture: the latest finished one, where there is one.
        detail: what else is known, for where there is room.
    """

    share: float
    what: str
    picture: Picture | None = None
    detail: str = ""

    def words(self) -> str:
        """One short line."""
        return said(BUSY.format(what=self.what, percent=round(100 * self.share)))


class Tell:
    """What work is given: it tells where it is, which ends it once nobody waits.

    Attributes:
        cancel: is set when nobody waits.
        latest: what was told last.
    """

    def __init__(self) -> None:
        """Nothing has been told yet."""
        self.cancel = Event()
        self.latest: Progress | None = None

    def __call__(self, share: float, what: str, picture: Picture | None = None, detail: str = "") -> None:
        """Tell where the work is.

        Args:
            share: that is done, 0 to 1; less than was told before does not count.
            what: is being done, in the visitor's language.
            picture: gives the latest finished one.
            detail: what else is known, in the visitor's language.

        Raises:
            Cancelled: nobody waits for the work.
        """
        if self.cancel.is_set():
            raise Cancelled
        before = self.latest.share if self.latest else 0.0
        self.latest = Progress(min(max(share, before), 1.0), what, picture, detail)


class ToldTimer(StepTimer):
    """Measures steps and tells each when it begins, so that the work can be ended between any two of them."""

    def __init__(self, tell: ReportProgress, words: dict[str, tuple[float, str]]):
        """Nothing is measured yet.

        Args:
            tell: is told.
            words: share done and what is being done, in the visitor's language, by step; others are told nothing new.
        """
        super().__init__()
        self._tell, self._words, self._now = tell, words, (0.0, "")

    def step(self, name: str) -> Any:
        """Time the body of a ``with`` statement.

        Raises:
            Cancelled: nobody waits for the work.
        """
        self._now = self._words.get(name, self._now)
        self._tell(*self._now)
        return super().step(name)


def follow(work: Callable[[Tell], Iterator[T]]) -> Generator[Progress | T | None, None, None]:
    """Do work in a thread: yields where it is now and then, and its answers as they come.

    Closing the generator cancels the work, which ends when it next tells where it is and leaves no folder behind.

    Args:
        work: is given a ``Tell``; its answers are handed on.

    Yields:
        None as long as nothing was told.
    """
    answers: Queue[tuple[str, Any]] = Queue()
    tell = Tell()

    def run() -> None:
        try:
            with nothing_left_on_failure():
                for answer in work(tell):
                    answers.put(("answer", answer))
                    if tell.cancel.is_set():
                        raise Cancelled
            answers.put(("end", None))
        except BaseException as error:  # raised where the visitor waits
            answers.put(("error", error))

    Thread(target=contextvars.copy_context().run, args=(run,), daemon=True).start()
    try:
        yield None
        while True:
            try:
                kind, value = answers.get(timeout=LOOK_EVERY)
            except Empty:
                yield tell.latest
                continue
            if kind == "error":
                raise value
            if kind == "end":
                return
            yield value
    finally:
        tell.cancel.set()  # not joined: Gradio closes generators where waiting would hold up every visitor


def meter(now: Progress, tall: bool = True) -> str:
    """HTML of a bar that says where work is.

    Args:
        now: where it is.
        tall: leave the room for a picture, also where there is none yet.
    """
    picture = '<div class="empty" aria-hidden="true"></div>' if tall else ""
    if now.picture is not None:
        uri = data_uri(shrink(now.picture(), SHOWN_SIDE), 80)
        picture = f'<img src="{uri}" alt="{said_markup(LATEST)}" decoding="sync">'
    percent = round(100 * now.share)
    words = html.escape(f"{now.words()} · {now.detail}" if now.detail else now.words())
    return (
        f'<div class="running">{picture}<div class="meter" role="progressbar" '
        f'aria-label="{said_markup(DONE_SO_FAR)}" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}" '
        f'aria-valuetext="{words}"><span style="width:{100 * now.share:.1f}%"></span></div><p>{words}</p></div>'
    )
