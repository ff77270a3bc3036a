"""Writing an interpolation to files: pictures, strip, clip, plot, page and figures."""

import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import cv2
import numpy as np
from av.video.stream import VideoStream
from jaxtyping import UInt8
from PIL import Image

from swapper.metrics.report import contact_sheet, write_text
from swapper.provenance import MarkSettings, Origin, sign_file, write_marked_image
from swapper.provenance.watermark import add_mark
from swapper.runtime.whole_file import whole_file
from swapper.studies.charts import stack
from swapper.studies.interpolation_page import SHOWN_SIDE, draw_charts, measures, page, published_sentence, viewer
from swapper.studies.interpolation_scores import InterpolationScores, explain
from swapper.studies.previews import shrink
from swapper.types import Crop, UserError

PICTURES_PER_SECOND = 8
GIF_SIDE = 480  # px, longest side: every page and chat shows a GIF, but its files are large
TITLE = "From A to B"
REPORTS = CLIP, GIF, STRIP, PLOT, PAGE, REPORT = (
    "interpolation.mp4",
    "interpolation.gif",
    "strip.jpg",
    "plot.svg",
    "interpolation.html",
    "report.json",
)


def write_interpolation(
    folder: Path,
    images: Sequence[UInt8[np.ndarray, "h w 3"]],
    crops: Sequence[Crop],
    photos: tuple[Crop, Crop],
    scores: InterpolationScores,
    about: Mapping[str, Any],
    origin: Origin,
    marks: MarkSettings | None = None,
) -> list[str]:
    """Write strip, clip (MP4 and GIF), plot, page and report of an interpolation; the caller writes its pictures.

    All that shows faces carries the watermark, and all but the page is signed.

    Args:
        folder: exists.
        images: RGB, no larger than ``interpolation_page.SHOWN_SIDE``.
        crops: the faces in them.
        photos: the faces of the two people.
        scores: of the interpolation.
        about: how it was made.
        origin: what drew the pictures.
        marks: which marks; those of the environment when None.

    Returns:
        Sentences about marks that are missing.
    """
    marks = marks or MarkSettings.from_environment()
    if marks.mark:
        images = [add_mark(image, origin.message) for image in images]
    names = ["person A", *(f"{100 * share:.0f} %" for share in scores.shares), "person B"]
    row = [photos[0].image, *(crop.image for crop in crops), photos[1].image]
    strip = write_marked_image(contact_sheet([row], names), folder / STRIP, origin, 92, marks)
    there_and_back = [*images, *images[-2:0:-1]]
    clips = write_clip(there_and_back, folder / CLIP), write_gif(there_and_back, folder / GIF)
    unsigned = [sign_file(clip, origin, marks) for clip in clips] if marks.mark else []
    write_text(stack([drawing for _, _, drawing, _ in draw_charts(scores)]), folder / PLOT)
    thumbs = [crop.image for crop in crops]
    write_text(page(viewer(images, thumbs, scores) + measures(scores), TITLE), folder / PAGE)
    said = {"about": dict(about), "explanation": explain(scores), "published": published_sentence(), **scores.data()}
    write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", folder / REPORT)
    return [*strip.warnings, *filter(None, unsigned)]


def write_clip(images: Sequence[UInt8[np.ndarray, "h w 3"]], path: Path, rate: int = PICTURES_PER_SECOND) -> Path:
    """Write pictures as an MP4 without sound, whole or not at all.

    Args:
        images: RGB, all of one size; reduced to an even width and height.
        path: ends in .mp4; an existing file is replaced.
        rate: pictures a second.

    Raises:
        UserError: the file cannot be written.
    """
    height, width = (side - side % 2 for side in images[0].shape[:2])
    try:
        with (
            whole_file(path) as fresh,
            av.open(str(fresh), "w", options={"movflags": "+faststart"}) as container,
        ):
            stream = container.add_stream("libx264", rate=Fraction(rate), options={"crf": "18"})
            assert isinstance(stream, VideoStream), "libx264 is a codec of pictures"
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for image in images:
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), format="rgb24")
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
    except (OSError, av.error.FFmpegError) as error:
        raise UserError(f"Output '{path}': it cannot be written ({error}). Choose another folder.") from error
    return path


def write_gif(images: Sequence[UInt8[np.ndarray, "h w 3"]], path: Path, rate: int = PICTURES_PER_SECOND) -> Path:
    """Write pictures as an animated GIF that repeats, whole or not at all.

    All have one table of colours, so that what stays the same does not flicker.

    Args:
        images: RGB, all of one size; reduced to ``GIF_SIDE``.
        path: ends in .gif; an existing file is replaced.
        rate: pictures a second, at most 50.

    Raises:
        UserError: the file cannot be written.
    """
    small = [shrink(image, GIF_SIDE) for image in images]
    colors = Image.fromarray(np.concatenate([image[::2, ::2] for image in small])).quantize(256)
    first, *others = [Image.fromarray(image).quantize(palette=colors) for image in small]
    try:
        with whole_file(path) as fresh:
            first.save(fresh, "GIF", save_all=True, append_images=others, duration=round(1000 / rate), loop=0)
    except OSError as error:
        raise UserError(f"Output '{path}': it cannot be written ({error}). Choose another folder.") from error
    return path


def shown(image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "a b 3"]:
    """A picture as the page and the clip show it: reduced, and with even sides."""
    small = shrink(image, SHOWN_SIDE)
    height, width = (max(2, side - side % 2) for side in small.shape[:2])
    return small if small.shape[:2] == (height, width) else cv2.resize(small, (width, height))


def pack(files: Iterable[Path], path: Path) -> Path:
    """Put files into a ZIP, whole or not at all; pictures are stored as they are.

    Args:
        files: to pack, under their own names.
        path: ends in .zip.
    """
    with whole_file(path) as fresh, zipfile.ZipFile(fresh, "w") as archive:
        for file in files:
            plain = file.suffix in (".json", ".svg", ".html", ".md", ".csv")
            archive.write(file, file.name, zipfile.ZIP_DEFLATED if plain else zipfile.ZIP_STORED)
    return path
