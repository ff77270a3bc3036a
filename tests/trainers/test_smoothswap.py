import json
from dataclasses import replace
from functools import partialmethod

import pytest
import torch
from torch import Generator

from swapper import hub
from swapper.models.smoothswap import NCSNppGenerator, SmoothIdentityEmbedder, SmoothIdentityEmbedderConfig
from trainers.__main__ import main
from trainers.smoothswap import SmoothSwapConfig, SmoothSwapTrainer
from trainers.swap_task import SwapTask


@pytest.mark.slow
def test_overfitting_one_batch_makes_the_loss_collapse(tiny_faces, tmp_path, monkeypatch):
    monkeypatch.setattr(SwapTask, "scores", partialmethod(SwapTask.scores, count=16))
    arguments = ["smoothswap", "--preset", "tiny", "--data", str(tiny_faces), "--out", str(tmp_path / "run")]
    arguments += ["--cache", str(tmp_path), "--overfit", "--kimg", "0.1", "--device", "cpu", "--fp32"]
    assert main([*arguments, "--set", "change_weight=0.1", "--set", "adversarial_weight=0.01"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [row for row in rows if "G_loss" in row]
    assert losses[-1]["id"] < 0.7 * losses[0]["id"]
    assert "r1" in losses[0] and "D_loss" in losses[-1]
    assert {"val_retrieval", "val_id_own"} <= rows[-1].keys()
    assert (tmp_path / "run" / "samples-000000.png").is_file()


def test_the_wanted_number_of_pairs_are_of_one_person(tiny_faces, tmp_path):
    trainer = SmoothSwapTrainer(replace(SmoothSwapConfig.tiny(), batch=16, self_swaps=2), tiny_faces, tmp_path)
    own = sum(
        (plan["source"] == plan["target"]).int() & (plan["source_mirror"] == plan["mirror"]).int()
        for plan in (trainer.draw(Generator().manual_seed(seed), 16) for seed in range(30))
    )
    assert own[[0, 8]].eq(30).all()
    assert own[[1, 2, 9, 15]].lt(20).all()


def test_a_smooth_embedder_judges_whole_faces_and_an_untrained_generator_changes_nothing(tiny_faces, tmp_path):
    torch.manual_seed(0)
    network = SmoothIdentityEmbedder(SmoothIdentityEmbedderConfig(trunk="mobile", size=48, hidden=16))
    hub.save(network, tmp_path / "embedder.safetensors", dtype=torch.float32)
    config = replace(SmoothSwapConfig.tiny(), embedder=str(tmp_path / "embedder.safetensors"))
    trainer = SmoothSwapTrainer(config, tiny_faces, tmp_path)
    batch = trainer.batch(trainer.draw(Generator().manual_seed(0), 4), torch.device("cpu"), 0.0)
    torch.testing.assert_close(batch["identity"], network.eval()(batch["whole"]).detach())
    total, terms = trainer.loss("G", batch)
    assert terms["change"] < 1e-4
    total.backward()
    assert trainer.networks["generator"].stem.weight.grad is not None
    assert all(p.grad is None for p in trainer.frozen["embedder"].parameters())


def test_training_goes_on_from_given_weights(tiny_faces, tmp_path):
    torch.manual_seed(0)
    config = SmoothSwapConfig.tiny()
    start = NCSNppGenerator(config.network)
    hub.save(start, tmp_path / "start.safetensors", dtype=torch.float32)
    trainer = SmoothSwapTrainer(replace(config, start=str(tmp_path / "start.safetensors")), tiny_faces, tmp_path)
    generator = trainer.networks["generator"]
    torch.testing.assert_close(generator.state_dict(), start.state_dict())
    assert all(p.requires_grad for p in generator.parameters())


def test_presets_fit_their_size():
    for config in (
        SmoothSwapConfig.paper(),
        SmoothSwapConfig.lite(),
        SmoothSwapConfig.large(),
        SmoothSwapConfig.tiny(),
    ):
        assert config.discriminator.size == config.size
    recipe, record = SmoothSwapConfig.lite(), hub.metadata("smoothswap-lite")
    assert recipe.network == hub.load(NCSNppGenerator, "smoothswap-lite").config
    assert (record["size"], record["template"]) == (str(recipe.size), recipe.template)
