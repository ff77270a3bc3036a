"""Matching the colours of a swapped face to the target's, in CIE L*a*b*."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from swapper.faces.skin import Statistics, color_statistics, to_lab

_WORK_SIDE = 256  # colours are corrected at this side at most; finer detail is added back
_STATISTICS_SIDE = 32  # a whole fraction of most sides, to which pictures are reduced faster
_TINT_RADIUS = 0.12  # eye distances: lips and lids have a tint each, lashes and pupils do not
_SHADE = 20.0  # units of L* by which places differ that show different things: glasses, a beard, a highlight
_OTHER = 24.0  # units of L*a*b* by which skin, light and shade of two faces rarely differ from how they mostly do
# Units of L*a*b* by which two measurements of one face differ by chance, and that only a new light explains.
_NOISE, _EVENT = 1.5, 5.0
_SKIN = np.array([[35, 12, 12], [60, 16, 18], [80, 12, 14]], np.float32)  # dark, middle and light, where it is judged


@dataclass(frozen=True)
class Transfer:
    """A change of colours: CIE L*a*b* times ``gain`` plus ``shift``."""

    gain: Float32[np.ndarray, "3"]
    shift: Float32[np.ndarray, "3"]

    def applied(self, lab: Float32[np.ndarray, "*s 3"]) -> Float32[np.ndarray, "*s 3"]:
        """Colours after the change, L in 0..100."""
        return lab * self.gain + self.shift

    def toward(self, other: "Transfer", share: float) -> "Transfer":
        """The change that lies a share of the way to another."""
        part = np.float32(share)
        return Transfer(self.gain + part * (other.gain - self.gain), self.shift + part * (other.shift - self.shift))


def reduced(image: np.ndarray) -> np.ndarray:
    """A square picture or mask at the size at which colours are measured.

    Args:
        image: of any size and number of channels.
    """
    return _resized(image, min(_STATISTICS_SIDE, len(image)))


def measure_transfer(
    face: UInt8[np.ndarray, "s s 3"], target: UInt8[np.ndarray, "t t 3"], mask: Float32[np.ndarray, "t t"]
) -> Transfer | None:
    """The change that gives a face the target's mean and spread of colours; None where too little of it is seen.

    Args:
        face: RGB, swapped.
        target: RGB, the crop it was swapped into, or that ``reduced``.
        mask: share of the swapped face, in [0, 1], of the target's size; only pixels above one half are measured.

    Source: Reinhard et al., "Color transfer between images", 2001, with L*a*b* and trimmed statistics.
    """
    weight = reduced(mask)
    changed, kept = (to_lab(_resized(image, len(weight))) for image in (face, target))
    weight = weight * _alike(kept - changed, weight > 0.5)
    own, wanted = color_statistics(changed, weight), color_statistics(kept, weight)
    return None if own is None or wanted is None else statistics_transfer(own, wanted)


def _alike(difference: Float32[np.ndarray, "s s 3"], inside: Bool[np.ndarray, "s s"]) -> Bool[np.ndarray, "s s"]:
    """Where two faces differ as they mostly do: not at a hand, a microphone or a beard that only one of them has."""
    if not inside.any():
        return inside
    usual = np.median(difference[inside], axis=0)
    return ((difference - usual) ** 2).sum(2) < _OTHER**2


def steadied(measured: Transfer | None, usual: Transfer | None) -> Transfer | None:
    """The change of colours to make in a frame: the usual one, or the measured one where it is far from that.

    Args:
        measured: in this frame; None where that was not possible.
        usual: of the frames before; None where there are none.
    """
    if measured is None or usual is None:
        return measured or usual
    apart = float(np.linalg.norm(_seen(measured) - _seen(usual), axis=1).max())
    ramp = min(max((apart - _NOISE) / (_EVENT - _NOISE), 0.0), 1.0)
    return usual.toward(measured, ramp * ramp * (3 - 2 * ramp))


def _seen(transfer: Transfer) -> Float32[np.ndarray, "3 3"]:
    return transfer.applied(_SKIN)


def recolor(
    face: UInt8[np.ndarray, "s s 3"],
    target: UInt8[np.ndarray, "s s 3"],
    mask: Float32[np.ndarray, "s s"],
    transfer: Transfer,
    strength: float,
    tint: float,
    eyes: float,
) -> UInt8[np.ndarray, "s s 3"]:
    """Change a face's colours as a whole, then its tint place by place.

    Lips, lids and shadows take the target's tint: make-up, red light and what a camera does to shadows are the target
    picture's, and networks draw them in colours of their own. Lightness stays as it was drawn.

    Args:
        face: RGB.
        target: RGB, the crop it was swapped into.
        mask: share of the swapped face, in [0, 1].
        transfer: the change of all of it.
        strength: share of that change that is made, 0 to 1.
        tint: share of the way to the target's tint, 0 to 1.
        eyes: distance of the target's eyes, px.
    """
    side = min(_WORK_SIDE, max(len(face) // 2, 1))
    small = _resized(face, side)
    lab = to_lab(small)
    changed = lab + (transfer.applied(lab) - lab) * np.float32(min(strength, 1.0))
    if tint > 0:
        wanted, inside, radius = to_lab(_resized(target, side)), _resized(mask, side), _TINT_RADIUS * eyes
        added = tint_difference(changed, wanted, inside, radius * side / len(face))
        changed[..., 1:] += np.float32(min(tint, 1.0)) * added
    return add_detail(face, small, to_rgb(changed))


def tint_difference(
    face: Float32[np.ndarray, "s s 3"],
    target: Float32[np.ndarray, "s s 3"],
    weight: Float32[np.ndarray, "s s"],
    radius: float,
) -> Float32[np.ndarray, "s s 2"]:
    """What to add to a face's a* and b* so that its tint is the target's at each place.

    Where one of them is much lighter, the tint comes from around it.

    Args:
        face: CIE L*a*b*, swapped.
        target: CIE L*a*b*.
        weight: share of the swapped face, in [0, 1].
        radius: standard deviation of the blur, px.
    """
    difference = target - face
    weight = weight * np.exp(-np.square(difference[..., 0] / np.float32(_SHADE)))
    return nearby_mean(difference[..., 1:], weight, radius)[0]


def statistics_transfer(own: Statistics, wanted: Statistics, limits: tuple[float, float] = (0.7, 1.3)) -> Transfer:
    """Shift and stretch CIE L*a*b* from one mean and spread to another.

    Lightness is stretched by the ratio of the deviations. Colour is stretched by the ratio of the mean chromas, which
    keeps highlights (less coloured than the skin around them) from turning blue on paler skin.

    Args:
        own: ``color_statistics`` of what is changed.
        wanted: those to reach.
        limits: smallest and largest stretch of lightness; more looks like fog or plaster.
    """
    contrast = np.clip((wanted[1][0] + 1) / (own[1][0] + 1), *limits)
    exposure = np.clip((wanted[0][0] + 16) / (own[0][0] + 16), 0.5, 1.5)  # L* + 16 scales with light's cube root
    lightness = np.sqrt(contrast * exposure)
    chroma = np.clip((np.hypot(*wanted[0][1:]) + 3) / (np.hypot(*own[0][1:]) + 3), 0.4, 1.25)
    gain = np.array([lightness, chroma, chroma], dtype=np.float32)
    return Transfer(gain, wanted[0] - own[0] * gain)


def add_detail(
    face: UInt8[np.ndarray, "s s 3"],
    small: UInt8[np.ndarray, "t t 3"],
    changed: Float32[np.ndarray, "t t 3"],
) -> UInt8[np.ndarray, "s s 3"]:
    """Carry a change made to a smaller copy of a face over to the face itself.

    Args:
        face: RGB.
        small: ``face`` reduced.
        changed: RGB in 0..255, ``small`` after the change.
    """
    if len(face) == len(small):
        return np.clip(np.rint(changed), 0, 255).astype(np.uint8)
    change = cv2.resize(changed - small, face.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.clip(np.rint(change + face), 0, 255).astype(np.uint8)


def to_rgb(lab: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
    """CIE L*a*b* to RGB in 0..255."""
    return np.clip(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB) * 255, 0, 255)


def blurred(image: np.ndarray, radius: float) -> np.ndarray:
    """Gaussian blur; a wide one is made on a smaller copy, where it costs little and looks the same."""
    factor = int(radius // 4)
    if factor < 2:
        return cv2.GaussianBlur(image, (0, 0), max(radius, 0.3), borderType=cv2.BORDER_REFLECT)
    size = image.shape[1::-1]
    small = cv2.resize(image, (size[0] // factor, size[1] // factor), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), radius / factor, borderType=cv2.BORDER_REFLECT)
    return cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)


def nearby_mean(
    values: Float32[np.ndarray, "h w c"], weight: Float32[np.ndarray, "h w"], radius: float
) -> tuple[Float32[np.ndarray, "h w c"], Float32[np.ndarray, "h w 1"]]:
    """Weighted mean of what lies around each place, near 0 where nothing with weight does.

    Args:
        values: any.
        weight: in [0, 1].
        radius: standard deviation of the blur, px.

    Returns:
        The means, and the blurred weight.
    """
    spread = blurred(np.dstack([values * weight[..., None], weight]), radius)
    return spread[..., :-1] / (spread[..., -1:] + 1e-3), spread[..., -1:]


def _resized(image: np.ndarray, side: int) -> np.ndarray:
    if len(image) == side:
        return image
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
