"""Small sets are read whole; larger ones a pool at a time, the same pool for the same step."""

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from shard_faces import face
from torch import nn

from trainers.__main__ import main
from trainers.data.faces import Faces
from trainers.data.joining import write_index
from trainers.data.shards import write_shard
from trainers.data.stream import Share
from trainers.data.supply import FaceSupply, SupplyConfig
from trainers.embedder import EmbedderTrainer
from trainers.geometry import GeometryConfig, GeometryTrainer
from trainers.loop.config import LoopConfig
from trainers.loop.loop import Run
from trainers.loop.trainer import Batch, Phase, image_grid
from trainers.mobilefaceswap import MobileFaceSwapTrainer
from trainers.occlusion import OcclusionConfig, OcclusionTrainer
from trainers.quality import QualityTrainer
from trainers.renovation import RenovationConfig, RenovationTrainer
from trainers.smooth_embedder import SmoothEmbedderConfig, SmoothEmbedderTrainer
from trainers.smoothswap import SmoothSwapTrainer
from trainers.stylegan2 import StyleGAN2Trainer, StyleGAN2TrainingConfig
from trainers.swap_task import SwapTask, SwapTaskConfig

STREAMED = SupplyConfig(memory_map=0, pool=6)


def numbers(faces: Faces) -> list[int]:
    return [round(float(value) * 1024) for value in faces.landmarks[:, 0, 2]]


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 faces of 6 people in two shards, each photo's number in its landmarks."""
    folder = tmp_path_factory.mktemp("shards")
    for number in range(2):
        people = [
            (f"p{who}", face(10 * who + photo)) for who in range(3 * number, 3 * number + 3) for photo in range(10)
        ]
        write_shard(folder, "train", number, people, "d")
    write_index(folder, "train", [0, 1])
    return folder


