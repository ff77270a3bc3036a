"""What a user chooses about a swap: how far it goes and how the face is blended in."""

from dataclasses import dataclass, fields
from typing import Any

from swapper.runtime import values

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

    def __post_init__(self):
        for field in fields(self):
            check_blend_setting(field.name, getattr(self, field.name))


def check_blend_setting(name: str, value: Any) -> None:
    """Make sure that a field of ``BlendSettings`` can have a value.

    Args:
        name: of the field.
        value: anything.

    Raises:
        UserError: a value of another kind, or outside its range.
    """
    if isinstance(getattr(BlendSettings, name), bool):
        values.switch(f"Blend setting {name}", value)
    else:
        values.number(f"Blend setting {name}", value, *_RANGES.get(name, (0, 1)))
