"""Speed of batches on this machine: photos and clips a second by number of workers, against a plain loop."""

import tempfile
import time
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from swapper.batch.engine import Ended, Engine, run_tasks
from swapper.batch.job import Job, JobSettings
from swapper.batch.swapping import Swapping
from swapper.bench.photo import example_portraits, frame_with_face, machine
from swapper.bench.video import write_clip
from swapper.images import write_image
from swapper.provenance.settings import MarkSettings
from swapper.types import UserError

WORKERS = (1, 2)
_SIZE = 1280, 720


def batch_report(
    method: str | None = None,
    photos: int = 40,
    clips: int = 6,
    seconds: float = 1.0,
    ray: bool | None = None,
    weights: Path | None = None,
) -> dict[str, Any]:
    """Jobs a second, counted from when every worker has done its first, which is when all networks are loaded.

    Args:
        method: name of the method; the usual ones of photos and of videos when None.
        photos: how many are swapped in each row, 4 or more.
        clips: how many, 4 or more.
        seconds: length of a clip.
        ray: measure Ray too; where it is installed when None.
        weights: file of the user's.

    Returns:
        ``rows``: ``photos/s`` and ``clips/s`` of the plain loop, of 1 and of 2 processes, which share the cores, and of
        1 and of 2 Ray actors where Ray is installed, which have one core each; ``times_two_workers``: how much more
        two processes do than one.

    Raises:
        UserError: the example portraits are missing, or a job fails.
    """
    portraits = example_portraits(4)
    with tempfile.TemporaryDirectory() as text:
        place = Path(text)
        source = write_image(portraits[0], place / "source.png")
        own = None if weights is None else str(weights.absolute() if weights.is_file() else weights)
        settings = JobSettings(method=method, weights=own)
        stills, films = [], []
        for number in range(photos):
            target = place / f"{number}.jpg"
            write_image(frame_with_face(portraits[1 + number % 3], *_SIZE), target)
            stills.append(Job(target.name, (source,), target, place / "out" / target.name, settings=settings))
        for number in range(clips):
            target = place / f"{number}.mp4"
            write_clip(target, [portraits[1 + number % 3]], seconds)
            films.append(Job(target.name, (source,), target, place / "out" / target.name, settings=settings))
        rows = [{"where": "plain loop", "workers": 1, **_rates(stills, films, partial(_looped, place))}]
        with_ray = find_spec("ray") is not None if ray is None else ray
        for where, address in (("processes", None), ("Ray", "local"))[: 1 + with_ray]:
            for workers in WORKERS:
                rates = _rates(stills, films, partial(_batched, place, Engine(workers, address)))
                rows.append({"where": where, "workers": workers, **rates})
    one, two = rows[1], rows[2]
    gains = {kind: round(two[kind] / one[kind], 2) for kind in ("photos/s", "clips/s")}
    jobs = f"{photos} photos of {_SIZE[0]}x{_SIZE[1]}, {clips} clips of {seconds:g} s"
    return {"machine": machine(), "jobs": jobs, "rows": rows, "times_two_workers": [gains]}


def _rates(photos: Sequence[Job], clips: Sequence[Job], run: Any) -> dict[str, float]:
    return {"photos/s": round(run(photos), 3), "clips/s": round(run(clips), 3)}


def _looped(place: Path, jobs: Sequence[Job]) -> float:
    work = Swapping(place / "out", "auto", MarkSettings.from_environment())
    ended = []
    for job in jobs:
        work(job, lambda _share: None)
        ended.append(time.perf_counter())
    return _rate(ended, 1)


def _batched(place: Path, engine: Engine, jobs: Sequence[Job]) -> float:
    ended = []
    for event in run_tasks(engine, partial(Swapping, place / "out", "auto", MarkSettings.from_environment()), jobs):
        if isinstance(event, Ended):
            if event.error is not None:
                raise UserError(f"Job '{jobs[event.index].name}': {event.error}")
            ended.append(time.perf_counter())
    return _rate(ended, engine.workers or 1)


def _rate(ended: Sequence[float], workers: int) -> float:
    """Jobs a second after the first of each worker."""
    return (len(ended) - workers) / max(ended[-1] - ended[workers - 1], 1e-9)
