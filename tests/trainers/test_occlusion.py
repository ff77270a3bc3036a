import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Generator, nn

from swapper.faces import mesh
from trainers.__main__ import main
from trainers.data import occluders
from trainers.data.drawing import SIDE, FaceToOcclude, Layer
from trainers.data.glasses import glasses
from trainers.occlusion import OcclusionConfig, OcclusionTrainer


def scene(seed: int, turn: float = 0.0) -> FaceToOcclude:
    """The mean face, turned about its own axis by some radians, on a grey picture."""
    cos, sin = np.cos(turn), np.sin(turn)
    rotation = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]], np.float32)
    points = (mesh.canonical_face() @ rotation.T * 80 + [128, 110, 0]).astype(np.float32)
    face = np.full((128, 128, 3), 128, np.uint8)
    return FaceToOcclude(np.random.default_rng(seed), points, face, lambda: np.full((SIDE, SIDE, 3), 60, np.uint8))


@pytest.mark.slow
def test_overfitting_one_batch_makes_the_loss_collapse(tiny_faces, tmp_path):
    arguments = ["occlusion", "--preset", "tiny", "--data", str(tiny_faces), "--out", str(tmp_path / "run")]
    arguments += ["--cache", str(tmp_path), "--overfit", "--kimg", "0.3", "--device", "cpu", "--fp32"]
    torch.manual_seed(0)
    assert main(arguments) == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [row["entropy"] for row in rows if "entropy" in row]
    assert losses[-1] < 0.3 * losses[0]
    assert {"val_iou", "val_bare_percent"} <= rows[-1].keys()
    assert (tmp_path / "run" / "samples-000000.png").is_file()


def test_the_same_plan_draws_the_same(tiny_faces, tmp_path):
    trainer = OcclusionTrainer(OcclusionConfig.tiny(), tiny_faces, tmp_path)
    plan = trainer.draw(Generator().manual_seed(0), 4)
    one, other = (trainer.batch(plan, torch.device("cpu"), 0.0) for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert one["occlusion"].min() >= 0 and one["occlusion"].max() <= 1
    assert one["images"].shape == (4, 3, 64, 64) and one["counted"].sum() > 0


class Sees(nn.Module):
    """Takes the left half of every picture for covered."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, faces):
        half = torch.where(torch.arange(faces.shape[3]) < faces.shape[3] // 2, 8.0, -8.0)
        return half.expand(len(faces), 1, faces.shape[2], -1) + self.bias


class SeesNothing(Sees):
    """Takes no place for covered."""

    def forward(self, faces):
        return super().forward(faces).clamp(max=-8.0)


def _teacher(network: Sees, trainer: OcclusionTrainer) -> Sees:
    network.config = trainer.config.network
    return network


def test_what_is_seen_on_the_photo_itself_counts_little(tiny_faces, tmp_path):
    config = replace(OcclusionConfig.tiny(), doubt_kimg=1.0, doubt_weight=0.0, dice_weight=0.0)
    trainer = OcclusionTrainer(config, tiny_faces, tmp_path)
    trainer.networks = {"occlusion": Sees()}
    plan = trainer.draw(Generator().manual_seed(0), 4)
    early, late = (trainer.batch(plan, torch.device("cpu"), kimg) for kimg in (0.0, 2.0))
    for batch in (early, late):
        batch["occlusion"] = torch.zeros_like(batch["occlusion"])
    sure, _ = trainer.loss("L", early)
    doubted, terms = trainer.loss("L", late)
    assert sure > 2 and doubted < 0.01
    assert 0.2 < terms["doubt"] < 0.8


def test_what_a_teacher_sees_does_not_count_whatever_the_network_sees(tiny_faces, tmp_path):
    config = replace(OcclusionConfig.tiny(), doubt_kimg=0.0, dice_weight=0.0, teacher="occlusion-lite")
    trainer = OcclusionTrainer(config, tiny_faces, tmp_path)
    assert list(trainer.frozen) == ["teacher"]
    batch = trainer.batch(trainer.draw(Generator().manual_seed(0), 4), torch.device("cpu"), 0.0)
    batch["occlusion"] = torch.zeros_like(batch["occlusion"])
    trainer.networks = {"occlusion": Sees()}
    trainer.frozen["teacher"] = _teacher(SeesNothing(), trainer)
    blind, _ = trainer.loss("L", batch)
    trainer.frozen["teacher"] = _teacher(Sees(), trainer)
    taught, terms = trainer.loss("L", batch)
    assert blind > 2 and taught < 0.05
    assert 0.2 < terms["doubt"] < 0.8


def test_what_a_believed_teacher_sees_is_to_be_found(tiny_faces, tmp_path):
    config = replace(OcclusionConfig.tiny(), doubt_kimg=0.0, dice_weight=0.0, teacher="occlusion-lite", believe=True)
    trainer = OcclusionTrainer(config, tiny_faces, tmp_path)
    batch = trainer.batch(trainer.draw(Generator().manual_seed(0), 4), torch.device("cpu"), 0.0)
    batch["occlusion"] = torch.zeros_like(batch["occlusion"])
    trainer.frozen["teacher"] = trainer.networks["occlusion"] = _teacher(Sees(), trainer)
    agrees, _ = trainer.loss("L", batch)
    trainer.networks["occlusion"] = SeesNothing()
    misses, _ = trainer.loss("L", batch)
    assert agrees < 0.05 and misses > 2


@pytest.mark.parametrize("turn", [0.0, 0.6])
def test_glasses_frame_the_eyes_in_the_faces_pose(turn):
    for seed in range(6):
        place = scene(seed, turn)
        occlusion = glasses(place).occlusion > 127
        rows, columns = np.nonzero(occlusion)
        corners = place.points[[33, 133, 362, 263], :2]
        assert columns.min() < corners[0, 0] + 10 and columns.max() > corners[3, 0] - 10, "an eighth of the eyes apart"
        assert corners[:, 1].min() - 80 < rows.mean() < corners[:, 1].max() + 80


def test_a_clear_lens_is_seen_and_hides_nothing():
    layer = Layer.empty()
    square = np.array([[50, 50], [150, 50], [150, 150], [50, 150]], np.float32)
    layer.fill(square, np.array([200, 100, 50], np.float32), 0.3, hides=False)
    assert layer.alpha[100, 100] == round(255 * 0.3) and layer.occlusion[100, 100] == 0
    layer.line(square[:2], np.array([1, 2, 3], np.float32), 6)
    assert layer.occlusion[50, 100] == layer.alpha[50, 100] == 255 and tuple(layer.color[50, 100]) == (1, 2, 3)


@pytest.mark.parametrize("kind", [draw for draw, _ in occluders.KINDS])
def test_what_hides_the_face_changes_it(kind, monkeypatch):
    monkeypatch.setattr(occluders, "KINDS", ((kind, 1.0),))
    found, darkened = 0, False
    lets_through = 0.4 if kind is glasses else 0.0  # dark lenses let up to that share of the light through, and hide
    for seed in range(8):
        place = scene(seed)
        image, occlusion, touched = occluders.occlude_face(place, 128)
        assert image.shape == (128, 128, 3) and image.dtype == np.uint8
        assert ((1 - lets_through) * occlusion <= touched + 0.02).all()
        darkened |= bool((occlusion > touched + 0.02).any())
        assert touched.max() <= 1 and np.isfinite(occlusion).all()
        found += bool((np.abs(image.astype(int) - 128).max(2)[occlusion > 0.9] > 8).any())
    assert found >= 5 and darkened is (kind is glasses)
