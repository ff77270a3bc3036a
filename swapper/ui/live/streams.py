"""The live streams of all visitors: frames come in as data links and go out as data links, nothing touches the disk."""

import base64
import binascii
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import gradio as gr
import numpy as np
import torch
from jaxtyping import UInt8

from swapper.compose.settings import BlendSettings
from swapper.images import read_image
from swapper.methods.warp import WarpMethod
from swapper.pipeline import FaceSwapper
from swapper.registry import METHODS
from swapper.runtime.limits import Limits
from swapper.studies.previews import data_uri, shrink
from swapper.types import Identity, UserError
from swapper.ui.gpu import is_lent
from swapper.ui.swappers import SwapperCache, offered_methods
from swapper.video.live import LiveEngine, LiveStream

FASTEST = next(name for name, info in METHODS.items() if info.quick)
NO_FRAME = "Webcam: the frame is not a JPEG of at most {most} MB. Reload the page and start again."
_BEGIN = "data:image/jpeg;base64,"
_MOST_FRAME_BYTES = 4 * 2**20
_WARP_SIDE = 256  # px; half the side that photos are warped at, in half the time
_IDLE_SECONDS = 60.0  # after which a visitor's stream is forgotten
_PAUSE = 2.0  # seconds without a frame to work on after which the rate is counted anew
_COUNTED = 20  # frames
_MOST_PHOTOS = 4  # whose persons a stream remembers


@dataclass(frozen=True)
class ShownFrame:
    """A finished frame.

    Attributes:
        url: of the picture, a data link.
        faces: how many were swapped.
        rate: frames a second lately, 0 for the first.
        milliseconds: from the frame's arrival to here.
    """

    url: str
    faces: int
    rate: float
    milliseconds: float


@dataclass(frozen=True)
class LiveSettings:
    """What a visitor may change while live.

    Attributes:
        second: path of the photo of a second source person; empty when all faces become the first.
        exchanged: who is whom the other way round.
        side: longer side of the frames, px; as large as the machine allows when None.
        blend: how faces are blended in.
    """

    second: str = ""
    exchanged: bool = False
    side: int | None = None
    blend: BlendSettings = field(default_factory=BlendSettings)


_USUAL = LiveSettings()


@dataclass
class _Visit:
    stream: LiveStream
    lock: Lock = field(default_factory=Lock)
    identities: OrderedDict[str, Identity | UserError] = field(default_factory=OrderedDict)  # by photo, the newest last
    finished: deque[float] = field(default_factory=lambda: deque(maxlen=_COUNTED))
    seen: float = 0.0  # of the process's clock, seconds


def live_method() -> str:
    """Name of the fastest method whose weights are on this machine."""
    return FASTEST if FASTEST in offered_methods() else WarpMethod.name


def live_swapper(swappers: SwapperCache) -> FaceSwapper:
    """What swaps live frames.

    Args:
        swappers: shared by all sessions.
    """
    if live_method() == FASTEST:
        return FaceSwapper(FASTEST, "cpu") if is_lent() else swappers.get(FASTEST)
    return FaceSwapper(WarpMethod(torch.device("cpu"), _WARP_SIDE), "cpu")


class LiveStreams:
    """One stream for each visitor who is live; what is known of a visitor is dropped soon after the last frame."""

    def __init__(self, build: Callable[[], FaceSwapper], limits: Limits):
        """Start with nobody; networks are loaded for the first frame.

        Args:
            build: makes what swaps.
            limits: what is allowed on this machine.
        """
        self._build, self._limits = build, limits
        self._lock = Lock()
        self._swapper: FaceSwapper | None = None
        self._engine: LiveEngine | None = None
        self._visits: OrderedDict[str, _Visit] = OrderedDict()  # the one seen last comes last

    def __len__(self) -> int:
        """How many visitors are known."""
        return len(self._visits)

    def swap(self, visitor: str, payload: Any, photo: str, settings: LiveSettings = _USUAL) -> ShownFrame:
        """Swap the next frame of a visitor.

        Args:
            visitor: hash of the session.
            payload: the frame as Gradio sends it.
            photo: path of the source person's photo.
            settings: may be others than before.

        Raises:
            UserError: the frame or the photo cannot be used.
        """
        begun = time.monotonic()
        frame = shrink(self._read(payload), settings.side or self._limits.max_live_side)
        photos = [photo, settings.second] if settings.second else [photo]
        if settings.exchanged:
            photos.reverse()
        visit = self._visit(visitor, begun)
        with visit.lock:
            identities = [self._identity(visit, each) for each in photos]
            swapped, faces = visit.stream.swap(frame, identities, begun, blend=settings.blend)
            url, now = data_uri(swapped), time.monotonic()
            if visit.finished and begun - visit.finished[-1] > _PAUSE:
                visit.finished.clear()
            visit.finished.append(now)
            passed = now - visit.finished[0]
            rate = (len(visit.finished) - 1) / passed if passed > 0 else 0.0
        return ShownFrame(url, faces, rate, 1000 * (now - begun))

    def leave(self, visitor: str) -> None:
        """Forget a visitor.

        Args:
            visitor: hash of the session.
        """
        with self._lock:
            self._visits.pop(visitor, None)

    def _read(self, payload: Any) -> UInt8[np.ndarray, "h w 3"]:
        url = payload.get("url") if isinstance(payload, dict) else None
        wrong = UserError(NO_FRAME.format(most=_MOST_FRAME_BYTES // 2**20))
        if not isinstance(url, str) or not url.startswith(_BEGIN) or len(url) > _MOST_FRAME_BYTES * 4 // 3:
            raise wrong
        try:
            data = base64.b64decode(url[len(_BEGIN) :], validate=True)
        except binascii.Error as error:
            raise wrong from error
        return shrink(read_image(data, self._limits), self._limits.max_live_side)

    def _visit(self, visitor: str, now: float) -> _Visit:
        """The visitor's stream, made when there is none; idle ones, and more than can be live, are dropped."""
        with self._lock:
            if self._engine is None:
                self._swapper = self._build()
                self._engine = LiveEngine(self._swapper)
            visit = self._visits.setdefault(visitor, _Visit(LiveStream(self._engine)))
            visit.seen = now
            self._visits.move_to_end(visitor)
            for other, old in list(self._visits.items())[:-1]:
                if len(self._visits) > self._limits.live_visitors or now - old.seen > _IDLE_SECONDS:
                    del self._visits[other]
            return visit

    def _identity(self, visit: _Visit, photo: str) -> Identity:
        """Who the visitor's faces become; a photo is looked at once, even when it cannot be used."""
        if photo not in visit.identities:
            assert self._swapper is not None, "a visit begins with the networks"
            try:
                found = self._swapper.identify(photo)
            except UserError as error:
                found = error
            visit.identities[photo] = found
            if len(visit.identities) > _MOST_PHOTOS:
                visit.identities.popitem(last=False)
        visit.identities.move_to_end(photo)
        found = visit.identities[photo]
        if isinstance(found, UserError):
            raise found
        return found


async def end_streams(app: gr.Blocks, visitor: str) -> None:
    """End the streams of a visitor who left without stopping; Gradio would keep their place until the time is up.

    Args:
        app: serves them.
        visitor: hash of the session.
    """
    for event in list(app._queue.event_ids_to_events.values()):
        if event.session_hash == visitor and event.streaming:
            event.closed = True
            event.signal.set()
