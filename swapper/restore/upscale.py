"""Enlarging a whole picture with an upscaler that others published, in tiles, so that any size fits into memory."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import UInt8

from swapper import hub
from swapper.errors import UserError
from swapper.registry.upscalers import UPSCALERS, UpscalerInfo, find_upscaler
from swapper.runtime.graph_shapes import check_input
from swapper.runtime.limits import Limits
from swapper.runtime.onnx_session import open_session
from swapper.runtime.timing import StepTimer

TILE = 256  # px, most that the network sees at a time; its features of the result take 270 MB each then, at 4x
MARGIN = 24  # px that a tile sees around its own part; a multiple of every ``step``
FADE = 8  # px of them at both sides of where two parts meet, over which one tile fades into the next


@dataclass(frozen=True)
class TileSpan:
    """A tile along one side of a picture; in pixels of that.

    Attributes:
        begin: where what is seen begins.
        stop: where that ends.
        first: where its own part begins.
        end: where that ends.
    """

    begin: int
    stop: int
    first: int
    end: int


class Upscaler:
    """One published upscaler, loaded.

    Attributes:
        name: key of ``UPSCALERS``.
        info: its record.
    """

    def __init__(self, name: str, info: UpscalerInfo, device: torch.device, threads: int | None = None) -> None:
        """Find and open its file, downloading it where needed.

        Args:
            name: key of ``UPSCALERS``.
            info: its record.
            device: where it runs.
            threads: of the CPU; onnxruntime's choice when None.

        Raises:
            UserError: the file cannot be had, is damaged, or is another network.
        """
        self.name, self.info = name, info
        self._path = hub.resolve(info.weights)
        self._session = open_session(self._path, device, threads)
        taken = self._session.get_inputs()[0]
        check_input(self._path, taken, (None, 3, None, None), name)
        self._sides = [n if isinstance(n, int) else None for n in taken.shape[2:]] or [None, None]  # None: any
        self._side = min((n for n in self._sides if n is not None), default=None)  # of tiles; ``TILE`` when None
        if self._side is not None and self._side < 3 * MARGIN:
            check_input(self._path, taken, (None, 3, TILE, TILE), name)

    def check(self, height: int, width: int) -> None:
        """Refuse a picture whose result would be too large.

        Args:
            height: of the picture, px.
            width: of the picture, px.

        Raises:
            UserError: it would.
        """
        limits, tall, wide = Limits.from_environment(), height * self.info.scale, width * self.info.scale
        most, pixels = limits.max_upscaled_pixels, tall * wide
        if max(tall, wide) > limits.max_side:
            raise UserError(
                f"Upscaler '{self.name}': the result would be {wide} x {tall} pixels, and no side may have more than "
                f"{limits.max_side}. Use a smaller picture, or set SWAPPER_MAX_SIDE."
            )
        if pixels > most:
            raise UserError(
                f"Upscaler '{self.name}': the result would have {pixels / 1e6:.0f} megapixels, more than the limit of "
                f"{most / 1e6:g} megapixels. Use a smaller picture, or set SWAPPER_MAX_UPSCALED_PIXELS."
            )

    def enlarge(self, image: UInt8[np.ndarray, "h w 3"], timer: StepTimer | None = None) -> UInt8[np.ndarray, "a b 3"]:
        """The whole picture, ``info.scale`` times as high and wide.

        Args:
            image: RGB; not modified.
            timer: measures the step ``upscale``, which begins anew with every tile.

        Raises:
            UserError: the result would be too large, or the file is another network.
        """
        (height, width), scale, timer = image.shape[:2], self.info.scale, timer or StepTimer()
        self.check(height, width)
        result = np.empty((height * scale, width * scale, 3), np.uint8)
        tile = self._side or TILE
        for rows in spans(height, tile):
            strip = np.empty((width * scale, (rows.stop - rows.begin) * scale, 3), np.uint8)  # columns first
            for columns in spans(width, tile):
                with timer.step("upscale"):
                    drawn = self._tile(image[rows.begin : rows.stop, columns.begin : columns.stop])
                _lay(strip, drawn.swapaxes(0, 1), columns, scale)
            _lay(result, strip.swapaxes(0, 1), rows, scale)
        return result

    def _tile(self, tile: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "a b 3"]:
        """A tile, enlarged; the last row and column are repeated where its sides are not what the network takes."""
        height, width = tile.shape[:2]
        sides = [
            fixed or -(-side // self.info.step) * self.info.step
            for fixed, side in zip(self._sides, (height, width), strict=True)
        ]
        missing = [(0, whole - side) for whole, side in zip(sides, (height, width), strict=True)]
        padded = np.pad(tile, [*missing, (0, 0)], mode="edge").transpose(2, 0, 1)[None]
        seen = np.ascontiguousarray(padded, np.float32) / np.float32(255)
        wanted = (1, 3, *(side * self.info.scale for side in seen.shape[2:]))
        drawn = np.asarray(self._session.run(None, {self._session.get_inputs()[0].name: seen})[0])
        if drawn.shape != wanted:
            raise UserError(
                f"{self._path}: it makes {drawn.shape} of {seen.shape}, and '{self.name}' makes {wanted}. "
                "Replace it with the file named in the manifest."
            )
        whole = drawn[0, :, : height * self.info.scale, : width * self.info.scale]
        return np.rint(whole.clip(0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)


def _lay(whole: np.ndarray, part: np.ndarray, span: TileSpan, scale: int) -> None:
    """Lay what was drawn of a span over what was drawn before it, into which it fades; both by their first axis."""
    low, high = max(span.first - FADE, 0) * scale, min(span.end + FADE, span.stop) * scale
    fresh = part[low - span.begin * scale : high - span.begin * scale]
    fading = min((span.first + FADE) * scale, high) - low if span.first else 0
    share = ((np.arange(fading, dtype=np.float32) + 0.5) / (2 * FADE * scale))[:, None, None]
    faded = whole[low : low + fading] * (1 - share) + fresh[:fading] * share
    whole[low : low + fading] = np.rint(faded).astype(np.uint8)
    whole[low + fading : high] = fresh[fading:]


def spans(length: int, tile: int = TILE) -> list[TileSpan]:
    """Tiles along one side of a picture: their own parts cover it once; what they see overlaps.

    Args:
        length: px.
        tile: most that each sees, px.
    """
    if length <= tile:
        return [TileSpan(0, length, 0, length)]
    own = tile - 2 * MARGIN
    parts = [(first, min(first + own, length)) for first in range(0, length, own)]
    return [TileSpan(max(first - MARGIN, 0), min(end + MARGIN, length), first, end) for first, end in parts]


def local_upscalers() -> list[str]:
    """Names of the upscalers whose weights are on this machine, ``none`` first; asks no network."""
    return ["none", *(name for name, info in UPSCALERS.items() if hub.find(info.weights))]


def load_upscaler(name: str, device: torch.device, threads: int | None = None) -> Upscaler | None:
    """Load an upscaler; ``none`` gives None.

    Args:
        name: one of ``registry.upscalers.upscaler_choices()``.
        device: where it runs.
        threads: of the CPU; onnxruntime's choice when None.

    Raises:
        UserError: the name is unknown, or its weights cannot be found.
    """
    info = find_upscaler(name)
    return None if info is None else Upscaler(name, info, device, threads)
