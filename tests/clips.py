"""Clips written by the tests: flashes with clicks, faces that move, and every oddity of containers and codecs."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import torch

from swapper.compose.settings import BlendSettings
from swapper.methods.warp import WarpMethod
from swapper.pipeline import FaceSwapper
from swapper.video.encode import SegmentWriter
from swapper.video.picture import TimedFrame
from swapper.video.samples import layout_of

PORTRAITS = Path(__file__).parents[1] / "examples" / "portraits"
RATE = 48_000  # of the sound


@dataclass(frozen=True)
class Coding:
    """How a clip is written."""

    codec: str = "libx264"
    pixels: str = "yuv420p"
    rate: int = 25
    time_base: Fraction | None = None  # 1 / rate when None
    audio: tuple[str, ...] = ("aac",)
    rotation: int = 0
    colors: tuple[int, int, int, int] | None = None  # matrix, range, transfer, primaries
    options: tuple[tuple[str, str], ...] = (("preset", "ultrafast"),)
    format: str | None = None


def small_warp(blend: BlendSettings | None = None) -> FaceSwapper:
    """An engine that draws faces no larger than most of these clips show: a tenth of the work."""
    return FaceSwapper(WarpMethod(torch.device("cpu"), size=128), "cpu", blend=blend, threads=1)


def write_clip(
    path: Path,
    images: Iterable[np.ndarray],
    coding: Coding = Coding(),
    ticks: Sequence[int] | None = None,
    sound: np.ndarray | None = None,
    sound_start: float = 0.0,
) -> Path:
    """Write pictures (RGB) shown at ``ticks`` of the time base, and a mono sound in -1..1."""
    with av.open(str(path), "w", format=coding.format) as out:
        base = coding.time_base or Fraction(1, coding.rate)
        stream, sounds = None, []
        packets: list[av.Packet] = []
        for index, image in enumerate(images):
            if stream is None:
                stream = out.add_stream(coding.codec, rate=coding.rate, options=dict(coding.options))
                stream.height, stream.width = image.shape[:2]
                stream.pix_fmt = coding.pixels
                stream.codec_context.time_base = base
                if coding.colors:
                    c = stream.codec_context
                    c.colorspace, c.color_range, c.color_trc, c.color_primaries = coding.colors
                if coding.rotation:
                    stream.set_display_rotation(coding.rotation)
                sounds = [out.add_stream(name, rate=RATE) for name in (coding.audio if sound is not None else ())]
            kind = "rgb48le" if image.dtype == np.uint16 else "rgb24"
            frame = av.VideoFrame.from_ndarray(image, kind)
            if coding.colors:
                frame = frame.reformat(
                    format=coding.pixels, dst_colorspace=coding.colors[0], dst_color_range=coding.colors[1]
                )
            frame.pts, frame.time_base = (ticks[index] if ticks else index), base
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for track in sounds:
            packets += _encoded(track, sound, sound_start)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            out.mux_one(packet)
    return path


def _encoded(track, sound: np.ndarray, start: float) -> list[av.Packet]:
    packets: list[av.Packet] = []
    track.codec_context.layout = "mono"
    for begin in range(0, len(sound), 1024):
        part = (sound[begin : begin + 1024] * 32000).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(part, "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, begin + round(start * RATE), Fraction(1, RATE)
        packets += track.encode(frame)
    return packets + track.encode(None)


def flashes(times: Sequence[float], shown: Sequence[float], size: tuple[int, int] = (120, 160)) -> list[np.ndarray]:
    """Dark pictures, white where a flash begins with them; ``shown`` are the pictures' times."""
    return [np.full((*size, 3), 255 if any(abs(t - at) < 1e-6 for at in times) else 16, np.uint8) for t in shown]


def clicks(times: Sequence[float], seconds: float) -> np.ndarray:
    """Silence with short bursts of noise."""
    sound = np.zeros(round(seconds * RATE), np.float32)
    burst = np.random.default_rng(0).uniform(-0.9, 0.9, 480).astype(np.float32)
    for at in times:
        begin = round(at * RATE)
        sound[begin : begin + 480] = burst[: len(sound) - begin]
    return sound


