import torch
from torch import Generator, device

from trainers import swap_task
from trainers.swap_task import SwapTask, SwapTaskConfig, between


def test_samples_and_scores_are_made_at_the_side_that_is_trained(tiny_faces, tmp_path):
    task = SwapTask(SwapTaskConfig(size=64, same_identity=0.0, padded=False, small_kimg=1.0), tiny_faces, tmp_path)
    plan = task.draw(Generator().manual_seed(0), 2)
    for kimg, side in ((0.5, 32), (1.0, 64)):
        assert task.batch(plan, device("cpu"), kimg)["target"].shape[-1] == side
        assert task.fixed(2, device("cpu"))["target"].shape[-1] == side


def test_virtual_persons_are_points_between_two_sources(tiny_faces, tmp_path):
    task = SwapTask(SwapTaskConfig(size=64, same_identity=0.5, padded=False, virtual=1.0), tiny_faces, tmp_path)
    plan = task.draw(Generator().manual_seed(3), 8)
    told = plan["same"] == 1
    assert told.any() and not told.all()
    assert (plan["between"][told] == 0).all() and (plan["between"][~told] >= 0.2).all()
    batch = task.batch(plan, device("cpu"))
    real, given = task.features(batch["source"]).embedding, task.identities(batch)
    assert torch.equal(given[told], real[told])
    torch.testing.assert_close(given.norm(dim=1), real.norm(dim=1))
    assert not torch.isclose(given[~told], real[~told]).all(1).any()


def test_halfway_is_as_near_to_both():
    first, second = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 5.0]])
    torch.testing.assert_close(between(first, second, torch.tensor([0.5])), torch.tensor([[2.0**0.5, 2.0**0.5]]))


def test_a_discriminator_gets_sharp_photos_in_the_place_of_the_targets(tiny_faces, tmp_path):
    task = SwapTask(SwapTaskConfig(size=64, same_identity=0.0, padded=False, sharp_real=True), tiny_faces, tmp_path)
    plan = task.draw(Generator().manual_seed(0), 4)
    plan["sharp"] = torch.tensor([2, 2, 2, 2])  # of the sharp ones, which all are
    plan["target"] = torch.tensor([2, 2, 5, 5])
    batch = task.batch(plan, device("cpu"))
    alike = (batch["real"] - batch["photo"]).abs().amax((1, 2, 3)) < 1e-6
    assert alike.tolist() == [True, True, False, False]


def test_pasted_results_leave_the_border_to_the_target(tiny_faces, tmp_path):
    task = SwapTask(SwapTaskConfig(size=64, same_identity=0.0, padded=False), tiny_faces, tmp_path)
    batch = task.batch(task.draw(Generator().manual_seed(0), 2), device("cpu"))
    results = 1 - batch["target"]
    pasted = task.blend(results, batch)
    assert torch.equal(pasted[:, :, 0], batch["target"][:, :, 0])
    assert (pasted[:, :, 36, 32] - results[:, :, 36, 32]).abs().max() < 0.05


def test_sources_with_drawn_glasses_are_judged_by_the_bare_face(tiny_faces, tmp_path):
    task = SwapTask(SwapTaskConfig(size=64, same_identity=0.0, padded=False, glasses=0.5), tiny_faces, tmp_path)
    plan = task.draw(Generator().manual_seed(1), 6)
    batch, chosen = task.batch(plan, device("cpu")), plan["glasses"] > 0
    assert chosen.any() and not chosen.all()
    changed = (batch["worn"] - batch["source"]).abs().amax(1)
    assert not changed[~chosen].any() and (changed[chosen] > 0.1).any(2).any(1).all()
    rows = changed.sum((0, 2))
    assert (rows * torch.arange(112)).sum() / rows.sum() < 60, "glasses are worn at the eyes"
    assert torch.equal(task.identities(batch)[~chosen], task.told(batch)[~chosen])
    assert not torch.equal(task.identities(batch)[chosen], task.told(batch)[chosen])
    plan["source_mirror"] = ~plan["source_mirror"]
    mirrored = task.batch(plan, device("cpu"))
    apart = ((mirrored["worn"] - mirrored["source"]).abs().amax(1).flip(-1) - changed).abs()
    assert (
        apart.sum()
        < 0.5 * changed.sum()
        < ((mirrored["worn"] - mirrored["source"]).abs().amax(1) - changed).abs().sum()
    )


def test_photos_with_glasses_are_no_sources_of_strangers(tiny_faces, tmp_path, monkeypatch):
    monkeypatch.setattr(swap_task, "wear_glasses", lambda faces, _: torch.arange(len(faces)) != 3)
    task = SwapTask(SwapTaskConfig(size=64, same_identity=0.0, padded=False, glasses=0.5), tiny_faces, tmp_path)
    assert task.draw(Generator().manual_seed(1), 6)["source"].tolist() == [3] * 6
