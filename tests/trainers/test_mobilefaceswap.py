import json

import pytest

from trainers.__main__ import main
from trainers.data import warping


@pytest.fixture(scope="module")
def rows(tiny_faces, tmp_path_factory, few_scores):
    """Log of a run on one batch."""
    folder = tmp_path_factory.mktemp("student")
    arguments = ["mobilefaceswap", "--data", str(tiny_faces), "--out", str(folder / "run"), "--cache", str(folder)]
    arguments += ["--set", "size=64", "--set", "id_weight=0.0", "--set", "plain_kimg=9.0"]
    arguments += ["--overfit", "--kimg", "0.32", "--batch", "4", "--device", "cpu", "--fp32"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warping, "LIKENESS", -1.0)  # drawn faces have no likeness
        assert main(arguments) == 0
    return [json.loads(line) for line in (folder / "run" / "log.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_overfitting_one_batch_brings_the_student_to_the_answers(rows):
    losses = [row for row in rows if "G_loss" in row]
    assert losses[-1]["rec"] < 0.8 * losses[0]["rec"]
    assert losses[-1]["mask"] < 0.95 * losses[0]["mask"]
    assert {"id", "features", "expression", "color", "adv", "d_real", "d_fake", "r1"} <= set(losses[-1])


@pytest.mark.slow
def test_it_is_scored_at_the_end(rows):
    assert "val_retrieval" in rows[-1]
