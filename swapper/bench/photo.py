"""Speed on this machine: every step of swapping a photograph, on one and two threads."""

import platform
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import UInt8

from swapper.images import read_image
from swapper.methods.base import default_method
from swapper.pipeline import FaceSwapper
from swapper.runtime.text_table import text_table
from swapper.runtime.timing import StepTimer
from swapper.types import Identity, UserError

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "portraits"
FRAMES = {"720p": (1280, 720), "4K": (3840, 2160)}
STEPS = ("detect", "landmarks", "align", "swap", "compose")


def pipeline_report(method: str | None = None, repeats: int = 9, weights: Path | None = None) -> dict[str, Any]:
    """Median milliseconds of each step of a swap.

    Args:
        method: name of the method; ``default_method()`` when None.
        repeats: timed runs after one that warms up.
        weights: file of the user's.

    Returns:
        ``machine``, ``method``, and ``rows``: one per frame size and thread count, steps and ``total`` in ms.

    Raises:
        UserError: the example portraits are missing.
    """
    source, target = example_photos()
    rows, made = [], ""
    name = method or (None if weights else default_method())
    for threads in (1, 2):
        with cpu_threads(threads):
            swapper = FaceSwapper(name, "cpu", restore="none", threads=threads, weights=weights)
            made = swapper.method_name
            identity = swapper.identify(source)
            for size, (width, height) in FRAMES.items():
                frame = frame_with_face(target, width, height)
                runs = [_timed(swapper, frame, identity) for _ in range(repeats + 1)][1:]
                steps = {step: round(statistics.median(run.get(step, 0.0) for run in runs), 2) for step in STEPS}
                total = round(statistics.median(sum(run.values()) for run in runs), 2)
                rows.append({"frame": size, "threads": threads, **steps, "total": total})
    return {"machine": machine(), "method": made, "unit": "ms, median", "rows": rows}


@contextmanager
def cpu_threads(count: int) -> Iterator[None]:
    """Let torch and OpenCV use this many threads inside a ``with`` statement."""
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(count)
    cv2.setNumThreads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])


def _timed(swapper: FaceSwapper, frame: UInt8[np.ndarray, "h w 3"], identity: Identity) -> dict[str, float]:
    timer = StepTimer()
    faces = swapper.find_faces(frame, timer)
    assignment: dict[int, Identity] = dict.fromkeys(range(len(faces)), identity)
    swapper.swap_faces(frame, faces, assignment, timer)
    return timer.milliseconds


def example_photos() -> tuple[UInt8[np.ndarray, "a b 3"], UInt8[np.ndarray, "c d 3"]]:
    """Two portraits of the shipped examples.

    Raises:
        UserError: there are fewer than two.
    """
    first, second = example_portraits(2)
    return first, second


def example_portraits(count: int) -> list[UInt8[np.ndarray, "_a _a 3"]]:
    """The first portraits of the shipped examples, RGB.

    Args:
        count: how many.

    Raises:
        UserError: there are fewer.
    """
    paths = sorted(EXAMPLES.glob("*.jpg"))[:count]
    if len(paths) < count:
        raise UserError(f"Benchmark: {EXAMPLES} lacks portraits. Run it from a checkout that has examples/.")
    return [read_image(path) for path in paths]


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


def table(report: Mapping[str, Any]) -> str:
    """A report as text: single values one to a line, then each list of rows as an aligned table."""
    lines = [f"{key}: {value}" for key, value in report.items() if not isinstance(value, list)]
    for key, rows in report.items():
        if isinstance(rows, list) and rows:
            lines += ["", f"{key}:", _aligned(rows)]
    return "\n".join(lines)


def _aligned(rows: Sequence[Mapping[str, Any]]) -> str:
    head = list(rows[0])
    words = [number for number, key in enumerate(head) if any(isinstance(row.get(key), str) for row in rows)]
    return text_table(head, [[_cell(row.get(key)) for key in head] for row in rows], words)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)
