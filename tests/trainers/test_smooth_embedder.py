import json
from dataclasses import replace

import pytest
import torch
from torch import Generator

from swapper import hub
from swapper.models.smoothswap import SmoothIdentityEmbedder
from trainers.__main__ import main
from trainers.data.faces import load_faces
from trainers.smooth_embedder import SmoothEmbedderConfig, SmoothEmbedderTrainer, merge_neighbours


@pytest.mark.slow
def test_overfitting_one_batch_makes_the_loss_collapse(tiny_faces, tmp_path):
    arguments = ["embedder", "--mode", "smooth", "--preset", "tiny", "--data", str(tiny_faces)]
    arguments += ["--out", str(tmp_path / "run"), "--cache", str(tmp_path), "--device", "cpu", "--fp32"]
    assert main([*arguments, "--overfit", "--kimg", "0.24"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [row["supcon"] for row in rows if "supcon" in row]
    assert losses[-1] < 0.3 * losses[0]
    assert {"val_auc", "val_smoothness", "val_people_arcface"} <= rows[-1].keys()
    more = rows[-1]["val_people"] - rows[-1]["val_people_arcface"]
    assert rows[-1]["val_people_more_low"] - 0.01 <= more <= rows[-1]["val_people_more_high"] + 0.01
    assert (tmp_path / "run" / "samples-000000.png").is_file()


def test_an_unknown_embedder_is_refused(tiny_faces, tmp_path, capsys):
    arguments = ["embedder", "--mode", "rough", "--data", str(tiny_faces), "--out", str(tmp_path / "run")]
    assert main(arguments) == 2
    assert "Choose arcface or smooth" in capsys.readouterr().err


def test_batches_are_balanced_and_rows_of_a_person_lie_together(tiny_faces, tmp_path):
    trainer = SmoothEmbedderTrainer(replace(SmoothEmbedderConfig.tiny(), photos=2), tiny_faces, tmp_path)
    plan = trainer.draw(Generator().manual_seed(0), 8)
    assert plan["person"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    pairs = plan["index"].reshape(4, 2)
    identity = trainer.train.identity[pairs]
    assert torch.equal(identity[:, 0], identity[:, 1]) and len(identity[:, 0].unique()) == 4
    assert (pairs[:, 0] != pairs[:, 1]).all()


def test_unlabelled_photos_are_people_of_their_own_unless_arcface_joins_them(tiny_faces, tmp_path):
    faces = load_faces(tiny_faces, "train", 48, tmp_path)
    likeness = torch.eye(8, 512)
    likeness[4] = likeness[3] * 0.8 + likeness[4] * 0.6  # 3 and 4 are alike, 4 and 5 too: a chain
    likeness[5] = likeness[4] * 0.8 + torch.eye(8, 512)[5] * 0.6
    faces = replace(faces, arcface=likeness, identity=torch.tensor([0, 0, -1, -1, -1, -1, -1, 1]))
    person = merge_neighbours(faces, 0.7)
    assert person[[0, 1, 7]].eq(-1).all()
    assert person[3] == person[4] == person[5]
    assert len(person[[2, 3, 6]].unique()) == 3


def test_relations_follow_arcface(tiny_faces, tmp_path):
    torch.manual_seed(0)
    trainer = SmoothEmbedderTrainer(replace(SmoothEmbedderConfig.tiny(), relation_weight=2.0), tiny_faces, tmp_path)
    batch = trainer.batch(trainer.draw(Generator().manual_seed(0), 8), torch.device("cpu"), 0.0)
    total, terms = trainer.loss("E", batch)
    torch.testing.assert_close(total, terms["supcon"] + 2 * terms["relation"])


def test_a_linear_layer_learns_to_read_arcface_and_the_start_may_be_given(tiny_faces, tmp_path):
    torch.manual_seed(0)
    start = SmoothIdentityEmbedder(SmoothEmbedderConfig.tiny().network)
    hub.save(start, tmp_path / "start.safetensors", dtype=torch.float32)
    config = replace(SmoothEmbedderConfig.tiny(), telling_weight=3.0, start=str(tmp_path / "start.safetensors"))
    trainer = SmoothEmbedderTrainer(config, tiny_faces, tmp_path)
    torch.testing.assert_close(trainer.networks["embedder"].state_dict(), start.state_dict())
    batch = trainer.batch(trainer.draw(Generator().manual_seed(0), 8), torch.device("cpu"), 0.0)
    total, terms = trainer.loss("E", batch)
    torch.testing.assert_close(total, terms["supcon"] + 3 * terms["telling"])
    total.backward()
    assert all(p.grad is not None for name in ("embedder", "reader") for p in trainer.networks[name].parameters())
