"""Train Smooth-Swap's smooth identity embedder with the supervised contrastive loss (``embedder --mode smooth``)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Generator, Tensor, nn

from swapper import hub
from swapper.interpolation import STEPS, distinct_neighbours, slerp, smoothness
from swapper.metrics.intervals import bootstrap_interval
from swapper.models.smoothswap import SmoothIdentityEmbedder, SmoothIdentityEmbedderConfig
from swapper.models.trunks import MobileTrunk
from trainers import losses
from trainers.data import augment
from trainers.data.faces import Faces, load_faces
from trainers.data.supply import FaceSupply, SupplyConfig
from trainers.embedder import verification_auc
from trainers.identity_trunk import identity_trunk
from trainers.loop.checkpoint import weights_file
from trainers.loop.trainer import Batch, Phase, image_grid

Embed = Callable[[Faces, Tensor], np.ndarray]  # a split and rows of it -> unit vectors

_POOLED = 2  # times as many photos of a person in a pool of a streamed set as in a batch
_PATHS = 500  # pairs of validation photos between which smoothness is measured
_SHOWN_GALLERY = 1000  # photos among which the sample grid looks for neighbours


@dataclass(frozen=True)
class SmoothEmbedderConfig(SupplyConfig):
    """Defaults of the smooth embedder's trainer, the paper's where it states them."""

    mode: str = "smooth"  # says which of the embedders this is
    network: SmoothIdentityEmbedderConfig = field(default_factory=SmoothIdentityEmbedderConfig.paper)
    from_arcface: bool = False  # start the mobile trunk from the mobile ArcFace network
    temperature: float = 0.07  # tau; SupCon's own value, the paper's is not published
    photos: int = 4  # of each person in a batch
    lr: float = 1e-3
    batch: int = 256
    kimg: float = 28000.0  # 110 thousand steps, as in a later paper's training of the same embedder
    unlabelled: float = 0.0  # share of a batch's people who come from photos without a name
    neighbour: float = 0.55  # ArcFace cosine above which two unlabelled photos count as one person
    relation_weight: float = 0.0  # squared difference of the photos' cosines from ArcFace's
    telling_weight: float = 0.0  # cosine distance of ArcFace's embedding from what a linear layer reads of ours
    start: str = ""  # embedder by name or file to go on from, for instance smooth-embedder-lite

    @classmethod
    def paper(cls) -> "SmoothEmbedderConfig":
        """ResNet-50 on a large labelled set, but for what `trainers/README.md` says of all.

        Temperature, batch, length and augmentation are not published.
        """
        return cls()

    @classmethod
    def lite(cls) -> "SmoothEmbedderConfig":
        """The shipped network: few labelled people, so ArcFace's weights and relations help."""
        return cls(
            network=SmoothIdentityEmbedderConfig.lite(),
            from_arcface=True,
            temperature=0.5,
            lr=3e-4,
            batch=64,
            kimg=30.0,
            unlabelled=0.5,
            relation_weight=5.0,
            telling_weight=10.0,
        )

    @classmethod
    def large(cls) -> "SmoothEmbedderConfig":
        """The shipped network on one GPU: more people in each batch, longer."""
        return cls(
            network=SmoothIdentityEmbedderConfig.lite(),
            from_arcface=True,
            temperature=0.5,
            lr=1e-3,
            batch=512,
            kimg=3000.0,
            unlabelled=0.25,
            relation_weight=5.0,
            telling_weight=10.0,
        )

    @classmethod
    def tiny(cls) -> "SmoothEmbedderConfig":
        """Seconds on a CPU, for tests."""
        sizes = SmoothIdentityEmbedderConfig(trunk="mobile", size=48, hidden=64)
        return cls(network=sizes, photos=2, lr=1e-3, batch=8, kimg=0.5)


