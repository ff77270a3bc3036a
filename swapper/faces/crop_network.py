"""Shipped ONNX networks that see square crops of one size."""

from pathlib import Path
from typing import ClassVar

import torch

from swapper import hub
from swapper.runtime.graph_shapes import check_input, check_output
from swapper.runtime.onnx_session import open_session


class CropNetwork:
    """Runs a network through onnxruntime.

    Attributes:
        weights: name of its file in the manifest.
        usual_size: side of its crops where the file does not say it, pixels.
        channels_last: whether colours are the last dimension of its input.
        channels_given: of the picture that it gives; None where it gives something else.
        session: runs it.
        size: side of its crops, pixels.
    """

    weights: ClassVar[str]
    usual_size: ClassVar[int] = 256
    channels_last: ClassVar[bool] = False
    channels_given: ClassVar[int | None] = None

    def __init__(self, device: torch.device | None = None, threads: int | None = None, path: Path | None = None):
        """Open the network.

        Args:
            device: where it runs; the CPU when None.
            threads: CPU threads; onnxruntime's choice when None.
            path: use this ONNX file instead of the shipped one.

        Raises:
            UserError: the file is missing or damaged, or another network.
        """
        path = path or hub.resolve(self.weights)
        self.session = open_session(path, device, threads)
        crop = self.session.get_inputs()[0]
        self.size = next((length for length in crop.shape[2:3] if isinstance(length, int)), self.usual_size)
        takes = (None, self.size, self.size, 3) if self.channels_last else (None, 3, self.size, self.size)
        check_input(path, crop, takes, self.weights)
        if self.channels_given is not None:
            gives = (1, self.channels_given, self.size, self.size)
            check_output(path, self.session.get_outputs()[0], gives, self.weights)
