import json
from dataclasses import replace
from functools import partialmethod

import pytest
import torch
from torch import Generator

from swapper import hub
from swapper.models.rafswap import RAFSwap
from swapper.models.stylegan2 import StyleGAN2Generator
from swapper.types import UserError
from trainers.__main__ import main
from trainers.rafswap import RAFSwapTrainer, RAFSwapTrainingConfig, build_network
from trainers.swap_task import SwapTask


def first_batch(trainer, count=2):
    return trainer.batch(trainer.draw(Generator().manual_seed(0), count), torch.device("cpu"), 0.0)


@pytest.mark.slow
def test_overfitting_one_batch_makes_the_loss_collapse(tiny_faces, tmp_path, monkeypatch):
    monkeypatch.setattr(SwapTask, "scores", partialmethod(SwapTask.scores, count=16))
    arguments = ["rafswap", "--preset", "tiny", "--data", str(tiny_faces), "--out", str(tmp_path / "run")]
    arguments += ["--cache", str(tmp_path), "--overfit", "--kimg", "0.16", "--device", "cpu", "--fp32"]
    assert main([*arguments, "--set", "same_image=1.0"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [row for row in rows if "G_loss" in row]
    assert losses[-1]["rec"] < 0.3 * losses[0]["rec"]
    assert losses[-1]["perceptual"] < 0.5 * losses[0]["perceptual"]
    assert {"val_retrieval", "val_mask_iou"} <= rows[-1].keys()
    assert (tmp_path / "run" / "samples-000000.png").is_file()


def test_regions_move_with_their_crops(tiny_faces, tmp_path):
    batch = first_batch(RAFSwapTrainer(RAFSwapTrainingConfig.tiny(), tiny_faces, tmp_path), 4)
    for regions in (batch["target_regions"], batch["source_regions"]):
        assert regions.shape == (4, 4, 64, 64)
        assert set(regions.unique().tolist()) == {0.0, 1.0}
        assert regions.sum((2, 3)).gt(0).any(0).all()


def test_only_identical_pairs_are_reconstructed(tiny_faces, tmp_path):
    torch.manual_seed(0)
    trainer = RAFSwapTrainer(RAFSwapTrainingConfig.tiny(), tiny_faces, tmp_path)
    batch = first_batch(trainer) | {"identical": torch.zeros(2)}
    assert trainer.loss("G", batch)[1]["rec"] == 0
    assert trainer.loss("G", batch | {"identical": torch.ones(2)})[1]["rec"] > 0


def test_the_prior_is_read_and_left_alone(tmp_path):
    torch.manual_seed(0)
    config = RAFSwapTrainingConfig.tiny()
    prior = StyleGAN2Generator(config.network.generator)
    prior.latent_average.normal_()
    hub.save(prior, tmp_path / "prior.safetensors", dtype=torch.float32)
    network = build_network(replace(config, prior=str(tmp_path / "prior.safetensors")))
    torch.testing.assert_close(network.generator.state_dict(), prior.state_dict())
    assert not any(p.requires_grad for p in network.generator.parameters())
    assert all(p.requires_grad for p in [*network.encoder.parameters(), *network.mask_predictor.parameters()])
    other = replace(config.network.generator, mapping=3)
    hub.save(StyleGAN2Generator(other), tmp_path / "other.safetensors")
    with pytest.raises(UserError, match="Choose the preset that it was trained with"):
        build_network(replace(config, prior=str(tmp_path / "other.safetensors")))


@pytest.mark.slow
@pytest.mark.parametrize("part", ["fra", "sfa", "fmp"])
def test_ablations_run_without_their_part(part, tiny_faces, tmp_path):
    torch.manual_seed(0)
    trainer = RAFSwapTrainer(replace(RAFSwapTrainingConfig.tiny(), without=part), tiny_faces, tmp_path)
    batch = first_batch(trainer)
    total, terms = trainer.loss("G", batch)
    total.backward()
    assert (terms["mask_mean"] == 1) == (part == "fmp")
    names = {"fra": "encoder.fra", "sfa": "encoder.sfa", "fmp": "mask_predictor"}
    assert not any(name.startswith(names[part]) for name, _ in trainer.network.named_parameters())


def test_the_mask_waits_until_the_drawing_is_judged_with_it(tiny_faces, tmp_path):
    torch.manual_seed(0)
    trainer = RAFSwapTrainer(replace(RAFSwapTrainingConfig.tiny(), whole_kimg=1.0), tiny_faces, tmp_path)
    plan = trainer.draw(Generator().manual_seed(0), 2)
    for kimg, learns in ((0.5, False), (1.5, True)):
        trainer.network.zero_grad()
        trainer.loss("G", trainer.batch(plan, torch.device("cpu"), kimg))[0].backward()
        gradient = trainer.network.mask_predictor.predict.weight.grad
        assert (gradient is not None and bool(gradient.abs().sum() > 0)) == learns


def test_an_unknown_part_is_refused(tiny_faces, tmp_path):
    with pytest.raises(UserError, match="Unknown part 'nose'"):
        build_network(replace(RAFSwapTrainingConfig.tiny(), without="nose"))


def test_presets_are_consistent():
    for config in (RAFSwapTrainingConfig.paper(), RAFSwapTrainingConfig.lite(), RAFSwapTrainingConfig.large()):
        assert sum(rows for _, rows in config.network.styles) == config.network.generator.latents
    recipe, record = RAFSwapTrainingConfig.lite(), hub.metadata("rafswap-lite")
    assert recipe.network == hub.load(RAFSwap, "rafswap-lite").config
    assert (record["size"], record["template"]) == (str(recipe.size), recipe.template)
