"""Which files of a folder can be swapped, and what their results are called."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from PIL import Image

from swapper.images import WRITABLE
from swapper.runtime.outputs import Names
from swapper.video.encode import FORMATS

VIDEOS = frozenset(
    {
        ".mp4",
        ".m4v",
        ".mov",
        ".mkv",
        ".webm",
        ".avi",
        ".gif",
        ".apng",
        ".ts",
        ".mts",
        ".mpg",
        ".mpeg",
        ".wmv",
        ".flv",
        ".3gp",
    }
)
PHOTOS = frozenset({*WRITABLE, ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif", ".jpe", ".jfif"})

_EITHER = frozenset({".gif", ".webp", ".apng", ".avif"})  # formats of photos and of animations


def usual_name(target: Path) -> str:
    """Of a result in a folder: the target's where its format is written, else MP4 for videos and PNG for photos.

    Args:
        target: a photo, or a video; a GIF that does not move is a photo, and a WebP that does is a video.
    """
    suffix = target.suffix.lower()
    if _moves(target):
        return video_name(target)
    return target.name if suffix in WRITABLE else f"{target.stem}.png"


def video_name(target: Path) -> str:
    """Of a video's result in a folder: the same where its format is written, else MP4.

    Args:
        target: a video.
    """
    return target.name if target.suffix.lower() in FORMATS else f"{target.stem}.mp4"


def result_names(targets: Iterable[Path], usual: Callable[[Path], str] = usual_name) -> dict[Path, str]:
    """What the results of one folder's files are called, so that none has the name of another.

    Args:
        targets: all in one folder.
        usual: name of a result where it is alone.
    """
    wanted = {path: usual(path) for path in sorted(targets)}
    used, names = Names(), dict[Path, str]()
    for path in sorted(wanted, key=lambda path: wanted[path] != path.name):  # those that keep their names come first
        name = wanted[path]
        names[path] = used.add(f"{path.stem}-{path.suffix[1:].lower()}{Path(name).suffix}" if used.has(name) else name)
    return names


def targets_below(folder: Path, apart_from: Path) -> Iterator[tuple[Path, Path]]:
    """Photos and videos in a folder and in those below it, with where their results lie in another one.

    Args:
        folder: hidden files and folders are left out.
        apart_from: a folder that is left out too, such as that of the results.

    Yields:
        Path of a target, and path of its result relative to the folder of results.
    """
    for text, folders, files in os.walk(folder):
        place = Path(text)
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and (place / name).resolve() != apart_from.resolve()
        )
        known = [name for name in files if not name.startswith(".") and Path(name).suffix.lower() in VIDEOS | PHOTOS]
        for target, name in sorted(result_names(place / name for name in known).items()):
            yield target, place.relative_to(folder) / name


def makes_video(target: Path, output: Path) -> bool:
    """Whether a job makes a video or an animation; what its result is called says so, unless it can be either.

    Args:
        target: photo or video; a file that is not there counts as what its suffix says.
        output: file that is written.
    """
    suffix = output.suffix.lower()
    return suffix in FORMATS and (suffix not in WRITABLE or _moves(target))


def _moves(path: Path) -> bool:
    """Whether a file is a video or an animation; what cannot be read is said to be damaged when it is swapped."""
    suffix = path.suffix.lower()
    if suffix not in _EITHER:
        return suffix in VIDEOS
    try:
        with Image.open(path) as image:
            return getattr(image, "n_frames", 1) > 1
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return suffix in VIDEOS
