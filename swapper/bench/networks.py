"""Size and speed of every network on this machine, beside the figures its authors published."""

import gc
import logging
import os
import statistics
import time
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from swapper.bench.photo import cpu_threads, machine
from swapper.methods.idn_onnx import build_onnx
from swapper.models.idn import IdentityAwareDynamicNetwork
from swapper.registry import NETWORKS, NetworkInfo, find_network
from swapper.runtime.onnx_session import open_session

THREADS = (1, 2)
_GEMM_SIDE = 512  # the largest whose three matrices stay in a core's second-level cache on most machines
_TOO_SLOW = 10.0, 4.0  # seconds of one run, and times what is to be spent, after which it is not repeated

Clock = Callable[[], float]


def models_report(
    only: str | None = None,
    seconds: float = 0.1,
    paper: bool = False,
    quick: bool = False,
    tell: Callable[[int, int, str], object] = lambda *_: None,
) -> dict[str, Any]:
    """Parameters, multiply-accumulates and milliseconds at batch 1 and native resolution of networks and presets.

    Args:
        only: name of one network in ``registry.NETWORKS``, with all its presets; all when None.
        seconds: spent on repeating each measurement.
        paper: take the presets of published sizes in as well; those and their ONNX files take minutes and gigabytes.
        quick: write no ONNX files of torch's networks, which takes most of the time.
        tell: called before each network: how many are done, of how many, and which comes next.

    Returns:
        ``machine``, ``unit``, ``gemm`` (rows: fastest matrix product by library and threads), ``rows`` (one per network
        and preset) and ``idn`` (rows: frames a second of the dynamic network, and its share of the matrix product's
        arithmetic); what could not be measured is None and said in the row's ``note``.

    Raises:
        UserError: no network has this name.
    """
    names = list(NETWORKS) if only is None else [find_network(only).name]
    todo = [
        (name, preset, config)
        for name in names
        for preset, config in _distinct(find_network(name).presets()).items()
        if paper or only is not None or "lite" in preset
    ]
    tell(0, len(todo), "matrix product")
    gemm = [row for threads in THREADS for row in gemm_speed(threads, seconds)]
    rows: list[dict[str, Any]] = []
    for done, (name, preset, config) in enumerate(todo):
        tell(done, len(todo), f"{name}, {preset}")
        rows.append(network_row(name, preset, config, seconds, quick))
        gc.collect()  # a network and its exported graph hold each other in cycles, gigabytes at paper size
    return {
        "machine": machine(),
        "unit": "ms, median, batch 1; eager and ONNX Runtime (ort) by CPU threads",
        "gemm": gemm,
        "rows": [{key: value for key, value in row.items() if not key.startswith("_")} for row in rows],
        "idn": [shares for row in rows for shares in _idn_rows(row, gemm)],
    }


def network_row(name: str, preset: str, config: Any, seconds: float, quick: bool = False) -> dict[str, Any]:
    """Count and time one network; keys that start with an underscore are the fastest runs.

    Args:
        name: in ``registry.NETWORKS``.
        preset: of the configuration.
        config: sizes of the network.
        seconds: spent on repeating each measurement.
        quick: leave its ONNX file out, unless this project writes that itself.
    """
    published = find_network(name)
    paper = "paper" in preset
    params, macs = count(published, config)
    row: dict[str, Any] = {
        "network": name,
        "preset": preset,
        "params": params,
        "published_params": published.params if paper else None,
        "GMAC": round(macs / 1e9, 4),
        "published_GMAC": published.macs / 1e9 if paper and published.macs is not None else None,
    }
    network, inputs = published.network(config).eval().requires_grad_(False), published.inputs(config, 1)
    for threads in THREADS:
        with cpu_threads(threads), torch.inference_mode():
            row[f"eager_{threads}"], row[f"_eager_{threads}"] = milliseconds(lambda: network(*inputs), seconds)
    if quick and not isinstance(network, IdentityAwareDynamicNetwork):
        row |= {f"ort_{threads}": None for threads in THREADS} | {"note": "no ONNX file: --quick"}
    else:
        row |= _onnx_times(network, inputs, seconds)
    return row | {"published": published.source if paper or published.params is None else ""}


def count(published: NetworkInfo, config: Any) -> tuple[int, int]:
    """Parameters, and multiply-accumulates of convolutions and matrix products, without computing or memory."""
    with torch.device("meta"):
        network = published.network(config).eval()
        inputs = published.inputs(config, 1)
    with FlopCounterMode(display=False) as flops:
        network(*inputs)
    return sum(p.numel() for p in network.parameters()), flops.get_total_flops() // 2