def found_flashes(path: Path) -> list[float]:
    """Times at which bright pictures begin to be shown."""
    with av.open(str(path)) as file:
        origin = (file.start_time or 0) / av.time_base
        shown = [(float(f.time) - origin, f.to_ndarray(format="gray").mean() > 128) for f in file.decode(video=0)]
    return [time for i, (time, bright) in enumerate(shown) if bright and not (i and shown[i - 1][1])]


def heard(path: Path, track: int = 0) -> Iterator[tuple[float, int, str, np.ndarray]]:
    """The sound of a file, frame by frame: time, rate, layout, and samples (n, channels) in -1..1."""
    with av.open(str(path)) as file:
        origin = (file.start_time or 0) / av.time_base
        kind, packed = None, None
        for frame in file.decode(audio=track):
            now = (layout_of(frame), frame.sample_rate)  # by this name, or PyAV would end the process
            if now != kind:
                kind, packed = now, av.AudioResampler("flt")  # PyAV reads planes of eight channels where there are none
            for part in packed.resample(frame):
                yield float(frame.time) - origin, now[1], now[0], part.to_ndarray().reshape(frame.samples, -1)


def found_clicks(path: Path, track: int = 0) -> list[float]:
    """Times at which bursts of sound begin."""
    times, last = [], -1.0
    for begin, rate, _, samples in heard(path, track):
        for at in np.flatnonzero(np.abs(samples).max(1) > 0.3):
            time = begin + at / rate
            if time - last > 0.05:
                times.append(time)
            last = time
    return times


def pictures(path: Path) -> list[np.ndarray]:
    """All pictures, RGB, as stored."""
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


def times(path: Path) -> list[float]:
    """When each picture is shown, counted from the file's begin."""
    with av.open(str(path)) as file:
        origin = (file.start_time or 0) / av.time_base
        return [float(frame.time) - origin for frame in file.decode(video=0)]


def portrait(number: int) -> np.ndarray:
    """One of the example portraits, RGB."""
    path = sorted(PORTRAITS.glob("*.jpg"))[number]
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def background(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Soft patches of grey and colour."""
    coarse = np.random.default_rng(seed).integers(60, 190, (4, 6, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def lay(
    frame: np.ndarray, face: np.ndarray, centre: tuple[float, float], side: float, degrees: float = 0
) -> np.ndarray:
    """The map from a portrait's pixels to the frame's, after laying it there in place with soft edges."""
    half = (len(face) - 1) / 2
    matrix = cv2.getRotationMatrix2D((half, half), degrees, side / len(face))
    matrix[:, 2] += np.array(centre) - half
    size = frame.shape[1], frame.shape[0]
    edge = np.zeros(face.shape[:2], np.float32)
    rim = len(face) // 16
    edge[rim:-rim, rim:-rim] = 1
    share = cv2.warpAffine(cv2.GaussianBlur(edge, (0, 0), rim / 3), matrix, size, flags=cv2.INTER_LINEAR)[..., None]
    small = cv2.warpAffine(cv2.GaussianBlur(face, (0, 0), 0.3 * len(face) / side), matrix, size, flags=cv2.INTER_LINEAR)
    frame[:] = np.rint(small * share + frame * (1 - share)).astype(np.uint8)
    return matrix


def watched_writing(note: Callable[[int, str], object]):
    """``SegmentWriter.write`` that also notes what the encoder gets: each picture's time and digest."""
    real = SegmentWriter.write

    def write(self: SegmentWriter, frame: TimedFrame, changed: bool) -> None:
        pixels = frame.image if frame.picture is None else frame.picture.frame().to_ndarray()
        note(frame.pts, hashlib.sha256(pixels.tobytes()).hexdigest())
        real(self, frame, changed)

    return write


AT = [0.4, 1.2, 2.0]  # seconds


def flash_clip(path: Path, coding: Coding | None = None, seconds: float = 2.6, **options) -> Path:
    """A clip that flashes and clicks at ``AT``."""
    coding = coding or Coding()
    shown = [i / coding.rate for i in range(round(seconds * coding.rate))]
    return write_clip(path, flashes(AT, shown), coding, sound=clicks(AT, seconds), **options)
