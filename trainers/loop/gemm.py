"""Measure how many floating-point operations the machine can do."""

import time

import torch


def gemm_peak(device: torch.device, side: int = 2048) -> float:
    """Measured bfloat16 matrix-product rate of a device, FLOP/s: the ceiling that training is compared with."""
    a = torch.randn(side, side, device=device, dtype=torch.bfloat16)
    best = 0.0
    for _ in range(4):
        start = time.perf_counter()
        float((a @ a)[0, 0])  # reading a value waits for the device
        best = max(best, 2 * side**3 / (time.perf_counter() - start))
    return best
