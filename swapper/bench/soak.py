"""Many swaps without a pause: whether memory, open files and temporary files stay as they were."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any

import av
import cv2
import numpy as np
import psutil
from av.video.stream import VideoStream
from jaxtyping import UInt8

from swapper.bench.photo import example_portraits, machine
from swapper.bench.video import write_clip
from swapper.images import write_image
from swapper.pipeline import FaceSwapper
from swapper.types import UserError
from swapper.video.job import VideoProgress

SECONDS = 900.0  # of a run
_APP = Path(__file__).resolve().parents[2] / "app.py"
_EVERY = 0.5  # seconds between two looks
_WARM = 0.1  # share of the time until all networks are loaded and all buffers have their size
_SHARE = 0.1  # of the time: how long the first and the last state are looked at
_VIDEO = 1920, 1080
_PORTS = ("SWAPPER_PORT", "GRADIO_SERVER_PORT")  # without them Gradio takes a free one
_LEAST = 2  # swaps of a part, however slow the machine is
_KEPT = 30  # seconds until the app deletes what it was sent and what it made
_START = 300.0  # seconds that the app may take until it answers


@dataclass
class _Looks:
    """What was seen of a process and its children.

    Attributes:
        times: seconds.
        megabytes: resident memory.
        files: open files, pipes and sockets.
        temporary: files below its folder for temporary ones.
    """

    times: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    files: list[float] = field(default_factory=list)
    temporary: list[float] = field(default_factory=list)

    def row(self, part: str, done: int) -> dict[str, Any]:
        """One row of the report: medians after warming up, and at the end."""
        begun, ended = self.times[0], self.times[-1]
        long = ended - begun
        first = (begun + _WARM * long, begun + (_WARM + _SHARE) * long)
        last = (ended - _SHARE * long, ended)
        before, after = (self._median(self.megabytes, span) for span in (first, last))
        return {
            "part": part,
            "swaps": done,
            "seconds": round(long),
            "MB, warm": round(before),
            "MB, end": round(after),
            "growth %": round(100 * (after / before - 1), 1),
            "files, warm": round(self._median(self.files, first)),
            "files, end": round(self._median(self.files, last)),
            "temporary, warm": round(self._median(self.temporary, first)),
            "temporary, end": round(self._median(self.temporary, last)),
        }

    def _median(self, values: Sequence[float], span: tuple[float, float]) -> float:
        chosen = [value for at, value in zip(self.times, values, strict=True) if span[0] <= at <= span[1]]
        return statistics.median(chosen or values[-1:])


def soak_report(seconds: float = SECONDS, method: str | None = None, app: bool = True) -> dict[str, Any]:
    """Swap photos, then one long video of 1080p, then photos through the app, a third of the time each.

    Args:
        seconds: in all, and longer if a part has not made two swaps by then; loading networks comes on top.
        method: name of the method; the usual ones of photos and of videos when None.
        app: run the app, which only a checkout has.

    Returns:
        ``rows``: one per part, how much was done, and memory, open files and temporary files after a tenth of the
        time and at its end.

    Raises:
        UserError: the example portraits are missing, or a swap fails.
    """
    parts: list[Callable[[float, str | None, Path], dict[str, Any]]] = [_photos, _video]
    if app and _APP.is_file():
        parts.append(_app)
    with tempfile.TemporaryDirectory() as text:
        rows = [part(seconds / len(parts), method, Path(text)) for part in parts]
    return {"machine": machine(), "seconds": seconds, "rows": rows}


def _photos(seconds: float, method: str | None, place: Path) -> dict[str, Any]:
    swapper = FaceSwapper(method)
    return _repeated("photos", os.getpid(), place, seconds, place, swapper.swap_image)


def _repeated(
    part: str, process: int, folder: Path, seconds: float, place: Path, swap: Callable[[Path, Path], object]
) -> dict[str, Any]:
    """Swap one pair of photos after the other while a process and its folder of files are watched."""
    with _watched(process, folder) as looks:
        end, done, pairs = time.monotonic() + seconds, 0, _pairs(place)
        while done < _LEAST or time.monotonic() < end:
            swap(*next(pairs))
            done += 1
    return looks.row(part, done)


def _video(seconds: float, method: str | None, place: Path) -> dict[str, Any]:
    source, target, *_ = example_portraits(2)
    swapper = FaceSwapper(method, threads=1, restore="none")
    identity = swapper.identify(source)
    clip, stop = place / "clip.mp4", Event()
    _write_long_clip(clip, target, seconds)
    end = time.monotonic() + seconds
    done = 0

    def look(progress: VideoProgress) -> None:
        nonlocal done
        done = progress.frames
        if done >= _LEAST and time.monotonic() > end:
            stop.set()

    with _watched(os.getpid(), place) as looks:
        try:
            swapper.swap_video(identity, clip, place / "result.mp4", look, cancel=stop)
        except UserError:
            if not stop.is_set():
                raise
    clip.unlink()
    return looks.row("video, 1080p", done)


def _app(seconds: float, method: str | None, place: Path) -> dict[str, Any]:
    from gradio_client import Client, handle_file

    wanted: dict[str, Any] = {"consent": True, **({"method": method} if method else {})}
    files = place / "files"
    with (
        _served(place, files) as (address, process),
        closing(Client(address, verbose=False, download_files=str(place / "answers"))) as client,
    ):

        def ask(source: Path, target: Path) -> object:
            return client.predict([handle_file(source)], handle_file(target), api_name="/swap_image", **wanted)

        return _repeated("app", process, files, seconds, place, ask)


def _pairs(place: Path) -> Iterator[tuple[Path, Path]]:
    """Photos that nobody has seen before: portraits at ever other sizes, always in the same two files."""
    portraits = example_portraits(6)
    for number in count():
        source, target = portraits[number % 6], portraits[(number + 1 + number // 6) % 6]
        files = place / "source.jpg", place / "target.jpg"
        for file, image, side in ((files[0], source, 320 + number % 61), (files[1], target, 480 + number % 211)):
            write_image(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), file)
        yield files


def _write_long_clip(path: Path, portrait: UInt8[np.ndarray, "a b 3"], seconds: float) -> None:
    """A few seconds again and again, longer than any machine swaps in the time."""
    short = path.with_name("short.nut")
    write_clip(short, [portrait], 4.0, _VIDEO)
    with av.open(str(path), "w", format="nut") as output:
        stream, offset = None, 0
        for _ in range(max(round(seconds), 1)):
            with av.open(str(short)) as source:
                pictures: VideoStream = source.streams.video[0]
                stream = stream or output.add_stream_from_template(pictures)
                last = offset
                for packet in source.demux(pictures):
                    if packet.pts is None or packet.dts is None:
                        continue
                    packet.pts, packet.dts, packet.stream = packet.pts + offset, packet.dts + offset, stream
                    last = max(last, packet.pts + (packet.duration or 1))
                    output.mux_one(packet)
                offset = last
    short.unlink()


@contextmanager
def _served(place: Path, files: Path) -> Iterator[tuple[str, int]]:
    """The app on a free port; its address and the number of its process."""
    log = place / "log"
    kept = {"SWAPPER_KEEP_SECONDS": str(_KEPT)}  # so that it is seen to tidy up
    own = kept | {"SWAPPER_HOST": "127.0.0.1", "GRADIO_TEMP_DIR": str(files), "PYTHONUNBUFFERED": "1"}
    theirs = {name: value for name, value in os.environ.items() if name not in _PORTS}
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, str(_APP)], cwd=_APP.parent, env={**theirs, **own}, stdout=output, stderr=output
        )
    try:
        yield _address(process, log), process.pid
    finally:
        process.terminate()
        process.wait()


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    end = time.monotonic() + _START
    while time.monotonic() < end and process.poll() is None:
        said = [word for word in log.read_text().split() if word.startswith("http://127.0.0.1:")]
        if said:
            return said[0]
        time.sleep(_EVERY)
    raise UserError(f"Benchmark: the app does not start ({log.read_text().strip()[-200:]}). Run 'python app.py'.")


@contextmanager
def _watched(number: int, folder: Path) -> Iterator[_Looks]:
    """Look at a process and its children until the context ends."""
    looks, over, process = _Looks(), Event(), psutil.Process(number)

    def look() -> None:
        while not over.wait(_EVERY):
            _look(process, folder, looks)

    _look(process, folder, looks)
    thread = Thread(target=look, daemon=True)
    thread.start()
    try:
        yield looks
    finally:
        over.set()
        thread.join()


def _look(process: psutil.Process, folder: Path, looks: _Looks) -> None:
    memory = files = 0
    for one in [process, *process.children(recursive=True)]:
        with suppress(psutil.Error):  # it has just ended
            memory += one.memory_info().rss
            files += one.num_handles() if sys.platform == "win32" else one.num_fds()
    looks.times.append(time.monotonic())
    looks.megabytes.append(memory / 2**20)
    looks.files.append(files)
    looks.temporary.append(sum(len(names) for _, _, names in os.walk(folder)))
