"""What a file says about how it was made: its content credentials, and the watermark of its picture or frames."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from swapper.errors import UserError
from swapper.images import read_image
from swapper.provenance import credentials
from swapper.provenance.credentials import Credentials
from swapper.provenance.detection import Mark, find_mark
from swapper.runtime.limits import Limits
from swapper.runtime.there import is_file
from swapper.video.io import VideoReader

VIDEOS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi")
_LOOKED_AT = (0.0, 0.25, 0.5, 0.75)  # shares of a video's duration; one frame with the mark is enough


@dataclass(frozen=True)
class FileCheck:
    """What was found in a file.

    Attributes:
        credentials: its content credentials; None where there are none, or where they cannot be looked for.
        mark: the watermark; None where there is none.
        problem: why content credentials cannot be looked for; None where they can.
    """

    credentials: Credentials | None
    mark: Mark | None
    problem: UserError | None = None


def is_video(path: str | Path) -> bool:
    """Whether a file's suffix is one of a video.

    Args:
        path: of the file.
    """
    return Path(path).suffix.lower() in VIDEOS


def check_file(path: str | Path, limits: Limits | None = None) -> FileCheck:
    """Look for content credentials and for the watermark in a picture or a video.

    Args:
        path: of the file.
        limits: of what is read; those of a person's own machine when None.

    Raises:
        UserError: there is no such file, or it is neither a picture nor a video.
    """
    path = Path(path)
    if not is_file(path):
        raise UserError(f"File '{path}' not found. Check the path.")
    found, problem = None, None
    try:
        found = credentials.read_credentials(path)
    except UserError as error:
        problem = error
    return FileCheck(found, _find_mark_in(path, limits), problem)


def _find_mark_in(path: Path, limits: Limits | None) -> Mark | None:
    if not is_video(path):
        return find_mark(read_image(path))
    reader = VideoReader(path, limits)
    for share in _LOOKED_AT:
        with closing(reader.samples([share * reader.info.duration])) as frames:
            mark = next((found for frame in frames if (found := find_mark(frame.image))), None)
        if mark is not None:
            return mark
    return None
