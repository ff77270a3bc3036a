"""Speed of well-known swapping networks on this machine, side by side: one thread, random weights, one run.

All is processor time, which other work on the machine changes least.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from swapper.bench.networks import count, gemm_speed, milliseconds
from swapper.bench.photo import FRAMES, cpu_threads, example_photos, frame_with_face, machine
from swapper.methods.base import default_method
from swapper.methods.idn_onnx import build_onnx
from swapper.metrics.size import average_face, drawing_size
from swapper.models.idn import IdentityAwareDynamicNetwork
from swapper.pipeline import FaceSwapper
from swapper.registry import find_network
from swapper.runtime.onnx_session import open_session
from swapper.runtime.timing import StepTimer
from swapper.types import Identity

_IDENTITY, _KERNEL, _SIDE = 512, 3, 128
_REST = ("detect", "landmarks", "align", "compose")  # what a picture takes besides the network
Tell = Callable[[int, int, str], object]  # how many are done, of how many, and what comes next


class _AdaINSwapper:
    """A swapping network of random weights in inswapper's layout, written as an ONNX graph.

    An encoder halves the side down to 32 px, blocks of two convolutions whose channels the identity shifts and scales
    follow there, and a decoder doubles it again. With 1024 channels and six blocks its file is as large as
    inswapper's; hyperswap's own layout is not published, so one of this layout stands for it that is as large.

    Attributes:
        macs: multiply-accumulates of one face.
        params: of all weights.
    """

    def __init__(self, size: int, widths: tuple[int, int, int, int], blocks: int):
        """Say how large it is.

        Args:
            size: side of its crops, px, 128 or twice that.
            widths: channels of the encoder's convolutions, the last those of the blocks.
            blocks: how many, each with two convolutions.
        """
        self._size, self._rng = size, np.random.default_rng(0)
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self.macs = self.params = 0
        first, second, third, inner = widths
        x = self._conv("target", 3, first, _SIDE, kernel=7, stride=size // _SIDE)
        x = self._conv(x, first, second, _SIDE)
        x = self._conv(x, second, third, _SIDE // 2, stride=2)
        x = self._conv(x, third, inner, _SIDE // 4, stride=2)
        for _ in range(blocks):
            x = self._block(x, inner)
        x = self._conv(self._doubled(x), inner, third, _SIDE // 2)
        x = self._conv(self._doubled(x), third, second, _SIDE)
        x = self._conv(x, second, first, _SIDE)
        x = self._conv(x if size == _SIDE else self._doubled(x), first, 3, size, kernel=7, last=True)
        self._add("Sigmoid", "result", x)

    def save(self, path: Path) -> None:
        """Write the file."""
        image = [1, 3, self._size, self._size]
        graph = helper.make_graph(
            self._nodes,
            "swapper",
            [
                helper.make_tensor_value_info("target", TensorProto.FLOAT, image),
                helper.make_tensor_value_info("source", TensorProto.FLOAT, [1, _IDENTITY]),
            ],
            [helper.make_tensor_value_info("result", TensorProto.FLOAT, image)],
            self._weights,
        )
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))

    def feed(self) -> dict[str, np.ndarray]:
        """Inputs."""
        image = self._rng.random((1, 3, self._size, self._size), np.float32)
        return {"target": image, "source": self._rng.standard_normal((1, _IDENTITY), np.float32)}

    def _add(self, op: str, name: str, *inputs: str, **attributes: Any) -> str:
        name = name or f"{op}{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    def _weight(self, *shape: int) -> str:
        name = f"weight{len(self._weights)}"
        array = self._rng.standard_normal(shape, np.float32) / np.float32(max(np.prod(shape[1:]), 1) ** 0.5)
        self._weights.append(numpy_helper.from_array(array, name))
        self.params += array.size
        return name

    def _conv(
        self, x: str, inner: int, outer: int, side: int, kernel: int = _KERNEL, stride: int = 1, last: bool = False
    ) -> str:
        """A convolution whose result has a side."""
        self.macs += side * side * inner * outer * kernel * kernel
        inputs = (x, self._weight(outer, inner, kernel, kernel), self._weight(outer))
        y = self._add("Conv", "", *inputs, pads=[kernel // 2] * 4, strides=[stride] * 2, kernel_shape=[kernel] * 2)
        return y if last else self._add("LeakyRelu", "", y, alpha=0.2)

    def _block(self, x: str, width: int) -> str:
        y = x
        for half in range(2):
            y = self._conv(y, width, width, _SIDE // 4, last=True)
            y = self._styled(y, width)
            if half == 0:
                y = self._add("Relu", "", y)
        return self._add("Add", "", x, y)

    def _styled(self, x: str, width: int) -> str:
        """Normalise every channel, then scale and shift it as the identity says."""
        axes = [2, 3]
        away = self._add("Sub", "", x, self._add("ReduceMean", "", x, axes=axes, keepdims=1))
        spread = self._add("ReduceMean", "", self._add("Mul", "", away, away), axes=axes, keepdims=1)
        away = self._add("Div", "", away, self._add("Sqrt", "", self._add("Add", "", spread, self._constant(1e-8))))
        style = self._add("Gemm", "", "source", self._weight(_IDENTITY, 2 * width), self._weight(2 * width))
        self.macs += _IDENTITY * 2 * width
        parts = [f"{style}.{part}" for part in ("scale", "shift")]
        shaped = self._add("Reshape", "", style, self._constant(np.array([1, 2 * width, 1, 1])))
        self._nodes.append(helper.make_node("Split", [shaped], parts, axis=1))
        return self._add("Add", "", self._add("Mul", "", away, parts[0]), parts[1])

    def _constant(self, value: float | np.ndarray) -> str:
        name = f"constant{len(self._weights)}"
        array = value if isinstance(value, np.ndarray) else np.array(value, np.float32)
        self._weights.append(numpy_helper.from_array(array, name))
        return name

    def _doubled(self, x: str) -> str:
        scales = self._constant(np.array([1, 1, 2, 2], np.float32))
        return self._add("Resize", "", x, "", scales, mode="linear", coordinate_transformation_mode="half_pixel")


def peers_report(seconds: float = 2.0, quick: bool = False, tell: Tell = lambda *_: None) -> dict[str, Any]:
    """Milliseconds of processor time a face and a 720p frame of published networks' graphs, all on one thread.

    Args:
        seconds: spent on repeating each measurement.
        quick: leave out the networks that take gigabytes or seconds.
        tell: called before each measurement.

    Returns:
        ``gemm``: rows of the fastest matrix product; ``rows``: per network, millions of parameters, GMAC, ``ms/face``,
        ``ms/720p`` (with detection, landmarks, cutting and blending as this project does them) and ``share_of_gemm``,
        its arithmetic over the fastest matrix product's.

    Raises:
        UserError: the example portraits are missing.
    """
    todo = [peer for peer in _PEERS if not (quick and peer in _LARGE)]
    with cpu_threads(1):
        tell(0, len(todo) + 1, "matrix product")
        gemm = list(gemm_speed(1, seconds, time.process_time))
        rest = _rest_of_a_frame(1 if quick else 5)
        peak, rows = max(row["GMAC/s"] for row in gemm), []
        for done, name in enumerate(todo, 1):
            tell(done, len(todo) + 1, name)
            with tempfile.TemporaryDirectory() as place, torch.inference_mode():
                run, params, macs = _PEERS[name](Path(place))
                median, fastest = milliseconds(run, seconds, clock=time.process_time)
            rows.append(
                {
                    "network": name,
                    "params M": round(params / 1e6, 2),
                    "GMAC": round(macs / 1e9, 2),
                    "ms/face": round(median, 1),
                    "ms/720p": round(median + rest, 1),
                    "share_of_gemm": round(macs / 1e6 / fastest / peak, 2),
                }
            )
    return {
        "machine": machine(),
        "unit": "ms of processor time, median, one face, one thread",
        "gemm": gemm,
        "rows": rows,
    }


Peer = tuple[Callable[[], object], int, int]  # what is timed, its parameters and its multiply-accumulates


def _rest_of_a_frame(repeats: int) -> float:
    source, target = example_photos()
    swapper = FaceSwapper(default_method(moving=True), "cpu", restore="none", threads=1)
    identity, frame = swapper.identify(source), frame_with_face(target, *FRAMES["720p"])
    spent = []
    for _ in range(repeats + 1):
        timer = StepTimer(time.process_time)
        faces = swapper.find_faces(frame, timer)
        whom: dict[int, Identity] = dict.fromkeys(range(len(faces)), identity)
        swapper.swap_faces(frame, faces, whom, timer)
        spent.append(sum(timer.milliseconds.get(step, 0.0) for step in _REST))
    return statistics.median(spent[1:])


def _idn(size: int, onnxruntime: bool, place: Path) -> Peer:
    """MobileFaceSwap's network of one person: as this project runs it, or layer by layer as the official code does."""
    published = find_network("mobilefaceswap-idn")
    network = IdentityAwareDynamicNetwork(IdentityAwareDynamicNetwork.Config(size=size)).eval()
    params, macs = count(published, network.config)
    face = torch.rand(1, 3, size, size)
    if not onnxruntime:
        return partial(network, face), params, macs
    session = open_session(build_onnx(network, size, {}).SerializeToString(), threads=1)
    return partial(session.run, None, {"target": face.numpy()}), params, macs


