from pathlib import Path

import numpy as np
import pytest
from clips import background, lay, portrait, write_clip

from swapper.bench import photo, watermark
from swapper.types import UserError


@pytest.mark.slow
def test_the_bits_outlive_what_they_have_to(portraits: list[Path], tmp_path: Path) -> None:
    frames = [background(288, 352) for _ in range(2 * watermark.EVERY)]
    for index, frame in enumerate(frames):
        lay(frame, portrait(3), (170 + index, 150), 240)
    report = watermark.marks_report(portraits[:2], write_clip(tmp_path / "clip.mp4", frames))
    rows = {row["treatment"]: row for row in report["rows"]}
    assert [row["pictures"] for row in rows.values()] == [2] * len(watermark.TREATMENTS) + [2] * 4
    for name in (
        "untouched",
        "JPEG, quality 75",
        "resized to 50 %",
        "cropped by 10 % of each side",
        "H.264 as written (CRF 18)",
    ):
        assert rows[name]["found"] == 2 and rows[name]["message_bits"] == 100 and rows[name]["code_bits"] > 90, name
    assert "code_bits" in photo.table(report)


@pytest.mark.slow
def test_unmarked_pictures_give_guesses(portraits: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(watermark, "add_mark", lambda image, message: image)
    clip = write_clip(tmp_path / "clip.mp4", [np.full((128, 128, 3), 90, np.uint8)] * 2)
    untouched = watermark.marks_report(portraits[:2], clip)["rows"][0]
    assert untouched["found"] == 0 and 10 < untouched["code_bits"] < 90


def test_examples_have_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lacks pictures"):
        watermark.marks_report([tmp_path / "missing.jpg"])
