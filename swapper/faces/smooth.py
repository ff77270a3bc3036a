"""Landmarks smoothed over time without lag: jitter goes, motion stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Complex128, Float32, Float64

from swapper.faces import mesh

REACH = 4  # frames before and after that play a part
_BROAD, _QUICK = 2.0, 1.5  # standard deviations of the weights, in mean frame intervals
# Share of the eye distance by which the two fits may differ from noise alone, and that only motion explains.
_HEAD_NOISE, _HEAD_MOTION = 0.0015, 0.004
_PART_NOISE, _PART_MOTION = 0.008, 0.03

Kernels = Float64[np.ndarray, "2 n"]  # of the line and of the curve


def steady_landmarks(
    meshes: Sequence[Float32[np.ndarray, "478 3"]], times: Sequence[float], strength: float = 1.0
) -> Float32[np.ndarray, "478 3"]:
    """Landmarks of the middle one of several frames, smoothed by its neighbours.

    The motion of the whole head (a similarity transform) and the motion of its parts are treated separately. Each is
    fitted over time twice: a straight line over all frames, and a curve over the nearest. Where they agree, the
    motion is linear, so the linear fit is used, which removes most of the noise; the further they differ, the more
    the curve counts. Both are centred on the frame, so steady motion is neither delayed nor shortened.

    Args:
        meshes: of one face in consecutive frames; an odd number, the middle one is wanted.
        times: when each is shown, any unit, rising.
        strength: 0 changes nothing, 1 is the usual; in between, a mixture.

    Returns:
        In frame pixels.
    """
    middle = len(meshes) // 2
    wanted = meshes[middle]
    if len(meshes) < 3 or strength <= 0:
        return wanted
    offsets = np.asarray(times, np.float64) - times[middle]
    offsets /= max(float(offsets[-1] - offsets[0]) / (len(offsets) - 1), 1e-9)
    kernels = _kernels(tuple(offsets.tolist()))
    row = np.stack(meshes, dtype=np.float64)
    points = row[..., 0] + 1j * row[..., 1]
    eyes = max(mesh.eye_distance(wanted), 1e-3)
    heads = _Heads.of(points, middle)
    line, curve = _weighted(kernels, heads.undone(points))
    depth_line, depth_curve = _weighted(kernels, row[..., 2] / np.abs(heads.turn)[:, None])
    curved = _share(np.abs(line - curve) / eyes, _PART_NOISE, _PART_MOTION)
    now = heads.steadied(kernels, eyes)
    place = now.done(line + curved * (curve - line))
    depth = (depth_line + curved * (depth_curve - depth_line)) * np.abs(now.turn)
    steady = np.column_stack([place, depth])
    return wanted + np.float32(min(strength, 1.0)) * (steady.astype(np.float32) - wanted)


@dataclass(frozen=True)
class _Heads:
    """Similarity transforms from the middle frame's mesh to the others, as complex numbers: x + iy.

    Attributes:
        turn: rotation and scale.
        place: where the mesh's centre is.
        centre: of the middle frame's mesh.
    """

    turn: Complex128[np.ndarray, "n"]
    place: Complex128[np.ndarray, "n"]
    centre: complex

    @classmethod
    def of(cls, points: Complex128[np.ndarray, "n 478"], middle: int) -> "_Heads":
        """Least squares over all points (Umeyama 1991)."""
        place = points.sum(1) / points.shape[1]
        own = points[middle] - place[middle]
        turn = _weighted(own.conj()[None], (points - place[:, None]).T)[0]
        return cls(turn / max(float((np.abs(own) ** 2).sum()), 1e-12), place, complex(place[middle]))

    def undone(self, points: Complex128[np.ndarray, "n 478"]) -> Complex128[np.ndarray, "n 478"]:
        """Every mesh brought to where the middle one is."""
        return (points - self.place[:, None]) * (1 / self.turn)[:, None] + self.centre

    def done(self, points: Complex128[np.ndarray, "478"]) -> Float64[np.ndarray, "478 2"]:
        """A mesh at the middle one's place moved by the only transform."""
        moved = (points - self.centre) * self.turn[0] + self.place[0]
        return np.stack([moved.real, moved.imag], axis=1)

    def steadied(self, kernels: Kernels, eyes: float) -> "_Heads":
        """The one transform of the middle frame that a line or a curve through all of them gives."""
        line, curve = _weighted(kernels, np.stack([self.turn, self.place], axis=1))
        # A head turns about its centre, so at an eye distance from there the two motions add up.
        apart = np.sqrt(np.abs(line[0] - curve[0]) ** 2 + (np.abs(line[1] - curve[1]) / eyes) ** 2)
        now = line + _share(apart[None], _HEAD_NOISE, _HEAD_MOTION)[0] * (curve - line)
        return _Heads(now[:1], now[1:], self.centre)


def _weighted(weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Matrix product without BLAS, which would wake all cores for so little."""
    return np.einsum("kn,np->kp", weights, rows)


def _share(apart: Float64[np.ndarray, "n"], noise: float, motion: float) -> Float64[np.ndarray, "n"]:
    """How much of the curve to take, from how far the two fits are apart."""
    ramp = np.clip((apart - noise) / (motion - noise), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


@lru_cache(maxsize=64)
def _kernels(offsets: tuple[float, ...]) -> Kernels:
    """Weights of the frames in the line and in the curve; nearly always those of the frame before."""
    at = np.array(offsets)
    kernels = np.stack([_kernel(at, _BROAD, 1), _kernel(at, _QUICK, 2)])
    kernels.setflags(write=False)
    return kernels


def _kernel(offsets: Float64[np.ndarray, "n"], deviation: float, degree: int) -> Float64[np.ndarray, "n"]:
    """Weights of the frames in the value at offset 0 of a polynomial fitted over time, near frames counting most."""
    degree = min(degree, len(offsets) - 1)
    root = np.exp(-0.25 * (offsets / deviation) ** 2)
    powers = offsets[:, None] ** np.arange(degree + 1)
    return np.linalg.pinv(powers * root[:, None])[0] * root