def _torch(name: str, preset: str, place: Path) -> Peer:
    """A network of the registry in torch."""
    published = find_network(name)
    config = published.presets()[preset]
    params, macs = count(published, config)
    network = published.network(config).eval().requires_grad_(False)
    return partial(network, *published.inputs(config, 1)), params, macs


def _adain(size: int, widths: tuple[int, int, int, int], blocks: int, place: Path) -> Peer:
    made = _AdaINSwapper(size, widths, blocks)
    made.save(place / "swapper.onnx")
    session, feed = open_session(place / "swapper.onnx", threads=1), made.feed()
    return partial(session.run, None, feed), made.params, made.macs


def _shipped(name: str, place: Path) -> Peer:
    """A method with the weights that ship, all that it does for each face."""
    source, _ = example_photos()
    swapper = FaceSwapper(name, "cpu", restore="none", threads=1)
    method, identity = swapper.method, swapper.identify(source)
    size = drawing_size(method, identity)
    assert size is not None, "a network runs"
    face = torch.rand(1, 3, method.size, method.size)
    return partial(method.swap, identity, face, average_face()), size.params, size.macs


_SHIPPED = ("ghost", "mobilefaceswap", "rafswap", "smoothswap")
_PEERS: dict[str, partial[Peer]] = {
    **{f"{name}, as it ships": partial(_shipped, name) for name in _SHIPPED},
    "MobileFaceSwap 128, this project": partial(_idn, 128, True),
    "MobileFaceSwap 224, this project": partial(_idn, 224, True),
    "MobileFaceSwap 224, official layers": partial(_idn, 224, False),
    "SimSwap 224": partial(_torch, "simswap", "paper"),
    "GHOST 256": partial(_torch, "ghost", "paper"),
    "inswapper's size, 128": partial(_adain, 128, (128, 256, 512, 1024), 6),
    "hyperswap's size, 256": partial(_adain, 256, (64, 128, 256, 768), 8),
}
_LARGE = ("GHOST 256", "inswapper's size, 128", "hyperswap's size, 256")
