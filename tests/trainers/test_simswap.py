import json

import pytest
import torch

from trainers.__main__ import main
from trainers.simswap import SimSwapConfig, SimSwapTrainer


@pytest.mark.slow
def test_overfitting_one_batch_makes_the_loss_collapse(tiny_faces, tmp_path, few_scores):
    arguments = ["simswap", "--preset", "tiny", "--data", str(tiny_faces), "--out", str(tmp_path / "run")]
    arguments += ["--cache", str(tmp_path), "--overfit", "--kimg", "0.08", "--batch", "2", "--device", "cpu", "--fp32"]
    arguments += ["--contiguous"]  # one layout on every machine: the loop would take the one that is faster there
    assert main([*arguments, "--set", "lr=2e-3", "--set", "plain_kimg=1.0"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [row for row in rows if "G_loss" in row]
    assert losses[-1]["G_loss"] < 0.5 * losses[0]["G_loss"]
    assert losses[-1]["id"] < 0.7 * losses[0]["id"]
    assert (tmp_path / "run" / "samples-000000.png").is_file()
    assert "val_retrieval" in rows[-1]


def test_identity_comes_first(tiny_faces, tmp_path):
    config = SimSwapConfig.lite()
    assert config.id_weight == 30 and config.late_id_weight == 10
    trainer = SimSwapTrainer(SimSwapConfig.tiny(), tiny_faces, tmp_path)
    trainer.config = config
    assert trainer.weights(0.0)["id"] == 30 and trainer.weights(0.0)["adv"] == 0
    assert trainer.weights(config.late_kimg)["id"] == 10 and trainer.weights(config.late_kimg)["adv"] == 1


def test_feature_matching_reaches_the_generator_and_not_the_target(tiny_faces, tmp_path):
    torch.manual_seed(0)
    trainer = SimSwapTrainer(SimSwapConfig.tiny(), tiny_faces, tmp_path)
    plan = trainer.draw(torch.Generator().manual_seed(0), 2)
    _, terms = trainer.loss("G", trainer.batch(plan, torch.device("cpu"), 0.5))
    terms["features"].backward()
    gradients = [p.grad for p in trainer.networks["generator"].parameters()]
    assert gradients and any(g is not None and g.abs().sum() > 0 for g in gradients)