@pytest.fixture(scope="module")
def drawn(tiny_faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawn faces as shards, and packed for validation."""
    folder = tmp_path_factory.mktemp("drawn")
    assert main(["shard", str(tiny_faces), "--out", str(folder)]) == 0
    for path in tiny_faces.glob("*val*"):
        shutil.copy(path, folder)
    return folder


def supplied(folder: Path, cache: Path, config: SupplyConfig, **changes) -> tuple[FaceSupply, list[list[int]]]:
    """A supply and what it has handed out."""
    handed: list[list[int]] = []
    return FaceSupply(folder, 64, cache, config, lambda faces: handed.append(numbers(faces)), **changes), handed


def test_a_small_set_is_read_whole(shards, tmp_path):
    supply, handed = supplied(shards, tmp_path, SupplyConfig())
    supply.go_to(100, 4, Share())
    assert not supply.streams and handed == [list(range(60))]
    assert [path.suffix for path in tmp_path.glob("[!.]*")] == [".npy"]


def test_the_pool_follows_from_the_step(shards, tmp_path):
    supply, handed = supplied(shards, tmp_path, STREAMED)
    for step in range(12):
        supply.go_to(step, 2, Share())
        assert numbers(supply.faces) == handed[-1]
    assert supply.streams and len(handed) == 4 and all(len(set(pool)) == 6 for pool in handed)
    assert len({which for pool in handed for which in pool}) == 24, "each photo once before any comes again"
    again, resumed = supplied(shards, tmp_path, STREAMED)
    for step in (7, 8, 9, 4):
        again.go_to(step, 2, Share())
    assert resumed[1:] == [handed[2], handed[3], handed[1]]
    assert not list(tmp_path.iterdir()), "nothing is kept on disk"


def test_processes_have_photos_of_their_own(shards, tmp_path):
    seen = []
    for rank in range(2):
        supply, handed = supplied(shards, tmp_path, STREAMED)
        for step in range(8):
            supply.go_to(step, 4, Share(rank, 2))  # a process draws two of four, six times before the next pool
        seen += [which for pool in handed[-3:] for which in pool]
    assert len(seen) == len(set(seen)) == 36


def test_people_are_equally_likely_where_that_is_wanted(shards, tmp_path):
    supply, _ = supplied(shards, tmp_path, STREAMED, photos=3)
    met = set()
    for step in range(0, 60, 3):
        supply.go_to(step, 2, Share())
        people, counts = np.unique(supply.faces.identity.numpy(), return_counts=True)
        assert len(people) == 2 and (counts == 3).all()
        met |= set(people.tolist())
    assert met == set(range(6))


def test_a_set_that_is_smaller_than_a_pool_is_one(drawn, tmp_path):
    supply = FaceSupply(drawn, 64, tmp_path, SupplyConfig(memory_map=0), lambda _faces: None)
    assert supply.streams and 1 <= len(supply.faces) <= 8
    supply.go_to(0, 2, Share(1, 2))
    assert 1 <= len(supply.faces) <= 4


SETTINGS = {"memory_map": 0.0, "pool": 5}
TRAINERS = [
    (GeometryTrainer, GeometryConfig()),
    (OcclusionTrainer, OcclusionConfig.tiny()),
    (RenovationTrainer, RenovationConfig.tiny()),
    (SmoothEmbedderTrainer, SmoothEmbedderConfig.tiny()),
    (StyleGAN2Trainer, StyleGAN2TrainingConfig.tiny()),
    (SwapTask, SwapTaskConfig(size=64, padded=False)),
]


@pytest.mark.parametrize(("kind", "config"), TRAINERS, ids=[kind.__name__ for kind, _ in TRAINERS])
def test_trainers_draw_from_the_pool_that_is_there(drawn, tmp_path, kind, config):
    trainer = kind(dataclasses.replace(config, **SETTINGS), drawn, tmp_path)
    assert trainer.supply.streams
    batches = []
    for step in (0, 9, 0):
        trainer.supply.go_to(step, 4, Share())
        plan = trainer.draw(torch.Generator().manual_seed(0), 4)
        torch.manual_seed(0)
        batches.append(trainer.batch(plan, torch.device("cpu"), 0.0))
    names = [name for name, value in batches[0].items() if value.shape[:1] == (4,)]
    assert all(torch.equal(batches[0][name], batches[2][name]) for name in names)
    assert any(not torch.equal(batches[0][name], batches[1][name]) for name in names)


def test_every_trainer_has_a_supply():
    for trainer in (EmbedderTrainer, MobileFaceSwapTrainer, QualityTrainer, SmoothSwapTrainer):
        assert issubclass(type(trainer.Config()), SupplyConfig)


class MeansTrainer:
    """Fits a line to the mean colours of photos: the smallest trainer that has some."""

    def __init__(self, data: Path, cache: Path) -> None:
        torch.manual_seed(0)
        self.networks: dict[str, nn.Module] = {"line": nn.Linear(3, 1)}
        self.averaged, self.phases, self.frozen = ("line",), (Phase("A", ("line",), lr=0.05),), dict[str, nn.Module]()
        self.supply = FaceSupply(data, 64, cache, STREAMED, self.use)

    def use(self, faces: Faces) -> None:
        self.faces = faces

    def draw(self, generator: torch.Generator, count: int) -> Batch:
        return {"index": torch.randint(len(self.faces), (count,), generator=generator)}

    def batch(self, plan: Batch, device: torch.device, kimg: float) -> Batch:
        return {"colors": self.faces.pixels(plan["index"], device).mean((2, 3))}

    def loss(self, phase: str, batch: Batch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        error = (self.networks["line"](batch["colors"]) - 1).square().mean()
        return error, {"error": error}

    def samples(self, networks: Mapping[str, nn.Module]) -> np.ndarray:
        return image_grid([[torch.rand(3, 4, 4)] * 2])

    def evaluate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        return {}


def test_a_streamed_run_goes_on_as_if_it_had_never_stopped(shards, tmp_path):
    def run(out: str) -> Run:
        config = LoopConfig(tmp_path / out, kimg=1.0, batch=2, bf16=False, device="cpu", log_every=1)
        return Run(MeansTrainer(shards, tmp_path), config)

    whole, stopped = run("whole"), run("parts")
    expected = [float(whole.step()["error"]) for _ in range(20)]
    for _ in range(11):
        stopped.step()
    stopped.save()
    resumed = run("parts")
    resumed.resume()
    assert [float(resumed.step()["error"]) for _ in range(9)] == expected[11:]
