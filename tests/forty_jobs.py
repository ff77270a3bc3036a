"""Forty photos to swap, of which two cannot be read, and what has to come of them."""

import json
from pathlib import Path

import numpy as np
from clips import PORTRAITS

from swapper.batch.job import Job, JobSettings
from swapper.batch.manifest import Defaults, read_jobs
from swapper.images import read_image
from swapper.provenance import MarkSettings

SOURCE = PORTRAITS / "02.jpg"
QUICK = JobSettings(method="warp", restore="none")
UNMARKED = MarkSettings(mark=False)
BROKEN = {"p07.png": b"no picture", "p23.png": b""}


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def check_forty(output: Path, one_by_one: dict[str, np.ndarray]) -> None:
    """38 results as of one process, two clear errors, nothing twice, nothing else."""
    found = lines(output)
    assert len(found) == len({line["id"] for line in found}) == 40
    failed = {line["id"]: line["error"] for line in found if line["status"] == "failed"}
    assert set(failed) == set(BROKEN)
    assert all("this is not a readable picture" in said or "is empty" in said for said in failed.values()), failed
    done = {line["output"]: line for line in found if line["status"] == "done"}
    assert len(done) == 38 and set(done) == set(one_by_one)
    assert all(line["faces"] == 1 and line["seconds"] > 0 and line["error"] is None for line in done.values())
    for name, image in one_by_one.items():
        assert (read_image(output / name) == image).all(), name
    assert {path.name for path in output.iterdir()} == {*done, "results.jsonl", ".swapper-batch"}
    assert {path.name for path in (output / ".swapper-batch").iterdir()} == {"lock"}


def jobs_of(folder: Path, output: Path) -> list[Job]:
    return read_jobs(folder, output, Defaults((SOURCE,), settings=QUICK))
