import pytest
import torch
from torch import Generator

from swapper import hub
from swapper.models.arcface import MobileFaceNet
from swapper.types import UserError
from trainers.data import warping
from trainers.data.faces import load_faces
from trainers.data.warped import WarpedPairs
from trainers.data.warping import load_warped

CPU = torch.device("cpu")


@pytest.fixture
def faces(tiny_faces, tmp_path):
    return load_faces(tiny_faces, "train", 64, tmp_path)


@pytest.fixture
def pairs(faces, tmp_path, monkeypatch):
    monkeypatch.setattr(warping, "LIKENESS", -1.0)  # drawn faces have no likeness
    made = load_warped(faces, hub.load(MobileFaceNet, "arcface-mobile"), tmp_path)
    return WarpedPairs(faces, "tight", 0.0, 0.0, known=1.0, warped=made)


def test_strangers_are_warped_onto_every_photo(pairs, faces):
    made = pairs.warped
    assert len(made.target) == warping.EACH * len(faces)
    assert (faces.identity[made.source] != faces.identity[made.target]).all()
    difference = (made.pixels(torch.arange(len(made.target)), CPU) - faces.pixels(made.target)).abs().mean((1, 2, 3))
    assert (difference > 0.001).any()


def test_they_are_made_once(pairs, faces, tmp_path):
    before = sorted(path.stat().st_mtime_ns for path in tmp_path.glob("warped-*"))
    load_warped(faces, hub.load(MobileFaceNet, "arcface-mobile"), tmp_path)
    assert sorted(path.stat().st_mtime_ns for path in tmp_path.glob("warped-*")) == before


def test_forwards_the_answer_is_the_warped_face_and_backwards_the_photo(pairs, faces):
    plan = pairs.draw(Generator().manual_seed(0), 16)
    batch = pairs.cut(plan, CPU, 48)
    assert batch["known"].eq(1).all()
    forward = plan["forward"].bool()
    assert forward.any() and (~forward).any()
    torch.testing.assert_close(batch["target"][forward], batch["photo"][forward])
    torch.testing.assert_close(batch["answer"][~forward], batch["photo"][~forward])
    assert torch.equal(plan["source"][forward], pairs.warped.source[plan["warped"][forward]])
    back = ~forward
    assert torch.equal(faces.identity[plan["source"][back]], faces.identity[plan["target"][back]])


def test_without_likeness_it_says_so(faces, tmp_path, monkeypatch):
    monkeypatch.setattr(warping, "LIKENESS", 1.1)
    with pytest.raises(UserError, match="known=0"):
        load_warped(faces, hub.load(MobileFaceNet, "arcface-mobile"), tmp_path)
