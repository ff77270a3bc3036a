"""Speed and steadiness of video on this machine: a swap against the same clip merely decoded and encoded."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from swapper.bench.photo import example_portraits, machine
from swapper.bench.recognition import recognition_rows
from swapper.faces.landmarks import LandmarkDetector, five_points
from swapper.methods.base import default_method
from swapper.metrics.realism import temporal_jitter
from swapper.pipeline import FaceSwapper
from swapper.video.colors import Colors
from swapper.video.encode import FORMATS, SegmentWriter
from swapper.video.info import VideoInfo
from swapper.video.io import VideoReader
from swapper.video.job import VideoResult, VideoSettings
from swapper.video.orientation import Orientation
from swapper.video.picture import TimedFrame
from swapper.video.threads import run_ahead

WIDTH, HEIGHT, RATE = 1280, 720, 30
_STAGES = ("decode", "analyse", "align", "swap", "compose", "encode")
_AHEAD = 3  # frames that decoding may be ahead of encoding


def video_report(
    method: str | None = None, seconds: float = 8.0, pairs: int = 6, weights: Path | None = None, faces: int = 1
) -> dict[str, Any]:
    """Frames per second of a 720p clip with moving faces, with and without a swap, measured one after the other.

    Args:
        method: name of the method; ``default_method(moving=True)`` when None.
        seconds: length of the clip.
        pairs: of people in the clips that tell whether the right one is swapped.
        weights: file of the user's.
        faces: in the clip, 1 to 8.

    Returns:
        ``times_plain``: how many times longer the swap takes; ``times_plain_cpu``: how many times the processor time,
        which other work on the machine changes least; ``rows``: frames per second and milliseconds of
        processor time per frame of both; ``stages``: milliseconds per frame of each stage of the swap, which run at
        the same time; ``jitter``: ``temporal_jitter`` of the target, and of the result with and without steadying;
        ``recognition``: wrong-person and missed frames, from ``recognition_rows``.

    Raises:
        UserError: the example portraits are missing.
    """
    source, *targets = example_portraits(faces + 1)
    swapper = FaceSwapper(
        method or (None if weights else default_method(moving=True)), "cpu", threads=1, weights=weights
    )
    identity = swapper.identify(source)
    with tempfile.TemporaryDirectory() as place:
        clip = Path(place) / "clip.mp4"
        write_clip(clip, targets, seconds)
        steady, loose = Path(place) / "steady.mp4", Path(place) / "loose.mp4"
        swapper.swap_video(identity, clip, loose, settings=VideoSettings(steadiness=0))  # warms up
        before = [_plain(clip) for _ in range(2)][1]  # the first one warms up
        begun = time.process_time()
        result = swapper.swap_video(identity, clip, steady)
        spent = (time.process_time() - begun) / result.frames
        plain = np.mean([before, _plain(clip)], axis=0)  # a machine's speed drifts, so from both sides of the swap
        jitter = {
            what: _jitter(path, swapper) for what, path in (("target", clip), ("result", steady), ("unsteadied", loose))
        }
    rows = [
        {"pass": "decode and encode", "frames/s": round(float(plain[0]), 1), "cpu ms": round(float(plain[1]), 1)},
        {"pass": "swap", "frames/s": round(result.fps, 1), "cpu ms": round(spent * 1000, 1)},
    ]
    return {
        "machine": machine(),
        "method": swapper.method_name,
        "clip": f"{WIDTH}x{HEIGHT}, {RATE} frames/s, {seconds:g} s, {faces} face{'s' if faces > 1 else ''}",
        "times_plain": round(float(plain[0]) / result.fps, 2),
        "times_plain_cpu": round(spent * 1000 / float(plain[1]), 2),
        "times_real_time": round(result.fps / RATE, 2),
        "rows": rows,
        "stages": [_per_frame(result)],
        "jitter": [jitter],
        "recognition": recognition_rows(pairs),
    }


def _per_frame(result: VideoResult) -> dict[str, float]:
    return {stage: round(result.timings.get(stage, 0.0) / result.frames, 2) for stage in _STAGES}


def _plain(clip: Path) -> tuple[float, float]:
    """Frames per second and milliseconds of processor time per frame of decoding and encoding alone."""
    reader = VideoReader(clip)
    begun, spent = time.perf_counter(), time.process_time()
    writer = SegmentWriter(clip.with_suffix(".nut"), reader.info, FORMATS[".mp4"])
    count = 0
    for frame in run_ahead(reader.frames(), _AHEAD):
        writer.write(frame, False)
        count += 1
    writer.close()
    return count / (time.perf_counter() - begun), (time.process_time() - spent) / count * 1000


def write_clip(
    path: Path,
    portraits: Sequence[UInt8[np.ndarray, "_a _b 3"]],
    seconds: float,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> None:
    """Write portraits, side by side, that move, turn and come nearer before a blurred and noisy background.

    Args:
        path: of the file; its content is NUT, whatever its name says.
        portraits: RGB.
        seconds: length.
        size: width and height, pixels.
    """
    info = VideoInfo(
        path=path,
        width=size[0],
        height=size[1],
        orientation=Orientation(),
        time_base=Fraction(1, RATE),
        rate=Fraction(RATE),
        origin=Fraction(0),
        duration=seconds,
        pixel_aspect=Fraction(1),
        colors=Colors(),
        is_rgb=False,
    )
    segment = path.with_suffix(".nut")
    writer = SegmentWriter(segment, info, FORMATS[".mp4"])
    for frame in _moving(portraits, round(seconds * RATE), size):
        writer.write(frame, False)
    writer.close()
    segment.replace(path)  # FFmpeg looks at the content, not at the name


def _moving(
    portraits: Sequence[UInt8[np.ndarray, "_a _b 3"]], count: int, size: tuple[int, int]
) -> Iterator[TimedFrame]:
    width, height = size
    rng = np.random.default_rng(0)
    coarse = rng.integers(60, 180, (6, 10, 3), dtype=np.uint8)
    room = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    small = [cv2.GaussianBlur(portrait, (0, 0), 0.8) for portrait in portraits]
    share = min(1.5 / len(small), 1)  # of a portrait's usual size and way that there is room for
    for index in range(count):
        at = index / RATE
        image = room.copy()
        for number, portrait in enumerate(small):
            centre = (portrait.shape[1] / 2, portrait.shape[0] / 2)
            scale = share * 0.62 * height / 720 * 768 / portrait.shape[0] * (1 + 0.12 * np.sin(2 * np.pi * at / 5))
            matrix = cv2.getRotationMatrix2D(centre, 10 * np.sin(2 * np.pi * at / 3.3), scale)
            matrix[:, 2] += np.array([width * (number + 0.5) / len(small), height / 2]) - centre
            matrix[:, 2] += [180 * np.sin(2 * np.pi * at / 4) / len(small), 30 * np.sin(2 * np.pi * at / 1.7)]
            cv2.warpAffine(portrait, matrix, size, image, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT)
        noise = rng.integers(-3, 4, (height, width, 1), dtype=np.int16)
        yield TimedFrame(np.clip(image + noise, 0, 255).astype(np.uint8), index, 1)


def _jitter(path: Path, swapper: FaceSwapper) -> float:
    """``temporal_jitter`` of the one face of a clip."""
    landmarks = LandmarkDetector(threads=1)
    meshes: list[Float32[np.ndarray, "478 3"]] = []
    points: Float32[np.ndarray, "5 2"] | None = None
    for frame in VideoReader(path).frames():
        if points is None:
            points = swapper.find_faces(frame.image)[0].points
        rough, _ = landmarks.measure(frame.image, [points])
        found, _ = landmarks.measure(frame.image, [five_points(rough[0])])
        points = five_points(found[0])
        meshes.append(found[0])
    return round(temporal_jitter(np.stack(meshes)), 6)
