"""What all swap trainers share: pairs, the frozen identity and landmark networks, sample grids and scores."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Generator, Tensor, nn

from swapper import hub
from swapper.compose.mask import adaptive_face_mask, mask_shape
from swapper.compose.settings import BlendSettings
from swapper.faces import mesh
from swapper.models.arcface import IdentityFeatures, MobileFaceNet
from swapper.models.awl import draw_heatmaps
from swapper.models.landmarks import LandmarkNetwork
from trainers.data import augment
from trainers.data.faces import Faces, load_faces
from trainers.data.pairs import Pairs, Whole, template_map, to_arcface
from trainers.data.supply import FaceSupply, SupplyConfig
from trainers.data.warped import WarpedPairs
from trainers.data.warped_pools import WarpedPool
from trainers.data.warping import load_warped
from trainers.data.worn_glasses import put_on_glasses, wear_glasses
from trainers.loop.trainer import Batch, image_grid
from trainers.losses import landmark_loss

_USUAL_SHAPE, _USUAL_BLEND = mask_shape(0.0), BlendSettings()

IRISES = (468, 473)  # their centres

# Points that carry expression and gaze.
EXPRESSION = (
    *mesh.LEFT_EYE,
    *mesh.RIGHT_EYE,
    *range(mesh.MESH_POINTS, mesh.POINTS),
    *mesh.LIPS_OUTER,
    *mesh.LIPS_INNER,
    *mesh.LEFT_BROW,
    *mesh.RIGHT_BROW,
)

# (what is known of the sources, target crops) -> swapped crops
Swap = Callable[[Any, Tensor], Tensor]
# rows of a batch -> what a swap is told of the sources (and, for region-aware networks, of the targets)
Describe = Callable[[Batch], Any]


def between(first: Float[Tensor, "b d"], second: Float[Tensor, "b d"], share: Float[Tensor, "b"]) -> Tensor:
    """Points on the great circles from one embedding (share 0) to another (share 1), with the first one's length."""
    length = first.norm(dim=1, keepdim=True)
    a, b = F.normalize(first.float()), F.normalize(second.float())
    angle = (a * b).sum(1, keepdim=True).clamp(-1, 1).acos().clamp(min=1e-4)
    way = share[:, None]
    point = (torch.sin((1 - way) * angle) * a + torch.sin(way * angle) * b) / torch.sin(angle)
    return torch.where(way > 0, F.normalize(point) * length, first)


@dataclass(frozen=True)
class SwapTaskConfig(SupplyConfig):
    """Settings of the pairs that a swapper learns from."""

    template: str = "tight"  # alignment of the target crops; the eyes are 0.31 of the side apart, in GHOST's 0.29
    size: int = 256  # px, side of these crops
    small_kimg: float = 0.0  # thousand images before which the crops have half the side
    same_image: float = 0.0  # share of pairs whose target is the source photo itself
    same_identity: float = 0.2  # share of pairs with another photo of the person where there is one
    padded: bool = True  # photos that are mostly padding serve as sources too
    known: float = 0.0  # share of pairs with a known answer, from warped faces; the shares above are of the rest
    virtual: float = 0.0  # share of the pairs of strangers whose source is a virtual person, between two people
    open_mouths: float = 0.0  # share of the targets drawn among those with an open mouth alone
    sharp_real: bool = False  # the discriminator takes only sharp photos as real
    glasses: float = (
        0.0  # share of the sources shown with drawn glasses and judged by the bare face; real ones stay out
    )


