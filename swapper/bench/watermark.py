"""How much of the watermark is left after what usually happens to pictures on their way."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from swapper.bench.photo import EXAMPLES
from swapper.images import read_image
from swapper.provenance import MarkSettings, Origin
from swapper.provenance.detection import THRESHOLD, Mark, best_mark
from swapper.provenance.pattern import MESSAGE_BITS, codebook
from swapper.provenance.watermark import add_mark
from swapper.types import UserError
from swapper.video.encode import FORMATS, QUALITY, SegmentWriter
from swapper.video.io import VideoReader
from swapper.video.marks import FrameMarker

PHOTOS, CLIP = [*sorted(EXAMPLES.glob("*.jpg")), EXAMPLES.parent / "group.jpg"], EXAMPLES.parent / "call.mp4"
EVERY = 5  # frames of the clip of which one is looked at
SMALLER = 28  # constant rate factor of a video that is written for few bytes
AGAIN = (23, 28)  # constant rate factors of whoever encodes the finished video again; the first is x264's own choice
_ORIGIN = Origin("mobilefaceswap")

Image = UInt8[np.ndarray, "_ _ 3"]


def marks_report(photos: Sequence[Path] = PHOTOS, clip: Path = CLIP) -> dict[str, Any]:
    """Bit accuracy of the watermark in photos and in frames of a clip, each marked, treated and read.

    Args:
        photos: pictures; each carries another message.
        clip: a video, marked and written as the ``video`` command does.

    Returns:
        ``rows``, one per treatment: ``pictures`` looked at, ``found`` (marks above the threshold whose message is
        right), per cent of ``code_bits`` right before error correction and of ``message_bits`` right after it;
        pictures whose mark is not found count with what is read from them.

    Raises:
        UserError: the examples are missing.
    """
    missing = [path for path in (*photos, clip) if not path.is_file()]
    if missing or not photos:
        raise UserError(f"Benchmark: {EXAMPLES.parent} lacks pictures. Run it from a checkout that has examples/.")
    messages = np.random.default_rng(0).choice(2**MESSAGE_BITS, len(photos), replace=False)
    marked = [(add_mark(read_image(path), int(m)), int(m)) for path, m in zip(photos, messages, strict=True)]
    rows = [
        _row(name, [(_read(treat(image)), message) for image, message in marked]) for name, treat in TREATMENTS.items()
    ]
    with tempfile.TemporaryDirectory() as place:
        written, smaller = Path(place) / "written.nut", Path(place) / "smaller.nut"
        for path, quality in ((written, QUALITY), (smaller, SMALLER)):
            _encode(clip, path, quality, FrameMarker(_ORIGIN, MarkSettings()))
        films = {f"H.264 as written (CRF {QUALITY})": written, f"H.264 written smaller (CRF {SMALLER})": smaller}
        for quality in AGAIN:
            again = Path(place) / f"again-{quality}.nut"
            _encode(written, again, quality)
            films[f"that encoded again (CRF {quality})"] = again
        rows += [
            _row(name, [(_read(frame), _ORIGIN.message) for frame in _some_frames(path)])
            for name, path in films.items()
        ]
    return {"unit": "per cent of bits", "photos": len(photos), "clip": clip.name, "rows": rows}


def _half(image: Image) -> Image:
    return cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def _jpeg75(image: Image) -> Image:
    done, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])
    assert done, "pictures of eight bits can always be written"
    return cv2.cvtColor(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB)


def _cropped(image: Image) -> Image:
    """Without a tenth of its width and of its height, most of it at the left and at the top."""
    height, width = image.shape[:2]
    top, left = round(0.07 * height), round(0.07 * width)
    return image[top : top + round(0.9 * height), left : left + round(0.9 * width)]


TREATMENTS: dict[str, Callable[[Image], Image]] = {
    "untouched": lambda image: image,
    "JPEG, quality 75": _jpeg75,
    "resized to 50 %": _half,
    "cropped by 10 % of each side": _cropped,
    "cropped so, JPEG, quality 75": lambda image: _jpeg75(_cropped(image)),
    "resized to 50 %, JPEG, quality 75": lambda image: _jpeg75(_half(image)),
}


def _encode(source: Path, output: Path, quality: int, marker: FrameMarker | None = None) -> None:
    reader = VideoReader(source)
    writer = SegmentWriter(output, reader.info, FORMATS[".mp4"], quality)
    for frame in reader.frames():
        if marker is not None:
            marker.mark_frame(frame, [])
        writer.write(frame, marker is not None)
    writer.close()


def _some_frames(path: Path) -> Iterator[Image]:
    for index, frame in enumerate(VideoReader(path).frames()):
        if index % EVERY == 0:
            yield frame.image


def _read(image: Image) -> Mark:
    mark = best_mark(image)
    assert mark is not None, "only pictures of less than half a tile are too small to tell"
    return mark


def _row(name: str, read: Sequence[tuple[Mark, int]]) -> dict[str, Any]:
    code = [np.mean((mark.code > 0) == (codebook()[message] > 0)) for mark, message in read]
    bits = [1 - (mark.message ^ message).bit_count() / MESSAGE_BITS for mark, message in read]
    return {
        "treatment": name,
        "pictures": len(read),
        "found": sum(mark.message == message and mark.score >= THRESHOLD for mark, message in read),
        "code_bits": round(100 * float(np.mean(code)), 1),
        "message_bits": round(100 * float(np.mean(bits)), 1),
    }