def milliseconds(
    run: Callable[[], object], seconds: float, at_most: int = 50, clock: Clock | None = None
) -> tuple[float, float]:
    """Median and shortest time of a call after one that warms up.

    Args:
        run: what is timed.
        seconds: after which it is not called again; a first call that takes much longer is the only one.
        at_most: number of timed calls.
        clock: says the time in seconds; ``time.perf_counter`` when None.
    """
    first = _seconds(run, clock)
    if first > min(_TOO_SLOW[0], _TOO_SLOW[1] * seconds):
        return _rounded(first), _rounded(first)
    times = [_seconds(run, clock)]
    while sum(times) < seconds and len(times) < at_most:
        times.append(_seconds(run, clock))
    return _rounded(statistics.median(times)), _rounded(min(times))


def gemm_speed(threads: int, seconds: float, clock: Clock | None = None) -> Iterable[dict[str, Any]]:
    """Fastest product of two float32 matrices: what this machine's arithmetic can do at best.

    Args:
        threads: of the CPU.
        seconds: spent on each library.
        clock: says the time in seconds; ``time.perf_counter`` when None.
    """
    left, right = np.random.default_rng(0).random((2, _GEMM_SIDE, _GEMM_SIDE), np.float32)
    session = open_session(_product(right).SerializeToString(), threads=threads)
    first, second = torch.from_numpy(left), torch.from_numpy(right)
    runs: dict[str, Callable[[], object]] = {
        "torch": lambda: first @ second,
        "onnxruntime": lambda: session.run(None, {"left": left}),
    }
    with cpu_threads(threads):
        for library, run in runs.items():
            _, fastest = milliseconds(run, seconds, at_most=1000, clock=clock)
            yield {"library": library, "threads": threads, "GMAC/s": round(_GEMM_SIDE**3 / fastest / 1e6, 1)}


def _product(right: np.ndarray) -> onnx.ModelProto:
    shape = list(right.shape)
    node = helper.make_node("MatMul", ["left", "right"], ["product"])
    left, product = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("left", "product"))
    graph = helper.make_graph([node], "product", [left], [product], [numpy_helper.from_array(right, "right")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _distinct(presets: dict[str, Any]) -> dict[str, Any]:
    """Configurations by the names of the presets that share them."""
    names: dict[Any, list[str]] = {}
    for name, config in presets.items():
        names.setdefault(config, []).append(name)
    return {" = ".join(same): config for config, same in names.items()}


def _onnx_times(network: nn.Module, inputs: tuple[Any, ...], seconds: float) -> dict[str, Any]:
    """Time the network's ONNX export."""
    row: dict[str, Any] = {f"ort_{threads}": None for threads in THREADS} | {"note": ""}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        try:
            _export(network, inputs, path)
        except (torch.onnx.OnnxExporterError, ImportError) as error:
            return row | {"note": f"no ONNX export: {_first_line(error)}"}
        for threads in THREADS:
            session = open_session(path, threads=threads)
            run = partial(session.run, None, _feed(session, inputs))
            row[f"ort_{threads}"], row[f"_ort_{threads}"] = milliseconds(run, seconds)
    return row


def _export(network: nn.Module, inputs: tuple[Any, ...], path: Path) -> None:
    if isinstance(network, IdentityAwareDynamicNetwork):
        path.write_bytes(build_onnx(network, network.config.size, {}).SerializeToString())
        return
    if find_spec("onnxscript") is None:
        raise ImportError("it needs the package onnxscript")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns that torchvision is absent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        program = torch.onnx.export(network, inputs, dynamo=True, verbose=False)
    assert program is not None
    program.save(os.fspath(path), external_data=True)  # one file holds at most two gigabytes


def _feed(session: onnxruntime.InferenceSession, inputs: tuple[Any, ...]) -> dict[str, np.ndarray]:
    tensors = [part.numpy() for part in _tensors(inputs)]
    return {node.name: array for node, array in zip(session.get_inputs(), tensors, strict=True)}


def _tensors(value: Any) -> Iterable[Tensor]:
    if isinstance(value, Tensor):
        yield value
    else:
        for part in value:
            yield from _tensors(part)


def _idn_rows(row: dict[str, Any], gemm: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Frames a second of the dynamic network, and its arithmetic over the fastest matrix product's."""
    if find_network(row["network"]).network is not IdentityAwareDynamicNetwork:
        return
    for path in ("eager", "ort"):
        for threads in THREADS:
            peak = max(speed["GMAC/s"] for speed in gemm if speed["threads"] == threads)
            reached = row["GMAC"] / row[f"_{path}_{threads}"] * 1e3
            yield {
                "path": path,
                "threads": threads,
                "fps": round(1e3 / row[f"{path}_{threads}"], 1),
                "fps_best": round(1e3 / row[f"_{path}_{threads}"], 1),
                "GMAC/s": round(reached, 1),
                "share_of_gemm": round(reached / peak, 3),
            }


def _seconds(run: Callable[[], object], clock: Clock | None) -> float:
    clock = clock or time.perf_counter
    start = clock()
    run()
    return clock() - start


def _rounded(seconds: float) -> float:
    return float(f"{seconds * 1e3:.4g}")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
