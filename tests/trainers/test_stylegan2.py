import json
from dataclasses import replace
from statistics import median

import pytest
import torch
from torch import Generator

from swapper.models.stylegan2 import StyleGAN2Generator
from swapper.types import UserError
from trainers.__main__ import main
from trainers.data.adaptive_augmentation import AdaptiveAugmentation, draw_changes
from trainers.loop.config import LoopConfig
from trainers.loop.loop import Run
from trainers.stylegan2 import MeanPathLength, StyleGAN2Trainer, StyleGAN2TrainingConfig


@pytest.mark.slow
def test_overfitting_one_batch_draws_its_colours(tiny_faces, tmp_path):
    torch.manual_seed(0)
    trainer = StyleGAN2Trainer(StyleGAN2TrainingConfig.tiny(), tiny_faces, tmp_path)
    run = Run(trainer, LoopConfig(tmp_path, kimg=1.0, batch=8, bf16=False, device="cpu", overfit=True))
    batch = trainer.batch(run.plan(), run.device, 0.0)

    def distance():
        with torch.no_grad():
            drawn = trainer.generator(batch["z_G"])
        real, fake = (images.mean((0, 2, 3)) for images in (batch["real"], drawn))
        return float((real - fake).abs().mean())

    bias = trainer.generator.get_parameter("synthesis.to_rgb.bias")
    with torch.no_grad():
        bias += 3.0  # starts too bright, whatever the seed gave
    before, distances = distance(), []
    for _ in range(60):
        run.step()
        distances.append(distance())
    assert median(distances[30:]) < 0.4 * before  # two players never stand still, so not the last step alone


@pytest.mark.slow
def test_a_run_logs_all_phases_draws_and_scores(tiny_faces, tmp_path):
    arguments = ["stylegan2", "--preset", "tiny", "--data", str(tiny_faces), "--out", str(tmp_path / "run")]
    arguments += ["--cache", str(tmp_path), "--kimg", "0.016", "--device", "cpu", "--fp32", "--set", "sign_target=0.6"]
    assert main(arguments) == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert {"adv", "path_length", "d_sign", "augmented", "r1"} <= rows[0].keys()
    assert {"val_frechet", "val_likeness", "val_likeness_most"} <= rows[-1].keys()
    assert (tmp_path / "run" / "samples-000000.png").is_file()


def test_rows_of_a_picture_come_from_at_most_two_vectors(tiny_faces, tmp_path):
    config = replace(StyleGAN2TrainingConfig.tiny(), mixing=0.5)
    z = StyleGAN2Trainer(config, tiny_faces, tmp_path).draw(Generator().manual_seed(0), 100)["z_G"]
    changes = (z[:, 1:] != z[:, :-1]).any(2).sum(1)
    assert changes.max() == 1
    assert 0.3 < changes.float().mean() < 0.7


def test_equal_rows_and_no_offset_are_plain_sampling():
    torch.manual_seed(0)
    network = StyleGAN2Generator(StyleGAN2TrainingConfig.tiny().network).eval()
    z = torch.randn(2, 32)
    rows = z[:, None].expand(-1, network.config.latents, -1)
    torch.testing.assert_close(network(rows, 0.7, torch.zeros_like(rows)), network(z, 0.7))


def test_the_path_penalty_differentiates_by_every_row_and_reaches_the_weights(tiny_faces, tmp_path):
    torch.manual_seed(0)
    trainer = StyleGAN2Trainer(replace(StyleGAN2TrainingConfig.tiny(), path_share=1.0), tiny_faces, tmp_path)
    total, terms = trainer.loss("path", trainer.batch(trainer.draw(Generator(), 2), torch.device("cpu"), 0.0))
    total.backward()
    assert terms["path_length"] > 0
    gradients = [p.grad for p in trainer.generator.synthesis.blocks.parameters() if p.shape[-1] == 3]
    assert len(gradients) > 0 and all(g is not None and g.abs().sum() > 0 for g in gradients)


def test_the_mean_path_length_follows_slowly():
    path = MeanPathLength(0.1)
    assert path(torch.tensor([2.0, 4.0])) == pytest.approx(0.3)
    assert path(torch.tensor([3.0])) == pytest.approx(0.57)


def test_augmentation_rises_when_the_discriminator_is_sure_and_falls_again():
    augmentation = AdaptiveAugmentation(target=0.6, kimg=0.1)
    images, plan = torch.rand(8, 3, 32, 32), draw_changes(Generator().manual_seed(0), 8)
    assert torch.equal(augmentation(images, plan), images)
    for _ in range(40):
        augmentation.follow(torch.ones(8, 1))
    risen = float(augmentation.probability)
    assert 0.5 < risen <= 1
    changed = augmentation(images, plan)
    assert not torch.allclose(changed, images, atol=0.05) and changed.isfinite().all()
    for _ in range(40):
        augmentation.follow(-torch.ones(8, 1))
    assert augmentation.probability < risen


def test_without_a_target_nothing_is_augmented():
    augmentation = AdaptiveAugmentation(target=0.0, kimg=0.1)
    for _ in range(40):
        augmentation.follow(torch.ones(8, 1))
    assert augmentation.probability == 0


def test_a_set_without_sharp_photos_is_refused(tiny_faces, tmp_path, monkeypatch):
    table = tiny_faces / "meta-train.csv"
    blurred = tmp_path / "faces"
    blurred.mkdir()
    for path in tiny_faces.iterdir():
        (blurred / path.name).symlink_to(path)
    (blurred / "meta-train.csv").unlink()
    (blurred / "meta-train.csv").write_text(table.read_text().replace(",80", ",40"))
    with pytest.raises(UserError, match="none of 8 photos is sharp"):
        StyleGAN2Trainer(StyleGAN2TrainingConfig.tiny(), blurred, tmp_path)
