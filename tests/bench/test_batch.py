"""The speed of batches."""

import pytest

from swapper.bench.batch import WORKERS, batch_report


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_row_has_rates_of_photos_and_of_clips(portraits):
    report = batch_report("warp", photos=4, clips=4, seconds=0.2, ray=False)
    assert [(row["where"], row["workers"]) for row in report["rows"]] == [
        ("plain loop", 1),
        *(("processes", workers) for workers in WORKERS),
    ]
    assert all(row["photos/s"] > 0 and row["clips/s"] > 0 for row in report["rows"])
    one, two = report["rows"][1:]
    gains = report["times_two_workers"][0]
    assert gains == {kind: round(two[kind] / one[kind], 2) for kind in ("photos/s", "clips/s")}
