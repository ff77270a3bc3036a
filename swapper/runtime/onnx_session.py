"""Opening ONNX files on the device the user chose, and saying so when another one is used."""

import logging
from pathlib import Path

import onnxruntime
import torch
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NoSuchFile,
    RuntimeException,
)

from swapper.runtime.reports import is_silent
from swapper.runtime.threads import threads_allowed
from swapper.types import UserError

LOGGER = logging.getLogger("swapper")
PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider", "mps": "CoreMLExecutionProvider"}


def open_session(
    path: Path | bytes, device: torch.device | None = None, threads: int | None = None
) -> onnxruntime.InferenceSession:
    """Open an ONNX file for inference.

    Args:
        path: the file, or a model's bytes.
        device: where it should run; the CPU when None. A device onnxruntime cannot use falls back to the CPU with a
            warning in the log.
        threads: of one operator on the CPU; what ``limit_threads`` allows, else onnxruntime's choice, when None.

    Raises:
        UserError: the file is not a model that onnxruntime can run.
    """
    if is_silent():
        onnxruntime.disable_telemetry_events()  # Windows' tracing, which does not look at the variable
    name = str(path) if isinstance(path, Path) else "ONNX model"
    wanted = PROVIDERS[device.type if device is not None else "cpu"]
    present = onnxruntime.get_available_providers()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only: the library warns about every initializer it drops
    options.enable_cpu_mem_arena = False  # which would keep what the largest input ever needed; it saves no time
    threads = threads or threads_allowed()
    if threads is not None:
        options.intra_op_num_threads = threads
    providers = [name for name in dict.fromkeys((wanted, PROVIDERS["cpu"])) if name in present]
    try:
        session = onnxruntime.InferenceSession(path, options, providers=providers)
    except (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NoSuchFile, RuntimeException) as error:
        reason = " ".join(str(error).split())  # its own sentences end with an empty line
        raise UserError(f"{name}: onnxruntime cannot run it ({reason}). Download or export it again.") from error
    if used_provider(session) != wanted:
        LOGGER.warning("%s runs on %s: %s is not available here.", name, used_provider(session), wanted)
    return session


def used_provider(session: onnxruntime.InferenceSession) -> str:
    """The execution provider that really runs the model, whatever was asked for."""
    return session.get_providers()[0]
