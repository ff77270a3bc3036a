"""One job of a batch: who is put into which photo or video, how, and what the result is called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from swapper.batch.names import makes_video
from swapper.compose.settings import BlendSettings, check_blend_setting
from swapper.errors import UserError
from swapper.faces.select import selection
from swapper.methods.pixel_boost import MOST
from swapper.methods.weights import find_weights
from swapper.registry import find_method, restorer_choices
from swapper.registry.encoders import USUAL
from swapper.registry.masks import MASKS
from swapper.registry.upscalers import upscaler_choices
from swapper.runtime import values
from swapper.video.encode import QUALITY
from swapper.video.job import VideoSettings, check_video_settings

BLEND = (
    "likeness",
    "expression",
    "keep_mouth",
    "light",
    "detail",
    "occluders",
    "keep",
)  # the same as the options of the command line


@dataclass(frozen=True)
class JobSettings:
    """How a job is done; the names are those of the options of ``image`` and ``video``.

    Raises:
        UserError: a value of another kind, or outside its range.
    """

    method: str | None = None  # ``default_method`` for photos and for videos when None
    weights: str | None = None  # a file of the user's own, which names the method where none is given
    resolution: int | None = None  # side of the swapped face, px; the method's own when None
    mask: str = "own"  # what is not swapped over
    select: str | None = None  # all, unless there are people who get an identity of their own
    restore: str | None = None  # ``default_restorer`` for photos and for videos when None
    upscale: str = "none"  # enlarges the whole result, of photos
    likeness: float = BlendSettings.likeness
    expression: float = BlendSettings.expression
    keep_mouth: float = BlendSettings.keep_mouth
    light: float = BlendSettings.light
    detail: float = BlendSettings.detail
    occluders: bool = BlendSettings.occluders
    keep: Sequence[str] = ()  # regions of the target that stay; kept as a tuple
    start: float = 0.0  # seconds, of videos
    end: float | None = None  # seconds, of videos
    quality: int = QUALITY  # constant rate factor, of videos
    steadiness: float = 1.0  # of videos
    fps: float | None = None  # frames a second at most, of videos
    encoder: str = USUAL  # of videos

    def __post_init__(self):
        check_settings(vars(self))
        object.__setattr__(self, "keep", tuple(self.keep))

    @property
    def blend(self) -> BlendSettings:
        """How the face is blended in."""
        return BlendSettings(**{name: getattr(self, name) for name in BLEND})

    @property
    def video(self) -> VideoSettings:
        """How a video is swapped."""
        return VideoSettings(self.start, self.end, self.quality, self.steadiness, self.fps, self.encoder)


def check_settings(given: Mapping[str, Any]) -> None:
    """Make sure that ``JobSettings`` can be made of some values.

    Args:
        given: anything, by name; what is not there is as usual.

    Raises:
        UserError: a value of another kind, or outside its range.
    """
    if given.get("method") is not None:
        find_method(values.text("Method", given["method"]))
    if given.get("weights") is not None:
        find_weights(values.text("Weights", given["weights"]))
    if given.get("resolution") is not None:
        values.whole("Resolution", given["resolution"], 1, MOST)
    if given.get("mask") is not None:
        values.choice("Mask", given["mask"], MASKS)
    if given.get("restore") is not None:
        values.choice("Restore", given["restore"], restorer_choices())
    if given.get("upscale") is not None:
        values.choice("Upscale", given["upscale"], upscaler_choices())
    if given.get("select") is not None:
        selection(given["select"])
    for name in BLEND:
        if name in given:
            check_blend_setting(name, given[name])
    usual = {one.name: one.default for one in fields(VideoSettings) if one.name != "rate"}
    asked = {name: given.get(name, default) for name, default in usual.items()}
    check_video_settings(**asked, rate=given.get("fps"))


SETTINGS = tuple(one.name for one in fields(JobSettings))


@dataclass(frozen=True)
class Job:
    """What is asked for; plain values, so that it travels between machines.

    Attributes:
        name: of the job, no other's.
        sources: photos of the person that selected faces become; none where only ``people`` count.
        target: photo, GIF or video.
        output: file to write.
        people: photo of a person who is put in, and photo of the person in the target who becomes that one.
        settings: how.
    """

    name: str
    sources: tuple[Path, ...]
    target: Path
    output: Path
    people: tuple[tuple[Path, Path], ...] = ()
    settings: JobSettings = field(default_factory=JobSettings)

    def __post_init__(self):
        if not self.sources and not self.people:
            raise UserError("No source photo was given. Give at least one photo of the source person.")

    @property
    def moving(self) -> bool:
        """Whether the result is a video, or an animation."""
        return makes_video(self.target, self.output)

    @property
    def inputs(self) -> list[Path]:
        """All files that are read."""
        return [*self.sources, *(photo for pair in self.people for photo in pair), self.target]

    def described(self) -> dict[str, Any]:
        """Everything the result depends on besides its target and the program."""
        return {
            **vars(self.settings),
            "sources": list(self.sources),
            "people": [list(pair) for pair in self.people],
            "weights": self.settings.weights and Path(self.settings.weights),  # counts by its state, as photos do
        }
