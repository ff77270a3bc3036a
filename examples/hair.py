"""Hair, ears and neck of the invented people, drawn: averages of photographs have only a veil there.

Strands are noise smeared along the way that hair falls (line integral convolution: Cabral and Leedom, "Imaging vector
fields using line integral convolution", 1993). All colours are CIE L*a*b*, all pictures ``SIZE`` px a side, and lengths
without a unit are in eye distances.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from swapper.faces import mesh

LONG = ((0, -1.68), (0.5, -1.57), (0.9, -1.22), (1.12, -0.68), (1.22, 0), (1.30, 0.7), (1.40, 1.6), (1.52, 3.2))
SHORT = ((0, -1.72), (0.46, -1.62), (0.82, -1.30), (1.0, -0.74), (1.035, -0.2), (0.98, 0.35))
STEPS = {True: 60, False: 13}  # of the smearing, px times 1.2; long hair and short
MOST = 30.0  # of what goes into an exponential
BESIDE_THE_MOUTH = 0.85  # below the eyes: from here on long hair hangs straight
MOST_SWAY = 0.42  # of hair from its way, radians
SWEEP = 0.22  # slope of hair over the forehead, on the wider side of a parting
PULL = 0.93  # how far the average's short hair goes over into the drawn one


@dataclass(frozen=True)
class Style:
    """How somebody wears their hair.

    Attributes:
        color: CIE L*a*b*.
        long: over the ears and down; short and away from the face otherwise.
        parting: of long hair, right of the nose in the picture, eye distances.
        hairline: of long hair, above the eyes, eye distances.
        volume: width of long hair, 1 is usual.
        ends: of long hair, below the eyes, eye distances.
    """

    color: tuple[float, float, float]
    long: bool
    parting: float = 0.0
    hairline: float = 1.0
    volume: float = 1.0
    ends: float = LONG[-1][1]


class Place:
    """Where everything is: distances on the picture of one face."""

    def __init__(self, shape: np.ndarray, size: int) -> None:
        """Measure a face.

        Args:
            shape: mesh points, px.
            size: side of the picture, px.
        """
        self.shape, self.size, self.unit = shape, size, float(mesh.eye_distance(shape))
        corners = [shape[list(loop)].mean(0) for loop in (mesh.LEFT_EYE_CORNERS, mesh.RIGHT_EYE_CORNERS)]
        self.middle = np.mean(corners, 0)
        self.y, self.x = np.mgrid[:size, :size].astype(np.float32)
        self.across, self.down = ((v - m) / self.unit for v, m in zip((self.x, self.y), self.middle, strict=True))
        self.half = float(np.ptp(shape[list(mesh.FACE_OVAL), 0])) / 2 / self.unit
        self.aside = float(shape[list(mesh.FACE_OVAL), 0].mean() - self.middle[0]) / self.unit  # of the face's middle
        self.face = self.within(shape[list(mesh.FACE_OVAL)])

    def within(self, polygon: np.ndarray) -> np.ndarray:
        """Distance to the edge of a polygon in px, positive inside."""
        filled = np.zeros((self.size, self.size), np.uint8)
        cv2.fillPoly(filled, [np.round(polygon).astype(np.int32)], 1)
        inside, outside = (cv2.distanceTransform(f, cv2.DIST_L2, 5) for f in (filled, 1 - filled))
        return cv2.GaussianBlur(inside - outside, (0, 0), 1.5)


def share(distance: np.ndarray, softness: float) -> np.ndarray:
    """0 to 1 around a distance of 0."""
    return 1 / (1 + np.exp(-np.clip(distance / softness, -MOST, MOST)))


def wear_hair(
    lab: np.ndarray, shape: np.ndarray, style: Style, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw hair, and what short hair leaves bare, over the average of some people.

    Args:
        lab: CIE L*a*b* of the average.
        shape: mesh points, px.
        style: of the hair.
        rng: of the strands.

    Returns:
        CIE L*a*b*, and the person's silhouette in [0, 1].
    """
    place = Place(shape, len(lab))
    skin = np.median(lab[(abs(place.across) < 0.5) & (place.down > 0.4) & (place.down < 0.8)], 0)
    edge = place.within(_outline(place, style, rng))
    fall = _fall(place, style, rng)
    strands, locks, waves = (smear(*fall, _noise(rng, place.size, s), STEPS[style.long]) for s in (0.7, 2.6, 9.0))
    drawn = _drawn_hair(lab, place, style, edge, strands + 0.6 * locks + (0.5 * waves if style.long else 0))
    bare, body = _bare(lab, place, skin)
    if style.long:
        opening = _opening(place, style)
        shadow = 12 * np.exp(-np.clip(opening / place.unit, 0, 1) / 0.09)
        bare = _clear_forehead(bare, place, shadow, np.ones_like(opening))
        ragged = share(place.down - style.ends + 0.2, 0.04)  # the tips
        matte = share(edge + 1.6 * strands + 1.2 * locks + ragged * np.clip(5 * strands + 3 * locks, -12, 12), 1.3)
        where = share(-opening + 3 * strands + 3 * locks, 2.5) * (1 - (1 - matte) ** 6 * ragged)
        return bare + (drawn - bare) * where[..., None], np.maximum(matte, body)
    above = share(-(place.down + 0.10) * place.unit + 4 * strands, 3)
    where = _where_short_hair_is(lab, place, style, skin, edge + 2 * strands) * above
    bare = _clear_forehead(
        bare, place, np.zeros_like(where), (1 - where) * share(0.5 - abs(place.across), 0.08) * share(place.face, 8)
    )
    matte = share(edge + 1.4 * strands + 0.4 * locks, 1.3) * above
    return _with_ears(bare + (drawn - bare) * (PULL * where)[..., None], place, skin, np.maximum(body, matte))


