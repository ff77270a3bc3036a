"""GIFs as targets: no browser plays them as a video, so the page shows a small MP4 in their place."""

import uuid
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

from swapper.runtime.limits import Limits
from swapper.runtime.whole_file import whole_file
from swapper.studies.previews import shrink
from swapper.ui.files import new_folder
from swapper.ui.video.clip import open_clip
from swapper.video.io import VideoReader

SHOWN_SIDE = 480  # px, of the stand-in: the player on the page is small


@dataclass(frozen=True)
class Gif:
    """An animation and what is shown in its place.

    Attributes:
        path: of the upload.
        stand_in: path of the MP4.
    """

    path: str
    stand_in: str

    def stands_for(self, path: str) -> bool:
        """Whether a file is the stand-in, or a copy that the page made of it.

        Args:
            path: of the file.
        """
        return Path(path).name == Path(self.stand_in).name


def stand_in(path: str, limits: Limits) -> Gif:
    """Write what is shown in a GIF's place.

    Args:
        path: of the upload.
        limits: what is allowed on this machine.

    Raises:
        UserError: it is not a readable animation, or it is too large.
    """
    longest = open_clip(path, limits).longest
    reader = VideoReader(path, limits)
    target = new_folder() / f"{uuid.uuid4().hex}.mp4"
    with whole_file(target) as fresh, av.open(str(fresh), "w", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": "23", "preset": "veryfast"})
        assert isinstance(stream, VideoStream), "H.264 is pictures"
        stream.pix_fmt, base = "yuv420p", Fraction(1, 1000)
        stream.codec_context.time_base = base
        size = shrink(np.zeros((reader.info.height, reader.info.width, 3), np.uint8), SHOWN_SIDE).shape
        stream.height, stream.width = (max(side - side % 2, 2) for side in size[:2])
        for frame in reader.frames(0.0, longest):
            small = shrink(frame.image, SHOWN_SIDE)
            picture = av.VideoFrame.from_ndarray(small, "rgb24").reformat(stream.width, stream.height, "yuv420p")
            picture.pts, picture.time_base = round(frame.pts * reader.info.time_base / base), base
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    return Gif(path, str(target))
