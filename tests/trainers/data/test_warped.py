import shutil
from functools import partial

import numpy as np
import pytest
import torch
from torch import Generator

from swapper import hub
from swapper.models.arcface import MobileFaceNet
from swapper.types import UserError
from trainers.__main__ import main
from trainers.data import warp_shards, warping
from trainers.data.faces import load_faces
from trainers.data.shard_index import ShardIndex
from trainers.data.stream import Share, decode_crop
from trainers.data.warp_shards import WarpingShards, write_warped_index
from trainers.data.warped import WarpedPairs
from trainers.data.warped_pools import WarpedIndex
from trainers.data.warping import choose_strangers, load_warped
from trainers.swap_task import SwapTask, SwapTaskConfig

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def faces(tiny_faces, cache):
    return load_faces(tiny_faces, "train", 64, cache)


@pytest.fixture(scope="module", autouse=True)
def any_likeness():
    with pytest.MonkeyPatch.context() as patch:
        for module in (warping, warp_shards):
            patch.setattr(module, "LIKENESS", -1.0)  # drawn faces have none
        yield


@pytest.fixture(scope="module")
def pairs(faces, cache, any_likeness):
    made = load_warped(faces, hub.load(MobileFaceNet, "arcface-mobile"), cache)
    return WarpedPairs(faces, "tight", 0.0, 0.0, known=1.0, warped=made)


def test_strangers_are_warped_onto_every_photo(pairs, faces):
    made = pairs.warped
    assert len(made.target) == warping.EACH * len(faces)
    assert (faces.identity[made.source] != faces.identity[made.target]).all()
    difference = (made.pixels(torch.arange(len(made.target)), CPU) - faces.pixels(made.target)).abs().mean((1, 2, 3))
    assert (difference > 0.001).any()


def test_they_are_made_once(pairs, faces, cache):
    before = sorted(path.stat().st_mtime_ns for path in cache.glob("warped-*"))
    load_warped(faces, hub.load(MobileFaceNet, "arcface-mobile"), cache)
    assert len(before) == 2 and sorted(path.stat().st_mtime_ns for path in cache.glob("warped-*")) == before


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


@pytest.fixture(scope="module")
def shards(tiny_faces, tmp_path_factory, any_likeness):
    """The drawn faces in two shards, and their warped ones."""
    folder = tmp_path_factory.mktemp("shards")
    assert main(["shard", str(tiny_faces), "--out", str(folder), "--shard", "4"]) == 0
    for path in tiny_faces.glob("*val*"):
        shutil.copy(path, folder)
    work = WarpingShards(folder, "train")
    assert [work(number, lambda _share: None) for number in range(2)] == [4 * warping.EACH] * 2
    index = ShardIndex(folder, "train")
    assert write_warped_index(index, folder, "train") == 8 * warping.EACH
    return folder


def test_shards_have_warped_faces_of_their_own(shards):
    index, made = ShardIndex(shards, "train"), WarpedIndex(shards, "train")
    at = made.rows
    assert at["target"].tolist() == sorted(list(range(8)) * warping.EACH)
    assert (index.rows["identity"][at["target"]] != index.rows["identity"][at["source"]]).all()
    assert (index.rows["shard"][at["target"]] == index.rows["shard"][at["source"]]).all()
    photo, drawn = (decode_crop(data, 64).astype(int) for data in (index.image(3), made.image(3 * warping.EACH)))
    assert 0 < np.abs(photo - drawn).mean() < 60
    assert main(["warp", str(shards), "--workers", "1"]) == 0, "nothing is left to do"


def test_a_streamed_set_teaches_pairs_with_known_answers(shards, tmp_path):
    config = SwapTaskConfig(size=64, padded=False, known=1.0, memory_map=0.0, pool=4)
    task = SwapTask(config, shards, tmp_path / "cache")
    assert isinstance(task.train, WarpedPairs) and 2 <= len(task.train.faces) <= 4
    seen = set()
    for step in range(4):
        task.supply.go_to(step, 2, Share())
        faces, made = task.train.faces, task.train.warped
        assert (faces.identity[made.target] != faces.identity[made.source]).all()
        photos = faces.pixels(made.target)
        assert 0 < (made.pixels(torch.arange(len(made.target)), CPU) - photos).abs().mean() < 0.25
        batch = task.batch(task.draw(Generator().manual_seed(step), 6), CPU)
        assert batch["known"].eq(1).all()
        seen |= {tuple(points[0].tolist()) for points in faces.landmarks}
    assert len(seen) == 8, "all photos have come"
    again = SwapTask(config, shards, tmp_path / "cache")
    again.supply.go_to(3, 2, Share())
    assert torch.equal(again.train.warped.images, task.train.warped.images)


def test_warped_faces_that_are_missing_or_of_other_photos_are_asked_for(shards, tmp_path):
    with pytest.raises(UserError, match=r"warped-val.npy is missing. Make them with trainers warp .* --split val"):
        WarpedIndex(shards, "val")
    shutil.copytree(shards, tmp_path / "other")
    index = np.load(shards / "index-train.npy")
    np.save(tmp_path / "other" / "index-train.npy", index[:-1])
    with pytest.raises(UserError, match="they are of other photos than the index names"):
        WarpedIndex(tmp_path / "other", "train")


@pytest.mark.slow  # starts workers
def test_workers_warp_what_one_process_does(faces, cache, tiny_faces, monkeypatch):
    monkeypatch.setattr(warping, "_ALONE", 1)
    pairs = choose_strangers(faces.landmarks, faces.identity, faces.padded)
    tasks = [(target, source) for target, source in zip(*(side.split(4) for side in pairs), strict=True)]
    again = partial(load_faces, tiny_faces, "train", 64, cache)
    identity = hub.load(MobileFaceNet, "arcface-mobile")
    alone, shared = (list(warping._warped(tasks[:3], faces, identity, given)) for given in (None, again))
    assert [number for number, _ in shared] == [0, 1, 2]
    for (_, one), (_, other) in zip(alone, shared, strict=True):
        assert len(one[0]) == 4 and (one[0] == other[0]).all() and torch.equal(one[1], other[1])
