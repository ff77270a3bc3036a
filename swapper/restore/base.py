"""The protocol of face restorers, and the table of them by name."""

from collections.abc import Callable
from importlib import import_module
from typing import Protocol, cast, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from swapper import hub
from swapper.types import Swapped, UserError


@runtime_checkable
class Restorer(Protocol):
    """Sharpens swapped faces without changing who they are."""

    def restore(self, faces: Float[Tensor, "b 3 s s"], template: str) -> Float[Tensor, "b 3 s s"]:
        """Restore a batch of face crops, at the size they came in.

        Args:
            faces: RGB in [0, 1].
            template: alignment of the crops, key of ``faces.align.TEMPLATES``.
        """
        ...


LEAST_SIZE = 256  # px: smaller crops are enlarged before they are restored, or they could not get any sharper


@torch.inference_mode()
def restore_swapped(restorer: Restorer, swapped: Swapped, template: str) -> Swapped:
    """Restore swapped faces; the result's side is at least ``LEAST_SIZE``.

    Args:
        restorer: does the work.
        swapped: what a method returned.
        template: alignment of its crops, key of ``faces.align.TEMPLATES``.
    """
    face, mask = swapped.face, swapped.mask
    if face.shape[-1] < LEAST_SIZE:
        face = F.interpolate(face, LEAST_SIZE, mode="bicubic", antialias=True).clamp(0, 1)
        mask = F.interpolate(mask, LEAST_SIZE, mode="bilinear")
    return Swapped(restorer.restore(face, template), mask)


RESTORERS: dict[str, tuple[str, str]] = {  # name -> module, class; called as ``cls(device=...)``
    "renovation": ("swapper.restore.renovation", "RenovationRestorer"),
    "gfpgan": ("swapper.restore.gfpgan", "GFPGANRestorer"),
}

RESTORER_WEIGHTS: dict[str, tuple[str, ...]] = {  # names in the manifest, any of which is enough
    "renovation": ("renovation", "renovation-lite"),
    "gfpgan": ("gfpgan", "gfpgan_1.4"),
}


def restorers() -> list[str]:
    """Names accepted by ``load_restorer``, ``none`` first."""
    return ["none", *RESTORERS]


def local_restorers() -> list[str]:
    """As ``restorers``, of those whose weights are on this machine; asks no network."""
    return ["none", *(name for name in RESTORERS if any(hub.find(weights) for weights in RESTORER_WEIGHTS[name]))]


def load_restorer(name: str, device: torch.device) -> Restorer | None:
    """Build a restorer with its weights loaded; ``none`` gives None.

    Raises:
        UserError: the name is unknown, or its weights cannot be found.
    """
    if name == "none":
        return None
    if name not in RESTORERS:
        raise UserError(f"Unknown restoration '{name}'. Choose one of: {', '.join(restorers())}.")
    weights = RESTORER_WEIGHTS[name]
    if len(hub.unpublished(weights)) == len(weights):
        raise UserError(
            f"Restoration '{name}': its weights '{weights[-1]}' are not published yet. Choose another, or put "
            f"{weights[-1]}.safetensors into the folder given by SWAPPER_WEIGHTS."
        )
    module, class_name = RESTORERS[name]
    build = cast(Callable[..., Restorer], getattr(import_module(module), class_name))
    return build(device=device)
