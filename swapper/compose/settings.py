"""What a user chooses about a swap: how far it goes and how the face is blended in."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from swapper.errors import UserError
from swapper.runtime import values

KEPT_REGIONS = ("eyes", "brows", "nose", "mouth", "skin")
"""What of the target can stay; ``skin`` is everything but the others."""

NO_LIST = "Blend setting {name}: {found} is not a list of regions. Choose from: {known}."
NOTHING_LEFT = "Blend setting {name}: every region is kept, so nothing would change. Leave one out."
_RANGES = {"likeness": (0, 1.5), "feather": (0, 3), "grow": (-0.5, 0.5), "forehead": (0, 1.2)}  # others: 0 to 1


@dataclass(frozen=True)
class BlendSettings:
    """How far a face is swapped and how it is blended into the target.

    Raises:
        UserError: a value of another kind, or outside its range.
    """

    likeness: float = 1.0  # 0 (the target's own identity) .. 1 (the source's) .. 1.5, see ``methods.likeness``
    expression: float = 1.0  # how far photos' lids, irises, brows and lips are moved to the target's places, 0..1
    feather: float = 1.0  # width of the soft edge, 0 (hard) .. 3, times the usual
    grow: float = 0.0  # moves the edge outwards, -0.5..0.5 of the eye distance
    forehead: float = 0.65  # share of the forehead that is replaced, 0 (up to the brows) .. 1.2 (hairline)
    adapt: bool = True  # shrink or grow where the swapped face is narrower or wider than the target's
    keep_mouth: float = 1.0  # share of the target's mouth opening (teeth, tongue) that stays, 0..1
    keep_eyes: float = 0.0  # share of the target's eyeballs that stays, 0..1
    color: float = 0.5  # strength of the colour match, 0..1
    light: float = 1.0  # how far tints and, in photos, light and shade become the target's, 0..1
    detail: float = 1.0  # share of the target's fine detail that faces drawn with less get, 0..1
    occluders: bool = True  # what is seen to be in front of the face stays there
    keep: Sequence[str] = ()  # whole regions of the target that stay, from ``KEPT_REGIONS``; kept as a tuple

    def __post_init__(self):
        for field in fields(self):
            check_blend_setting(field.name, getattr(self, field.name))
        object.__setattr__(self, "keep", tuple(name for name in KEPT_REGIONS if name in self.keep))


def check_blend_setting(name: str, value: Any) -> None:
    """Make sure that a field of ``BlendSettings`` can have a value.

    Args:
        name: of the field.
        value: anything.

    Raises:
        UserError: a value of another kind, or outside its range.
    """
    usual = getattr(BlendSettings, name)
    if isinstance(usual, tuple):
        _check_regions(name, value)
    elif isinstance(usual, bool):
        values.switch(f"Blend setting {name}", value)
    else:
        values.number(f"Blend setting {name}", value, *_RANGES.get(name, (0, 1)))


def _check_regions(name: str, value: Any) -> None:
    if not isinstance(value, list | tuple):
        raise UserError(NO_LIST.format(name=name, found=values.shown(value), known=", ".join(KEPT_REGIONS)))
    for region in value:
        values.choice(f"Blend setting {name}", region, KEPT_REGIONS)
    if set(value) == set(KEPT_REGIONS):
        raise UserError(NOTHING_LEFT.format(name=name))
