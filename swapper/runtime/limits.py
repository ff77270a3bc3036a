"""Limits that protect the machine Swapper runs on, each overridable by an environment variable."""

import ctypes
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from swapper.errors import UserError

_BYTES_A_PIXEL = 16  # from reading a photo to writing its swap; 10 were measured, and transparency takes some more
_SHARE_OF_MEMORY = 0.5  # that a photo may take
_MOST_PIXELS = 256_000_000  # phones take up to 200 megapixels
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Limits:
    """Limits; the environment variable of a field is its name in capitals after ``SWAPPER_``."""

    max_upload_bytes: int = 64 * 2**20  # bytes, one picture handed over as bytes or uploaded
    max_video_bytes: int = 512 * 2**20  # bytes, one uploaded video
    max_pixels: int = 64_000_000  # width x height of one picture; more on a person's own machine, see for_photos
    max_upscaled_pixels: int = 64_000_000  # width x height of a picture that an upscaler makes
    max_side: int = 32_768  # width and height of one picture, each
    max_aspect: int = 100  # longer side of one picture over its shorter one
    max_video_seconds: int = 120  # length of the part of a video that is swapped
    max_video_fps: int = 60  # frames per second
    max_video_frames: int = 3600  # frames of one job
    max_interpolation_steps: int = 21  # pictures between the two people of an interpolation in the app
    max_compared_swaps: int = 96  # pairs times methods of one comparison in the app
    max_live_side: int = 640  # longer side of live frames, px; larger ones are reduced
    live_visitors: int = 2  # live streams at a time
    decode_seconds: int = 60  # of computing for decoding one uploaded photo, or for a first look at a video
    decode_bytes: int = 4 * 2**30  # of memory for the same
    live_seconds: int = 300  # of computing for one live stream, after which it has to be started again
    max_source_photos: int = 16  # photos of one source person, and pairs of a cast, in one call of the app
    max_photos: int = 32  # further photos that the app swaps at once
    max_clips: int = 8  # further videos that the app swaps one after another
    download_seconds: int = 7200  # for one file from the Hub; the next attempt goes on where one was stopped
    download_speed: int = 4096  # bytes a second, over half a minute, below which a download is given up
    concurrency: int = 1  # jobs at a time in the app, of photos and of lengthy ones each; one job uses all cores
    keep_seconds: int = 5400  # until the app deletes uploads and results; longer than its longest job
    queue_size: int = 20  # jobs that may wait in the app before others are turned away

    @property
    def sweep_seconds(self) -> int:
        """Seconds between two looks for what is older than ``keep_seconds``: a ninth, ten minutes by default."""
        return max(self.keep_seconds // 9, 1)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Limits":
        """The defaults, overridden by environment variables.

        Args:
            environ: variables; the process's own when None.

        Raises:
            UserError: a variable is not a positive whole number.
        """
        environ = os.environ if environ is None else environ
        names = {field.name: f"SWAPPER_{field.name.upper()}" for field in fields(cls)}
        return cls(**{name: _positive(key, environ[key]) for name, key in names.items() if environ.get(key)})

    @classmethod
    def for_photos(cls, environ: Mapping[str, str] | None = None) -> "Limits":
        """As ``from_environment``, and on a person's own machine photos may be as large as its memory allows.

        Args:
            environ: variables; the process's own when None.

        Raises:
            UserError: as of ``from_environment``.
        """
        environ = os.environ if environ is None else environ
        limits = cls.from_environment(environ)
        if environ.get("SWAPPER_MAX_PIXELS") or _serves_strangers(environ):
            return limits
        fitting = int(usable_memory() * _SHARE_OF_MEMORY / _BYTES_A_PIXEL)
        return replace(limits, max_pixels=max(limits.max_pixels, min(fitting, _MOST_PIXELS)))


def _serves_strangers(environ: Mapping[str, str]) -> bool:
    """Whether the app listens to other machines: on a Space, or where its address says so."""
    host = environ.get("SWAPPER_HOST") or environ.get("GRADIO_SERVER_NAME") or "127.0.0.1"
    with suppress(ValueError):
        return bool(environ.get("SPACE_ID")) or not ip_address(host).is_loopback
    return bool(environ.get("SPACE_ID")) or host != "localhost"


@cache
def usable_memory() -> int:
    """Bytes of memory that this process may use at most; 0 where that cannot be told."""
    found = []
    if sys.platform == "win32":
        status = (ctypes.c_ulonglong * 8)(64)  # MEMORYSTATUSEX: two halves of the first are its size and the load
        if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            found.append(int(status[1]))
    else:
        with suppress(OSError, ValueError):
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        for path in _CGROUP_LIMITS:
            with suppress(OSError, ValueError):
                found.append(int(Path(path).read_text(encoding="ascii")))
    return min(found, default=0)


def _positive(variable: str, text: str) -> int:
    try:
        value = int(text.replace("_", ""))
    except ValueError:
        value = 0
    if value <= 0:
        raise UserError(f"Environment variable {variable}: '{text}' must be a positive integer. Correct or unset it.")
    return value
