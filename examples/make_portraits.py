"""Make the portraits of people who do not exist: ``python examples/make_portraits.py DATA``.

Every portrait is the average of about fifteen aligned faces of a data folder (see ``trainers/data/prepare.py``), drawn
in a shape that is none of theirs. An average alone looks like wax, so the strength of its fine detail is raised to
what single photos have; no donor's own detail is copied. The same folder gives the same pictures.

Source: Tiddeman, Burt, Perrett, "Prototyping and transforming facial textures for perception research", 2001.
"""

import argparse
import csv
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from scipy.interpolate import RBFInterpolator
from studio import backdrop, dress, finish, group_picture

from swapper.compose.color import to_lab, to_rgb
from swapper.faces import mesh
from swapper.faces.regions import draw_polygons, face_outline
from swapper.faces.skin import cheek_mask, color_statistics

HERE = Path(__file__).parent
LISTS = {"donors", "skin", "outline", "backdrop"}  # of a recipe, tuples in Python
CROP, SIZE = 256, 768  # px, sides of the data's crops and of the portraits
GRID = 128  # the warp is computed on this many points a side, and enlarged
MODES = 14  # principal shapes that are perturbed
FRONTAL = 8.0  # degrees
DETAIL_SCALES = (1.2, 2.4, 4.8)  # px, blurs between which detail is measured
MOST_GAIN = (1.0, 2.4, 1.7)  # of each band of detail; the finest holds nothing, the crops are enlarged
HAIR_GAIN = 0.5  # of it outside the face
WALL = 0.65  # share of the studio's wall in the background, the rest is the average, out of focus
GROUP = ("06", "04", "08")
QUALITY = 90


@dataclass(frozen=True)
class Recipe:
    """One portrait.

    Attributes:
        name: of the file.
        donors: keys of the faces to average.
        seed: of the shape's perturbation and the grain.
        skin: CIE L*a*b* of the cheeks.
        outline: shares of the donors' silhouettes at which the portrait's begins and is opaque.
        backdrop, garment: RGB of the studio's wall and of the collar; no garment where hair hides it.
        cut_out: how far the donors' backgrounds are kept out of the average; low where dark hair is taken for one.
        caricature: stretch of the donors' mean shape away from everybody's.
        variation: strength of the perturbation, standard deviations.
    """

    name: str
    donors: tuple[str, ...]
    seed: int
    skin: tuple[float, float, float]
    outline: tuple[float, float]
    backdrop: tuple[int, int, int]
    garment: tuple[int, int, int] | None = None
    cut_out: float = 0.97
    caricature: float = 1.4
    variation: float = 0.5


@dataclass(frozen=True)
class Donor:
    """One face: RGB crop, its mesh in crop pixels, and the corners of the real photo in it."""

    image: np.ndarray
    landmarks: np.ndarray
    corners: np.ndarray


