"""Which restoration is used where nobody chose one."""

from swapper.hub import files
from swapper.registry import RESTORERS

_OF_PHOTOS = "renovation"


def default_restorer(moving: bool = False) -> str:
    """Name of the restoration that the app, the command line and ``FaceSwapper`` use unless told otherwise.

    Photos are renovated: at full size, lids, lips and nostrils are then crisper on faces larger than what a method
    draws, and no worse on others. Frames of videos are not: it takes longer than the swap that videos use.

    Args:
        moving: for videos and live pictures.
    """
    here = any(map(files.find, RESTORERS[_OF_PHOTOS].weights))  # nothing is downloaded that nobody asked for
    return _OF_PHOTOS if here and not moving else "none"
