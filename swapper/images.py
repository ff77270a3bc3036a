"""Reading any picture as RGB pixels, and writing pictures whole or not at all."""

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageCms

from swapper.runtime.limits import Limits
from swapper.runtime.whole_file import whole_file
from swapper.types import UserError

READABLE = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")
WRITABLE = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
LONGEST_SIDE = {"JPEG": 65_500, "WEBP": 16_383}  # what the formats can hold, pixels

# What Pillow raises on damaged files, depending on the format.
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
)
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"BM", "BMP"),
)
_EXIF_ORIENTATION = 0x0112
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


def read_image(
    source: str | Path | bytes | Image.Image | np.ndarray, limits: Limits | None = None
) -> UInt8[np.ndarray, "h w 3"]:
    """Read a picture as RGB pixels, upright and in sRGB.

    The camera's orientation (EXIF) is applied, colour profiles are converted to sRGB, transparent parts are laid
    over white, more than 8 bits are reduced to 8, and of an animation the first frame is read.

    Args:
        source: a file's path, a file's bytes, a PIL image, or an array (H, W), (H, W, 1), (H, W, 3) RGB or
            (H, W, 4) RGBA of uint8 in 0..255 or uint16 in 0..65535. An RGB uint8 array is returned as it is.
        limits: what is allowed on this machine on bytes and pixels; those of the environment when None.

    Raises:
        UserError: there is no such file, or it is no picture that can be read, is damaged or too large.
    """
    limits = limits or Limits.from_environment()
    if isinstance(source, np.ndarray):
        return _from_array(source, limits)
    if isinstance(source, Image.Image):
        path = getattr(source, "filename", "")
        return _decode(source, f"Picture '{path}'" if path else "Picture", limits)
    if isinstance(source, bytes):
        if len(source) > limits.max_upload_bytes:
            raise UserError(
                f"Picture: it has {len(source) / 2**20:.0f} MB, more than the limit of "
                f"{limits.max_upload_bytes / 2**20:.0f} MB. Make it smaller."
            )
        return _read_bytes(source, "Picture", limits)
    name = f"Picture '{source}'"
    return _read_bytes(_file_bytes(Path(source), name), name, limits)


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


def _read_bytes(data: bytes, name: str, limits: Limits) -> UInt8[np.ndarray, "h w 3"]:
    if not data:
        raise UserError(f"{name}: the file is empty. Copy or download it again.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of what our own sentences say plainly
        try:
            image = Image.open(io.BytesIO(data), formats=READABLE)
        except Image.DecompressionBombError as error:
            raise _too_large(name, None, limits) from error
        except _DAMAGED as error:
            raise UserError(f"{name}: {_unreadable(data)}") from error
        return _decode(image, name, limits)


def _unreadable(data: bytes) -> str:
    """Why a file did not open, and what to do."""
    known = ", ".join(READABLE)
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "HEIC and HEIF pictures cannot be read. Export it as JPEG or PNG first."
    kind = next((kind for beginning, kind in _BEGINNINGS if data.startswith(beginning)), None)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "WEBP"
    if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis"):
        kind = "AVIF"
    if kind is not None:
        return f"the {kind} file is damaged or cut off. Copy or download it again."
    return f"this is not a readable picture. Use one of these formats: {known}."


def _too_large(name: str, pixels: int | None, limits: Limits) -> UserError:
    found = "it has" if pixels is None else f"it has {pixels / 1e6:.0f} megapixels,"
    limit = min(limits.max_pixels, 2 * (Image.MAX_IMAGE_PIXELS or limits.max_pixels))
    return UserError(f"{name}: {found} more than the limit of {limit / 1e6:g} megapixels. Make it smaller.")


def _decode(image: Image.Image, name: str, limits: Limits) -> UInt8[np.ndarray, "h w 3"]:
    """Check the size before any pixel is decoded, then decode."""
    if image.width * image.height > limits.max_pixels:
        raise _too_large(name, image.width * image.height, limits)
    if image.width == 0 or image.height == 0:
        raise UserError(f"{name}: it has no pixels. Give another picture.")
    try:
        image.load()
        return _upright_pixels(image, _orientation(image))
    except MemoryError as error:
        raise UserError(f"{name}: there is not enough memory to read it. Make it smaller.") from error
    except _DAMAGED as error:
        kind = image.format or "picture"
        raise UserError(
            f"{name}: the {kind} file is damaged or cut off ({error}). Copy or download it again."
        ) from error


def _orientation(image: Image.Image) -> int:
    try:
        said = int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except _DAMAGED:
        said = 1  # a damaged EXIF block does not make the pixels unreadable
    return said if said in _STORED else 1


def _upright_pixels(image: Image.Image, orientation: int) -> UInt8[np.ndarray, "h w 3"]:
    if image.mode == "F" or image.mode.startswith("I"):
        image = Image.fromarray(_deep_to_8_bits(np.asarray(image)))
    width, height = image.size
    pixels = np.empty((width, height, 3) if orientation >= 5 else (height, width, 3), dtype=np.uint8)
    stored = _STORED.get(orientation, lambda upright: upright)(pixels)
    rows = max(_AT_A_TIME // width, 1)
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(top + rows, height))) if rows < height else image
        stored[top : top + rows] = np.asarray(_to_rgb(strip))
    return pixels


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        alpha = rgba.getchannel("A")
        colours = _to_srgb(rgba.convert("RGB"), image.info.get("icc_profile"))
        over = Image.new("RGB", image.size, "white")
        over.paste(colours, mask=alpha)
        return over
    if image.mode in ("1", "P"):
        image = image.convert("RGB")
    image = _to_srgb(image, image.info.get("icc_profile"))
    return image if image.mode == "RGB" else image.convert("RGB")


