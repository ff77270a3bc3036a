"""Interpolating or extrapolating from the target's identity to the source's."""

from swapper.methods.base import InterpolatingMethod, Method
from swapper.types import Crop, Identity


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
    if likeness == 1 or not isinstance(method, InterpolatingMethod):
        return identity
    return method.interpolate(identity, method.identify([target]), 1 - likeness)