class SmoothEmbedderTrainer:
    """Identity-balanced batches: so many people, so many photos of each, every photo augmented on its own.

    Source: Smooth-Swap (CVPR 2022), section 3.1. Unlabelled photos join as people of their own, seen twice under
    augmentation; those that ArcFace takes for one person are joined first.
    """

    Config = SmoothEmbedderConfig

    def __init__(self, config: SmoothEmbedderConfig, data: Path, cache: Path):
        self.config = config
        stored = 160 if config.network.size <= 160 else 256
        self.supply = FaceSupply(
            data, stored, cache, config, self._use, padded=config.unlabelled > 0, photos=_POOLED * config.photos
        )
        self.val = load_faces(data, "val", stored, cache, padded=False)
        network = SmoothIdentityEmbedder(config.network)
        if config.from_arcface and isinstance(network.trunk, MobileTrunk):
            network.trunk.load_state_dict(identity_trunk().state_dict())
        if config.start:
            network = hub.load_path(SmoothIdentityEmbedder, weights_file(config.start)).requires_grad_(True)
        self.networks: dict[str, nn.Module] = {"embedder": network}
        if config.telling_weight:
            self.networks["reader"] = nn.Linear(network.config.embedding, self.train.arcface.shape[1])
        self.averaged = ("embedder",)
        self.phases = (Phase("E", tuple(self.networks), lr=config.lr, weight_decay=1e-3),)
        self.frozen: dict[str, nn.Module] = {}

    def _use(self, faces: Faces) -> None:
        self.train = faces
        self.labelled = _groups(faces.identity)
        self.nameless = _groups(merge_neighbours(faces, self.config.neighbour))

    def draw(self, generator: Generator, count: int) -> Batch:
        """Plan people, their photos (rows of one person lie together), and how each is augmented."""
        people = max(1, count // self.config.photos)
        strangers = round(people * self.config.unlabelled) if self.nameless else 0
        chosen = [*_pick(self.labelled, people - strangers, generator), *_pick(self.nameless, strangers, generator)]
        photos = -(-count // len(chosen))
        index = torch.cat([_photos(rows, photos, generator) for rows in chosen])[:count]
        plan = {
            "index": index,
            "person": torch.arange(len(chosen)).repeat_interleave(photos)[:count],
            "mirror": torch.rand(count, generator=generator) < 0.5,
            "angle": augment.uniform(generator, count, -0.12, 0.12),
            "scale": torch.exp(augment.uniform(generator, count, -0.1, 0.2)),
            "shift": augment.uniform(generator, count, -0.04, 0.04, 2),
        }
        plan |= augment.draw_color(generator, count, 0.8) | augment.draw_degradation(generator, count)
        return plan | augment.draw_occlusion(generator, count, 0.15)

    def batch(self, plan: Batch, device: torch.device, kimg: float) -> Batch:
        """Cut and augment the photos."""
        pixels = self.train.pixels(plan["index"], device)
        maps = augment.similarity_grid(*(plan[name].to(device) for name in ("angle", "scale", "shift", "mirror")))
        size = -(-self.config.network.size // 8) * 8  # coding loss works on whole blocks
        faces = augment.adjust_color(augment.warp_images(pixels, maps, size), plan)
        return {
            "faces": augment.degrade(augment.occlude(faces, plan), plan),
            "person": plan["person"].to(device),
            "arcface": self.train.arcface[plan["index"]].to(device),
        }

    def loss(self, phase: str, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Supervised contrastive loss, the relations that ArcFace sees between the photos, and what it says of each.

        A few hundred people are told apart by a few directions; the last term keeps what a generator needs to know.
        """
        c, embedded = self.config, self.networks["embedder"](batch["faces"]).float()
        terms = {"supcon": losses.supervised_contrastive_loss(embedded, batch["person"], c.temperature)}
        if c.relation_weight:
            terms["relation"] = F.mse_loss(embedded @ embedded.T, batch["arcface"] @ batch["arcface"].T)
        if c.telling_weight:
            terms["telling"] = losses.identity_loss(batch["arcface"], self.networks["reader"](embedded))
        weights = {"supcon": 1.0, "relation": c.relation_weight, "telling": c.telling_weight}
        return losses.weighted_sum(terms, weights), terms

    def samples(self, networks: Mapping[str, nn.Module]) -> np.ndarray:
        """A batch, one person under another; then paths between strangers: both ends, their nearest photos between.

        The upper row of each path is the smooth embedder's, the lower ArcFace's.
        """
        columns, device = len(STEPS) + 2, torch.device("cpu")
        batch = self.batch(self.draw(Generator().manual_seed(0), 4 * self.config.photos), device, 0.0)
        shown = list(F.interpolate(batch["faces"], self.train.size, mode="bilinear"))
        rows = [shown[i : i + columns] for i in range(0, len(shown) - columns + 1, columns)]
        gallery = self._gallery()[:_SHOWN_GALLERY]
        ends = self._ends()[:3]
        for first, second in ends.tolist():
            for embed in (smooth_with(networks["embedder"]), _arcface):
                a, b = embed(self.val, torch.tensor([first, second]))
                known = embed(self.train, gallery)
                nearest = [int((slerp(a, b, share) @ known.T).argmax()) for share in STEPS]
                left, right = self.val.pixels(torch.tensor([first, second]))
                rows.append([left, *self.train.pixels(gallery[nearest]), right])
        return image_grid(rows)

    def evaluate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """How well people are told apart, and how smooth paths between them are; ArcFace beside it.

        Returns:
            ``auc``: verification AUC on the validation people; ``smoothness``: d_smooth, lower is smoother; ``people``
            and ``photos``: different ones met along a path, more is smoother; each also with ``_arcface``. Of the last
            three also the 95 % bootstrap interval of how much more it is than ArcFace's, ``_more_low`` and
            ``_more_high``.
        """
        scores: dict[str, float] = {}
        paths: dict[str, np.ndarray] = {}
        rows, gallery, ends = torch.arange(len(self.val)), self._gallery(), self._ends()
        for name, embed in (("", smooth_with(networks["embedder"])), ("_arcface", _arcface)):
            faces, known = embed(self.val, rows), embed(self.train, gallery)
            first, second = faces[ends[:, 0]], faces[ends[:, 1]]
            scores[f"auc{name}"] = verification_auc(torch.from_numpy(faces), self.val.identity)
            paths[f"smoothness{name}"] = smoothness(first, second, known)
            for what, labels in (("people", self.train.identity[gallery]), ("photos", gallery)):
                paths[f"{what}{name}"] = distinct_neighbours(first, second, known, labels.numpy())
        scores |= {what: float(values.mean()) for what, values in paths.items()}
        for what in ("smoothness", "people", "photos"):
            more = (paths[what] - paths[f"{what}_arcface"]).astype(np.float64)
            interval = bootstrap_interval(more, np.random.default_rng(0))
            scores |= dict(zip((f"{what}_more_low", f"{what}_more_high"), interval, strict=True))
        return scores

    def _gallery(self) -> Int64[Tensor, "m"]:
        """Training photos with a name, in a mixed order."""
        named = torch.nonzero((self.train.identity >= 0) & ~self.train.padded).squeeze(1)
        return named[torch.randperm(len(named), generator=Generator().manual_seed(0))]

    def _ends(self) -> Int64[Tensor, "n 2"]:
        """The same pairs of photos of two validation people every time."""
        pairs = torch.randint(len(self.val), (2 * _PATHS, 2), generator=Generator().manual_seed(1))
        return pairs[self.val.identity[pairs[:, 0]] != self.val.identity[pairs[:, 1]]][:_PATHS]


def smooth_with(network: nn.Module) -> Embed:
    """The network as a function of a split and rows of it."""

    def embed(faces: Faces, rows: Int64[Tensor, "n"]) -> Float[np.ndarray, "n d"]:
        device = next(network.parameters()).device
        return torch.cat([network(faces.pixels(part, device)).float().cpu() for part in rows.split(64)]).numpy()

    return embed


def _arcface(faces: Faces, rows: Int64[Tensor, "n"]) -> Float[np.ndarray, "n d"]:
    return faces.arcface[rows].numpy()


def merge_neighbours(faces: Faces, cosine: float) -> Int64[Tensor, "n"]:
    """Number the people among photos without a name: photos above a cosine of ArcFace are joined, chains too.

    Args:
        faces: a split.
        cosine: least likeness of two photos of one person.

    Returns:
        A number for each photo; -1 where the photo has a name already.
    """
    nameless = torch.nonzero(faces.identity < 0).squeeze(1)
    person = torch.full_like(faces.identity, -1)
    own = torch.arange(len(nameless))
    alike = faces.arcface[nameless] @ faces.arcface[nameless].T > cosine
    joined = torch.full_like(own, -1)
    while not torch.equal(own, joined):
        joined, own = own, torch.where(alike, own[None], own[:, None]).amin(1) if len(own) else own
    person[nameless] = own
    return person


def _groups(identity: Int64[Tensor, "n"]) -> list[Int64[Tensor, "k"]]:
    """Rows of each person; photos numbered -1 are left out."""
    known = torch.nonzero(identity >= 0).squeeze(1)
    known = known[identity[known].argsort(stable=True)]
    _, counts = torch.unique_consecutive(identity[known], return_counts=True)
    return list(known.split(counts.tolist()))


def _pick(groups: list[Tensor], count: int, generator: Generator) -> list[Tensor]:
    """Different people; some twice only if there are too few."""
    if not groups:
        return []
    order = torch.cat([torch.randperm(len(groups), generator=generator) for _ in range(-(-count // len(groups)))])
    return [groups[i] for i in order[:count].tolist()]


def _photos(rows: Int64[Tensor, "k"], count: int, generator: Generator) -> Int64[Tensor, "count"]:
    """Different photos of a person; some twice, under another augmentation, only if there are too few."""
    order = torch.cat([torch.randperm(len(rows), generator=generator) for _ in range(-(-count // len(rows)))])
    return rows[order[:count]]
