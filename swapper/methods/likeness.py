"""Interpolating or extrapolating from the target's identity to the source's."""

from typing import Protocol, runtime_checkable

from swapper.methods.base import InterpolatingMethod, Method
from swapper.types import Crop, Identity

LIKENESS_IGNORED = (
    "Likeness {likeness}: '{method}' cannot interpolate between people, so it is ignored. Choose another method for it."
)


def can_interpolate(method: Method) -> bool:
    """Whether a method can interpolate between identities, which likeness needs.

    Args:
        method: any; one whose identities are pictures may have an ``interpolate`` that refuses, and says so by
            ``interpolates`` being false.
    """
    return isinstance(method, InterpolatingMethod) and getattr(method, "interpolates", True)


def likeness_warnings(method: Method, likeness: float) -> list[str]:
    """What to tell a user who wants a likeness that a method cannot give; empty where it can.

    Args:
        method: swaps.
        likeness: wanted, 0 to 1.5.
    """
    ignored = likeness != 1 and not can_interpolate(method)
    return [LIKENESS_IGNORED.format(likeness=f"{likeness:g}", method=method.name)] if ignored else []


@runtime_checkable
class Overshooting(Protocol):
    """A method that is told to go farther than its result is to get.

    Attributes:
        overshoot: factor of the likeness.
    """

    overshoot: float


def told_likeness(method: Method, likeness: float) -> float:
    """Likeness that a method has to be told, so that its result gets as far as is wanted.

    Args:
        method: draws the faces.
        likeness: wanted, as of ``extrapolate_identity``.
    """
    return likeness * method.overshoot if isinstance(method, Overshooting) else likeness


def extrapolate_identity(method: Method, identity: Identity, target: Crop, likeness: float) -> Identity:
    """Interpolate from the target's identity to the source's, or extrapolate beyond it.

    A swap keeps something of the person it replaces. Extrapolating beyond the source, on the path that starts at the
    target's identity, removes that remainder. FaceFusion's swapper weight goes up to 0.35 beyond.

    Args:
        method: made the identity.
        identity: of the source.
        target: 256 px crop of the face in the ``ffhq`` template, with landmarks.
        likeness: 0 (the target's own identity) .. 1 (the source's) .. 1.5; methods whose identities cannot be mixed
            take every value for 1.
    """
    told = told_likeness(method, likeness)
    if told == 1 or not can_interpolate(method):
        return identity
    assert isinstance(method, InterpolatingMethod), "a method that can interpolate follows its protocol"
    return method.interpolate(identity, method.identify([target]), 1 - told)
