import cv2
import numpy as np
import pytest
import torch

from swapper.bench import photo
from swapper.types import UserError


def test_table_aligns_numbers_right_and_words_left() -> None:
    report = {
        "machine": "box",
        "rows": [{"name": "a", "params": 1_234_567, "ms": None}, {"name": "longer", "params": 5, "ms": 2.5}],
        "none": [],
    }
    assert photo.table(report).splitlines() == [
        "machine: box",
        "",
        "rows:",
        "name       params   ms",
        "a       1,234,567",
        "longer          5  2.5",
    ]


def test_threads_are_put_back() -> None:
    before = torch.get_num_threads(), cv2.getNumThreads()
    with pytest.raises(ZeroDivisionError), photo.cpu_threads(3):
        assert (torch.get_num_threads(), cv2.getNumThreads()) == (3, 3)
        raise ZeroDivisionError
    assert (torch.get_num_threads(), cv2.getNumThreads()) == before


def test_portrait_lies_in_the_middle_of_the_frame() -> None:
    frame = photo.frame_with_face(np.full((40, 40, 3), 255, np.uint8), 200, 100)
    assert frame.shape == (100, 200, 3)
    rows, columns = np.nonzero((frame == 255).all(2))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (20, 79, 70, 129)
    assert (frame[0, 0] == 120).all()


def test_missing_portraits_are_said(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo, "EXAMPLES", tmp_path)
    with pytest.raises(UserError, match="lacks portraits"):
        photo.pipeline_report()