class Faces:
    """A data folder's training faces by key."""

    def __init__(self, folder: Path):
        self.rows, self.places = {}, {}
        for suffix in ("", "-utk"):
            archive = folder / f"faces256-train{suffix}.tar"
            geometry = np.load(folder / f"geometry-train{suffix}.npz")
            meta = csv.DictReader((folder / f"meta-train{suffix}.csv").open(newline=""))
            landmarks = geometry["landmarks"].astype(np.float32) * CROP
            for key, row, points, quad in zip(geometry["keys"], meta, landmarks, geometry["valid_quad"], strict=True):
                self.rows[str(key)] = (row, points, quad * CROP)
            with tarfile.open(archive) as tar:
                self.places |= {Path(m.name).stem: (archive, m.offset_data, m.size) for m in tar}

    def donor(self, key: str) -> Donor:
        """Decode one face."""
        archive, offset, length = self.places[key]
        with archive.open("rb") as file:
            file.seek(offset)
            image = Image.open(io.BytesIO(file.read(length))).convert("RGB")
        return Donor(np.asarray(image), self.rows[key][1], self.rows[key][2])

    def people(self, keys: tuple[str, ...]) -> int:
        """Number of different people; faces without a label count as one each."""
        labels = [self.rows[key][0]["identity"] for key in keys]
        return len({label if label != "-1" else key for label, key in zip(labels, keys, strict=True)})

    def shapes(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and principal modes (scaled to one deviation) of frontal faces, crop pixels, (478, 2) each."""
        frontal = [p for row, p, _ in self.rows.values() if max(abs(float(row[k])) for k in ("yaw", "pitch")) < FRONTAL]
        flat = np.stack(frontal)[:, :, :2].reshape(len(frontal), -1)
        mean = flat.mean(0)
        _, deviation, modes = np.linalg.svd(flat - mean, full_matrices=False)
        scaled = modes[:MODES] * deviation[:MODES, None] / np.sqrt(len(flat))
        return mean.reshape(-1, 2), scaled.reshape(MODES, -1, 2)


def read_recipe(row: dict[str, Any]) -> Recipe:
    """A recipe from its JSON."""
    fields: dict[str, Any] = row | {key: tuple(row[key]) for key in LISTS & row.keys()}
    return Recipe(**fields)


def portrait(recipe: Recipe, faces: Faces, shapes: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The person of a recipe before the backdrop: RGB in 0..255, and the silhouette in [0, 1]."""
    donors = [faces.donor(key) for key in recipe.donors]
    assert faces.people(recipe.donors) == len(donors), f"{recipe.name}: two donors are one person"
    rng = np.random.default_rng(recipe.seed)
    shape = invented_shape(np.stack([d.landmarks[:, :2] for d in donors]), shapes, recipe, rng)
    scaled = shape * SIZE / CROP
    warped = [bring(donor, shape) for donor in donors]
    trust = np.stack([valid for _, _, valid in warped])
    covers = np.stack([alpha for _, alpha, _ in warped])
    alpha = (trust * covers).sum(0) / trust.sum(0)
    weights = trust * (1 - recipe.cut_out * (1 - covers))  # people rather than what stands behind them
    weights /= weights.sum(0)
    labs = np.stack([recoloured(image, shape, recipe.skin) for image, _, _ in warped])
    mean = (weights[..., None] * labs).sum(0)
    mean[..., 0] = restored_detail(mean[..., 0], labs[..., 0], weights, scaled)
    person, outline = dress(mean, alpha, scaled, recipe.outline, recipe.garment, rng)
    return to_rgb(finish(person, scaled, rng)), outline


def invented_shape(
    donors: np.ndarray, shapes: tuple[np.ndarray, np.ndarray], recipe: Recipe, rng: np.random.Generator
) -> np.ndarray:
    """The donors' mean shape, exaggerated and perturbed: (478, 2), crop pixels."""
    everybody, modes = shapes
    perturbed = np.einsum("m,mnd->nd", recipe.variation * rng.standard_normal(len(modes)), modes)
    return everybody + recipe.caricature * (donors.mean(0) - everybody) + perturbed


def bring(donor: Donor, shape: np.ndarray, size: int = SIZE) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A donor's pixels, silhouette and trust in the invented shape, ``size`` px a side, by a thin-plate spline."""
    source, goal = _controls(donor.landmarks[:, :2]), _controls(shape)
    steps = (np.arange(GRID) + 0.5) * CROP / GRID - 0.5
    grid = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    spline = RBFInterpolator(goal, source - goal, kernel="thin_plate_spline", smoothing=0.5)
    places = (grid + spline(grid)).reshape(GRID, GRID, 2).astype(np.float32)
    x, y = cv2.split(cv2.resize(places, (size, size), interpolation=cv2.INTER_CUBIC))
    real = np.zeros((CROP, CROP), np.float32)
    cv2.fillConvexPoly(real, np.round(donor.corners.clip(-4e3, 4e3)).astype(np.int32), 1.0)
    real = cv2.GaussianBlur(cv2.erode(real, np.ones((21, 21), np.uint8)), (0, 0), 6)  # erode takes the border as real
    image = cv2.remap(donor.image, x, y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT_101)
    soft = [cv2.remap(m, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for m in (silhouette(donor), real)]
    return image, soft[0], np.maximum(soft[1], 1e-3)


def _controls(points: np.ndarray) -> np.ndarray:
    """The mesh, and a ring around it that carries hair and neck along."""
    oval = points[list(mesh.FACE_OVAL)]
    middle = points[[*mesh.LEFT_EYE_CORNERS, *mesh.RIGHT_EYE_CORNERS, mesh.NOSE_TIP, mesh.CHIN]].mean(0)
    return np.concatenate([points, middle + 1.5 * (oval - middle)]).astype(np.float64)


def silhouette(donor: Donor) -> np.ndarray:
    """Head, hair and neck against the background, (CROP, CROP) in [0, 1]; GrabCut started from the mesh."""
    points = donor.landmarks
    x, y = (int(v) for v in points[: mesh.MESH_POINTS, :2].mean(0))
    label = np.full((CROP, CROP), cv2.GC_PR_BGD, np.uint8)
    cv2.ellipse(label, (x, y - 18), (86, 112), 0, 0, 360, cv2.GC_PR_FGD, -1)
    rows, columns = np.mgrid[:CROP, :CROP]
    below = rows - points[mesh.CHIN, 1]
    label[(below > 6) & (np.abs(columns - x) < 40 + 1.8 * below)] = cv2.GC_PR_FGD
    face = draw_polygons([face_outline(points, 1.15)], CROP) > 0.5
    label[cv2.erode(face.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0] = cv2.GC_FGD
    for corner in (np.s_[:14, :40], np.s_[:14, -40:], np.s_[:100, :8], np.s_[:100, -8:]):
        label[corner] = cv2.GC_BGD
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(np.ascontiguousarray(donor.image[..., ::-1]), label, (0, 0, 1, 1), *models, 4, cv2.GC_INIT_WITH_MASK)
    found = np.isin(label, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    certain = cv2.dilate(face.astype(np.float32), np.ones((13, 13), np.uint8))
    return np.maximum(cv2.GaussianBlur(found, (0, 0), 3), cv2.GaussianBlur(certain, (0, 0), 3))


def recoloured(image: np.ndarray, shape: np.ndarray, skin: tuple[float, float, float]) -> np.ndarray:
    """CIE L*a*b* with the wanted colour of the cheeks; dark and light pixels move less than the skin itself."""
    lab, size = to_lab(image), len(image)
    points = np.concatenate([shape, np.zeros((len(shape), 1))], 1).astype(np.float32) * (size / CROP)
    found = color_statistics(lab, cheek_mask(points, size))
    assert found is not None
    own, wanted = found[0], np.asarray(skin, np.float32)
    change = wanted - own
    lightness = lab[..., 0]
    room = np.where(lightness < own[0], lightness / own[0], (100 - lightness) / (100 - own[0]))
    return lab + np.clip(room, 0, 1)[..., None] ** [1.0, 0.7, 0.7] * change


def restored_detail(mean: np.ndarray, donors: np.ndarray, weights: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Raise the averaged lightness's detail in the face, band by band, to the strength it has in single photos."""
    face = cv2.GaussianBlur(draw_polygons([face_outline(shape.astype(np.float32))], len(mean)), (0, 0), 20)
    level, levels = mean, donors
    bands = []
    for scale, most in zip(DETAIL_SCALES, MOST_GAIN, strict=True):
        lower = cv2.GaussianBlur(level, (0, 0), scale)
        lowers = np.stack([cv2.GaussianBlur(donor, (0, 0), scale) for donor in levels])
        wide = 3 * scale
        typical = cv2.GaussianBlur((weights * (levels - lowers) ** 2).sum(0), (0, 0), wide)
        left = cv2.GaussianBlur((level - lower) ** 2, (0, 0), wide)
        bands.append(
            (level - lower)
            * np.clip(np.sqrt(typical / (left + 1e-4)), 1, 1 + (most - 1) * (HAIR_GAIN + (1 - HAIR_GAIN) * face))
        )
        level, levels = lower, lowers
    return level + sum(bands)


def main() -> None:
    """Read the recipes, make the portraits and the group."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with faces256-train.tar, geometry-train.npz, meta-train.csv")
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument(
        "--only", nargs="*", help="names of the portraits to make; all by default; the group is made with its members"
    )
    args = parser.parse_args()
    content: list[dict[str, Any]] = json.loads((HERE / "recipes.json").read_text())
    recipes = [read_recipe(row) for row in content]
    faces = Faces(args.data)
    shapes = faces.shapes()
    (args.out / "portraits").mkdir(parents=True, exist_ok=True)
    made = {}
    for recipe in recipes:
        if args.only and recipe.name not in args.only:
            continue
        person, outline = portrait(recipe, faces, shapes)
        made[recipe.name] = person, outline
        around = cv2.GaussianBlur(person, (0, 0), 30)
        wall = WALL * backdrop(SIZE, SIZE, recipe.backdrop) + (1 - WALL) * around
        save(wall + (person - wall) * outline[..., None], args.out / "portraits" / f"{recipe.name}.jpg")
    if set(GROUP) <= set(made):
        save(group_picture([made[name] for name in GROUP]), args.out / "group.jpg")


def save(picture: np.ndarray, path: Path) -> None:
    """Write RGB in 0..255 as JPEG."""
    Image.fromarray(np.clip(np.rint(picture), 0, 255).astype(np.uint8)).save(path, quality=QUALITY, subsampling=0)
    print(path.name, path.stat().st_size // 1024, "KB")


if __name__ == "__main__":
    main()
