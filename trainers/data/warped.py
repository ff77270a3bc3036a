"""Pairs whose answer is known: photos with another person's face warped onto them, taught in both directions."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Generator, Tensor

from swapper.faces.mesh import rotation_from_canonical
from swapper.methods.warp import make_texture, warp_face
from swapper.models.arcface import MobileFaceNet
from swapper.types import UserError
from trainers.data import augment
from trainers.data.alignment import ARCFACE_SIZE, mesh_five_points
from trainers.data.augment import Plan
from trainers.data.faces import Faces
from trainers.data.pairs import Pairs, Whole

EACH = 4  # strangers warped onto each photo
CANDIDATES = 12  # strangers among whom the one with the most similar pose is warped
LIKENESS = 0.35  # cosine to its source that a warped face needs; below, a hand or dark glasses were in the way


@dataclass(frozen=True)
class WarpedFaces:
    """Photos with a stranger's face; row i of every field belongs together.

    Attributes:
        images: uint8 [m, s, s, 3] RGB, aligned as the photos are; a memory map.
        target: int64 [m], the photo that was changed.
        source: int64 [m], the photo whose face it got.
    """

    images: Tensor
    target: Int64[Tensor, "m"]
    source: Int64[Tensor, "m"]

    def pixels(self, index: Int64[Tensor, "b"], device: torch.device) -> Float[Tensor, "b 3 s s"]:
        """Images in [0, 1] on a device."""
        return self.images[index].to(device).permute(0, 3, 1, 2).float().div_(255)


class WarpedPairs(Pairs):
    """Pairs of ``Pairs``, a share of which comes with the picture that the swap should give.

    A photo X of person A got the face of a stranger B by the warp, W. Forwards, X and a photo of B should give W:
    the whole change of identity can be learned from pixels, but no better than a warp does it. Backwards, W and
    another photo of A should give X, a real photograph, which no teacher's faults spoil.

    Source: the backward direction is the pseudo-target triplet of DreamID (Ye et al. 2025) and ReliableSwap
    (Yuan et al. 2023), with the warp in place of their swappers.
    """

    def __init__(
        self,
        faces: Faces,
        template: str,
        same_image: float,
        same_identity: float,
        known: float,
        warped: WarpedFaces,
        open_mouths: float = 0.0,
    ):
        """Index the split.

        Args:
            faces: the split.
            template: alignment of the target crops.
            same_image: share of the other pairs whose target is the source photo itself.
            same_identity: share of the other pairs with two photos of one person.
            known: share of pairs with a known answer, half of them in each direction.
            warped: made of ``faces``.
            open_mouths: share of the other targets drawn among those with an open mouth alone.
        """
        super().__init__(faces, template, same_image, same_identity, open_mouths)
        self.known, self.warped = known, warped

    def draw(self, generator: Generator, count: int, jitter: float = 1.0) -> Plan:
        """Plan pairs; ``forward`` and ``backward`` mark those whose answer is ``warped`` or the photo."""
        plan = super().draw(generator, count, jitter)
        row = torch.randint(len(self.warped.target), (count,), generator=generator)
        kind = torch.rand(count, generator=generator)
        pick = torch.rand(count, generator=generator)
        backward = kind < self.known / 2
        forward = (kind < self.known) & ~backward
        photo = self.warped.target[row]
        sibling = torch.tensor([self._sibling(int(t), float(p)) for t, p in zip(photo, pick, strict=True)])
        plan["target"] = torch.where(backward | forward, photo, plan["target"])
        plan["source"] = torch.where(forward, self.warped.source[row], plan["source"])
        plan["source"] = torch.where(backward, sibling, plan["source"])
        for name in ("same", "identical"):
            plan[name] = torch.where(backward | forward, torch.zeros(count), plan[name])
        return plan | {"warped": row, "forward": forward.float(), "backward": backward.float()}

    def cut(self, plan: Plan, device: torch.device, size: int, whole: Whole | None = None) -> Plan:
        """As ``Pairs.cut``, with answers.

        ``target`` is what the network gets, ``photo`` the photograph it comes from, whose attributes count, and
        ``answer`` what the network should give where ``known`` is 1 (elsewhere the photo).
        """
        batch = super().cut(plan, device, size, whole)
        maps = self.maps(plan, device)
        warped = augment.warp_images(self.warped.pixels(plan["warped"], device), maps, size)
        warped = augment.adjust_color(warped, plan)
        photo = batch["photo"]
        forward, backward = (plan[name].to(device)[:, None, None, None] for name in ("forward", "backward"))
        return batch | {
            "target": torch.lerp(photo, warped, backward),
            "answer": torch.lerp(photo, warped, forward),
            "known": (plan["forward"] + plan["backward"]).to(device),
        }


def load_warped(faces: Faces, identity: MobileFaceNet, cache: Path) -> WarpedFaces:
    """Warp strangers' faces onto the photos of a split, once; later calls read what the first wrote.

    Faces that come out unlike their source are dropped.

    Args:
        faces: the split; padded photos give faces but get none.
        identity: judges the results on the CPU.
        cache: folder for the memory map.

    Raises:
        UserError: no face came out like its source.
    """
    facts = hashlib.sha256(f"{len(faces)} {faces.size} {EACH} {CANDIDATES} {LIKENESS}".encode())
    facts.update(faces.landmarks.numpy().tobytes())
    path = cache / f"warped-{faces.size}-{facts.hexdigest()[:10]}"
    if not path.with_suffix(".npz").is_file():
        _warp_all(faces, identity, path)
    rows = np.load(path.with_suffix(".npz"))
    images = torch.from_numpy(np.load(path.with_suffix(".npy"), mmap_mode="c"))
    return WarpedFaces(images, torch.from_numpy(rows["target"]), torch.from_numpy(rows["source"]))


def _warp_all(faces: Faces, identity: MobileFaceNet, path: Path) -> None:
    """Write the images, and last the rows, whose file says that all is there."""
    target, source = _choose(faces)
    images = np.lib.format.open_memmap(
        path.with_suffix(".npy"), mode="w+", dtype=np.uint8, shape=(len(target), faces.size, faces.size, 3)
    )
    kept: list[int] = []
    for start in range(0, len(target), 64):
        rows = range(start, min(start + 64, len(target)))
        drawn = np.stack([_warp(faces, int(target[row]), int(source[row])) for row in rows])
        like = _likeness(faces, identity, drawn, target[rows.start : rows.stop], source[rows.start : rows.stop])
        for row, image, cosine in zip(rows, drawn, like, strict=True):
            if cosine >= LIKENESS:
                images[len(kept)] = image
                kept.append(row)
    images.flush()
    if not kept:
        raise UserError("Warped faces: none resembles its source. Check the photos' landmarks, or use --set known=0.")
    chosen = torch.tensor(kept, dtype=torch.long)
    np.savez(path.with_suffix(".npz"), target=target[chosen].numpy(), source=source[chosen].numpy())


def _choose(faces: Faces) -> tuple[Int64[Tensor, "m"], Int64[Tensor, "m"]]:
    """Targets and sources: strangers with a similar pose."""
    generator = Generator().manual_seed(0)
    turned = torch.from_numpy(np.stack([rotation_from_canonical(p)[2] for p in faces.landmarks.numpy()]))
    target = torch.nonzero(~faces.padded).squeeze(1).repeat_interleave(EACH)
    candidates = torch.randint(len(faces), (len(target), CANDIDATES), generator=generator)
    distance = (turned[candidates] - turned[target][:, None]).norm(dim=2)
    same = (faces.identity[candidates] == faces.identity[target][:, None]) & (faces.identity[candidates] >= 0)
    best = (distance + 10 * (same | (candidates == target[:, None]))).argmin(1)
    return target, candidates[torch.arange(len(target)), best]


def _warp(faces: Faces, target: int, source: int) -> np.ndarray:
    image, photo = faces.images[target].numpy(), np.ascontiguousarray(faces.images[source].numpy())
    points, places = (faces.landmarks[row].numpy() * faces.size for row in (target, source))
    face, mask = warp_face(make_texture(photo, places), np.ascontiguousarray(image), points)
    share = mask[..., None]
    return np.rint(face * share + image * (1 - share)).astype(np.uint8)


@torch.no_grad()
def _likeness(
    faces: Faces, identity: MobileFaceNet, drawn: np.ndarray, target: Tensor, source: Tensor
) -> Float[Tensor, "b"]:
    """Cosine of each warped face and its source."""
    embedded = []
    for pixels, rows in (
        (torch.from_numpy(drawn).permute(0, 3, 1, 2).float() / 255, target),
        (faces.pixels(source), source),
    ):
        maps = augment.alignment_maps(mesh_five_points(faces.landmarks[rows]), "arcface")
        embedded.append(identity(augment.warp_images(pixels, maps, ARCFACE_SIZE)).embedding)
    return F.cosine_similarity(embedded[0], embedded[1])
