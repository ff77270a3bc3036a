"""Source-target pairs for swapping: which photos meet, and the crops the networks and losses see."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor

from swapper.faces import mesh
from swapper.faces.align import template_to_template
from trainers.data import augment
from trainers.data.alignment import ARCFACE_SIZE, mesh_five_points
from trainers.data.augment import Plan
from trainers.data.faces import Faces

_OPEN = 0.12  # gap between the lips, in eye distances, from which teeth show


class Whole(NamedTuple):
    """How faces are cut for encoders that see more of them than ArcFace.

    Attributes:
        template: alignment.
        size: side, px.
        around: cut the targets' photos in the same way too.
    """

    template: str
    size: int
    around: bool = False


class Pairs:
    """Draws pairs from one split and cuts their crops.

    Targets are never padded crops, whose borders are not photographs; sources may be.
    """

    def __init__(
        self,
        faces: Faces,
        template: str,
        same_image: float,
        same_identity: float,
        open_mouths: float = 0.0,
        sources: Bool[Tensor, "n"] | None = None,
    ):
        """Index the split.

        Args:
            faces: the split.
            template: alignment of the target crops.
            same_image: share of pairs whose target is the source photo itself.
            same_identity: share of pairs with two photos of one person.
            open_mouths: share of the targets drawn among those with an open mouth alone; the others show any.
            sources: which photos may be the sources of strangers; all when None, or where none may.
        """
        fit = sources if sources is not None and sources.any() else torch.ones(len(faces), dtype=torch.bool)
        self.sources = torch.nonzero(fit).squeeze(1)
        self.faces, self.template, self.open_mouths = faces, template, open_mouths
        self.same_image, self.same_identity = same_image, same_identity
        self.targets = torch.nonzero(~faces.padded).squeeze(1)
        self.open_targets = torch.nonzero(~faces.padded & (mouth_opening(faces.landmarks) > _OPEN)).squeeze(1)
        self.sharp = torch.nonzero(~faces.padded & faces.sharp).squeeze(1)
        labelled = torch.nonzero((faces.identity >= 0) & ~faces.padded).squeeze(1)
        order = labelled[faces.identity[labelled].argsort(stable=True)]
        self.by_person = order
        people, counts = torch.unique_consecutive(faces.identity[order], return_counts=True)
        self.first = dict(zip(people.tolist(), (counts.cumsum(0) - counts).tolist(), strict=True))
        self.count = dict(zip(people.tolist(), counts.tolist(), strict=True))

    def draw(self, generator: Generator, count: int, jitter: float = 1.0) -> Plan:
        """Plan ``count`` pairs: photos, mirroring, small misplacement and colour of the target.

        Args:
            generator: random numbers.
            count: pairs.
            jitter: strength of misplacement and colour change.
        """
        target = self.targets[torch.randint(len(self.targets), (count,), generator=generator)]
        if self.open_mouths and len(self.open_targets):
            wide = self.open_targets[torch.randint(len(self.open_targets), (count,), generator=generator)]
            target = torch.where(torch.rand(count, generator=generator) < self.open_mouths, wide, target)
        source = self.sources[torch.randint(len(self.sources), (count,), generator=generator)]
        kind = torch.rand(count, generator=generator)
        pick = torch.rand(count, generator=generator)
        sibling = torch.tensor([self._sibling(int(t), float(p)) for t, p in zip(target, pick, strict=True)])
        source = torch.where(kind < self.same_image + self.same_identity, sibling, source)
        source = torch.where(kind < self.same_image, target, source)
        identity = self.faces.identity
        known = (identity[source] == identity[target]) & (identity[target] >= 0)
        plan = {
            "source": source,
            "target": target,
            "same": (known | (source == target)).float(),
            "identical": (source == target).float(),
            "mirror": torch.rand(count, generator=generator) < 0.5,
            "source_mirror": torch.rand(count, generator=generator) < 0.5,
            "angle": augment.uniform(generator, count, -0.06, 0.06) * jitter,
            "scale": torch.exp(augment.uniform(generator, count, -0.05, 0.05) * jitter),
            "shift": augment.uniform(generator, count, -0.02, 0.02, 2) * jitter,
        }
        plan["source_mirror"] = torch.where(source == target, plan["mirror"], plan["source_mirror"])
        return plan | augment.draw_color(generator, count, 0.25 * jitter)

    def _sibling(self, row: int, pick: float) -> int:
        """Another photo of the same person, or the photo itself where there is none."""
        person = int(self.faces.identity[row])
        if person < 0:
            return row
        return int(self.by_person[self.first[person] + int(pick * self.count[person])])

    def cut(self, plan: Plan, device: torch.device, size: int, whole: Whole | None = None) -> Plan:
        """Carry a plan out.

        Args:
            plan: from ``draw``.
            device: of the result.
            size: side of the target crops, px.
            whole: how to cut the sources for encoders that see more of them than ``source`` shows.

        Returns:
            ``target`` (b, 3, size, size) in the template, ``source`` (b, 3, 112, 112) in the ArcFace template,
            ``landmarks`` (b, 478, 3) of the target as a share of its crop, ``same`` and ``identical`` (b); ``photo``
            and ``answer``, here the target, and ``known`` (b), here 0: see ``trainers.data.warped``. With
            ``whole`` also ``whole`` and ``source_landmarks`` of the sources and, if it says so, ``around``, the photo
            cut in the same way.
        """
        target, maps = plan["target"], self.maps(plan, device)
        pixels = augment.warp_images(self.faces.pixels(target, device), maps, size)
        photo = augment.adjust_color(pixels, plan)
        batch = {
            "target": photo,
            "photo": photo,
            "answer": photo,
            "known": torch.zeros(len(target), device=device),
            "source": self.source_crops(plan, device),
            "landmarks": augment.transform_landmarks(self.faces.landmarks[target].to(device), maps),
            "same": plan["same"].to(device),
            "identical": plan["identical"].to(device),
        }
        return batch | self.cut_whole(plan, device, whole) if whole else batch

    def maps(self, plan: Plan, device: torch.device, template: str = "") -> Float[Tensor, "b 2 3"]:
        """From the photos, aligned as they are stored, to the planned target crops; both in shares of their side.

        Args:
            plan: from ``draw``.
            device: of the result.
            template: another than that of the targets.
        """
        placed = augment.similarity_grid(
            plan["angle"].to(device), plan["scale"].to(device), plan["shift"].to(device), plan["mirror"].to(device)
        )
        to_template = template_map("ffhq", template or self.template, device).expand(len(plan["target"]), 2, 3)
        return augment.compose_maps(to_template, placed)

    def cut_whole(self, plan: Plan, device: torch.device, whole: Whole) -> Plan:
        """Sources, and photos if wanted, for encoders that see the whole face."""
        index = plan["source"]
        to_template = template_map("ffhq", whole.template, device).expand(len(index), 2, 3)
        maps = augment.compose_maps(to_template, _flips(plan["source_mirror"], device))
        batch = {
            "whole": augment.warp_images(self.faces.pixels(index, device), maps, whole.size),
            "source_landmarks": augment.transform_landmarks(self.faces.landmarks[index].to(device), maps),
        }
        if whole.around:
            placed = self.maps(plan, device, whole.template)
            photo = augment.warp_images(self.faces.pixels(plan["target"], device), placed, whole.size)
            batch["around"] = augment.adjust_color(photo, plan)
        return batch

    def source_crops(self, plan: Plan, device: torch.device) -> Float[Tensor, "b 3 112 112"]:
        """The sources as the identity encoder sees them, cut by their landmarks."""
        index = plan["source"]
        points = mesh_five_points(self.faces.landmarks[index].to(device))
        maps = augment.alignment_maps(points, "arcface")
        maps = augment.compose_maps(_flips(plan["source_mirror"], device), maps)
        return augment.warp_images(self.faces.pixels(index, device), maps, ARCFACE_SIZE)


def _flips(mirror: Tensor, device: torch.device) -> Float[Tensor, "b 2 3"]:
    still = torch.zeros(len(mirror), device=device)
    return augment.similarity_grid(still, still + 1, torch.stack([still, still], 1), mirror.to(device))


def mouth_opening(landmarks: Float[Tensor, "n 478 d"]) -> Float[Tensor, "n"]:
    """Gap between the lips, in eye distances."""
    upper, lower = (landmarks[:, index, :2] for index in (mesh.LIPS_INNER[5], mesh.LIPS_INNER[15]))
    eyes = landmarks[:, mesh.LEFT_IRIS_CENTRE, :2] - landmarks[:, mesh.RIGHT_IRIS_CENTRE, :2]
    return (upper - lower).norm(dim=1) / eyes.norm(dim=1).clamp(min=1e-6)


def template_map(source: str, target: str, device: torch.device) -> Float[Tensor, "1 2 3"]:
    """The fixed map between two templates, both in shares of their crop."""
    return torch.tensor(template_to_template(source, 1, target, 1), device=device)[None]


def to_arcface(
    faces: Float[Tensor, "b 3 s s"], template: str, jitter: Float[Tensor, "b 2 3"] | None = None
) -> Float[Tensor, "b 3 112 112"]:
    """Cut results for the identity encoder by the fixed map between templates, differentiably.

    Args:
        faces: crops in ``template``.
        template: their alignment.
        jitter: small maps applied in the ArcFace crop, which keep a generator from painting identity into pixels.
    """
    maps = template_map(template, "arcface", faces.device).expand(len(faces), 2, 3)
    if jitter is not None:
        maps = augment.compose_maps(jitter, maps)
    return augment.warp_images(faces, maps, ARCFACE_SIZE)
