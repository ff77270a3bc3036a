"""Whether long work keeps memory, open files and temporary files as they were."""

import pytest

from swapper.bench import soak
from swapper.cli.main import main


def test_growth_is_told_from_after_warming_up_to_the_end():
    looks = soak._Looks(
        times=list(range(101)),
        megabytes=[900.0] * 5 + [100.0] * 50 + [110.0] * 46,
        files=[5.0] * 90 + [7.0] * 11,
        temporary=[0.0] * 101,
    )
    row = looks.row("photos", 12)
    assert row["MB, warm"] == 100 and row["MB, end"] == 110 and row["growth %"] == 10
    assert (row["files, warm"], row["files, end"]) == (5, 7) and row["temporary, end"] == 0


@pytest.mark.slow
def test_every_part_is_done_and_leaves_nothing(portraits):
    report = soak.soak_report(6, "warp", app=False)
    assert [row["part"] for row in report["rows"]] == ["photos", "video, 1080p"]
    assert all(row["swaps"] > 1 and row["MB, warm"] > 50 for row in report["rows"])


def test_seconds_without_soak_are_refused(capsys):
    assert main(["bench", "--seconds", "5"]) == 2
    assert "--soak alone" in capsys.readouterr().err
