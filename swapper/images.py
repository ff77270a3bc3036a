"""Reading any picture as RGB pixels, and writing pictures whole or not at all."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from swapper.errors import UserError
from swapper.reading.limits import check_bytes, check_size
from swapper.reading.opening import READABLE, Opened, open_file, open_image
from swapper.reading.raster import PillowRaster
from swapper.runtime.limits import Limits
from swapper.runtime.whole_file import whole_file, writable_path

__all__ = [
    "READABLE",
    "WRITABLE",
    "Still",
    "check_output",
    "holds_transparency",
    "over_white",
    "read_image",
    "read_still",
    "write_image",
]

WRITABLE = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
LONGEST_SIDE = {"JPEG": 65_500, "WEBP": 16_383}  # what the formats can hold, pixels

# Where a picture's rows and columns lie in the upright one, by orientation; all are views.
_STORED: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright),
    7: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
}
_AT_A_TIME = 4_000_000  # pixels converted at a time: a large picture is in memory twice, not five times

ImageSource = str | Path | bytes | Image.Image | np.ndarray


@dataclass(frozen=True)
class Still:
    """A picture as it was read: upright, in sRGB, of 8 bits.

    Attributes:
        image: RGB, transparent parts laid over white.
        layers: RGB as it is under its opacity, and the opacity; None where all is opaque.
        notes: sentences on what of the file is left out.
    """

    image: UInt8[np.ndarray, "h w 3"]
    layers: UInt8[np.ndarray, "h w 4"] | None = None
    notes: tuple[str, ...] = ()

    def changed(self, image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 4"] | None:
        """The layers of the same picture after what is seen of it was changed; None where all is opaque.

        Args:
            image: RGB, laid over white.
        """
        if self.layers is None:
            return None
        done, rows = self.layers.copy(), max(_AT_A_TIME // image.shape[1], 1)
        for top in range(0, len(image), rows):
            before, after, layers = (whole[top : top + rows] for whole in (self.image, image, done))
            alpha = layers[..., 3:].astype(np.float32) / 255
            change = after.astype(np.float32) - before  # alpha times the change of what is under it
            under = np.divide(change, alpha, out=np.zeros_like(change), where=alpha > 0)
            layers[..., :3] = np.rint(layers[..., :3] + under).clip(0, 255)
        return done


def read_image(source: ImageSource, limits: Limits | None = None) -> UInt8[np.ndarray, "h w 3"]:
    """Read a picture as RGB pixels, upright and in sRGB.

    The camera's orientation (EXIF) is applied, colour profiles and other encodings are converted to sRGB, high dynamic
    range is brought down, transparent parts are laid over white, more than 8 bits are reduced to 8, and of an
    animation the first frame is read.

    Args:
        source: a file's path, a file's bytes, a PIL image, or an array (H, W), (H, W, 1), (H, W, 3) RGB or
            (H, W, 4) RGBA of uint8 in 0..255 or uint16 in 0..65535. An RGB uint8 array is returned as it is.
        limits: what is allowed on this machine on bytes and pixels; those of ``Limits.for_photos`` when None.

    Raises:
        UserError: the file is missing, not a readable picture, damaged or too large.
    """
    return _read(source, limits, keep_layers=False).image


def read_still(source: ImageSource, limits: Limits | None = None) -> Still:
    """Read a picture as ``read_image`` does, and keep what lies under transparent parts.

    Args:
        source: as of ``read_image``.
        limits: as of ``read_image``.

    Raises:
        UserError: as of ``read_image``.
    """
    return _read(source, limits, keep_layers=True)


def _read(source: ImageSource, limits: Limits | None, keep_layers: bool) -> Still:
    limits = limits or Limits.for_photos()
    if isinstance(source, np.ndarray):
        return _from_array(source, limits, keep_layers)
    if isinstance(source, Image.Image):
        path = getattr(source, "filename", "")
        opened = open_image(source, f"Picture '{path}'" if path else "Picture", limits)
        return _upright(opened, keep_layers)
    if isinstance(source, bytes):
        check_bytes(len(source), "Picture", limits)
        return _upright(open_file(source, "Picture", limits), keep_layers)
    name = f"Picture '{source}'"
    return _upright(open_file(_file_bytes(Path(source), name), name, limits), keep_layers)


def _file_bytes(path: Path, name: str) -> bytes:
    try:
        if path.is_dir():
            raise UserError(f"{name}: this is a folder. Give a picture file.")
        if not path.exists():
            raise UserError(f"{name}: file not found. Check the path.")
        if not path.is_file():
            raise UserError(f"{name}: this is not a regular file. Give a picture file.")
        return path.read_bytes()
    except PermissionError as error:
        raise UserError(f"{name}: permission denied. Check the file's permissions.") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{name}: it cannot be read ({error}). Check the path.") from error


def _upright(opened: Opened, keep_layers: bool) -> Still:
    raster = opened.raster
    width, height = raster.size
    shape = (width, height) if opened.orientation >= 5 else (height, width)
    pixels = np.empty((*shape, 3), dtype=np.uint8)
    layers = np.empty((*shape, 4), dtype=np.uint8) if keep_layers and raster.transparent else None
    turn = _STORED.get(opened.orientation, lambda upright: upright)
    stored, stored_layers = turn(pixels), None if layers is None else turn(layers)
    rows = max(_AT_A_TIME // width, 1)
    opaque = True
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        colors, alpha = raster.strip(top, bottom)
        stored[top:bottom] = colors if alpha is None else over_white(colors, alpha)
        if stored_layers is not None and alpha is not None:
            stored_layers[top:bottom, :, :3], stored_layers[top:bottom, :, 3] = colors, alpha
            opaque = opaque and bool(alpha.min() == 255)
    return Still(pixels, None if opaque else layers, opened.notes)


def over_white(colors: UInt8[np.ndarray, "h w 3"], alpha: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """A picture that is partly transparent as it is seen over white.

    Args:
        colors: RGB as it is under its opacity.
        alpha: that opacity.
    """
    over = Image.new("RGB", alpha.shape[::-1], "white")
    over.paste(Image.fromarray(np.ascontiguousarray(colors)), mask=Image.fromarray(np.ascontiguousarray(alpha)))
    return np.asarray(over)


def _from_array(array: np.ndarray, limits: Limits, keep_layers: bool) -> Still:
    name = f"Array of shape {array.shape} and type {array.dtype}"
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4) or array.size == 0:
        raise UserError(f"{name}: it is not a picture. Give an array of height x width x 3 RGB values of type uint8.")
    if array.dtype not in (np.uint8, np.uint16):
        raise UserError(f"{name}: pixels must be integers of 8 or 16 bits. Convert it to uint8, 0 to 255.")
    check_size(array.shape[1], array.shape[0], name, limits)
    if array.dtype == np.uint16:
        array = (array >> 8).astype(np.uint8)
    if channels == 4:
        return _upright(Opened(PillowRaster(Image.fromarray(np.ascontiguousarray(array)))), keep_layers)
    if channels == 1:
        array = np.repeat(array.reshape(*array.shape[:2], 1), 3, axis=2)
    return Still(np.ascontiguousarray(array))


def check_output(path: str | Path) -> Path:
    """Make sure that a picture can be written to a path, before any work is done for it.

    Raises:
        UserError: the suffix is not a supported format, or the folder does not exist.
    """
    return writable_path(path, WRITABLE)


def holds_transparency(path: str | Path) -> bool:
    """Whether the format that a path's suffix names holds transparency.

    Args:
        path: as of ``write_image``.
    """
    return WRITABLE.get(Path(path).suffix.lower()) in ("PNG", "WEBP")


def write_image(image: UInt8[np.ndarray, "h w c"], path: str | Path, quality: int = 95) -> Path:
    """Write a picture; the format follows from the suffix, and a failure leaves no file behind.

    Args:
        image: RGB or RGBA; what is transparent lies over white in formats that hold no transparency.
        path: ends in .png, .jpg, .jpeg or .webp; an existing file is replaced.
        quality: 1..100 of JPEG and WebP; at 90 and above JPEG keeps colour at full resolution.

    Returns:
        The path written.

    Raises:
        UserError: as ``check_output``, the format cannot hold the picture, or the file cannot be written.
    """
    path = check_output(path)
    kind = WRITABLE[path.suffix.lower()]
    if max(image.shape[:2]) > LONGEST_SIDE.get(kind, 2**31):
        raise UserError(
            f"Output '{path}': {kind} holds at most {LONGEST_SIDE[kind]} pixels a side, the picture has "
            f"{image.shape[1]} x {image.shape[0]}. Write a .png instead."
        )
    options = {
        "PNG": {"compress_level": 4},
        "JPEG": {"quality": quality, "subsampling": 0 if quality >= 90 else 2},
        "WEBP": {"quality": quality},
    }[kind]
    try:
        with whole_file(path) as fresh:
            if image.shape[2] == 4 and not holds_transparency(path):
                image = over_white(image[..., :3], image[..., 3])
            Image.fromarray(np.ascontiguousarray(image)).save(fresh, kind, **options)
    except OSError as error:
        raise UserError(f"Output '{path}': it cannot be written ({error}). Choose another folder.") from error
    return path
