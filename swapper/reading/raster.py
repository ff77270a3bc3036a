"""Opened pictures, handed out as sRGB strip by strip, so that large ones are in memory twice and not five times."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from swapper.reading.encoding import Encoding
from swapper.reading.profiles import lab_to_rgb, profile_conversion

_GREYS = ("1", "L", "LA", "La")


class Strip(NamedTuple):
    """Some rows of a picture.

    Attributes:
        colors: RGB as sRGB, whatever lies over or under them.
        alpha: opacity, 0..255; None where all is opaque.
    """

    colors: UInt8[np.ndarray, "h w 3"]
    alpha: UInt8[np.ndarray, "h w"] | None


@runtime_checkable
class Raster(Protocol):
    """A picture as it is stored."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        ...

    @property
    def transparent(self) -> bool:
        """Whether its strips have an opacity."""
        ...

    def strip(self, top: int, bottom: int) -> Strip:
        """Its rows from one to before another."""
        ...


@dataclass(frozen=True)
class PillowRaster:
    """A picture that Pillow has decoded to 8 bits.

    Attributes:
        image: any mode.
        meaning: an ICC profile, an encoding, or None for sRGB.
    """

    image: Image.Image
    meaning: bytes | Encoding | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.image.size

    @property
    def transparent(self) -> bool:
        """Whether its strips have an opacity."""
        return self.image.has_transparency_data

    def strip(self, top: int, bottom: int) -> Strip:
        """Its rows from one to before another."""
        width, height = self.image.size
        part = self.image if (top, bottom) == (0, height) else self.image.crop((0, top, width, bottom))
        alpha = None
        if self.transparent:
            grey, part = part.mode in _GREYS, part.convert("RGBA")
            alpha = np.asarray(part.getchannel("A"))
            part = part.getchannel("R") if grey else part.convert("RGB")
        return Strip(self._colors(part), alpha)

    def _colors(self, part: Image.Image) -> UInt8[np.ndarray, "h w 3"]:
        if isinstance(self.meaning, Encoding):
            return self.meaning.to_srgb(np.asarray(_as_rgb(part)).astype(np.uint16) * np.uint16(257))
        if part.mode == "LAB" and not self.meaning:
            return np.asarray(lab_to_rgb(part))
        if self.meaning:
            mode, convert = profile_conversion(self.meaning, part.mode)
            if convert is not None:
                return np.asarray(convert(part if part.mode == mode else part.convert(mode)))
        return np.asarray(_as_rgb(part))


@dataclass(frozen=True)
class DeepRaster:
    """A picture of more than 8 bits.

    Attributes:
        pixels: as they are stored.
        convert: some rows of them to colours and opacity.
        transparent: whether that gives an opacity.
        beside: another picture of the same size whose opacity counts.
    """

    pixels: np.ndarray
    convert: Callable[[np.ndarray], Strip]
    transparent: bool = False
    beside: PillowRaster | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def strip(self, top: int, bottom: int) -> Strip:
        """Its rows from one to before another."""
        strip = self.convert(self.pixels[top:bottom])
        return strip if self.beside is None else Strip(strip.colors, self.beside.strip(top, bottom).alpha)


def _as_rgb(image: Image.Image) -> Image.Image:
    return image if image.mode == "RGB" else image.convert("RGB")
