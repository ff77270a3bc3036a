import numpy as np
import pytest
import torch

from swapper import hub
from swapper.models.landmarks import LandmarkNetwork
from trainers.__main__ import main
from trainers.data.alignment import mirror_index
from trainers.data.faces import load_faces
from trainers.geometry import GeometryTrainer


@pytest.mark.slow
def test_overfitting_one_batch_makes_the_loss_collapse(tiny_faces, tmp_path, monkeypatch):
    monkeypatch.setattr("trainers.geometry.mirror_index", lambda mean: torch.arange(478))
    torch.manual_seed(0)
    arguments = ["geometry", "--data", str(tiny_faces), "--out", str(tmp_path / "run"), "--cache", str(tmp_path)]
    code = main([*arguments, "--overfit", "--kimg", "0.3", "--batch", "4", "--device", "cpu", "--fp32"])
    assert code == 0
    rows = [line for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines() if "points" in line]
    first, last = (float(row.split('"points": ')[1].split(",")[0]) for row in (rows[0], rows[-1]))
    assert last < 0.3 * first


def test_the_mirror_swaps_left_and_right(shared_data, tmp_path):
    landmarks = torch.from_numpy(np.load(shared_data / "geometry-val.npz")["landmarks"].astype(np.float32))
    pairs = mirror_index(landmarks.mean(0))
    assert pairs[33] == 263 and pairs[61] == 291 and pairs[468] == 473 and pairs[1] == 1
    assert torch.equal(pairs[pairs], torch.arange(478))


def test_faces_are_decoded_once_and_shrunk(tiny_faces, tmp_path):
    faces = load_faces(tiny_faces, "train", 64, tmp_path)
    assert faces.images.shape == (8, 64, 64, 3)
    again = load_faces(tiny_faces, "train", 64, tmp_path)
    assert torch.equal(again.images, faces.images)
    assert len(list(tmp_path.glob("*.npy"))) == 1


def test_an_unknown_setting_is_refused_by_name(tiny_faces, tmp_path, capsys):
    arguments = ["geometry", "--data", str(tiny_faces), "--out", str(tmp_path / "run")]
    assert main([*arguments, "--set", "colour=3"]) == 2
    assert "Unknown setting 'colour'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_missing_data_says_how_to_make_it(tmp_path, capsys):
    assert main(["geometry", "--data", str(tmp_path), "--out", str(tmp_path / "run")]) == 2
    assert "trainers prepare" in capsys.readouterr().err


def test_the_recipe_makes_what_ships(tiny_faces, tmp_path):
    trainer = GeometryTrainer(GeometryTrainer.Config.lite(), tiny_faces, tmp_path)
    shipped = hub.load(LandmarkNetwork, "geometry-lite")
    assert trainer.networks["landmarks"].config == shipped.config
    assert hub.metadata("geometry-lite")["size"] == str(trainer.size)


def test_points_move_with_the_pixel_centres_of_smaller_images(tiny_faces, tmp_path):
    whole, half = (load_faces(tiny_faces, "train", size, tmp_path) for size in (256, 128))
    first, second = (faces.landmarks[:, :, :2] * faces.size for faces in (whole, half))
    assert torch.allclose((first + 0.5) / 2 - 0.5, second, atol=1e-3)
    assert torch.equal(whole.landmarks[:, :, 2], half.landmarks[:, :, 2])
