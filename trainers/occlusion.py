"""Train the occlusion network (``swapper/models/occlusion.py``) on faces that things are drawn over."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Generator, Tensor, nn

from swapper import hub
from swapper.faces import mesh
from swapper.faces.align import template_to_template
from swapper.faces.regions import draw_polygons, face_outline
from swapper.models.occlusion import OcclusionNetwork, OcclusionNetworkConfig
from swapper.runtime.devices import device_of
from trainers.data import augment
from trainers.data.drawing import SIDE, FaceToOcclude
from trainers.data.faces import Faces, load_faces
from trainers.data.occluders import occlude_face
from trainers.data.supply import FaceSupply, SupplyConfig
from trainers.loop.trainer import Batch, Phase, image_grid

_TEMPLATE = "tight"
_SIDE = 256  # px, of the photos
_SCORED = 256
_RIM = 9  # px, around what a teacher sees, an odd number
_SURE = 0.7  # probability at which a teacher is believed


@dataclass(frozen=True)
class OcclusionConfig(SupplyConfig):
    """Defaults of the occlusion trainer."""

    network: OcclusionNetworkConfig = field(default_factory=lambda: OcclusionNetworkConfig(size=192))
    lr: float = 2e-3
    batch: int = 32
    kimg: float = 75.0
    dice_weight: float = 0.5  # over binary cross-entropy
    doubt_kimg: float = 10.0  # from here on the network may doubt that a photo itself is bare
    doubt_weight: float = 0.15  # of places it doubts; with none, what it wrongly sees would never be put right
    teacher: str = ""  # weights of an occlusion network that doubts instead; what it sees does not count at all
    believe: bool = False  # what the teacher is sure to see is covered, and only the rim of it does not count

    @classmethod
    def lite(cls) -> "OcclusionConfig":
        """The shipped network."""
        return cls()

    @classmethod
    def large(cls) -> "OcclusionConfig":
        """The shipped network on one GPU."""
        return cls(batch=128, kimg=3000.0, doubt_kimg=300.0)

    @classmethod
    def tiny(cls) -> "OcclusionConfig":
        """Seconds on a CPU, for tests."""
        return cls(network=OcclusionNetworkConfig(size=64, widths=(8, 16, 16)), lr=1e-2, batch=4, kimg=1.0)


class OcclusionTrainer:
    """Segmentation of drawn occluders.

    Photos that come with glasses or hair over the face are labelled bare. Where the network, looking at the photo as
    it came, sees something there, that place counts little. A network that is trained for long learns to take real
    sunglasses and hands for bare even so; where a teacher sees something, which does not change, nothing counts.

    Source: drawn shapes with any texture teach to find real things nearly as well as cut-out ones do: "Delving into
    High-Quality Synthetic Face Occlusion Segmentation Datasets" (CVPR Workshops 2022), section 3.
    """

    Config = OcclusionConfig

    def __init__(self, config: OcclusionConfig, data: Path, cache: Path):
        self.config = config
        network = OcclusionNetwork(config.network)
        self.size = network.config.size
        self.supply = FaceSupply(data, _SIDE, cache, config, self._use)
        self.val = load_faces(data, "val", _SIDE, cache, padded=False)
        self.networks: dict[str, nn.Module] = {"occlusion": network}
        self.averaged = ("occlusion",)
        self.phases = (Phase("L", ("occlusion",), lr=config.lr, weight_decay=1e-4),)
        self.frozen: dict[str, nn.Module] = {}
        if config.teacher:
            self.frozen["teacher"] = hub.load(OcclusionNetwork, config.teacher)

    def _use(self, faces: Faces) -> None:
        self.train = faces

    def draw(self, generator: Generator, count: int) -> Batch:
        """Plan photos, placement, what is drawn, colour and degradation."""
        plan = {
            "index": torch.randint(len(self.train), (count,), generator=generator),
            "seed": torch.randint(2**31, (count,), generator=generator),
            "angle": augment.sometimes(generator, 0.5, augment.uniform(generator, count, -0.3, 0.3), 0.0),
            "scale": torch.exp(augment.uniform(generator, count, -0.12, 0.12)),
            "shift": augment.uniform(generator, count, -0.04, 0.04, 2),
            "mirror": torch.rand(count, generator=generator) < 0.5,
        }
        return plan | augment.draw_color(generator, count, 0.7) | augment.draw_degradation(generator, count)

    def batch(self, plan: Batch, device: torch.device, kimg: float) -> Batch:
        """Cut faces and draw over them."""
        return self._occluded(self.train, plan, device) | {"doubted": torch.tensor(kimg >= self.config.doubt_kimg)}

    def _occluded(self, faces: Faces, plan: Batch, device: torch.device) -> Batch:
        """Faces with and without what is drawn, where the face is hidden, and which places count."""
        index = plan["index"]
        template = torch.from_numpy(template_to_template("ffhq", 1, _TEMPLATE, 1).copy()).expand(len(index), 2, 3)
        moves = augment.similarity_grid(plan["angle"], plan["scale"], plan["shift"], plan["mirror"])
        maps = augment.compose_maps(moves, template)
        bare = augment.warp_images(faces.pixels(index, torch.device("cpu")), maps, self.size)
        points = augment.transform_landmarks(faces.landmarks[index], maps)
        turned = torch.from_numpy(mesh.mirror_index().astype(np.int64))
        points = torch.where(plan["mirror"][:, None, None], points[:, turned], points)
        with ThreadPoolExecutor() as pool:  # OpenCV draws without holding Python's lock
            drawn = list(pool.map(partial(self._draw_over, faces), bare, points.numpy(), plan["seed"].tolist()))
        images, occlusion, counted = (torch.stack(parts) for parts in zip(*drawn, strict=True))
        images, bare = (augment.degrade(augment.adjust_color(faces.to(device), plan), plan) for faces in (images, bare))
        return {"images": images, "bare": bare, "occlusion": occlusion.to(device), "counted": counted.to(device)}

    def _draw_over(
        self, faces: Faces, bare: Float[Tensor, "3 s s"], points: Float[np.ndarray, "478 3"], seed: int
    ) -> tuple[Float[Tensor, "3 s s"], Float[Tensor, "1 s s"], Float[Tensor, "1 s s"]]:
        """One face with something drawn over it, where it is hidden, and how much each place counts."""
        rng = np.random.default_rng(seed)

        def picture() -> UInt8[np.ndarray, "t t 3"]:
            side = int(rng.integers(faces.size // 5, faces.size))
            top, left = rng.integers(0, faces.size + 1 - side, 2)
            photo = faces.images[int(rng.integers(len(faces)))].numpy()
            return cv2.resize(photo[top : top + side, left : left + side], (SIDE, SIDE))

        crop = np.ascontiguousarray((bare.permute(1, 2, 0) * 255).round().byte().numpy())
        scene = FaceToOcclude(rng, points * np.float32(SIDE), crop, picture)
        image, occlusion, touched = occlude_face(scene, self.size)
        outline = face_outline(points * np.float32(self.size))
        middle = outline.mean(0)
        face = draw_polygons([(middle + 1.1 * (outline - middle)).astype(np.float32)], self.size)
        # What is seen and hides nothing is left open, and so are the halves of soft edges.
        clear = 1 - np.clip(touched - occlusion, 0, 1)
        return (
            torch.from_numpy(image).permute(2, 0, 1).float() / 255,
            torch.from_numpy(occlusion)[None],
            torch.from_numpy(face * clear)[None],
        )

    def loss(self, phase: str, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Binary cross-entropy and Dice over the places that count."""
        network, occlusion, counted = self.networks["occlusion"], batch["occlusion"], batch["counted"]
        doubt = torch.zeros(())
        if batch["doubted"]:
            seen = self._seen(batch["bare"])
            real = (self._rimmed(seen) > 0.5) & (occlusion < 0.5)
            doubt = (real * counted).sum() / counted.sum()
            weight = 0.0 if self.frozen else self.config.doubt_weight
            sure = real & (seen > _SURE) if self.config.believe else torch.zeros_like(real)
            occlusion = torch.where(sure, 1.0, occlusion)
            counted = torch.where(real & ~sure, weight * counted, counted)
        logits = network(_packed(batch["images"])).float()
        entropy = F.binary_cross_entropy_with_logits(logits, occlusion, counted, reduction="sum") / counted.sum()
        guess = logits.sigmoid() * counted
        both, either = (guess * occlusion).sum(), (guess + occlusion * counted).sum()
        dice = 1 - (2 * both + 1) / (either + 1)
        return entropy + self.config.dice_weight * dice, {"entropy": entropy, "dice": dice, "doubt": doubt}

    @torch.no_grad()
    def _seen(self, bare: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b 1 s s"]:
        """What the teacher, or else the network itself, sees on photos as they came."""
        if self.frozen:
            side = cast(OcclusionNetwork, self.frozen["teacher"]).config.size
            seen = self.frozen["teacher"](F.interpolate(bare, (side, side), mode="area")).float().sigmoid()
            return F.interpolate(seen, bare.shape[2:], mode="bilinear")
        network = self.networks["occlusion"].eval()
        seen = network(_packed(bare)).float().sigmoid()
        network.train()
        return seen

    def _rimmed(self, seen: Float[Tensor, "b 1 s s"]) -> Float[Tensor, "b 1 s s"]:
        """What a teacher sees, with a rim."""
        return F.max_pool2d(seen, _RIM, 1, _RIM // 2) if self.frozen else seen

    def samples(self, networks: Mapping[str, nn.Module]) -> UInt8[np.ndarray, "h w 3"]:
        """Validation faces, what was found on them in red; things are drawn over those of the upper rows."""
        batch = self._fixed(24, device_of(networks["occlusion"]))
        rows = []
        for name in ("images", "bare"):
            faces = batch[name]
            found = networks["occlusion"](_packed(faces)).float().sigmoid()
            red = torch.tensor([1.0, 0.0, 0.0], device=faces.device)[:, None, None]
            marked = torch.lerp(faces, red.expand_as(faces), 0.7 * found)
            pairs = [image for pair in zip(faces, marked, strict=True) for image in pair]
            rows += [pairs[i : i + 12] for i in range(0, len(pairs), 12)]
        return image_grid(rows)

    def evaluate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Scores of validation faces.

        Returns:
            ``iou``: intersection over union of drawn and found occlusion, over all faces; ``bare_percent``: share of
            the faces without anything drawn that is taken for occluded (some do wear glasses).
        """
        network = networks["occlusion"]
        batch = self._fixed(_SCORED, device_of(network))
        found, bare = (
            torch.cat([network(_packed(part)).float().sigmoid() for part in batch[name].split(32)]) > 0.5
            for name in ("images", "bare")
        )
        face = batch["counted"] > 0.5
        true = (batch["occlusion"] > 0.5) & face
        both, either = (found & true).sum(), ((found & face) | true).sum()
        return {
            "iou": float(both / either.clamp(min=1)),
            "bare_percent": float(100 * (bare & face).sum() / face.sum()),
        }

    def _fixed(self, count: int, device: torch.device) -> Batch:
        plan = self.draw(Generator().manual_seed(7), count)
        plan["index"] = torch.linspace(0, len(self.val) - 1, count).long()
        return self._occluded(self.val, plan, device)


def _packed(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)
