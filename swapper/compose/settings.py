"""What a user chooses about a swap: how far it goes and how the face is blended in."""

from dataclasses import dataclass, fields

from swapper.types import UserError


@dataclass(frozen=True)
class BlendSettings:
    """How far a face is swapped and how it is blended into the target.

    Raises:
        UserError: a value outside its range.
    """

    likeness: float = 1.0  # 0 (the target's own identity) .. 1 (the source's) .. 1.5, see ``methods.likeness``
    expression: float = 1.0  # how far photos' lids, irises, brows and lips are moved to the target's places, 0..1
    feather: float = 1.0  # width of the soft edge, 0 (hard) .. 3, times the usual
    grow: float = 0.0  # moves the edge outwards, -0.5..0.5 of the eye distance
    forehead: float = 0.65  # share of the forehead that is replaced, 0 (up to the brows) .. 1.2 (hairline)
    adapt: bool = True  # shrink or grow where the swapped face is narrower or wider than the target's
    keep_mouth: float = 0.0  # share of the target's mouth opening (teeth, tongue) that stays, 0..1
    keep_eyes: float = 0.0  # share of the target's eyeballs that stays, 0..1
    color: float = 0.5  # strength of the colour match, 0..1
    light: float = 1.0  # how far tints and, in photos, light and shade become the target's, 0..1
    detail: float = 1.0  # share of the target's fine detail that faces drawn with less get, 0..1
    occluders: bool = True  # what is seen to be in front of the face stays there

    def __post_init__(self):
        ranges = {"likeness": (0, 1.5), "feather": (0, 3), "grow": (-0.5, 0.5), "forehead": (0, 1.2)}
        for field in fields(self):
            value = getattr(self, field.name)
            low, high = ranges.get(field.name, (0, 1))
            if not low <= value <= high:
                raise UserError(f"Blend setting {field.name}: {value:g} is out of range. Give {low:g} to {high:g}.")