def _deep_to_8_bits(values: np.ndarray) -> UInt8[np.ndarray, "h w"]:
    """Grey levels of more than 8 bits: 0..65535 where they fit, floats in 0..1, anything else stretched."""
    if values.dtype == np.uint16:
        return (values >> 8).astype(np.uint8)
    levels = np.nan_to_num(values.astype(np.float32))
    low, high = float(levels.min()), float(levels.max())
    if np.issubdtype(values.dtype, np.integer) and low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0 if high > 255 else 255.0
    elif low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    return ((levels - low) * (255 / max(high - low, 1e-12))).clip(0, 255).astype(np.uint8)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert from the embedded colour profile; a missing or unusable one changes nothing."""
    if not profile and image.mode != "LAB":
        return image
    try:
        lab = ImageCms.createProfile("LAB")
        embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile) if profile else lab)
        if "sRGB" in ImageCms.getProfileDescription(embedded):
            return image
        converted = ImageCms.profileToProfile(image, embedded, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, *_DAMAGED):
        return image
    return converted or image


def _from_array(array: np.ndarray, limits: Limits) -> UInt8[np.ndarray, "h w 3"]:
    name = f"Array of shape {array.shape} and type {array.dtype}"
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4) or array.size == 0:
        raise UserError(f"{name}: it is not a picture. Give an array of height x width x 3 RGB values of type uint8.")
    if array.dtype not in (np.uint8, np.uint16):
        raise UserError(f"{name}: pixels must be integers of 8 or 16 bits. Convert it to uint8, 0 to 255.")
    if array.shape[0] * array.shape[1] > limits.max_pixels:
        raise _too_large(name, array.shape[0] * array.shape[1], limits)
    if array.dtype == np.uint16:
        array = (array >> 8).astype(np.uint8)
    if channels == 4:
        return np.array(_to_rgb(Image.fromarray(array)))
    if channels == 1:
        array = np.repeat(array.reshape(*array.shape[:2], 1), 3, axis=2)
    return np.ascontiguousarray(array)


def check_output(path: str | Path) -> Path:
    """Make sure that a picture can be written to a path, before any work is done for it.

    Raises:
        UserError: the suffix is not a supported format, or the folder does not exist.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITABLE:
        said = f"the suffix '{path.suffix}' is not a supported format" if path.suffix else "it has no suffix"
        raise UserError(f"Output '{path}': {said}. Choose one of {', '.join(WRITABLE)}.")
    if path.is_dir():
        raise UserError(f"Output '{path}': this is a folder. Give a file name in it.")
    if not path.parent.is_dir():
        raise UserError(f"Output '{path}': the folder '{path.parent}' does not exist. Create it first.")
    return path


def write_image(image: UInt8[np.ndarray, "h w 3"], path: str | Path, quality: int = 95) -> Path:
    """Write a picture; the format follows from the suffix, and a failure leaves no file behind.

    Args:
        image: RGB.
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
            Image.fromarray(np.ascontiguousarray(image)).save(fresh, kind, **options)
    except OSError as error:
        raise UserError(f"Output '{path}': it cannot be written ({error}). Choose another folder.") from error
    return path
