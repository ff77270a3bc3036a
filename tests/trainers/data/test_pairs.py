import dataclasses

import pytest
import torch
from torch import Generator

from trainers.data.faces import load_faces
from trainers.data.pairs import Pairs, Whole, mouth_opening, to_arcface


@pytest.fixture
def faces(tiny_faces, tmp_path):
    return load_faces(tiny_faces, "train", 64, tmp_path)


def test_identical_pairs_are_one_photo_and_mirrored_alike(faces):
    plan = Pairs(faces, "tight", same_image=1.0, same_identity=0.0).draw(Generator().manual_seed(0), 50)
    assert torch.equal(plan["source"], plan["target"])
    assert torch.equal(plan["source_mirror"], plan["mirror"])
    assert plan["same"].eq(1).all() and plan["identical"].eq(1).all()


def test_same_identity_pairs_share_the_person_and_often_not_the_photo(faces):
    plan = Pairs(faces, "tight", same_image=0.0, same_identity=1.0).draw(Generator().manual_seed(0), 200)
    assert torch.equal(faces.identity[plan["source"]], faces.identity[plan["target"]])
    assert 0.3 < plan["identical"].mean() < 0.7  # two photos of each person


def test_crops_have_the_sizes_and_ranges_said(faces):
    pairs = Pairs(faces, "tight", 0.1, 0.2)
    batch = pairs.cut(pairs.draw(Generator().manual_seed(0), 3), torch.device("cpu"), 48)
    assert batch["target"].shape == (3, 3, 48, 48) and batch["source"].shape == (3, 3, 112, 112)
    assert batch["landmarks"].shape == (3, 478, 3)
    for name in ("target", "source"):
        assert batch[name].min() >= 0 and batch[name].max() <= 1


def test_whole_sources_are_cut_like_targets(faces):
    pairs = Pairs(faces, "tight", same_image=1.0, same_identity=0.0)
    plan = pairs.draw(Generator().manual_seed(0), 4, jitter=0.0)
    batch = pairs.cut(plan, torch.device("cpu"), 48, Whole("tight", 48, around=True))
    torch.testing.assert_close(batch["source_landmarks"], batch["landmarks"], atol=1e-5, rtol=0)
    assert (batch["around"] - batch["target"]).abs().max() < 1e-5
    assert (batch["whole"] - batch["target"]).abs().mean() < 1e-3  # up to the colour change, which is off


def test_results_reach_the_identity_encoder_with_a_gradient():
    result = torch.rand(2, 3, 64, 64, requires_grad=True)
    to_arcface(result, "tight").sum().backward()
    assert result.grad is not None and result.grad.abs().sum() > 0


def test_open_mouths_are_drawn_when_asked_for(faces):
    opening = mouth_opening(faces.landmarks)
    assert opening.shape == (len(faces),) and (opening >= 0).all() and (opening < 1).all()
    gaping = faces.landmarks.clone()
    gaping[0, 14, 1] += 0.3  # the lower lip of the first photo
    pairs = Pairs(dataclasses.replace(faces, landmarks=gaping), "tight", 0.0, 0.0, open_mouths=1.0)
    wide = torch.nonzero(mouth_opening(gaping) > 0.12).flatten().tolist()
    drawn = pairs.draw(Generator().manual_seed(0), 50)["target"]
    assert 0 in drawn and set(drawn.tolist()) <= set(wide)
