import pytest

from swapper.bench import photo, video


@pytest.mark.slow
def test_report_compares_a_swap_with_mere_re_encoding() -> None:
    if len(list(photo.EXAMPLES.glob("*.jpg"))) < 2:
        pytest.skip("the example portraits are not here")
    report = video.video_report("warp", seconds=0.4, pairs=1)
    plain, swapped = report["rows"]
    assert plain["frames/s"] > swapped["frames/s"] > 0
    assert report["times_plain"] == pytest.approx(plain["frames/s"] / swapped["frames/s"], rel=0.05)
    assert all(report["stages"][0][stage] > 0 for stage in ("decode", "analyse", "swap", "compose", "encode"))
    assert 0 < report["jitter"][0]["result"] < 0.03
    assert all(row["frames"] > 20 and row["wrong"] == 0 for row in report["recognition"])
    assert "times_plain" in photo.table(report)
