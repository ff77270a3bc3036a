"""Shipped ONNX networks that see square crops of one size."""

from pathlib import Path
from typing import ClassVar

import torch

from swapper import hub
from swapper.runtime.onnx_session import open_session


class CropNetwork:
    """Runs a network through onnxruntime.

    Attributes:
        weights: name of the shipped file.
        session: runs it.
        size: side of its crops, pixels.
    """

    weights: ClassVar[str]

    def __init__(self, device: torch.device | None = None, threads: int | None = None, path: Path | None = None):
        """Open the network.

        Args:
            device: where it runs; the CPU when None.
            threads: CPU threads; onnxruntime's choice when None.
            path: use this ONNX file instead of the shipped one.

        Raises:
            UserError: the shipped file is missing or damaged.
        """
        self.session = open_session(path or hub.resolve(self.weights), device, threads)
        self.size = int(self.session.get_inputs()[0].shape[2])
