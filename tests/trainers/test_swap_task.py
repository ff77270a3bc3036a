import torch
from torch import Generator, device

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