class SwapTask:
    """Batches of pairs, and the frozen networks that measure how good a swap is.

    Attributes:
        frozen: these networks by name, for the loop to move to the device.
        side: of the crops that are swapped at present, px; samples and scores are made there too.
    """

    def __init__(self, config: SwapTaskConfig, data: Path, cache: Path, whole: Whole | None = None):
        """Load the photos and the frozen networks.

        Args:
            config: settings of the pairs.
            data: folder of packed faces.
            cache: folder of decoded images.
            whole: how to cut sources and targets besides, for encoders that see the whole face.
        """
        c = self.config = config
        self.side, self.whole = c.size, whole
        stored = 160 if c.size <= 128 else 256
        self.val = Pairs(load_faces(data, "val", stored, cache, padded=False), c.template, 0.0, 0.0)
        self.identity = hub.load(MobileFaceNet, "arcface-mobile")
        self.landmarks = hub.load(LandmarkNetwork, "geometry-lite")
        self.frozen: dict[str, nn.Module] = {"identity": self.identity, "landmarks": self.landmarks}
        self._read = partial(load_faces, data, "train", stored, cache, c.padded)
        self._cache = cache
        self.supply = FaceSupply(data, stored, cache, c, self._use, padded=c.padded, warped=c.known > 0)

    def _use(self, faces: Faces) -> None:
        c = self.config
        bare = ~wear_glasses(faces, self._cache) if c.glasses else None
        self.train = Pairs(faces, c.template, c.same_image, c.same_identity, c.open_mouths, bare)
        if c.known:
            pooled = faces.warped if isinstance(faces, WarpedPool) else None
            warped = pooled or load_warped(faces, self.identity, self._cache, self._read)
            if not len(warped.target):  # of a pool of whose photos none could be warped
                return
            kinds = (c.same_image, c.same_identity, c.known)
            self.train = WarpedPairs(faces, c.template, *kinds, warped, c.open_mouths, bare)

    def draw(self, generator: Generator, count: int) -> Batch:
        """Plan pairs, and how results are shaken before they are measured."""
        plan = self.train.draw(generator, count)
        plan["jitter_angle"] = augment.uniform(generator, count, -0.06, 0.06)
        plan["jitter_scale"] = torch.exp(augment.uniform(generator, count, -0.06, 0.06))
        plan["jitter_shift"] = augment.uniform(generator, count, -0.02, 0.02, 2)
        told = plan["same"] + plan.get("forward", 0) + plan.get("backward", 0)
        chosen = (torch.rand(count, generator=generator) < self.config.virtual) & (told == 0)
        plan["between"] = augment.uniform(generator, count, 0.2, 0.8) * chosen
        if self.config.glasses:
            worn = torch.rand(count, generator=generator) < self.config.glasses
            plan["glasses"] = torch.randint(1, 2**31, (count,), generator=generator) * worn
        plan["sharp"] = torch.randint(max(len(self.train.sharp), 1), (count,), generator=generator)
        return plan

    def batch(self, plan: Batch, device: torch.device, kimg: float = inf) -> Batch:
        """Cut a planned batch at the side that is due after ``kimg``; see ``Pairs.cut``.

        Adds ``jitter`` (b, 2, 3) for ``embed``, ``between`` (b) for ``identities``, ``worn`` (b, 3, 112, 112), the
        sources as ``told`` shows them where some wear drawn glasses, and ``real`` and ``real_landmarks``, what a
        discriminator takes as real: photos that are sharp at this side where asked for, else the targets' photos.
        """
        self.side = self.config.size // 2 if kimg < self.config.small_kimg else self.config.size
        batch = self.train.cut(plan, device, self.side, self.whole)
        batch["jitter"] = augment.similarity_grid(
            plan["jitter_angle"],
            plan["jitter_scale"],
            plan["jitter_shift"],
            torch.zeros(len(plan["source"]), dtype=torch.bool),
        ).to(device)
        batch["between"] = plan["between"].to(device)
        if "glasses" in plan:
            batch["worn"] = put_on_glasses(self.train.faces, plan, batch["source"])
        real = self._sharp(plan, device) if self.config.sharp_real else (batch["photo"], batch["landmarks"])
        batch["real"], batch["real_landmarks"] = real
        return batch

    def _sharp(self, plan: Batch, device: torch.device) -> tuple[Tensor, Tensor]:
        """Sharp photos in the place of the targets, and their landmarks."""
        index, maps = self.train.sharp[plan["sharp"]], self.train.maps(plan, device)
        moved = augment.warp_images(self.train.faces.pixels(index, device), maps, self.side)
        landmarks = augment.transform_landmarks(self.train.faces.landmarks[index].to(device), maps)
        return augment.adjust_color(moved, plan), landmarks

    @torch.no_grad()
    def identities(self, batch: Batch) -> Float[Tensor, "b d"]:
        """Whom results are to show: the sources' embeddings, and for virtual persons points between two of them.

        A point on the way from one person's embedding to another's is a person whom nobody has photographed; so a few
        thousand photos give any number of people.
        """
        return self._persons(batch["source"], batch)

    @torch.no_grad()
    def told(self, batch: Batch) -> Float[Tensor, "b d"]:
        """What a swapper is told of them: the same, but for sources with drawn glasses, which are not to be drawn."""
        return self._persons(batch.get("worn", batch["source"]), batch)

    def _persons(self, sources: Float[Tensor, "b 3 112 112"], batch: Batch) -> Float[Tensor, "b d"]:
        embedding = self.features(sources).embedding
        return between(embedding, embedding.roll(1, 0), batch["between"])

    @torch.no_grad()
    def features(self, sources: Float[Tensor, "b 3 112 112"]) -> IdentityFeatures:
        """Identity of the sources, without gradient."""
        return self.identity(sources)

    def blend(self, results: Float[Tensor, "b 3 s s"], batch: Batch) -> Float[Tensor, "b 3 s s"]:
        """Results pasted into their targets by the usual mask, as users see them."""
        side = results.shape[-1]
        points = batch["landmarks"].float().cpu().numpy() * side
        masks = np.stack([adaptive_face_mask(face, _USUAL_SHAPE, side, _USUAL_BLEND) for face in points])
        return torch.lerp(batch["target"], results, torch.from_numpy(masks)[:, None].to(results.device))

    def embed(self, faces: Float[Tensor, "b 3 s s"], jitter: Float[Tensor, "b 2 3"] | None = None) -> Tensor:
        """Identity embedding of results, with gradient; jitter keeps identity from being painted into pixels."""
        return self.identity(to_arcface(faces, self.config.template, jitter)).embedding

    @torch.no_grad()
    def recognize(self, batch: Batch) -> Float[Tensor, "b d"]:
        """Identity of the targets, without gradient; jitter as for the results."""
        return self.embed(batch["target"], batch["jitter"])

    def embed_with_appearance(
        self, faces: Float[Tensor, "b 3 s s"], jitter: Float[Tensor, "b 2 3"]
    ) -> tuple[IdentityFeatures, tuple[Tensor, Tensor, Tensor]]:
        """Identity of results, and maps of early layers that see how they look; with gradient, jitter as ``embed``."""
        return self.identity.embed_with_early(to_arcface(faces, self.config.template, jitter))

    def appearance(
        self, faces: Float[Tensor, "b 3 s s"], jitter: Float[Tensor, "b 2 3"]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The early maps of ``embed_with_appearance`` alone."""
        return self.identity.early(to_arcface(faces, self.config.template, jitter))

    def measure(self, faces: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b 478 3"]:
        """Landmarks of crops as a share of the ``ffhq`` crop, with gradient."""
        maps = template_map(self.config.template, "ffhq", faces.device).expand(len(faces), 2, 3)
        side = self.landmarks.config.size
        return self.landmarks(augment.warp_images(faces, maps, side)).points

    def expression_loss(self, result: Float[Tensor, "b 3 s s"], target: Float[Tensor, "b 3 s s"]) -> Tensor:
        """Landmark distance of lids, irises, lips and brows between result and target (our stand-in for L_eye)."""
        with torch.no_grad():
            goal = self.measure(target)
        return self.expression_distance(goal, self.measure(result))

    def expression_distance(self, target: Float[Tensor, "b 478 3"], result: Float[Tensor, "b 478 3"]) -> Tensor:
        """As ``expression_loss``, of what ``measure`` gave."""
        goal = target[:, :, :2]
        scale = (goal[:, 468] - goal[:, 473]).norm(dim=1).clamp(min=0.05)
        rows = torch.tensor(EXPRESSION, device=goal.device)
        return landmark_loss(goal[:, rows], result[:, rows, :2], scale)

    def draw_pupils(self, points: Float[Tensor, "b 478 3"]) -> Float[Tensor, "b 2 64 64"]:
        """Heatmaps of the irises in this task's crop, from what ``measure`` gave."""
        maps = template_map("ffhq", self.config.template, points.device).expand(len(points), 2, 3)
        return draw_heatmaps(augment.transform_landmarks(points[:, list(IRISES)], maps)[:, :, :2])

    def fixed(self, count: int, device: torch.device) -> Batch:
        """The same validation pairs every time: strangers, not moved or recoloured."""
        plan = self.val.draw(Generator().manual_seed(1), count, jitter=0.0)
        return self.val.cut(plan, device, self.side, self.whole)

    def describe(self, batch: Batch) -> IdentityFeatures:
        """What swaps are told of the sources unless a trainer says otherwise."""
        return self.features(batch["source"])

    def grid(self, swap: Swap, device: torch.device, describe: Describe | None = None) -> UInt8[np.ndarray, "h w 3"]:
        """Sources, targets and results of fixed validation pairs, in rows of twelve."""
        batch = self.fixed(24, device)
        results = swap((describe or self.describe)(batch), batch["target"]).float()
        sources = F.interpolate(batch["source"], self.side, mode="bilinear")
        rows = []
        for part in torch.arange(24).split(12):
            rows += [list(sources[part]), list(batch["target"][part]), list(results[part])]
        return image_grid(rows)

    def scores(
        self, swap: Swap, device: torch.device, count: int = 192, describe: Describe | None = None
    ) -> dict[str, float]:
        """Identity, attributes and change on fixed validation pairs.

        Returns:
            ``id``: mean cosine of result and source; ``id_target``: of result and target; ``gain``: mean of
            cos(result, source) - cos(target, source); ``retrieval``: share of results nearest to their own source
            among all sources; ``expression``: share of the inter-ocular distance; ``change``: mean absolute
            difference of pixels.
        """
        batch = self.fixed(count, device)
        embedded: dict[str, list[Tensor]] = {"source": [], "target": [], "result": []}
        expression, change = [], []
        for rows in torch.arange(count).split(32):
            source, target = batch["source"][rows], batch["target"][rows]
            known = (describe or self.describe)({name: values[rows] for name, values in batch.items()})
            result = swap(known, target).float().clamp(0, 1)
            for name, value in (
                ("source", self.features(source).embedding),
                ("target", self.embed(target)),
                ("result", self.embed(result)),
            ):
                embedded[name].append(F.normalize(value.float()))
            expression.append(self.expression_loss(result, target))
            change.append((result - target).abs().mean())
        source, target, result = (torch.cat(embedded[name]) for name in ("source", "target", "result"))
        own, before = (result * source).sum(1), (target * source).sum(1)
        photo = self.val.draw(Generator().manual_seed(1), count, jitter=0.0)["source"]
        nearest = photo[(result @ source.T).argmax(1).cpu()]
        return {
            "id": float(own.mean()),
            "id_target": float((result * target).sum(1).mean()),
            "gain": float((own - before).mean()),
            "retrieval": float((nearest == photo).float().mean()),
            "expression": float(torch.stack(expression).mean()),
            "change": float(torch.stack(change).mean()),
        }