def smear(u: np.ndarray, v: np.ndarray, noise: np.ndarray, steps: int) -> np.ndarray:
    """Line integral convolution of noise along a field of unit vectors, of deviation 1."""
    total, weight = noise.copy(), 1.0
    for way in (1.2, -1.2):
        y, x = np.mgrid[: len(u), : len(u)].astype(np.float32)
        for step in range(steps):
            du, dv = (cv2.remap(f, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for f in (u, v))
            x, y = x + way * du, y + way * dv
            less = 1 - step / steps
            total += less * cv2.remap(noise, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
            weight += less
    smeared = total / weight
    return smeared / smeared.std()


def _noise(rng: np.random.Generator, size: int, scale: float) -> np.ndarray:
    noise = cv2.GaussianBlur(rng.standard_normal((size, size)).astype(np.float32), (0, 0), scale)
    return noise / noise.std()


def _outline(place: Place, style: Style, rng: np.random.Generator) -> np.ndarray:
    """The hair's outer edge, a polygon in px."""
    right = np.array(SHORT)
    if style.long:
        x, y = np.array(LONG).T
        down = np.append(y[y < style.ends - 0.3], [style.ends - 0.15, style.ends])
        right = np.stack([style.volume * np.interp(down, y, x), down], 1)
        right[-1, 0] *= 0.85  # round corners
    right *= [place.half, 1]
    both = np.concatenate([right[:0:-1] * [-1, 1], right])
    both *= 1 + rng.normal(0, 0.012 if style.long else 0.008, both.shape)
    curve = CubicSpline(np.linspace(0, 1, len(both)), both)(np.linspace(0, 1, 400))
    return place.middle + (curve + np.array([place.aside, 0])) * place.unit


def _fall(place: Place, style: Style, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Which way hair lies: unit vectors, from a parting outwards and down, or away from the face."""
    across = place.across - (style.parting * np.clip(-place.down - 0.3, 0, 1) if style.long else 0)
    around = np.arctan2(place.down + 0.3, across)
    if style.long:
        side = np.tanh(across / 0.16)
        u, v = -np.sin(around) * side, np.cos(around) * side + abs(side) - 1
        falling = np.clip((place.down + 0.6) / 1.2, 0, 1)
        u, v = u + (0.10 * side - u) * falling, v + (1 - v) * falling
        sway = 0.28 * _noise(rng, place.size, 60) + 0.13 * _noise(rng, place.size, 22)
    else:
        u, v = np.cos(around), np.sin(around) + 0.15
        sway = 0.45 * _noise(rng, place.size, 40) + 0.25 * _noise(rng, place.size, 12)
    angle = np.arctan2(v, u) + np.clip(sway, -MOST_SWAY, MOST_SWAY)
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def _opening(place: Place, style: Style) -> np.ndarray:
    """Distance to the edge of what long hair leaves free in px: the face, up to the hairline, and most of the neck."""
    oval = (place.shape[list(mesh.FACE_OVAL)] - place.middle) / place.unit
    higher = np.clip(-oval[:, 1:] / 0.35, 0, 1)
    up = 1 + higher * (-style.hairline / oval[:, 1].min() - 1)
    points = oval * np.concatenate([0.92 - 0.06 * higher, up], 1)
    wider = np.clip(-np.sign(style.parting) * (points[:, 0] - style.parting), 0, None)
    points[:, 1] += SWEEP * wider * higher[:, 0]
    points = points[points[:, 1] < BESIDE_THE_MOUTH]
    first = int(np.argmin(np.where(points[:, 0] < 0, -points[:, 1], 9)))  # the lowest left, from where the oval goes up
    middle, down = 0.6 * oval[np.argmax(oval[:, 1]), 0], np.array([1.4, 2.2, 3.4])
    left, right = (np.stack([middle + side * np.array([0.80, 0.78, 0.78]), down], 1) for side in (-1, 1))
    line = np.concatenate([left[::-1], np.roll(points, -first, 0), right])
    curve = PchipInterpolator(np.linspace(0, 1, len(line)), line)(np.linspace(0, 1, 400))
    return place.within(place.middle + curve * place.unit)


def _clear_forehead(lab: np.ndarray, place: Place, shadow: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Take away the veil that other people's hair left between the brows and the hairline.

    Args:
        lab: CIE L*a*b*.
        place: of the face.
        shadow: of the hair, L*.
        free: share of skin where no hair is.

    Returns:
        CIE L*a*b*.
    """
    seen = lab[(abs(place.across) < 0.3) & (place.down > -0.58) & (place.down < -0.42)]
    low = cv2.GaussianBlur(lab, (0, 0), 7)
    wanted = np.broadcast_to(np.median(seen, 0), lab.shape).copy()
    wanted[..., 0] -= 9 * (place.across / place.half) ** 2 + shadow
    smooth = wanted + np.clip(low - wanted, [-3, -2, -2], [3, 3, 3]) + 0.5 * np.clip(lab - low, -3, 3)
    brows = [place.shape[list(loop)] for loop in (mesh.LEFT_BROW, mesh.RIGHT_BROW)]
    tops = np.concatenate([brow[np.argsort(brow[:, 1])[:5]] for brow in brows])
    tops = tops[np.argsort(tops[:, 0])]
    line = cv2.GaussianBlur(np.interp(place.x[0], *tops.T)[None], (0, 0), 0.1 * place.unit)
    above = share(line - place.y - 0.16 * place.unit, 0.045 * place.unit)
    return lab + (smooth - lab) * (above * free)[..., None]


def _where_short_hair_is(lab: np.ndarray, place: Place, style: Style, skin: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """Share of hair: by colour at the forehead's edge, by place farther out."""
    axis = np.asarray(style.color) - skin
    dark = np.clip(((cv2.GaussianBlur(lab, (0, 0), 2.5) - skin) @ axis / (axis @ axis) - 0.3) / 0.4, 0, 1)
    out = -place.face / place.unit
    crown = share(0.22 - edge / place.unit, 0.05) * share(out - 0.02, 0.03)
    return cv2.GaussianBlur(np.maximum(dark * share(out + 0.02, 0.05), crown).astype(np.float32), (0, 0), 1.5)


def _drawn_hair(lab: np.ndarray, place: Place, style: Style, edge: np.ndarray, strands: np.ndarray) -> np.ndarray:
    """Strands in the hair's colour with the average's light and shade, darker at the edge, a gloss on long hair."""
    color = np.asarray(style.color)
    shade = np.clip(cv2.GaussianBlur(lab[..., 0], (0, 0), 8) - color[0], -10, 9)
    rim = np.clip(edge / (0.25 * place.unit), 0, 1)
    strength = (4.0 if style.long else 2.6) * float(np.clip(color[0] / 30, 0.55, 1.5))
    light = color[0] + 0.5 * shade + strength * strands - 6 * (1 - rim)
    if style.long:
        gloss = np.exp(-(((np.hypot(place.across, place.down + 0.2) - 1.3) / 0.14) ** 2)) * share(
            -(place.down + 0.4), 0.1
        )
        light += gloss * 5
    else:
        fine = lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), 5)
        light += 0.7 * np.clip(fine, -8, 8)
    return np.stack([np.maximum(light, 2), np.full_like(light, color[1]), np.full_like(light, color[2])], -1)


def _bare(lab: np.ndarray, place: Place, skin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The person with a neck, and the silhouette of face and neck."""
    unit, chin = place.unit, place.shape[mesh.CHIN]
    lower = np.clip((place.y - chin[1] + 0.42 * unit) / (1.2 * unit), 0, 1)
    sideways = abs(place.x - 0.6 * chin[0] - 0.4 * place.middle[0])
    neck = np.where(
        place.y > chin[1] - 0.75 * unit, 0.92 * unit * (0.97 + 0.06 * lower**2) - sideways, -float(place.size)
    )
    below = share(-place.face - 2, 4) * share(place.down - 0.05, 0.04)
    lit = np.clip(neck / (0.35 * unit), 0, 1)
    fine = np.clip(lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), 5), -5, 5)
    light = skin[0] - 9 - 9 * (1 - lit) + 4 * np.clip(-place.face / unit * 2, 0, 1) + 0.5 * fine
    throat = np.stack([light, np.full_like(light, skin[1] + 1), np.full_like(light, skin[2] + 1)], -1)
    out = lab + (throat - lab) * (below * (0.6 + 0.35 * (1 - lit)))[..., None]
    return out, share(np.maximum(_jaw(place), neck), 1.5)


def _jaw(place: Place) -> np.ndarray:
    """Distance to the edge of the face in px."""
    return place.within(place.middle + (place.shape[list(mesh.FACE_OVAL)] - place.middle) * [1.015, 1.01])


def _with_ears(
    lab: np.ndarray, place: Place, skin: np.ndarray, silhouette: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Ears over what is there, and the silhouette with them."""
    before = share(0.16 * place.unit - place.face, 4) * share(place.down + 0.1, 0.04) * share(0.65 - place.down, 0.05)
    plain = np.stack([np.minimum(lab[..., 0], skin[0] - 5), *(np.full_like(place.x, v) for v in skin[1:])], -1)
    out = lab + (plain - lab) * before[..., None]  # other people's ears reach into the cheeks
    covered = share(2 - _jaw(place), 2.5)
    for side, point in ((-1, 234), (1, 454)):  # where the mesh meets the ears
        ear, here = _ear(lab, place, place.shape[point], side, skin)
        out = out + (ear - out) * ((1 - (1 - here) ** 6) * covered)[..., None]  # none of what is behind at the edge
        silhouette = np.maximum(silhouette, here)
    return out, silhouette


def _ear(
    lab: np.ndarray, place: Place, point: np.ndarray, side: int, skin: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """An ear seen from the front, and where it is in [0, 1]."""
    wide, high = 0.155 * place.unit, 0.37 * place.unit
    x, y = place.x - point[0] - side * 0.075 * place.unit, place.y - point[1] - 0.02 * place.unit
    lean = side * 0.16
    x, y = side * (x * np.cos(lean) + y * np.sin(lean)), y * np.cos(lean) - x * np.sin(lean)
    narrowed = wide * (1 - 0.38 * np.clip(y / high, -0.2, 1))  # towards the lobe
    away = np.hypot(x / narrowed, y / high)
    helix, groove = np.exp(-(((away - 0.86) / 0.12) ** 2)), np.exp(-(((away - 0.66) / 0.10) ** 2)) * (x > -0.5 * wide)
    antihelix = np.exp(-(((np.hypot((x + 0.15 * wide) / narrowed, y / high) - 0.45) / 0.10) ** 2))
    concha = np.exp(-(np.hypot((x + 0.35 * wide) / (0.5 * wide), (y - 0.1 * high) / (0.33 * high)) ** 4))
    light = skin[0] - 3 + 4 * helix - 7 * groove + 3 * antihelix - 15 * concha - 4 * np.clip(-x / wide, 0, 1)
    light += 0.25 * np.clip(cv2.GaussianBlur(lab[..., 0], (0, 0), 5) - skin[0], -20, 5)
    ear = np.stack([light, skin[1] + 1.5 + 2 * concha, np.full_like(light, skin[2] + 1)], -1)
    return ear, share(1 - away, 0.6 / wide)
