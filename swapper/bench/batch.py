"""Speed of batches on this machine: photos and clips a second by number of workers, against a plain loop."""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from swapper.batch.engine import Ended, Engine, run_tasks
from swapper.batch.job import Job, JobSettings
from swapper.batch.replies import Tell
from swapper.batch.swapping import Swapping
from swapper.bench.photo import example_portraits, frame_with_face, machine
from swapper.bench.video import write_clip
from swapper.images import write_image
from swapper.provenance.settings import MarkSettings
from swapper.runtime.threads import limit_threads
from swapper.types import UserError

SHAPES = {"plain loop": ((1, 1), (1, 2)), "processes": ((1, 1), (2, 2), (1, 2)), "Ray": ((1, 1), (2, 2))}
_SIZE = 1280, 720
_PATIENCE = 300.0  # seconds in which all workers have to be ready


def batch_report(
    method: str | None = None,
    photos: int = 40,
    clips: int = 6,
    seconds: float = 1.0,
    ray: bool | None = None,
    weights: Path | None = None,
) -> dict[str, Any]:
    """Jobs a second, counted from when every worker has done one, which is when all networks are loaded.

    Args:
        method: name of the method; the usual ones of photos and of videos when None.
        photos: how many are swapped in each row, 4 or more.
        clips: how many, 4 or more.
        seconds: length of a clip.
        ray: measure Ray too; where it is installed when None.
        weights: file of the user's.

    Returns:
        ``rows``: of a plain loop, of processes and, where Ray is installed, of its actors, by workers and by the cores
        that they have together: ``photos/s`` and ``clips/s``; ``CPU s/photo`` and ``CPU s/clip``, processor time of a
        job, which other work on the machine changes less. ``two_workers``: how much more two workers on two cores do
        than one on one; ``of CPU``: how much more they would do if each had its core for itself, which is twice a
        job's processor time with one worker over that with two.

    Raises:
        UserError: the example portraits are missing, or a job fails.
    """
    portraits = example_portraits(4)
    with_ray = find_spec("ray") is not None if ray is None else ray
    places = [where for where in SHAPES if with_ray or where != "Ray"]
    with tempfile.TemporaryDirectory() as text:
        place = Path(text)
        source = write_image(portraits[0], place / "source.png")
        own = None if weights is None else str(weights.absolute() if weights.is_file() else weights)
        settings = JobSettings(method=method, weights=own)
        jobs = {"photo": list[Job](), "clip": list[Job]()}
        for number in range(photos):
            target = place / f"{number}.jpg"
            write_image(frame_with_face(portraits[1 + number % 3], *_SIZE), target)
            jobs["photo"].append(_job(source, target, settings))
        for number in range(clips):
            target = place / f"{number}.mp4"
            write_clip(target, [portraits[1 + number % 3]], seconds)
            jobs["clip"].append(_job(source, target, settings))
        rows = []
        for where in places:
            for workers, cores in SHAPES[where]:
                rows.append(_row(where, workers, cores, jobs))
    return {
        "machine": machine(),
        "jobs": f"{photos} photos of {_SIZE[0]}x{_SIZE[1]}, {clips} clips of {seconds:g} s",
        "load": ", ".join(f"{load:.1f}" for load in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown",
        "rows": rows,
        "two_workers": [_gains(where, rows) for where in places if where != "plain loop"],
    }


def _job(source: Path, target: Path, settings: JobSettings) -> Job:
    return Job(target.name, (source,), target, target.parent / "out" / target.name, settings=settings)


def _row(where: str, workers: int, cores: int, jobs: Mapping[str, Sequence[Job]]) -> dict[str, Any]:
    row: dict[str, Any] = {"where": where, "workers": workers, "cores": cores}
    with _on_cores(cores):
        for kind, some in jobs.items():
            run = _looped if where == "plain loop" else _batched
            times = run(some, Engine(workers, "local" if where == "Ray" else None), cores)
            spent = max(one.ended for one in times) - min(one.begun for one in times)
            row[f"{kind}s/s"] = round(len(times) / max(spent, 1e-9), 3)
            row[f"CPU s/{kind}"] = round(float(np.mean([one.processor for one in times])), 2)
    return row


def _gains(where: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    one, two = (row for row in rows if row["where"] == where and row["workers"] == row["cores"])
    gains: dict[str, Any] = {"where": where}
    for kind in ("photo", "clip"):
        gains[f"{kind}s/s"] = round(two[f"{kind}s/s"] / max(one[f"{kind}s/s"], 1e-9), 2)
        gains[f"{kind}s of CPU"] = round(2 * one[f"CPU s/{kind}"] / max(two[f"CPU s/{kind}"], 1e-9), 2)
    return gains


@contextmanager
def _on_cores(count: int) -> Iterator[None]:
    """Keep this process, and those that it starts, to some of the machine's cores, where a system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class _Times(NamedTuple):
    """Of one job: seconds on the machine's clock, and seconds of processor time."""

    begun: float
    ended: float
    processor: float


class _Timing:
    """Does jobs, and measures the time of each; it begins when as many workers as there are have done one."""

    def __init__(self, first: Job, ready: Path, workers: int):
        self._work = Swapping(first.output.parent, "auto", MarkSettings.from_environment())
        mine = first.output.with_stem(f"{first.output.stem}-{os.getpid()}")  # workers begin with it together
        self._work(replace(first, name=mine.name, output=mine), lambda _share: None)
        (ready / f"{os.getpid()}").touch()
        deadline = time.monotonic() + _PATIENCE
        while len(list(ready.iterdir())) < workers:
            if time.monotonic() > deadline:
                raise UserError(
                    f"After {_PATIENCE:.0f} s some workers were not ready. Measure when the machine is idle."
                )
            time.sleep(0.02)

    def __call__(self, job: Job, tell: Tell) -> _Times:
        processor, begun = time.process_time(), time.monotonic()
        self._work(job, tell)
        return _Times(begun, time.monotonic(), time.process_time() - processor)


def _looped(jobs: Sequence[Job], _engine: Engine, cores: int) -> list[_Times]:
    limit_threads(cores)
    with tempfile.TemporaryDirectory() as ready:
        work = _Timing(jobs[0], Path(ready), 1)
    return [work(job, lambda _share: None) for job in jobs]


def _batched(jobs: Sequence[Job], engine: Engine, _cores: int) -> list[_Times]:
    times = []
    with tempfile.TemporaryDirectory() as ready:
        for event in run_tasks(engine, partial(_Timing, jobs[0], Path(ready), engine.workers or 1), jobs):
            if isinstance(event, Ended):
                if event.error is not None:
                    raise UserError(f"Job '{jobs[event.index].name}': {event.error}")
                times.append(event.value)
    return times
