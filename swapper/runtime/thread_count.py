"""How many CPU threads make the networks of this machine fastest: measured, as more often hinder than help."""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from swapper.runtime.state import state_folder
from swapper.runtime.whole_file import whole_file

_MOST = 8  # threads; networks of this size gain nothing from more
_GAIN = 1.25  # least speed-up for which the threads are doubled: with other work on the cores they wait for each other
_RUNS = 7
_DAYS = 30  # after which a machine is measured again
_TOPOLOGY = Path("/sys/devices/system/cpu")

Seconds = Callable[[int], float]  # of a small network with so many threads


def best_thread_count(folder: Path | None = None, seconds: Seconds | None = None) -> int:
    """Threads with which a small network runs fastest here: measured once a month, and written down.

    Args:
        folder: where it is written down; ``state_folder()`` when None.
        seconds: measures; with torch when None.
    """
    cores = physical_cores()
    if cores == 1:
        return 1
    place = (folder or state_folder()) / "threads.json"
    machine = f"{platform.node()} {platform.machine()} {cores}"
    with suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(place.read_text())
        if known["machine"] == machine and 0 < time.time() - known["when"] < _DAYS * 86_400:
            return min(max(int(known["threads"]), 1), cores)
    best = _measured(cores, seconds or _network_seconds)
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(place) as work:
            work.write_text(json.dumps({"machine": machine, "threads": best, "when": time.time()}))
    return best


def physical_cores() -> int:
    """Cores that this process may use; two threads of one core count once."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    cores = set()
    for number in usable:
        try:
            cores.add((_TOPOLOGY / f"cpu{number}/topology/thread_siblings_list").read_text())
        except OSError:
            cores.add(str(number))
    return max(len(cores), 1)


def _measured(cores: int, seconds: Seconds) -> int:
    best, fastest = 1, seconds(1)
    count = 2
    while count <= min(cores, _MOST):
        now = seconds(count)
        if now * _GAIN > fastest:
            break
        best, fastest = count, now
        count *= 2
    return best


def _network_seconds(count: int) -> float:
    """Median time of a few convolutions, the thread count is as it was afterwards."""
    import torch

    before = torch.get_num_threads()
    network = torch.nn.Sequential(*(torch.nn.Conv2d(32, 32, 3, padding=1) for _ in range(6))).eval()
    maps, spent = torch.zeros(1, 32, 64, 64), []
    torch.set_num_threads(count)
    try:
        with torch.inference_mode():
            for _ in range(_RUNS + 1):
                begun = time.perf_counter()
                network(maps)
                spent.append(time.perf_counter() - begun)
    finally:
        torch.set_num_threads(before)
    return statistics.median(spent[1:])
