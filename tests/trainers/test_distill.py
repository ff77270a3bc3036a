import json
from pathlib import Path

import pytest
import torch

from swapper import hub
from swapper.models.arcface import MobileFaceNet
from swapper.models.ghost import AEINet
from swapper.models.quality import QualityNetwork, QualityNetworkConfig
from trainers.__main__ import main
from trainers.distill import DistillationConfig, DistillationTrainer
from trainers.ghost import GhostConfig


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of weights with a teacher and a Q-Net."""
    torch.manual_seed(0)
    folder, config = tmp_path / "weights", GhostConfig.tiny()
    hub.save(AEINet(config.network), folder / "teacher.safetensors", {"template": "tight", "size": "64"})
    hub.save(QualityNetwork(QualityNetworkConfig.lite()), folder / "q.safetensors")
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(folder))
    return folder


@pytest.mark.slow
def test_overfitting_one_batch_brings_the_student_to_the_teacher(weights, tiny_faces, tmp_path, few_scores):
    arguments = ["distill", "--data", str(tiny_faces), "--out", str(tmp_path / "run"), "--cache", str(tmp_path)]
    arguments += ["--set", "teacher=teacher", "--set", "size=64", "--set", "id_weight=0.0"]
    arguments += ["--overfit", "--kimg", "0.08", "--batch", "2", "--device", "cpu", "--fp32"]
    assert main(arguments) == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [row for row in rows if "G_loss" in row]
    assert losses[-1]["G_loss"] < 0.6 * losses[0]["G_loss"]
    assert losses[-1]["mask"] < 0.95 * losses[0]["mask"]
    assert (tmp_path / "run" / "samples-000000.png").is_file()
    assert "val_retrieval" in rows[-1]


def test_samples_count_as_much_as_identity_and_quality_say(weights, tiny_faces, tmp_path):
    config = DistillationConfig(teacher="teacher", quality="q", size=64)
    trainer = DistillationTrainer(config, tiny_faces, tmp_path)
    assert set(trainer.frozen) == {"identity", "landmarks", "teacher", "quality"}
    batch = trainer.batch(trainer.draw(torch.Generator().manual_seed(0), 2), torch.device("cpu"), 0.0)
    trainer.score_quality = lambda pictures: pictures.new_zeros(len(pictures))
    _, terms = trainer.loss("G", batch)
    assert terms["alpha"] == terms["rec"] == terms["per"] == 0 and terms["id"] > 0
    _, terms = trainer.loss("D", batch)
    assert {"d_real", "d_fake"} <= set(terms)


def test_the_published_mask_is_free_inside_the_face(weights, tiny_faces, tmp_path):
    for free in (True, False):
        config = DistillationConfig(teacher="teacher", size=64, free_mask=free)
        trainer = DistillationTrainer(config, tiny_faces, tmp_path)
        batch = trainer.batch(trainer.draw(torch.Generator().manual_seed(0), 2), torch.device("cpu"), 0.0)
        _, everywhere = trainer.loss("G", {**batch, "face": torch.ones_like(batch["face"])})
        _, nowhere = trainer.loss("G", {**batch, "face": torch.zeros_like(batch["face"])})
        mean = float(nowhere["mask_mean"])
        assert 0.01 < mean < 0.99
        assert float(nowhere["mask"]) == pytest.approx(mean, abs=1e-4)
        assert float(everywhere["mask"]) == pytest.approx(0 if free else 1 - float(everywhere["mask_mean"]), abs=1e-4)


def test_it_goes_on_from_given_weights(weights, tiny_faces, tmp_path):
    first = DistillationTrainer(DistillationConfig(teacher="teacher", size=64), tiny_faces, tmp_path)
    hub.save(first.networks["student"], weights / "begun.safetensors")
    again = DistillationTrainer(DistillationConfig(teacher="teacher", start="begun", size=64), tiny_faces, tmp_path)
    weight = first.networks["student"].get_parameter("final.1.weight")
    begun = again.networks["student"].get_parameter("final.1.weight")
    torch.testing.assert_close(begun, weight, atol=1e-3, rtol=1e-2)
    assert begun.requires_grad


def test_a_teacher_of_another_alignment_or_kind_is_refused(weights, tiny_faces, tmp_path, capsys):
    arguments = ["distill", "--data", str(tiny_faces), "--out", str(tmp_path / "run"), "--cache", str(tmp_path)]
    assert main([*arguments, "--set", "teacher=teacher", "--set", "template=ffhq"]) == 2
    assert "--set template=tight" in capsys.readouterr().err
    hub.save(hub.load(MobileFaceNet, "arcface-mobile"), weights / "face.safetensors")
    assert main([*arguments, "--set", f"teacher={weights / 'face.safetensors'}"]) == 2
    assert "Give one of AEINet" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
