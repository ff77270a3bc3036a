"""Values that travel between the parts of Swapper, and the one error users see (from ``swapper.errors``)."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

from swapper.errors import UserError as UserError

Box = tuple[int, int, int, int]  # left, top, right, bottom of a part of a frame, px


@dataclass(frozen=True)
class Face:
    """One face found in a frame; all coordinates are frame pixels, origin at the centre of the top-left pixel.

    Attributes:
        box: left, top, right, bottom.
        score: the detector's confidence in [0, 1].
        points: image-left eye, image-right eye, nose tip, image-left and image-right mouth corner.
        landmarks: the 478 mesh points (x, y, z), z in the same unit, negative towards the camera; None until measured.
    """

    box: Float32[np.ndarray, "4"]
    score: float
    points: Float32[np.ndarray, "5 2"]
    landmarks: Float32[np.ndarray, "478 3"] | None = None

    @property
    def mesh(self) -> Float32[np.ndarray, "478 3"]:
        """The landmarks of a face whose landmarks have been measured."""
        assert self.landmarks is not None, "this face's landmarks have not been measured"
        return self.landmarks


@dataclass(frozen=True)
class Surroundings:
    """The part of a frame that a face was cut from, as it was there.

    Attributes:
        image: RGB pixels.
        left: frame column of the first one.
        top: frame row of the first one.
    """

    image: UInt8[np.ndarray, "h w 3"]
    left: int = 0
    top: int = 0


@dataclass(frozen=True)
class Crop:
    """A face cut from a frame by an affine map, a similarity as a rule.

    Attributes:
        image: RGB pixels of the crop.
        matrix: maps homogeneous frame pixels to crop pixels.
        landmarks: the 478 mesh points in crop pixels, None where they were not measured.
        points: the five points in frame pixels, None where nobody kept them.
        surroundings: what other crops of the same face are cut from; None where this one has to do.
    """

    image: UInt8[np.ndarray, "s s 3"]
    matrix: Float32[np.ndarray, "2 3"]
    landmarks: Float32[np.ndarray, "478 3"] | None = None
    points: Float32[np.ndarray, "5 2"] | None = None
    surroundings: Surroundings | None = None

    @property
    def size(self) -> int:
        """Side of the crop in pixels."""
        return self.image.shape[0]

    @property
    def mesh(self) -> Float32[np.ndarray, "478 3"]:
        """The landmarks of a crop that was cut with them."""
        assert self.landmarks is not None, "this crop was cut without landmarks"
        return self.landmarks


@dataclass(frozen=True)
class Identity:
    """A source person as one method sees them; made by ``Method.identify``, handed back to ``Method.swap``.

    Attributes:
        method: name of the method that made it.
        embedding: the method's own identity vector, unit length.
        state: whatever the method needs per person (predicted weights, a texture); opaque to callers.
        space: what the vector was measured with, as the method calls it; only a method of the same space can use it.
    """

    method: str
    embedding: Float32[np.ndarray, "d"]
    state: Any = None
    space: str = ""


@dataclass(frozen=True)
class Swapped:
    """What a method returns for a batch of target crops.

    Attributes:
        face: swapped faces, RGB in [0, 1].
        mask: share of the swapped face at each pixel in [0, 1].
    """

    face: Float[Tensor, "b 3 s s"]
    mask: Float[Tensor, "b 1 s s"]

    def images(self) -> UInt8[np.ndarray, "b s s 3"]:
        """The faces as pictures, RGB."""
        pixels = self.face.float().cpu().numpy()  # from here on without torch, whose threads cost more than they save
        return np.ascontiguousarray(np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8).transpose(0, 2, 3, 1))

    def shares(self) -> Float32[np.ndarray, "b s s"]:
        """The masks beside ``images``."""
        return self.mask[:, 0].float().cpu().numpy()


@dataclass(frozen=True)
class SwapResult:
    """The result of swapping a picture.

    Attributes:
        image: RGB frame, the same size as the target, or so many times that of an upscaler.
        faces: every face found in the target, largest first, in pixels of the target.
        swapped: indices into ``faces`` of those that were swapped.
        timings: milliseconds by step (decode, detect, landmarks, identify, align, swap, restore, compose, upscale).
        warnings: sentences the user should read, such as a head turned too far.
        masks: where the method itself says that the face belongs, in [0, 1] over its crop, by index into ``faces``;
            none of a method that redraws the whole crop.
        replaced: how much of each pixel is a swapped face, 255 for all of it; None where nobody noted it.
        layers: RGBA of the same picture where the target is partly transparent, of which ``image`` shows what is seen
            over white; None where all is opaque.
    """

    image: UInt8[np.ndarray, "h w 3"]
    faces: list[Face]
    swapped: list[int]
    timings: dict[str, float]
    warnings: list[str] = field(default_factory=list)
    masks: dict[int, Float32[np.ndarray, "s s"]] = field(default_factory=dict)
    layers: UInt8[np.ndarray, "h w 4"] | None = None
    replaced: UInt8[np.ndarray, "h w"] | None = None

    @property
    def picture(self) -> UInt8[np.ndarray, "h w c"]:
        """What to write: RGBA where the target is partly transparent, RGB elsewhere."""
        return self.image if self.layers is None else self.layers
