"""Names and shapes of official checkpoints, and checkpoints of the same names made up of random numbers."""

import pickle
from pathlib import Path

import numpy as np
import torch

KEYS = Path(__file__).parent / "data" / "official_keys"
Shapes = dict[str, tuple[int, ...]]
PADDLE = ("mobilefaceswap", "arcface-se")
FACTORS = {  # that the networks of small checkpoints are narrower by
    "mobilefaceswap": 8,
    "ghost": 16,
    "ghost-discriminator": 16,
    "ghost-eyes": 8,
    "simswap": 16,
    "simswap-fix": 16,
    "smoothswap": 8,
    "rafswap": 4,
    "arcface": 8,
    "arcface-se": 4,
    "gfpgan": 8,
    "renovation": 16,
    "stylegan2": 8,
    "stylegan2-discriminator": 8,
}


def official_shapes(system: str) -> Shapes:
    """Every tensor of an official checkpoint at its published size."""
    if system == "simswap-fix":
        system = "simswap"
    if system == "ghost-eyes":
        system = "awl"
    if system == "stylegan2":  # a part of RAFSwap
        parts = official_shapes("rafswap").items()
        return {name.removeprefix("decoder."): shape for name, shape in parts if name.startswith("decoder.")}
    rows = [line.split("\t") for line in (KEYS / f"{system}.txt").read_text().splitlines() if line[0] != "#"]
    return {name: tuple(int(length) for length in shape.split()) for name, shape in rows}


def narrowed(shapes: Shapes, factor: int) -> Shapes:
    """The same tensors of a narrower network: channels divided, kernels and noise maps kept."""
    return {name: shape if "noise" in name else _narrow(shape, factor) for name, shape in shapes.items()}


def _narrow(shape: tuple[int, ...], factor: int) -> tuple[int, ...]:
    """What does not divide is a few channels more than a multiple, such as a discriminator's 513, or few altogether."""
    channels, kernel = (shape[:-2], shape[-2:]) if len(shape) > 2 else (shape, ())
    return (*(length // factor + length % factor for length in channels), *kernel)


def random_arrays(shapes: Shapes, seed: int = 0) -> dict[str, np.ndarray]:
    """Random values: variances positive, counters whole."""
    generator = np.random.default_rng(seed)
    arrays: dict[str, np.ndarray] = {}
    for name, shape in shapes.items():
        if name.endswith("num_batches_tracked"):
            arrays[name] = np.array(3, dtype=np.int64)
            continue
        values = generator.normal(size=shape) / np.sqrt(max(np.prod(shape[1:]), 1))
        if name.endswith(("_variance", "running_var")):
            values = np.abs(values) + 0.5
        elif len(shape) == 1 and name.endswith("weight"):
            values = values * 0.1 + 1
        arrays[name] = values.astype(np.float32)
    return arrays


def write_checkpoint(system: str, arrays: dict[str, np.ndarray], folder: Path) -> Path:
    if system in PADDLE:
        path = folder / f"{system}.pdparams"
        path.write_bytes(pickle.dumps(arrays, protocol=4))
    else:
        path = folder / f"{system}.pth"
        torch.save({name: torch.from_numpy(value) for name, value in arrays.items()}, path)
    return path


def small_checkpoint(system: str, folder: Path) -> tuple[Path, dict[str, np.ndarray]]:
    arrays = random_arrays(narrowed(official_shapes(system), FACTORS[system]))
    return write_checkpoint(system, arrays, folder), arrays
