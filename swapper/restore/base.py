"""The protocol of face restorers, and those of the registry, built by name."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from swapper import hub
from swapper.faces.align import Placement
from swapper.registry import RESTORERS, find_restorer, named, restorer_choices
from swapper.types import Swapped, UserError


@runtime_checkable
class Restorer(Protocol):
    """Sharpens swapped faces without changing their identity."""

    def restore(self, faces: Float[Tensor, "b 3 s s"], template: Placement) -> Float[Tensor, "b 3 s s"]:
        """Restore a batch of face crops, at the size they came in.

        Args:
            faces: RGB in [0, 1].
            template: alignment of the crops: key of ``faces.align.TEMPLATES``, or where the face lies in them.
        """
        ...


LEAST_SIZE = 256  # px: smaller crops are enlarged before they are restored, or they could not get any sharper


@torch.inference_mode()
def restore_swapped(restorer: Restorer, swapped: Swapped, template: Placement | Sequence[Placement]) -> Swapped:
    """Restore swapped faces; the result's side is at least ``LEAST_SIZE``.

    Args:
        restorer: does the work.
        swapped: what a method returned.
        template: alignment of its crops: key of ``faces.align.TEMPLATES``, or where the face lies in each of them.
    """
    face, mask = swapped.face, swapped.mask
    if face.shape[-1] < LEAST_SIZE:
        face = F.interpolate(face, LEAST_SIZE, mode="bicubic", antialias=True).clamp(0, 1)
        mask = F.interpolate(mask, LEAST_SIZE, mode="bilinear")
    if isinstance(template, str | np.ndarray):
        return Swapped(restorer.restore(face, template), mask)
    if all(isinstance(one, str) for one in template) and len(set(map(str, template))) == 1:
        return Swapped(restorer.restore(face, template[0]), mask)
    restored = [restorer.restore(one, place) for one, place in zip(face.split(1), template, strict=True)]
    return Swapped(torch.cat(restored), mask)


def restorers() -> list[str]:
    """Names accepted by ``load_restorer``, ``none`` first."""
    return restorer_choices()


def local_restorers() -> list[str]:
    """As ``restorers``, of those whose weights are on this machine; asks no network."""
    return ["none", *(name for name, info in RESTORERS.items() if any(map(hub.find, info.weights)))]


def load_restorer(name: str, device: torch.device) -> Restorer | None:
    """Build a restorer with its weights loaded; ``none`` gives None.

    Raises:
        UserError: the name is unknown, or its weights cannot be found.
    """
    info = find_restorer(name)
    if info is None:
        return None
    if len(hub.unpublished(info.weights)) == len(info.weights):
        raise UserError(
            f"Restoration '{name}': its weights '{info.weights[-1]}' are not published yet. Choose another, or put "
            f"{info.weights[-1]}.safetensors into the folder given by SWAPPER_WEIGHTS."
        )
    return named(info.cls)(device=device, **({"member": info.member} if info.member else {}))
