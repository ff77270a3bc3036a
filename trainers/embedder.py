"""Train identity networks: the mobile ArcFace encoder (distilled)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from sklearn.metrics import roc_auc_score
from torch import Generator, Tensor, nn

from swapper.types import UserError
from trainers.data import augment
from trainers.data.alignment import ARCFACE_SIZE, mesh_five_points
from trainers.data.faces import Faces, load_faces
from trainers.data.supply import FaceSupply, SupplyConfig
from trainers.loop.trainer import Batch, Phase, image_grid
from trainers.teacher import load_mobile_teacher


@dataclass(frozen=True)
class EmbedderConfig(SupplyConfig):
    """Defaults of the embedder trainer."""

    mode: str = "arcface"  # says which of the embedders this is; the smooth one is in smooth_embedder.py
    teacher: str = "../models/arcface_mobile_teacher.onnx"  # where to start from and what to follow; from the data
    lr: float = 1e-4
    batch: int = 48
    kimg: float = 60.0
    map_weight: float = 0.1  # feature-map distance over embedding distance

    @classmethod
    def lite(cls) -> "EmbedderConfig":
        """The shipped network."""
        return cls()


class EmbedderTrainer:
    """Fine-tune the encoder to say of hard views (shifted, blurred, coded, hidden) what the teacher says of good ones.

    The swapper aligns faces by its own landmarks rather than by the detector the teacher was trained with; half of
    the views are cut that way.
    """

    Config = EmbedderConfig

    def __init__(self, config: EmbedderConfig, data: Path, cache: Path):
        if config.mode != "arcface":
            raise UserError(f"Unknown embedder mode '{config.mode}'. Choose arcface or smooth.")
        self.config = config
        self.teacher = load_mobile_teacher(data / config.teacher)
        student = load_mobile_teacher(data / config.teacher).requires_grad_(True).train()
        self.supply = FaceSupply(data, 160, cache, config, self._use)
        self.val = load_faces(data, "val", 160, cache, padded=False)
        self.networks: dict[str, nn.Module] = {"embedder": student}
        self.averaged = ("embedder",)
        self.phases = (Phase("E", ("embedder",), lr=config.lr, weight_decay=1e-4),)
        self.frozen: dict[str, nn.Module] = {"teacher": self.teacher}

    def _use(self, faces: Faces) -> None:
        self.train = faces

    def draw(self, generator: Generator, count: int) -> Batch:
        """Plan indices, alignment jitter, colour, degradation and occlusion."""
        plan = {
            "index": torch.randint(len(self.train), (count,), generator=generator),
            "own": torch.rand(count, generator=generator) < 0.5,
            "mirror": torch.rand(count, generator=generator) < 0.5,
            "angle": augment.uniform(generator, count, -0.08, 0.08),
            "scale": torch.exp(augment.uniform(generator, count, -0.06, 0.06)),
            "shift": augment.uniform(generator, count, -0.02, 0.02, 2),
        }
        plan |= augment.draw_color(generator, count, 0.5) | augment.draw_degradation(generator, count)
        return plan | augment.draw_occlusion(generator, count, 0.1)

    def batch(self, plan: Batch, device: torch.device, kimg: float) -> Batch:
        """Cut a clean view for the teacher and a hard one for the student."""
        index = plan["index"]
        pixels = self.train.pixels(index).to(device)
        detected = self.train.five_points[index].to(device)
        measured = mesh_five_points(self.train.landmarks[index].to(device))
        still = torch.zeros(len(index), device=device)
        flip = augment.similarity_grid(
            still, still + 1, torch.zeros(len(index), 2, device=device), plan["mirror"].to(device)
        )
        jitter = augment.similarity_grid(
            plan["angle"].to(device), plan["scale"].to(device), plan["shift"].to(device), plan["mirror"].to(device)
        )
        clean = augment.alignment_maps(detected, "arcface")
        own = augment.alignment_maps(torch.where(plan["own"].to(device)[:, None, None], measured, detected), "arcface")
        hard = augment.warp_images(pixels, augment.compose_maps(jitter, own), ARCFACE_SIZE)
        return {
            "clean": augment.warp_images(pixels, augment.compose_maps(flip, clean), ARCFACE_SIZE),
            "hard": augment.degrade(augment.occlude(augment.adjust_color(hard, plan), plan), plan),
        }

    def loss(self, phase: str, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Cosine distance of the embeddings, mean squared distance of the feature maps."""
        with torch.no_grad():
            goal = self.teacher(batch["clean"])
        got = self.networks["embedder"](batch["hard"])
        embedding = (1 - F.cosine_similarity(got.embedding.float(), goal.embedding.float())).mean()
        maps = F.mse_loss(got.feature_map.float(), goal.feature_map.float())
        return embedding + self.config.map_weight * maps, {"embedding": embedding, "feature_map": maps}

    def samples(self, networks: Mapping[str, nn.Module]) -> np.ndarray:
        """What the student is shown, above what the teacher is shown."""
        batch = self.batch(self.draw(Generator().manual_seed(0), 12), torch.device("cpu"), 0.0)
        return image_grid([list(batch["hard"]), list(batch["clean"])])

    def evaluate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Verification AUC on the validation identities for both alignments, student and teacher."""
        alignments = {"detector": self.val.five_points, "landmarks": mesh_five_points(self.val.landmarks)}
        scores = {}
        for name, points in alignments.items():
            for who, network in (("student", networks["embedder"]), ("teacher", self.teacher)):
                embedded = embed_all(network, self.val, points)
                scores[f"auc_{name}_{who}"] = verification_auc(embedded, self.val.identity)
        return scores


def embed_all(network: nn.Module, faces: Faces, points: Float[Tensor, "n 5 2"]) -> Float[Tensor, "n 512"]:
    """Unit-length embeddings of every photo, cut by the given five points."""
    device = next(network.parameters()).device
    parts = []
    for rows in torch.arange(len(faces)).split(64):
        crops = augment.warp_images(faces.pixels(rows), augment.alignment_maps(points[rows], "arcface"), ARCFACE_SIZE)
        parts.append(F.normalize(network(crops.to(device)).embedding.float()).cpu())
    return torch.cat(parts)


def verification_auc(embeddings: Float[Tensor, "n d"], identity: Int64[Tensor, "n"]) -> float:
    """Chance that a same-person pair is more alike than a different-person pair (area under the ROC curve)."""
    rows, columns = torch.triu_indices(len(identity), len(identity), 1)
    cosine = (embeddings @ embeddings.T)[rows, columns]
    same = identity[rows] == identity[columns]
    return float(roc_auc_score(same, cosine))
