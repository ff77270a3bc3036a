"""Train the 478-point landmark network (``swapper/models/landmarks.py``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Generator, Tensor, nn

from swapper.models.landmarks import LandmarkNetwork, LandmarkNetworkConfig
from swapper.runtime.devices import device_of
from trainers.data import augment
from trainers.data.alignment import mirror_index
from trainers.data.faces import Faces, load_faces
from trainers.data.supply import FaceSupply, SupplyConfig
from trainers.loop.trainer import Batch, Phase, image_grid

IRISES = (468, 473)


@dataclass(frozen=True)
class GeometryConfig(SupplyConfig):
    """Defaults of the landmark trainer."""

    lr: float = 2e-3
    batch: int = 64
    kimg: float = 700.0
    iris_weight: float = 3.0  # over a mesh point
    feature_weight: float = 2.0  # lids, lips and brows over other mesh points
    depth_weight: float = 0.3  # z over x and y
    presence_weight: float = 0.02
    absent: float = 0.08  # share of crops that show no face
    aligned: float = 0.7  # share of crops placed as a second look places them; the others turn, shift and scale more

    @classmethod
    def lite(cls) -> "GeometryConfig":
        """The shipped network."""
        return cls()


class GeometryTrainer:
    """L1 regression of all points from strongly augmented crops, plus face presence."""

    Config = GeometryConfig

    def __init__(self, config: GeometryConfig, data: Path, cache: Path):
        self.config = config
        network = LandmarkNetwork(LandmarkNetworkConfig.lite())
        self.size = network.config.size
        self.supply = FaceSupply(data, 160, cache, config, self._use)
        self.val = load_faces(data, "val", 160, cache, padded=False)
        mean = self.train.landmarks.mean(0)  # of the first pool where the set is streamed
        self.mirrored = mirror_index(mean)
        network.mean_shape.copy_(mean)
        self.weights = self._weights()
        self.networks: dict[str, nn.Module] = {"landmarks": network}
        self.averaged = ("landmarks",)
        self.phases = (Phase("L", ("landmarks",), lr=config.lr, weight_decay=1e-4),)
        self.frozen: dict[str, nn.Module] = {}

    def _use(self, faces: Faces) -> None:
        self.train = faces

    def _weights(self) -> Float[Tensor, "478 3"]:
        weights = torch.ones(478, 3)
        spread = self.train.landmarks.std(0)[:, :2].norm(dim=1)
        weights[spread < spread.median()] *= self.config.feature_weight  # inner features move least in the crop
        weights[468:] = self.config.iris_weight
        weights[:, 2] *= self.config.depth_weight
        weights[468:, 2] = 0  # the labels give the irises no depth
        return weights / weights.mean()

    def draw(self, generator: Generator, count: int) -> Batch:
        """Plan indices, placement, colour, degradation and occlusion."""
        absent = torch.rand(count, generator=generator) < self.config.absent
        calm = torch.where(torch.rand(count, generator=generator) < self.config.aligned, 0.2, 1.0)
        scale = torch.exp(augment.uniform(generator, count, -0.28, 0.25) * calm)
        shift = augment.uniform(generator, count, -0.12, 0.12, 2) * calm[:, None]
        angle = augment.sometimes(generator, 0.7, augment.uniform(generator, count, -0.7, 0.7), 0.0) * calm
        far = augment.uniform(generator, count, 0.45, 0.8, 2) * torch.sign(augment.uniform(generator, count, -1, 1, 2))
        plan = {
            "index": torch.randint(len(self.train), (count,), generator=generator),
            "angle": angle,
            "scale": torch.where(absent, scale * 2, scale),
            "shift": torch.where(absent[:, None], far * 2, shift),
            "mirror": torch.rand(count, generator=generator) < 0.5,
            "absent": absent,
        }
        plan |= augment.draw_color(generator, count) | augment.draw_degradation(generator, count)
        return plan | augment.draw_occlusion(generator, count, 0.35)

    def batch(self, plan: Batch, device: torch.device, kimg: float) -> Batch:
        """Cut augmented crops and move their landmarks along."""
        index = plan["index"]
        maps = augment.similarity_grid(plan["angle"], plan["scale"], plan["shift"], plan["mirror"]).to(device)
        images = augment.warp_images(self.train.pixels(index).to(device), maps, self.size)
        images = augment.occlude(augment.adjust_color(images, plan), plan)
        landmarks = augment.transform_landmarks(self.train.landmarks[index].to(device), maps)
        mirror = plan["mirror"].to(device)[:, None, None]
        landmarks = torch.where(mirror, landmarks[:, self.mirrored.to(device)], landmarks)
        return {
            "images": augment.degrade(images, plan),
            "landmarks": landmarks,
            "present": ~plan["absent"].to(device),
        }

    def loss(self, phase: str, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Weighted L1 in shares of the inter-ocular distance, over crops that show a face."""
        mesh = self.networks["landmarks"](batch["images"].contiguous(memory_format=torch.channels_last))
        present = batch["present"].float()
        distance = interocular(batch["landmarks"])[:, None, None]
        error = (mesh.points - batch["landmarks"]).abs() / distance * self.weights.to(distance.device)
        points = (error.mean((1, 2)) * present).sum() / present.sum().clamp(min=1)
        presence = nn.functional.binary_cross_entropy_with_logits(mesh.presence, present)
        return points + self.config.presence_weight * presence, {"points": points, "presence": presence}

    def samples(self, networks: Mapping[str, nn.Module]) -> np.ndarray:
        """Validation faces with the predicted points drawn as green dots, irises red."""
        images = resized(self.val, torch.linspace(0, len(self.val) - 1, 24).long(), self.size)
        points = networks["landmarks"](images.to(device_of(networks["landmarks"]))).points.cpu()
        drawn = [draw_points(image, p) for image, p in zip(images, points, strict=True)]
        return image_grid([drawn[i : i + 6] for i in range(0, 24, 6)])

    def evaluate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Mean error in percent of the inter-ocular distance (mesh and irises), plain crops of the val split."""
        device = device_of(networks["landmarks"])
        parts = [
            networks["landmarks"](resized(self.val, rows, self.size).to(device)).points.cpu()
            for rows in torch.arange(len(self.val)).split(64)
        ]
        truth = self.val.landmarks
        error = (torch.cat(parts) - truth)[:, :, :2].norm(dim=2) / interocular(truth)[:, None] * 100
        return {"mesh_percent": float(error[:, :468].mean()), "iris_percent": float(error[:, 468:].mean())}


def interocular(landmarks: Float[Tensor, "b 478 3"]) -> Float[Tensor, "b"]:
    """Distance between the iris centres, in the landmarks' unit."""
    return (landmarks[:, IRISES[0], :2] - landmarks[:, IRISES[1], :2]).norm(dim=1)


def resized(faces: Faces, rows: Int64[Tensor, "b"], size: int) -> Float[Tensor, "b 3 s s"]:
    """Plain crops at another size, sampled as the augmentation does."""
    identity = torch.eye(2, 3).expand(len(rows), 2, 3)
    return augment.warp_images(faces.pixels(rows), identity, size)


def draw_points(image: Float[Tensor, "3 s s"], points: Float[Tensor, "478 3"]) -> Float[Tensor, "3 s s"]:
    """Mark the mesh on a crop."""
    out, size = image.clone(), image.shape[-1]
    place = (points[:, :2] * size).round().long().clamp(0, size - 1)
    out[:, place[:, 1], place[:, 0]] = torch.tensor([0.0, 1.0, 0.0])[:, None]
    out[:, place[468:, 1], place[468:, 0]] = torch.tensor([1.0, 0.0, 0.0])[:, None]
    return out
