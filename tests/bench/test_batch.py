"""The speed of batches."""

import os

import pytest

from swapper.bench.batch import batch_report


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_row_has_rates_of_photos_and_of_clips(portraits, monkeypatch):
    shapes = {"plain loop": ((1, 1),), "processes": ((1, 1), (2, 2))}
    monkeypatch.setattr("swapper.bench.batch.SHAPES", shapes)
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    report = batch_report("warp", photos=4, clips=4, seconds=0.2, ray=False)
    said = [(row["where"], (row["workers"], row["cores"])) for row in report["rows"]]
    assert said == [(where, shape) for where in shapes for shape in shapes[where]]
    for name in ("photos/s", "clips/s", "CPU s/photo", "CPU s/clip"):
        assert all(row[name] > 0 for row in report["rows"])
    one, two = report["rows"][1:]
    (gains,) = report["two_workers"]
    assert gains["photos/s"] == round(two["photos/s"] / one["photos/s"], 2)
    assert gains["clips of CPU"] == round(2 * one["CPU s/clip"] / two["CPU s/clip"], 2)
    assert before is None or os.sched_getaffinity(0) == before
