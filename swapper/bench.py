"""Speed on this machine: every step of swapping a photograph, on one and two threads."""

import platform
import statistics
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import UInt8

from swapper.images import read_image
from swapper.pipeline import FaceSwapper
from swapper.timing import StepTimer
from swapper.types import UserError

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "portraits"
FRAMES = {"720p": (1280, 720), "4K": (3840, 2160)}
STEPS = ("detect", "landmarks", "align", "swap", "compose")


def pipeline_report(method: str | None = None, repeats: int = 9) -> dict[str, Any]:
    """Median milliseconds of each step of a swap.

    Args:
        method: name of the method; the recommended one when None.
        repeats: timed runs after one that warms up.

    Returns:
        ``machine``, ``method``, and ``rows``: one per frame size and thread count, steps and ``total`` in ms.

    Raises:
        UserError: the example portraits are missing.
    """
    source, target = example_photos()
    rows = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)
        swapper = FaceSwapper(method, "cpu", threads=threads)
        identity = swapper.identify(source)
        for name, (width, height) in FRAMES.items():
            frame = frame_with_face(target, width, height)
            runs = [_timed(swapper, frame, identity) for _ in range(repeats + 1)][1:]
            steps = {step: round(statistics.median(run.get(step, 0.0) for run in runs), 2) for step in STEPS}
            total = round(statistics.median(sum(run.values()) for run in runs), 2)
            rows.append({"frame": name, "threads": threads, **steps, "total": total})
    return {"machine": machine(), "method": swapper.method.name, "unit": "ms, median", "rows": rows}


def _timed(swapper: FaceSwapper, frame: UInt8[np.ndarray, "h w 3"], identity: Any) -> dict[str, float]:
    timer = StepTimer()
    faces = swapper.find_faces(frame, timer)
    swapper.swap_faces(frame, faces, dict.fromkeys(range(len(faces)), identity), timer)
    return timer.milliseconds


def example_photos() -> tuple[UInt8[np.ndarray, "a b 3"], UInt8[np.ndarray, "c d 3"]]:
    """Two portraits of the shipped examples.

    Raises:
        UserError: there are fewer than two.
    """
    paths = sorted(EXAMPLES.glob("*.jpg"))
    if len(paths) < 2:
        raise UserError(f"Benchmark: {EXAMPLES} holds no portraits. Run it from a checkout that has examples/.")
    return read_image(paths[0]), read_image(paths[1])


def frame_with_face(
    portrait: UInt8[np.ndarray, "a b 3"], width: int, height: int, share: float = 0.6
) -> UInt8[np.ndarray, "h w 3"]:
    """A grey frame with a portrait in its middle.

    Args:
        portrait: RGB.
        width: of the frame, px.
        height: of the frame, px.
        share: height of the portrait over the frame's.
    """
    side = int(height * share)
    frame = np.full((height, width, 3), 120, np.uint8)
    top, left = (height - side) // 2, (width - side) // 2
    frame[top : top + side, left : left + side] = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_CUBIC)
    return frame


def machine() -> str:
    """Processor, logical cores and software versions in one line."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cpu = f"{names[0]} x{len(names)}" if names else platform.processor()
    return f"{cpu}, Python {platform.python_version()}, torch {torch.__version__}"


def table(rows: list[dict[str, Any]]) -> str:
    """Rows of equal keys as an aligned text table."""
    head = list(rows[0])
    cells = [[str(row.get(key, "")) for key in head] for row in rows]
    widths = [max(len(line[i]) for line in [head, *cells]) for i in range(len(head))]
    lines = ["  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)) for line in [head, *cells]]
    return "\n".join(lines)
