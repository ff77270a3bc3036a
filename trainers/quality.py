"""Train MobileFaceSwap's Q-Net: tell from a teacher's picture how far the teacher's training had come."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Generator, Tensor, nn

from swapper import hub
from swapper.models.quality import QualityNetwork, QualityNetworkConfig
from swapper.runtime.devices import device_of
from swapper.types import UserError
from trainers.data.supply import SupplyConfig
from trainers.loop.trainer import Batch, Phase, image_grid
from trainers.swap_task import SwapTask, SwapTaskConfig
from trainers.teacher import SwapTeacher, load_swap_teacher


@dataclass(frozen=True)
class QualityConfig(SupplyConfig):
    """Defaults of Q-Net's trainer."""

    network: QualityNetworkConfig = field(default_factory=QualityNetworkConfig.paper)
    teacher: str = "runs/ghost"  # run folder of a swapper trained with --keep-every
    states: int = 4  # states of the teacher that draw the pictures of one batch
    lr: float = 1e-3
    batch: int = 32
    kimg: float = 60.0

    @classmethod
    def paper(cls) -> "QualityConfig":
        """ResNet-18."""
        return cls()

    @classmethod
    def lite(cls) -> "QualityConfig":
        """The narrow network."""
        return cls(network=QualityNetworkConfig.lite())


class QualityTrainer:
    """Regression of the teacher's progress (0 to 1) from its pictures, drawn anew by its kept states.

    Source: MobileFaceSwap, section 3.3. The last kept state counts as 1.
    """

    Config = QualityConfig

    def __init__(self, config: QualityConfig, data: Path, cache: Path):
        self.config = config
        self.teachers, self.progress = load_states(Path(config.teacher))
        self.size = self.teachers[0].size
        self.task = SwapTask(
            SwapTaskConfig(
                self.teachers[0].template,
                self.size,
                same_identity=0.0,
                memory_map=config.memory_map,
                pool=config.pool,
            ),
            data,
            cache,
        )
        self.supply = self.task.supply
        self.networks: dict[str, nn.Module] = {"quality": QualityNetwork(config.network)}
        self.averaged = ("quality",)
        self.phases = (Phase("Q", ("quality",), lr=config.lr, weight_decay=1e-2),)
        states = {f"state {i}": teacher for i, teacher in enumerate(self.teachers)}
        self.frozen: dict[str, nn.Module] = {"identity": self.task.identity, **states}

    def draw(self, generator: Generator, count: int) -> Batch:
        """Plan pairs and which state draws them; a few states each draw several, which is quicker."""
        states = torch.randint(len(self.teachers), (self.config.states,), generator=generator)
        return self.task.draw(generator, count) | {"state": states[torch.arange(count) * len(states) // count]}

    def batch(self, plan: Batch, device: torch.device, kimg: float) -> Batch:
        """Cut the pairs; the pictures are drawn with the loss."""
        return self.task.batch(plan, device) | {"state": plan["state"]}

    def loss(self, phase: str, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Mean squared error of the progress."""
        state = batch["state"]
        pictures = self.pictures(batch, state)
        progress = self.progress[state].to(pictures.device)
        error = F.mse_loss(self.networks["quality"](pictures).float(), progress)
        return error, {"error": error.sqrt()}

    def pictures(self, batch: Batch, state: Int64[Tensor, "b"]) -> Float[Tensor, "b 3 s s"]:
        """Let each pair be swapped by its own state of the teacher."""
        source, target = self.task.features(batch["source"]), batch["target"]
        drawn = torch.empty_like(target)
        for number in state.unique().tolist():
            rows = torch.nonzero(state == number).squeeze(1).to(target.device)
            features = type(source)(*(values[rows] for values in source))
            drawn[rows] = self.teachers[number](features, target[rows])
        return drawn

    def samples(self, networks: Mapping[str, nn.Module]) -> np.ndarray:
        """Six validation pairs as at most ten states drew them, first to last, after source and target."""
        batch = self.task.fixed(6, device_of(networks["quality"]))
        chosen = torch.linspace(0, len(self.teachers) - 1, min(len(self.teachers), 10)).round().long()
        sources = F.interpolate(batch["source"], self.size, mode="bilinear")
        drawn = [self.pictures(batch, number.expand(6)) for number in chosen]
        return image_grid([list(row) for row in zip(sources, batch["target"], *drawn, strict=True)])

    def evaluate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Error on fixed validation pairs.

        Returns:
            ``error``: root of the mean squared error; ``correlation`` of score and progress over all pictures;
            ``real``: mean score of the targets themselves.
        """
        network, count = networks["quality"], 64
        batch = self.task.fixed(count, device_of(networks["quality"]))
        scores = [network(self.pictures(batch, torch.full((count,), i))).cpu() for i in range(len(self.teachers))]
        said, true = torch.stack(scores), self.progress[:, None].expand(-1, count)
        return {
            "error": float((said - true).square().mean().sqrt()),
            "correlation": float(torch.corrcoef(torch.stack([said.flatten(), true.flatten()]))[0, 1]),
            "real": float(network(batch["target"]).mean()),
        }


def load_states(run: Path) -> tuple[list[SwapTeacher], Float[Tensor, "n"]]:
    """The kept states of a run, earliest first, and the progress of each as a share of the last one's.

    Args:
        run: run folder.

    Raises:
        UserError: fewer than two states were kept.
    """
    paths = sorted((run / "kept").glob("*.safetensors"))
    if len(paths) < 2:
        raise UserError(f"Teacher run {run}: it kept {len(paths)} states. Train the teacher with --keep-every.")
    recipe = json.loads((run / "config.json").read_text())["recipe"]
    teachers = [load_swap_teacher(path, recipe["template"], recipe["size"]) for path in paths]
    kimg = torch.tensor([float(hub.read_metadata(path)["kimg"]) for path in paths])
    return teachers, kimg / kimg.max()
