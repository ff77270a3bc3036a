"""Pairs whose answer is known: photos with another person's face warped onto them, taught in both directions."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Generator, Tensor

from trainers.data import augment
from trainers.data.augment import Plan
from trainers.data.faces import Faces
from trainers.data.pairs import Pairs, Whole


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
        sources: Bool[Tensor, "n"] | None = None,
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
            sources: which photos may be the sources of strangers; all when None.
        """
        super().__init__(faces, template, same_image, same_identity, open_mouths, sources)
        self.known, self.warped = known, warped
        self.rows = torch.arange(len(warped.source))
        if sources is not None and sources[warped.source].any():
            self.rows = torch.nonzero(sources[warped.source]).squeeze(1)

    def draw(self, generator: Generator, count: int, jitter: float = 1.0) -> Plan:
        """Plan pairs; ``forward`` and ``backward`` mark those whose answer is ``warped`` or the photo."""
        plan = super().draw(generator, count, jitter)
        row = self.rows[torch.randint(len(self.rows), (count,), generator=generator)]
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
