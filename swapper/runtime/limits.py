"""Limits that protect the machine Swapper runs on, each overridable by an environment variable."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from swapper.types import UserError


@dataclass(frozen=True)
class Limits:
    """Limits; the environment variable of a field is its name in capitals after ``SWAPPER_``."""

    max_upload_bytes: int = 64 * 2**20  # bytes, one picture handed over as bytes or uploaded
    max_video_bytes: int = 512 * 2**20  # bytes, one uploaded video
    max_pixels: int = 64_000_000  # width x height of one picture
    max_video_seconds: int = 120  # length of the part of a video that is swapped
    max_video_fps: int = 60  # frames per second
    max_video_frames: int = 3600  # frames of one job
    max_interpolation_steps: int = 21  # pictures between the two people of a walk in the app
    max_compared_swaps: int = 96  # pairs times methods of one comparison in the app
    max_live_side: int = 640  # longer side of live frames, px; larger ones are reduced
    live_visitors: int = 2  # live streams at a time
    live_seconds: int = 300  # of computing for one live stream, after which it has to be started again
    concurrency: int = 1  # jobs at a time in the app, of photos and of lengthy ones each; one job uses all cores
    queue_size: int = 20  # jobs that may wait in the app before others are turned away

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Limits":
        """The defaults, changed by what the environment says.

        Args:
            environ: variables; the process's own when None.

        Raises:
            UserError: a variable is not a positive whole number.
        """
        environ = os.environ if environ is None else environ
        names = {field.name: f"SWAPPER_{field.name.upper()}" for field in fields(cls)}
        return cls(**{name: _positive(key, environ[key]) for name, key in names.items() if environ.get(key)})


def _positive(variable: str, text: str) -> int:
    try:
        value = int(text.replace("_", ""))
    except ValueError:
        value = 0
    if value <= 0:
        raise UserError(f"Environment variable {variable}: '{text}' must be a positive integer. Correct or unset it.")
    return value
