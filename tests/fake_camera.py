"""A browser whose webcam shows a clip: somebody made up, moving a little from side to side."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from clips import Coding, background, lay, portrait, write_clip
from playwright.sync_api import Browser

FRAMES, SIZE = 40, (480, 640)  # height, width


def camera_frames(number: int = 1) -> list[np.ndarray]:
    """What the camera sees, RGB."""
    face, images = portrait(number), []
    for turn in np.linspace(0, 2 * np.pi, FRAMES, endpoint=False):
        frame = background(*SIZE)
        lay(frame, face, (320 + 30 * np.sin(turn), 240 + 8 * np.cos(turn)), 340, 4 * np.sin(turn))
        images.append(frame)
    return images


def write_camera(path: Path, frames: list[np.ndarray] | None = None) -> Path:
    """Write what the camera sees, ``camera_frames`` unless others are given; Chromium plays it in a loop."""
    coding = Coding("mjpeg", "yuvj420p", 20, options=(("qmin", "2"), ("qmax", "3")), format="mjpeg")
    return write_clip(path, frames or camera_frames(), coding)


@contextmanager
def camera_browser(browser: Browser, clip: Path) -> Iterator[Browser]:
    """Another browser of the same kind that has the camera and lets every page use it."""
    path = browser.browser_type.executable_path if not Path("/usr/bin/chromium").is_file() else "/usr/bin/chromium"
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    other = browser.browser_type.launch(
        executable_path=path, args=["--no-sandbox", *fake, f"--use-file-for-fake-video-capture={clip}"]
    )
    yield other
    other.close()
