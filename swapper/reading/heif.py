"""HEIC and HEIF, the files of phones, through libheif."""

import io
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image

from swapper.errors import UserError
from swapper.reading.headers import brands

_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"}
_ANY = {b"mif1", b"msf1", b"mif2"}  # of containers that may hold this or another coding
# What the package raises on damaged files; RuntimeError is what it makes of libheif's less usual complaints.
_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, LookupError, RuntimeError)


@dataclass(frozen=True)
class HeifPicture:
    """A picture that was opened, not decoded; libheif turns it upright.

    Attributes:
        file: of the package.
        size: width and height, upright.
        profile: ICC, empty without one.
    """

    file: Any
    size: tuple[int, int]
    profile: bytes

    def decode(self) -> Image.Image | np.ndarray:
        """Pixels: a Pillow image, or (H, W, C) in 0..65535 where they have more than 8 bits.

        Raises:
            ValueError: the file is damaged.
        """
        try:
            data, stride = self.file.data, self.file.stride
            if not self.file.mode.endswith(";16"):
                return self.file.to_pillow()
        except _DAMAGED as error:
            raise ValueError(_sentence(error)) from error
        width, height = self.file.size
        channels = {"L;16": 1, "RGB;16": 3, "RGBA;16": 4}.get(self.file.mode, 0)
        if not channels:
            raise ValueError(f"pixels of the kind {self.file.mode} are not known")
        rows = np.frombuffer(data, np.uint8, stride * height).reshape(height, stride)[:, : 2 * channels * width]
        return rows.copy().view("<u2").reshape(height, width, channels)  # the memory is the package's


def is_heif(data: bytes) -> bool:
    """Whether a file claims to be HEIC or HEIF, and not AVIF.

    Args:
        data: the file.
    """
    said = brands(data)
    return bool(said) and not {b"avif", b"avis"} & set(said) and bool((_BRANDS | _ANY) & set(said))


def open_heif(data: bytes, name: str) -> HeifPicture:
    """Read a file's head.

    Args:
        data: the file.
        name: of the picture, for messages.

    Raises:
        UserError: the package that reads it is not installed.
        ValueError: the file is damaged.
    """
    package = _package()
    if package is None:
        raise UserError(
            f"{name}: HEIC and HEIF pictures need the package pi-heif. Install it with "
            "'python -m pip install pi-heif', or export the picture as JPEG or PNG."
        )
    try:
        file = package.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
        return HeifPicture(file, tuple(file.size), file.info.get("icc_profile") or b"")
    except _DAMAGED as error:
        raise ValueError(_sentence(error)) from error


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())


def _package() -> ModuleType | None:
    """The package that reads such files; the second writes them too, and is four times as large."""
    with suppress(ImportError):
        import pi_heif

        return pi_heif
    with suppress(ImportError):
        import pillow_heif

        return pillow_heif
    return None
