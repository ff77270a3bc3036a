"""The embedders that a Smooth-Swap generator can be told by: the smooth one, and ArcFace for the paper's comparison."""

from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from swapper.models.smoothswap import SmoothIdentityEmbedder
from trainers.data import augment
from trainers.data.pairs import Whole, template_map
from trainers.loop.trainer import Batch
from trainers.swap_task import SwapTask

WHOLE = Whole("ffhq", 144, around=True)  # what the smooth embedder sees


@runtime_checkable
class Embedder(Protocol):
    """How a generator is told who somebody is, and how its results are embedded."""

    def describe(self, batch: Batch) -> Float[Tensor, "b d"]:
        """The sources' vectors of unit length, without gradient."""
        ...

    def embed(self, faces: Float[Tensor, "b 3 s s"], batch: Batch) -> Float[Tensor, "b d"]:
        """The same of results, with gradient; ``jitter`` keeps identity from being painted into pixels."""
        ...


class SmoothEmbedder:
    """The smooth embedder, on whole faces: results are put back into the photos they were cut from."""

    def __init__(self, network: SmoothIdentityEmbedder, template: str):
        self.network, self.template = network, template

    @torch.no_grad()
    def describe(self, batch: Batch) -> Float[Tensor, "b d"]:
        """The sources' vectors of unit length, without gradient."""
        return self.network(batch["whole"])

    def embed(self, faces: Float[Tensor, "b 3 s s"], batch: Batch) -> Float[Tensor, "b d"]:
        """The same of results, with gradient; ``jitter`` keeps identity from being painted into pixels."""
        whole = self._put_back(faces, batch["around"])
        return self.network(augment.warp_images(whole, batch["jitter"], WHOLE.size) if "jitter" in batch else whole)

    def _put_back(self, faces: Float[Tensor, "b 3 s s"], around: Float[Tensor, "b 3 w w"]) -> Float[Tensor, "b 3 w w"]:
        maps = template_map(self.template, WHOLE.template, faces.device)
        share = torch.arange(WHOLE.size, device=faces.device) / WHOLE.size
        ends = [(maps[0, axis, axis] * edge + maps[0, axis, 2]) for axis in (0, 1) for edge in (0, 1)]
        across, down = ((share >= low) & (share < high) for low, high in (ends[:2], ends[2:]))
        drawn = augment.warp_images(faces, maps.expand(len(faces), 2, 3), WHOLE.size)
        return torch.where(down[:, None] & across, drawn, around)


class ArcFaceEmbedder:
    """ArcFace in its place, for the paper's comparison."""

    def __init__(self, task: SwapTask):
        self.task = task

    def describe(self, batch: Batch) -> Float[Tensor, "b d"]:
        """The sources' vectors of unit length, without gradient."""
        return F.normalize(self.task.describe(batch).embedding.float())

    def embed(self, faces: Float[Tensor, "b 3 s s"], batch: Batch) -> Float[Tensor, "b d"]:
        """The same of results, with gradient; ``jitter`` keeps identity from being painted into pixels."""
        return F.normalize(self.task.embed(faces, batch.get("jitter")).float())
