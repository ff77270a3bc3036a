"""Which parts of a frame deserve a closer look: where a pass at a smaller scale saw a face, or nearly one."""

from collections.abc import Sequence

import numpy as np

from swapper.types import Face

_ROOM = 1.5  # side of a part, times that of the box in its middle: half of it on each side
_LEAST = 96.0  # px, side of a part in the closer pass
_MOST_PARTS = 32  # after which the whole frame costs less
_MOST_SHARE = 0.6  # of the frame

Rectangle = tuple[int, int, int, int]  # left, top, right, bottom


def parts_to_look_at(hints: Sequence[Face], height: int, width: int, scale: float) -> list[Rectangle]:
    """Rectangles around hints, those that overlap made one; the whole frame where they are most of it.

    Args:
        hints: faces and what may be faces, frame pixels.
        height: of the frame.
        width: of the frame.
        scale: of the closer pass.
    """
    parts = [_around(hint, height, width, scale) for hint in hints[:_MOST_PARTS]]
    merged: list[Rectangle] = []
    while parts:
        part = parts.pop()
        touching = next((other for other in merged if _overlap(part, other)), None)
        if touching is None:
            merged.append(part)
        else:
            merged.remove(touching)
            parts.append((*np.minimum(part[:2], touching[:2]).tolist(), *np.maximum(part[2:], touching[2:]).tolist()))
    area = sum((right - left) * (bottom - top) for left, top, right, bottom in merged)
    whole = len(hints) > _MOST_PARTS or area > _MOST_SHARE * height * width
    return [(0, 0, width, height)] if whole else merged


def _around(hint: Face, height: int, width: int, scale: float) -> Rectangle:
    centre = (hint.box[:2] + hint.box[2:]) / 2
    reach = max(_ROOM * float((hint.box[2:] - hint.box[:2]).max()), _LEAST / 2 / scale)
    low = np.floor(np.clip(centre - reach, 0, [width - 1, height - 1])).astype(int)
    high = np.ceil(np.clip(centre + reach, low + 1, [width, height])).astype(int)
    return (*low.tolist(), *high.tolist())


def _overlap(first: Rectangle, second: Rectangle) -> bool:
    return bool(
        max(first[0], second[0]) < min(first[2], second[2]) and max(first[1], second[1]) < min(first[3], second[3])
    )
