"""Ready-made ``FaceSwapper`` objects that all sessions share."""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread

from swapper import hub
from swapper.faces.detect import CenterFaceDetector
from swapper.faces.remember import RememberingDetector
from swapper.methods.base import local_leaders, local_methods
from swapper.methods.weights import own_swappers
from swapper.pipeline import FaceSwapper
from swapper.registry import METHODS, find_method, published_methods
from swapper.restore.base import local_restorers
from swapper.restore.upscale import local_upscalers
from swapper.runtime.devices import choose_device
from swapper.types import UserError
from swapper.ui.gpu import is_lent

NOT_OFFERED = "Method '{name}' is not available in this app. Choose one of: {known}."
UNVERIFIED = "{name} (unverified)"
NO_RESTORATION = "Restoration '{name}' is not available in this app. Choose one of: {known}."
NO_UPSCALER = "Upscaler '{name}' is not available in this app. Choose one of: {known}."


def check_restoration(name: str) -> str:
    """Make sure that a restoration is one of this app's; returns its name.

    Args:
        name: anything.

    Raises:
        UserError: its weights are not on this machine, or there is no such one.
    """
    return _check_local(name, local_restorers(), NO_RESTORATION)


def check_upscaler(name: str) -> str:
    """Make sure that an upscaler is one of this app's; returns its name.

    Args:
        name: anything.

    Raises:
        UserError: its weights are not on this machine, or there is no such one.
    """
    return _check_local(name, local_upscalers(), NO_UPSCALER)


def _check_local(name: str, local: list[str], refusal: str) -> str:
    if name not in local:
        raise UserError(refusal.format(name=name[:40], known=", ".join(local)))
    return name


def offered_methods(moving: bool = False) -> dict[str, str]:
    """Label by name of the methods whose weights are on this machine, the recommended first, then with the user's own.

    The app offers no others: a visitor should not start a download of half a gigabyte.

    Args:
        moving: recommend for videos and live pictures.
    """
    ours = {name: METHODS[name].label for name in local_methods(moving)}
    ours |= {name: find_method(name)[0].label for name in own_swappers()}
    here = {name: info for name, info in published_methods().items() if all(map(hub.find, info.weights))}
    labels = {
        name: UNVERIFIED.format(name=info.label) if hub.unverified(info.weights) else info.label
        for name, info in here.items()
    }
    leading = {} if moving else {name: labels[name] for name in local_leaders()}
    return leading | ours | labels


class SharedDetector:
    """Builds swappers that share one face detector: a picture that is shown and then swapped is searched once."""

    def __init__(self) -> None:
        self._detector: RememberingDetector | None = None
        self._lock = Lock()

    def __call__(self, method: str, restore: str) -> FaceSwapper:
        """Build a swapper.

        Args:
            method: name.
            restore: name.

        Raises:
            UserError: weights that are damaged.
        """
        with self._lock:
            if self._detector is None:
                self._detector = RememberingDetector(CenterFaceDetector(device=choose_device("auto")))
        return FaceSwapper(method, restore=restore, detector=self._detector)


class SwapperCache:
    """Caches the most recently used swappers, because loading networks takes far longer than a swap.

    They hold networks only, nothing of a user's, so sessions can share them.
    """

    def __init__(self, build: Callable[[str, str], FaceSwapper], size: int = 2):
        """Start empty.

        Args:
            build: makes a swapper from the names of a method and of a restoration.
            size: how many to keep.
        """
        self._build = build
        self._size = size
        self._ready: OrderedDict[tuple[str, str], FaceSwapper] = OrderedDict()
        self._in_work: dict[tuple[str, str], Lock] = {}
        self._lock = Lock()

    def get(self, method: str = "", restore: str = "none") -> FaceSwapper:
        """The swapper for a method and a restoration, built when it is not there.

        Args:
            method: a name from ``offered_methods()``, the first of them when empty.
            restore: a name from ``local_restorers()``.

        Raises:
            UserError: a name that is not offered, or weights that are damaged.
        """
        offered = list(offered_methods())
        key = (method or offered[0], restore)
        if key[0] not in offered:
            raise UserError(NOT_OFFERED.format(name=method[:40], known=", ".join(offered)))
        check_restoration(restore)
        with self._lock:
            alone = self._in_work.setdefault(key, Lock())
        with alone:  # who wants another swapper does not wait for this one
            with self._lock:
                if key in self._ready:
                    self._ready.move_to_end(key)
                    return self._ready[key]
            built = self._build(*key)
            with self._lock:
                self._ready[key] = built
                if len(self._ready) > self._size:
                    self._ready.popitem(last=False)
            return built

    def load_ahead(self) -> Thread:
        """Load the usual method's networks in a thread, while a visitor reads; what is wrong is said when it is used.

        Where a GPU is only lent, nothing may be loaded before.
        """

        def load() -> None:
            with suppress(UserError):
                if not is_lent():
                    self.get()

        thread = Thread(target=load, name="load ahead", daemon=True)
        thread.start()
        return thread

    def finder(self) -> FaceSwapper:
        """Any swapper, for finding faces, which all of them do alike."""
        with self._lock:
            if self._ready:
                return next(reversed(self._ready.values()))
        return self.get()
