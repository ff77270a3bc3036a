"""An optional look at every upload before anything is done with it; ``docs/content-check.md`` says how to set it.

There is none unless ``SWAPPER_CONTENT_CHECK`` names one, because no classifier ships.
"""

import json
import os
from collections.abc import Callable
from contextlib import closing
from functools import lru_cache
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from swapper.images import read_image
from swapper.runtime.onnx_session import open_session
from swapper.types import UserError
from swapper.video.io import VideoReader

VARIABLE, LIMIT = "SWAPPER_CONTENT_CHECK", "SWAPPER_CONTENT_LIMIT"
REFUSED = "File '{name}': the content check of this app rejected it. Choose another one."
NO_CLASSIFIER = "Environment variable {variable}: '{path}' is not an image classifier. Name another file or unset it."
_USUAL_LIMIT, _USUAL_SIDE = 0.5, 224
_LOOKED_AT = (0.02, 0.25, 0.5, 0.75, 0.98)  # shares of a video's duration

ContentClassifier = Callable[[UInt8[np.ndarray, "h w 3"]], float]  # how much an RGB picture is to be refused, 0..1


class OnnxClassifier:
    """An ONNX network that says what pictures show."""

    def __init__(self, path: Path):
        """Open it.

        Args:
            path: one input, a picture of one size, channels first or last; one output, a row of classes. Metadata
                (all optional, JSON): ``mean`` and ``std`` of the input's channels in [0, 1], ``refused`` a list of
                classes (the last one), ``activation`` none, sigmoid or softmax (by the number of classes).

        Raises:
            UserError: it is not such a network.
        """
        wrong = UserError(NO_CLASSIFIER.format(variable=VARIABLE, path=path))
        self._session = open_session(path)
        said = self._session.get_modelmeta().custom_metadata_map
        source = self._session.get_inputs()[0]
        self._name, shape = source.name, source.shape
        if len(shape) != 4 or 3 not in (shape[1], shape[3]):
            raise wrong
        self._last = shape[1] != 3
        self._size = [
            side if isinstance(side, int) else _USUAL_SIDE for side in (shape[1:3] if self._last else shape[2:])
        ]
        try:
            self._mean, self._std = (
                np.float32(json.loads(said.get(key, usual))) for key, usual in (("mean", "0"), ("std", "1"))
            )
            self._refused = list(json.loads(said.get("refused", "[-1]")))
            self._activation = said.get("activation", "")
            self(np.zeros((8, 8, 3), np.uint8))
        except (ValueError, TypeError, IndexError) as error:
            raise wrong from error

    def __call__(self, image: UInt8[np.ndarray, "h w 3"]) -> float:
        """Probability that a picture is to be refused.

        Args:
            image: RGB.
        """
        height, width = self._size
        pixels = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        pixels = (pixels - self._mean) / self._std
        row = pixels if self._last else pixels.transpose(2, 0, 1)
        found = self._session.run(None, {self._name: np.ascontiguousarray(row[None], np.float32)})[0]
        return float(self._probabilities(np.asarray(found, np.float32).ravel())[self._refused].sum())

    def _probabilities(self, row: Float32[np.ndarray, "n"]) -> Float32[np.ndarray, "n"]:
        kind = self._activation or ("softmax" if len(row) > 1 else "sigmoid")
        if kind == "softmax":
            powers = np.exp(row - row.max())
            return powers / powers.sum()
        return 1 / (1 + np.exp(-row)) if kind == "sigmoid" else row


def check_content(path: str, video: bool = False) -> None:
    """Look at an upload, once for as long as it stays as it is; nothing happens where no check is set.

    Args:
        path: of the file.
        video: look at some of its frames.

    Raises:
        UserError: the check refuses it, cannot be used, or the file cannot be read.
    """
    wanted = os.environ.get(VARIABLE, "")
    if not wanted or not Path(path).is_file():
        return
    state = Path(path).stat()
    if _refuses(wanted, os.environ.get(LIMIT, ""), path, video, state.st_mtime_ns, state.st_size):
        raise UserError(REFUSED.format(name=path))


def load_check() -> None:
    """Load the check that the environment names, so that a wrong setting shows when the app starts.

    Raises:
        UserError: it cannot be used.
    """
    if os.environ.get(VARIABLE):
        _classifier(os.environ[VARIABLE])
        _limit(os.environ.get(LIMIT, ""))


@lru_cache(maxsize=512)
def _refuses(wanted: str, limit: str, path: str, video: bool, _changed: int, _size: int) -> bool:
    classifier, most = _classifier(wanted), _limit(limit)
    if not video:  # by the limits of photos, as whatever is done with it afterwards
        return classifier(read_image(path)) >= most
    reader = VideoReader(path)
    with closing(reader.samples([share * reader.info.duration for share in _LOOKED_AT])) as frames:
        return any(classifier(frame.image) >= most for frame in frames)


@lru_cache(maxsize=2)
def _classifier(wanted: str) -> ContentClassifier:
    if wanted.lower().endswith(".onnx"):
        return OnnxClassifier(Path(wanted).expanduser())
    module, _, name = wanted.partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(
            f"Environment variable {VARIABLE}: '{wanted}' cannot be loaded ({error}). "
            "Name an ONNX file, or a function as package.module:function."
        ) from error
    return found


def _limit(text: str) -> float:
    try:
        limit = float(text or _USUAL_LIMIT)
    except ValueError:
        limit = -1.0
    if not 0 < limit <= 1:
        raise UserError(
            f"Environment variable {LIMIT}: '{text}' must be a number above 0 and up to 1. Correct or unset it."
        )
    return limit
