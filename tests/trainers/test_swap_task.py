from torch import Generator, device

from trainers.swap_task import SwapTask


def test_samples_and_scores_are_made_at_the_side_that_is_trained(tiny_faces, tmp_path):
    task = SwapTask(tiny_faces, tmp_path, "tight", 64, 0.0, 0.0, padded=False, small_kimg=1.0)
    plan = task.draw(Generator().manual_seed(0), 2)
    for kimg, side in ((0.5, 32), (1.0, 64)):
        assert task.batch(plan, device("cpu"), kimg)["target"].shape[-1] == side
        assert task.fixed(2, device("cpu"))["target"].shape[-1] == side
