"""The protocol every swapping method follows, and the table of methods by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from swapper.types import Crop, Identity, Swapped, UserError


@runtime_checkable
class Method(Protocol):
    """A face swapping system, ready to run.

    Attributes:
        name: key in ``METHODS``, or ``onnx:NAME``.
        size: side of the square crops it works on, in pixels.
        template: name of its alignment in ``faces.align.TEMPLATES``.
    """

    name: str
    size: int
    template: str

    def identify(self, crops: Sequence[Crop]) -> Identity:
        """Turn one or several photos of one person into what ``swap`` needs; called once per person.

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


@dataclass(frozen=True)
class MethodInfo:
    """One row of the table of methods.

    Attributes:
        module: where its class lives; imported on first use only.
        class_name: the class; called as ``cls(device=..., **)``.
        label: shown to users.
        sentence: one sentence for users about what it is good at.
    """

    module: str
    class_name: str
    label: str
    sentence: str


METHODS: dict[str, MethodInfo] = {
    "warp": MethodInfo(
        "swapper.methods.warp",
        "WarpMethod",
        "Warp (no learning)",
        "Stretches the source's face over the target's landmarks; the baseline every learned method has to beat.",
    ),
}


def methods() -> list[str]:
    """Names of all methods, the recommended first."""
    return list(METHODS)


def load_method(name: str, device: torch.device) -> Method:
    """Build a method with its weights loaded.

    Args:
        name: one of ``methods()``, or ``onnx:NAME`` for a published swapper of ``methods.onnx_records``.
        device: where its networks run.

    Raises:
        UserError: the name is unknown, or its weights cannot be found.
    """
    if name.startswith("onnx:"):
        published = cast(Callable[..., Method], import_module("swapper.methods.onnx_hub").OnnxHubMethod)
        return published(name.removeprefix("onnx:"), device=device)
    if name not in METHODS:
        raise UserError(f"Unknown method '{name}'. Choose one of: {', '.join(METHODS)}, onnx:NAME.")
    info = METHODS[name]
    build = cast(Callable[..., Method], getattr(import_module(info.module), info.class_name))
    return build(device=device)
