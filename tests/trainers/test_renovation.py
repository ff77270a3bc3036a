import json
from dataclasses import replace

import pytest
import torch
from torch import Generator

from swapper.models.discriminators import MultiscaleDiscriminatorConfig
from trainers.__main__ import main
from trainers.renovation import RenovationConfig, RenovationTrainer


@pytest.mark.slow
def test_overfitting_one_batch_makes_the_loss_collapse(tiny_faces, tmp_path):
    arguments = ["renovation", "--preset", "tiny", "--data", str(tiny_faces), "--out", str(tmp_path / "run")]
    arguments += ["--cache", str(tmp_path), "--overfit", "--kimg", "0.2", "--device", "cpu", "--fp32"]
    assert main(arguments) == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [row for row in rows if "l1" in row]
    assert losses[-1]["perceptual"] < 0.6 * losses[0]["perceptual"]
    assert {"val_psnr", "val_ssim_none", "val_distance_bicubic", "val_identity_sharp"} <= rows[-1].keys()
    assert (tmp_path / "run" / "samples-000000.png").is_file()


def test_an_untrained_residual_network_hands_the_picture_on(tiny_faces, tmp_path):
    torch.manual_seed(0)
    trainer = RenovationTrainer(RenovationConfig.tiny(), tiny_faces, tmp_path)
    with torch.no_grad():
        scores = trainer.evaluate({"generator": trainer.networks["generator"].eval()})
    assert scores["psnr_none"] < 45
    for name in ("psnr", "ssim", "distance"):
        assert scores[name] == scores[f"{name}_none"]
        assert scores[f"{name}_half"] == scores[f"{name}_bicubic"]
    assert scores["identity"] > 0.999


def test_features_of_every_scale_of_the_discriminator_are_matched(tiny_faces, tmp_path):
    torch.manual_seed(0)
    scales = MultiscaleDiscriminatorConfig(widths=(8, 8, 8), scales=2)
    config = replace(RenovationConfig.tiny(), discriminator=scales, feature_weight=10.0, plain_kimg=1.0)
    trainer = RenovationTrainer(config, tiny_faces, tmp_path)
    plan = trainer.draw(Generator().manual_seed(0), 2)
    early, _ = trainer.loss("G", trainer.batch(plan, torch.device("cpu"), 0.0))
    late, terms = trainer.loss("G", trainer.batch(plan, torch.device("cpu"), 2.0))
    torch.testing.assert_close(late - early, 10 * terms["features"] + 0.01 * terms["adv"], atol=1e-4, rtol=1e-3)
