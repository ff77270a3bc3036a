"""Landmarks steadied over time without lagging behind: trembling goes, motion stays."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Float64

from swapper.faces import mesh
from swapper.faces.align import invert_affine, similarity_transform, transform_points

REACH = 4  # frames before and after that play a part
_BROAD, _QUICK = 2.0, 1.5  # standard deviations of the weights, in mean frame intervals
# Share of the eye distance by which the two fits may differ from noise alone, and that only motion explains.
_HEAD_NOISE, _HEAD_MOTION = 0.0015, 0.004
_PART_NOISE, _PART_MOTION = 0.008, 0.03


def steady_landmarks(
    meshes: Sequence[Float32[np.ndarray, "478 3"]], times: Sequence[float], strength: float = 1.0
) -> Float32[np.ndarray, "478 3"]:
    """The middle one of several frames' landmarks, steadied by its neighbours.

    The motion of the whole head (a similarity transform) and the motion of its parts are treated apart. Each is
    fitted over time twice: a straight line over all frames, and a curve over the nearest. Where they agree, nothing
    happens that the line does not know, and it removes most of the noise; the further they differ, the more the
    curve counts. Both are centred on the frame, so steady motion is neither delayed nor shortened.

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
    eyes = max(mesh.eye_distance(wanted), 1e-3)
    to_wanted = [similarity_transform(m[:, :2], wanted[:, :2]) for m in meshes]
    parts = np.stack([transform_points(m, matrix) for m, matrix in zip(meshes, to_wanted, strict=True)])
    shape = _blended(parts.reshape(len(parts), -1).astype(np.float64), offsets, _Noise(eyes, _PART_NOISE, _PART_MOTION))
    moved = _head_motion(to_wanted, wanted, offsets, eyes)
    steady = transform_points(shape.reshape(wanted.shape).astype(np.float32), moved)
    return wanted + np.float32(min(strength, 1.0)) * (steady - wanted)


class _Noise:
    """How much of a difference between two fits is noise, as a share of the curve to take."""

    def __init__(self, unit: float, low: float, high: float):
        self.unit, self.low, self.high = unit, low, high

    def share(self, difference: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
        ramp = np.clip((difference / self.unit - self.low) / (self.high - self.low), 0, 1)
        return ramp * ramp * (3 - 2 * ramp)


def _head_motion(
    to_wanted: Sequence[Float32[np.ndarray, "2 3"]],
    wanted: Float32[np.ndarray, "478 3"],
    offsets: Float64[np.ndarray, "n"],
    eyes: float,
) -> Float32[np.ndarray, "2 3"]:
    """What steadying does to the whole head in the middle frame, as a similarity transform."""
    centre = wanted[:, :2].mean(0)
    # Three points that stand for the transform: where it takes the head's centre and two points beside and below.
    marks = (centre + eyes * np.array([[-1, 0], [1, 0], [0, 1]])).astype(np.float32)
    seen = np.stack([transform_points(marks, invert_affine(matrix)) for matrix in to_wanted]).astype(np.float64)
    line, curve = (_fit(seen.reshape(len(seen), -1), offsets, *how) for how in ((_BROAD, 1), (_QUICK, 2)))
    apart = np.sqrt(((line - curve) ** 2).reshape(-1, 2).sum(1).mean(keepdims=True))
    share = _Noise(eyes, _HEAD_NOISE, _HEAD_MOTION).share(apart)
    steady = (line + share * (curve - line)).reshape(-1, 2).astype(np.float32)
    return similarity_transform(marks, steady)


def _blended(
    rows: Float64[np.ndarray, "n d"], offsets: Float64[np.ndarray, "n"], noise: _Noise
) -> Float64[np.ndarray, "d"]:
    line, curve = (_fit(rows, offsets, *how) for how in ((_BROAD, 1), (_QUICK, 2)))
    apart = np.linalg.norm((line - curve).reshape(-1, 3)[:, :2], axis=1)
    return line + np.repeat(noise.share(apart), 3) * (curve - line)


def _fit(
    rows: Float64[np.ndarray, "n d"], offsets: Float64[np.ndarray, "n"], deviation: float, degree: int
) -> Float64[np.ndarray, "d"]:
    """Value at offset 0 of the polynomial that fits rows over time, near ones weighing most."""
    degree = min(degree, len(rows) - 1)
    root = np.exp(-0.25 * (offsets / deviation) ** 2)
    powers = offsets[:, None] ** np.arange(degree + 1)
    kernel = np.linalg.pinv(powers * root[:, None])[0] * root
    return kernel @ rows
