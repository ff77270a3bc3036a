"""How far a swap goes from the target's identity to the source's, and beyond."""

from swapper.methods.base import InterpolatingMethod, Method
from swapper.types import Crop, Identity


def extrapolate_identity(method: Method, identity: Identity, target: Crop, likeness: float) -> Identity:
    """The identity that makes a target face's swap as much like the source as wanted.

    A swap keeps something of whom it replaces. Beyond the source's the identity moves on along the path that leads
    from the target's, which takes that rest away. FaceFusion's swapper weight goes up to 0.35 beyond.

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
