import json
from pathlib import Path

import pytest

from swapper import hub
from swapper.models.ghost import AEINet
from trainers.__main__ import main
from trainers.ghost import GhostConfig, GhostTrainer


@pytest.fixture(scope="module")
def overfitted(tiny_faces: Path, tmp_path_factory: pytest.TempPathFactory, few_scores: None) -> Path:
    """The run folder of a tiny network that saw one batch forty times."""
    folder = tmp_path_factory.mktemp("ghost")
    arguments = ["ghost", "--preset", "tiny", "--data", str(tiny_faces), "--out", str(folder / "run")]
    arguments += ["--cache", str(folder), "--overfit", "--kimg", "0.08", "--batch", "2", "--device", "cpu", "--fp32"]
    assert main([*arguments, "--set", "lr=2e-3", "--set", "plain_kimg=1.0", "--keep-every", "0.03"]) == 0
    return folder / "run"


@pytest.mark.slow
def test_overfitting_one_batch_makes_the_loss_collapse(overfitted):
    rows = [json.loads(line) for line in (overfitted / "log.jsonl").read_text().splitlines()]
    losses = [row for row in rows if "G_loss" in row]
    assert losses[-1]["G_loss"] < 0.5 * losses[0]["G_loss"]
    assert losses[-1]["att"] < losses[0]["att"]
    assert (overfitted / "samples-000000.png").is_file()
    assert {"val_retrieval", "val_gain"} <= set(rows[-1])


@pytest.mark.slow
def test_averages_are_kept_on_the_way(overfitted):
    kept = sorted((overfitted / "kept").iterdir())
    assert [path.name for path in kept] == ["generator-00000.03.safetensors", "generator-00000.06.safetensors"]
    assert float(hub.read_metadata(kept[1])["kimg"]) == pytest.approx(0.06)
    assert hub.load_path(AEINet, kept[0]).config == GhostConfig.tiny().network


def test_the_second_stage_asks_for_identity_and_eyes(tiny_faces, tmp_path):
    trainer = GhostTrainer(GhostConfig.tiny(), tiny_faces, tmp_path)
    assert trainer.weights(0.49) | {"id": 70, "eye": 1200} == trainer.weights(0.5)
    assert trainer.weights(0.0)["id"] == 15 and trainer.weights(0.0)["eye"] == 0


def test_the_published_recipe():
    paper = GhostConfig.paper()
    assert (paper.adversarial_weight, paper.attribute_weight, paper.reconstruction_weight) == (1, 10, 10)
    assert (paper.id_weight, paper.late_id_weight, paper.late_eye_weight, paper.same_identity) == (15, 70, 1200, 0.2)
    assert paper.network.size == paper.size == 256


@pytest.mark.slow
def test_a_run_becomes_weights_that_say_their_template_and_size(overfitted, tmp_path):
    folder = tmp_path / "weights"
    assert main(["publish", str(overfitted), "--name", "ghost-lite", "--weights", str(folder)]) == 0
    said = hub.read_metadata(folder / "ghost-lite.safetensors")
    assert (said["template"], said["size"]) == ("tight", "64")
    network = hub.load_path(AEINet, folder / "ghost-lite.safetensors")
    assert network.config == GhostConfig.tiny().network
    assert "retrieval" in (folder / "ghost-lite.md").read_text()
