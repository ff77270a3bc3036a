"""Clips of pictures that follow each other, and files packed together."""

import zipfile
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import av.error
import cv2
import numpy as np
from av.video.stream import VideoStream
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from swapper.runtime.whole_file import whole_file
from swapper.studies.previews import shrink
from swapper.types import UserError

PICTURES_PER_SECOND = 8
SHOWN_SIDE = 720  # px, longest side of a picture in a page or clip
GIF_SIDE = 480  # px, longest side: every page and chat shows a GIF, but its files are large
HEAD = 28  # px, of the titles over two clips


def beside(
    paths: Sequence[Sequence[UInt8[np.ndarray, "h w 3"]]], titles: Sequence[str]
) -> list[UInt8[np.ndarray, "a b 3"]]:
    """The pictures of one path, or of two beside each other under their titles.

    Args:
        paths: RGB, all of one size, as many on each path.
        titles: of the paths.
    """
    if len(paths) == 1:
        return list(paths[0])
    width = paths[0][0].shape[1]
    head = Image.new("RGB", (len(paths) * width, HEAD), "white")
    draw = ImageDraw.Draw(head)
    for number, title in enumerate(titles):
        sizes = (size for size in range(HEAD // 2, 7, -1) if _length(title, size) <= width - 12)
        font = ImageFont.load_default(next(sizes, 7))
        draw.text((number * width + 6, HEAD // 4), title, fill=(30, 30, 30), font=font)
    top = np.asarray(head)
    return [np.concatenate([top, np.concatenate(pictures, 1)]) for pictures in zip(*paths, strict=True)]


def _length(text: str, size: int) -> float:
    """Width of a line of text in px."""
    return ImageFont.load_default(size).getlength(text)


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
