"""The protocol every swapping method follows, and the methods of the registry, built by name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from swapper import hub
from swapper.faces.fitting import cut_again
from swapper.registry import METHODS, find_method, leading_methods, named, split_method
from swapper.registry.pipelines import Alignment
from swapper.types import Crop, Identity, Swapped, UserError


@runtime_checkable
class Method(Protocol):
    """A face swapping system, ready to run.

    Attributes:
        name: key in ``METHODS``, or ``onnx:NAME``.
        size: side of the square crops it works on, in pixels.
        template: name of its alignment in ``faces.align.TEMPLATES``.

    It may have two more: ``fit``, how the five points are fitted to the template (``fixed`` where it has none), see
    ``registry.pipelines.FITS``; and ``space``, what its identities are measured with.
    """

    name: str
    size: int
    template: str

    def identify(self, crops: Sequence[Crop]) -> Identity:
        """Encode one or several photos of one person for ``swap``; called once per person.

        Args:
            crops: 256 px crops in the ``ffhq`` template, with landmarks, all of the same person.
        """
        ...

    def swap(
        self,
        identity: Identity,
        faces: Float[Tensor, "b 3 s s"],
        landmarks: Float[Tensor, "b 478 3"] | None = None,
    ) -> Swapped:
        """Swap the identity onto target crops.

        Args:
            identity: made by this method's ``identify``.
            faces: target crops in this method's template and size, RGB in [0, 1].
            landmarks: mesh points of the targets as a share of the crop (0..1); measured here when None.
        """
        ...


@runtime_checkable
class InterpolatingMethod(Method, Protocol):
    """A method whose identities can be mixed, so that it interpolates between two people."""

    def interpolate(self, first: Identity, second: Identity, share: float) -> Identity:
        """Make the identity that lies between two.

        Args:
            first: made by this method's ``identify``.
            second: made by this method's ``identify``.
            share: of the way from the first to the second, 0 to 1; the ends give the given identities' swaps. Below
                0 the path goes on beyond the first, away from the second; -0.5 at least.
        """
        ...


@runtime_checkable
class _Named(Protocol):
    name: str


def check_identity(method: _Named, identity: Identity) -> None:
    """Refuse an identity that another method made, or this one with other weights.

    Args:
        method: that is to use it.
        identity: of a person.

    Raises:
        UserError: the method cannot use it.
    """
    space = getattr(method, "space", "")
    if identity.method != method.name:
        raise UserError(
            f"This identity was made by the method '{identity.method}', and '{method.name}' cannot use it. Make it "
            f"again with '{method.name}'."
        )
    if identity.space and space and identity.space != space:
        raise UserError(
            f"This identity was measured with '{identity.space}', and these weights of '{method.name}' take those of "
            f"'{space}'. Make it again with these weights."
        )


def source_batch(
    crops: Sequence[Crop], template: str, size: int, device: torch.device
) -> Float[Tensor, "b 3 size size"]:
    """Source crops as a network takes them, RGB in [0, 1].

    Args:
        crops: crops in the ``ffhq`` template.
        template: alignment that the network wants.
        size: side that it wants, px.
        device: where it runs.
    """
    pixels = np.stack([cut_again(crop, Alignment(template, size)).image for crop in crops])
    return torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float() / 255


@torch.inference_mode()
def swap_crops(method: Method, identity: Identity, crops: Sequence[Crop], device: torch.device) -> Swapped:
    """Swap the identity onto crops that were cut with their landmarks, in one batch.

    Args:
        method: does the work.
        identity: made by its ``identify``.
        crops: of its template and size.
        device: where it wants its input.
    """
    check_identity(method, identity)
    images = np.stack([crop.image for crop in crops]).transpose(0, 3, 1, 2)
    pixels = np.ascontiguousarray(images).astype(np.float32) / np.float32(255)  # torch would start threads for this
    shares = np.stack([crop.mesh / crop.size for crop in crops])
    return method.swap(identity, torch.from_numpy(pixels).to(device), torch.from_numpy(shares).to(device))


def methods() -> list[str]:
    """Names of all methods, the recommended first."""
    return list(METHODS)


def local_methods(moving: bool = False) -> list[str]:
    """Names of the methods whose weights are on this machine, the recommended first; asks no network.

    Args:
        moving: recommend for videos and live pictures, where the quick ones come first.
    """
    here = [name for name, info in METHODS.items() if all(hub.find(weights) for weights in info.weights)]
    return sorted(here, key=lambda name: moving and not METHODS[name].quick)


def local_leaders() -> list[str]:
    """Names of the published swappers that lead for photos, as far as all their files are on this machine.

    An unverified file does not make a swapper lead: that has to be chosen.
    """
    return [
        name
        for name, info in leading_methods().items()
        if all(map(hub.find, info.weights)) and not hub.unverified(info.weights)
    ]


def default_method(moving: bool = False) -> str:
    """Name of the recommended method: a published swapper that leads, else the first of ``local_methods``.

    Args:
        moving: for videos and live pictures, where the quick ones come first and no published one does.
    """
    return [*([] if moving else local_leaders()), *local_methods(moving)][0]


def alignment_of(method: Method, size: int | None = None) -> Alignment:
    """How faces are cut for a method.

    Args:
        method: any.
        size: side of the crops, px; its own when None.
    """
    return Alignment(method.template, size or method.size, getattr(method, "fit", "fixed"))


def load_method(
    name: str, device: torch.device, threads: int | None = None, weights: str | Path | None = None
) -> Method:
    """Build a method with its weights loaded.

    Args:
        name: one of ``methods()``, ``METHOD@WEIGHTS`` for a file of the user's, or ``onnx:NAME`` for a published
            swapper of ``methods.onnx_records``.
        device: where its networks run.
        threads: CPU threads of each of its networks, where the method lets one choose; its own choice when None.
        weights: file of the user's, as ``methods.weights.find_weights`` takes it; the shipped one when None.

    Raises:
        UserError: the name is unknown, or its weights cannot be found, or are another method's.
    """
    name, own = split_method(name)
    weights = weights or own or None
    info, member = find_method(name)
    if weights is not None:
        if info.members or not info.weights:
            raise UserError(f"Method '{name}' takes no file of weights. Choose another method, or leave the file out.")
        build = named(info.cls)
        chosen = {"device": device, "weights": weights}
        return build(**chosen, threads=threads) if info.threaded else build(**chosen)
    if info.members:
        return named(info.cls)(member, device=device)
    absent = hub.unpublished(info.weights)
    if absent:
        raise UserError(
            f"Method '{name}': its weights '{absent[0]}' are not published yet. Choose another method, such as "
            f"{default_method()}, or put {absent[0]}.safetensors into the folder given by SWAPPER_WEIGHTS."
        )
    build = named(info.cls)
    return build(device=device, threads=threads) if info.threaded else build(device=device)
