"""The ways to swap that are scored together: a method and what it is compared with."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from swapper.methods.reference import BASELINE, PASTED, UNCHANGED, SourcePasted
from swapper.metrics.geometry import reencode
from swapper.metrics.measure import MeasuredFace
from swapper.pipeline import FaceSwapper

# One swap: a finished picture, and how long it took where that means anything.
Swap = Callable[[MeasuredFace, MeasuredFace], tuple[np.ndarray, float | None]]


@dataclass(frozen=True)
class Ways:
    """A method and what it is compared with; can be sent to workers.

    Attributes:
        method: its name.
        device: ``auto``, ``cpu`` or ``cuda``.
        alone: without the pasted source and the baseline.
        restore: name of a restoration that the method is scored with as well.
    """

    method: str
    device: str
    alone: bool
    restore: str = "none"

    def names(self) -> list[str]:
        """Of the rows, references first."""
        usual = [UNCHANGED] if self.alone else [UNCHANGED, PASTED, BASELINE]
        restored = [f"{self.method}, {self.restore}"] if self.restore != "none" else []
        return list(dict.fromkeys([*usual, self.method, *restored]))

    def swaps(self) -> dict[str, Swap]:
        """How the results of each row are made.

        Raises:
            UserError: the method or restoration is unknown, or its weights are missing.
        """
        return {name: self._swap(name) for name in self.names()}

    def _swap(self, name: str) -> Swap:
        if name == UNCHANGED:
            return _reencoded
        if name == PASTED:
            return partial(_swapped, FaceSwapper(SourcePasted(), self.device, restore="none"))
        restored = name not in (BASELINE, self.method)
        method = BASELINE if name == BASELINE else self.method
        return partial(_swapped, FaceSwapper(method, self.device, restore=self.restore if restored else "none"))


def _swapped(swapper: FaceSwapper, source: MeasuredFace, target: MeasuredFace) -> tuple[np.ndarray, float]:
    """Swap as ``FaceSwapper.swap_image`` does once the faces are found."""
    identity = swapper.method.identify([source.crop])
    result = swapper.swap_faces(target.image, [target.face], {0: identity})
    return result.image, sum(result.timings.values())


def _reencoded(source: MeasuredFace, target: MeasuredFace) -> tuple[np.ndarray, None]:
    return reencode(target.image), None
