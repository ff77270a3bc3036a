"""The studio of the invented people: wall, silhouette, collar, light in the eyes, and the group."""

import cv2
import numpy as np

from swapper.faces import mesh

SOFTNESS = 0.06  # blur of the silhouette, eye distances
FADE = 0.08  # width of the edge of a head that its portrait cuts, share of half a side
GRAIN = 0.6  # strength of the skin's grain, L*


def backdrop(width: int, height: int, color: tuple[int, int, int]) -> np.ndarray:
    """A wall lit from behind the person: RGB in 0..255."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    away = np.hypot((x / width - 0.5) * width / height, y / height - 0.45)
    light = 1.12 - 0.55 * away**1.5
    return np.asarray(color, np.float32) * light[..., None]


def dress(
    lab: np.ndarray,
    alpha: np.ndarray,
    shape: np.ndarray,
    share: tuple[float, float],
    garment: tuple[int, int, int] | None,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Cut the averaged person out and give them a collar.

    Args:
        lab: CIE L*a*b* of the average.
        alpha: share of the donors whose silhouette covers a pixel.
        shape: mesh points, px.
        share: of donors at which the person begins, and at which they are opaque.
        garment: RGB of the collar, or None.
        rng: of the strands of hair and of the cloth.

    Returns:
        CIE L*a*b*, and the person's silhouette in [0, 1].
    """
    eyes = mesh.eye_distance(shape)
    middle = float(shape[[mesh.NOSE_TIP, mesh.CHIN, mesh.FOREHEAD], 0].mean())
    matte = soft_matte(alpha, middle, share, SOFTNESS * eyes)
    return collared(lab, matte, shape, eyes, garment, rng) if garment is not None else (lab, matte)


def soft_matte(alpha: np.ndarray, middle: float, share: tuple[float, float], radius: float) -> np.ndarray:
    """The silhouette with the soft edge of hair, evened out between left and right of the column ``middle``."""
    size = len(alpha)
    mirror = np.array([[-1, 0, 2 * middle], [0, 1, 0]], np.float32)
    mirrored = cv2.warpAffine(alpha, mirror, (size, size), borderMode=cv2.BORDER_REPLICATE)
    smooth = cv2.GaussianBlur(0.65 * alpha + 0.35 * mirrored, (0, 0), radius)
    ramp = np.clip((smooth - share[0]) / (share[1] - share[0]), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def collared(
    person: np.ndarray,
    outline: np.ndarray,
    shape: np.ndarray,
    eyes: float,
    color: tuple[int, int, int],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a plain jumper over the bottom of the picture."""
    size = len(outline)
    chin, jaw = shape[mesh.CHIN], shape[[172, 397], 0]
    middle, half = float(jaw.mean()), float(jaw[1] - jaw[0]) / 2
    y, x = np.mgrid[:size, :size].astype(np.float32)
    across = np.abs(x - middle) / half
    neckline = chin[1] + 0.52 * eyes - 0.32 * eyes * np.clip(across, 0, 1.05) ** 3
    shoulder = chin[1] + 0.20 * eyes + 0.30 * eyes * np.clip(across - 1.05, 0, None) ** 1.1
    cloth = cv2.GaussianBlur((y > np.maximum(neckline, shoulder)).astype(np.float32), (0, 0), 1.6)
    lab = cv2.cvtColor(np.array([[color]], np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0]
    knit = cv2.GaussianBlur(rng.standard_normal((size, size)).astype(np.float32), (0, 0), 1.3, sigmaY=2.2) * 4
    fold = 5 * np.cos(across * 2.2) - 5
    hem = 6 * np.exp(-(((y - np.maximum(neckline, shoulder)) / (0.03 * eyes)) ** 2))
    textile = np.stack([lab[0] + knit + fold + hem, np.full_like(x, lab[1]), np.full_like(x, lab[2])], -1)
    shade = np.exp(-np.clip(np.maximum(neckline, shoulder) - y, 0, None) / (0.06 * eyes))
    person = person - np.stack([9 * shade, 0 * shade, 0 * shade], -1)
    return person + (textile - person) * cloth[..., None], np.maximum(outline, cloth)


def finish(lab: np.ndarray, shape: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light from one side, lights in the eyes, grain."""
    size = len(lab)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    side = (x - shape[mesh.NOSE_TIP, 0]) / size
    out = lab.copy()
    out[..., 0] *= 1 - 0.10 * side
    for loop in (mesh.LEFT_IRIS, mesh.RIGHT_IRIS):
        ring = shape[list(loop)]
        centre, radius = ring.mean(0), float(np.linalg.norm(ring - ring.mean(0), axis=1).mean())
        spot = np.exp(
            -((((x - centre[0] + 0.3 * radius) ** 2 + (y - centre[1] + 0.38 * radius) ** 2) / (0.2 * radius) ** 2) ** 2)
        )
        out += spot[..., None] * 0.8 * (np.array([96, 0, 0]) - out)
    grain = rng.standard_normal((size, size)).astype(np.float32)
    fine = cv2.GaussianBlur(grain, (0, 0), 0.8) - cv2.GaussianBlur(grain, (0, 0), 2.4)
    out[..., 0] += GRAIN * fine / fine.std()
    return out.astype(np.float32)


def group_picture(people: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Three people side by side in one picture, the middle one in front: RGB in 0..255."""
    width, height = 1440, 640
    picture = backdrop(width, height, (176, 178, 180))
    for index, left, side in ((0, 0, 530), (2, 910, 530), (1, 440, 560)):
        person, outline = people[index]
        outline = outline * crown(len(outline))
        person = cv2.resize(person, (side, side), interpolation=cv2.INTER_AREA)
        outline = cv2.resize(outline, (side, side), interpolation=cv2.INTER_AREA)[..., None]
        part = picture[height - side :, left : left + side]
        part += (person - part) * outline
    return picture


def crown(size: int) -> np.ndarray:
    """1 in the lower half and under an arch, 0 in the upper corners: heads that a portrait cuts end round."""
    y, x = (np.mgrid[:size, :size].astype(np.float32) + 0.5) / size
    reach = np.hypot((x - 0.5) / 0.5, np.minimum(y - 0.55, 0) / 0.55)
    return np.clip((1 - reach) / FADE, 0, 1)
