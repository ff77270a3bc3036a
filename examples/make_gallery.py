"""Make the gallery of people who do not exist: ``PYTHONPATH=. python examples/make_gallery.py DATA``.

Each is a virtual person: an identity between those of six people of a data folder (see ``trainers/data/prepare.py``),
drawn by GHOST on a head that is the average of seven others, as ``make_portraits.py`` averages them. Whoever comes too
close to a photograph of the data, or to somebody who is in the gallery already, is left out, and the script says how
close the closest is. The same folder gives the same people.
"""

import argparse
import tarfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from make_portraits import FRONTAL, Donor, Faces, Recipe, bring, invented_shape, recoloured, restored_detail
from PIL import Image
from studio import backdrop, dress, finish

from swapper.compose.color import to_lab, to_rgb
from swapper.compose.settings import BlendSettings
from swapper.faces.embed import FaceEmbedder, local_embedders
from swapper.faces.skin import cheek_mask, color_statistics
from swapper.methods.base import InterpolatingMethod
from swapper.pipeline import FaceSwapper
from swapper.studies.gallery import SIDE as KEPT
from swapper.studies.gallery import Gallery, measure_crops
from swapper.studies.gallery_index import SHIPPED, write_index
from swapper.studies.previews import shrink
from swapper.types import Crop, Identity

COUNT = 256  # people
SIDE, CROP = 320, 256  # px, of the pictures in which they are drawn, and of the data's crops
HEADS, PARENTS = 7, 6  # people averaged into a head, and mixed into an identity
NEAR_HEADS, NEAR_PARENTS = 24, 160  # the closest people among whom they are drawn, so that sex and age fit together
LEVEL = 14.0  # degrees, most yaw and pitch of a face that is averaged
WHOLE = 0.06  # most share of a crop that is padding, of heads
TURNED = 7.0  # degrees, most difference of yaw within a head
DETAIL = 0.4  # share of a single photograph's detail that an average gets back
MOST_LIKE_A_PHOTO, MOST_ALIKE = 0.47, 0.45  # ArcFace cosines to the training photographs, and within the gallery
MOST_LIKE_ANY = 0.5  # to any photograph on a second look; whoever is closer goes at the end
EYE = np.eye(2, 3, dtype=np.float32)


class Album:
    """A data folder's training faces with what ArcFace says of them."""

    def __init__(self, folder: Path) -> None:
        self.faces = Faces(folder)
        self.shapes = self.faces.shapes()
        self.keys = np.array(list(self.faces.rows))
        rows = [self.faces.rows[key][0] for key in self.keys]
        self.yaw, self.pitch = (np.array([float(row[name]) for row in rows]) for name in ("yaw", "pitch"))
        self.people = np.array(
            [-number - 1 if row["identity"] == "-1" else int(row["identity"]) for number, row in enumerate(rows)]
        )
        self.whole = np.array([row["source"] == "celeba" and float(row["outside_frac"]) < WHOLE for row in rows])
        self.vectors = self._embedded()

    def _embedded(self) -> np.ndarray:
        embedder, found = FaceEmbedder(), []
        for start in range(0, len(self.keys), 256):
            crops = [Crop(self.faces.donor(key).image, EYE) for key in self.keys[start : start + 256]]
            found.append(embedder.embed(crops))
            print(f"looked at {start + len(crops)} of {len(self.keys)} photographs", flush=True)
        return np.concatenate(found)

    def near(self, anchor: int, count: int, rng: np.random.Generator, heads: bool) -> list[int]:
        """Different people who resemble one, drawn at random among the nearest of them.

        Args:
            anchor: index of a face.
            count: how many.
            rng: random numbers.
            heads: only photographs of whole heads that look the same way as it does.
        """
        order = np.argsort(-self.vectors @ self.vectors[anchor])
        if heads:
            turned = abs(self.yaw - self.yaw[anchor])
            order = order[(self.whole & (turned < TURNED) & (abs(self.pitch) < LEVEL))[order]]
        _, first = np.unique(self.people[order], return_index=True)
        nearest = order[np.sort(first)][: NEAR_HEADS if heads else NEAR_PARENTS]
        return list(rng.choice(nearest, count, replace=False))

    def closest(self, vector: np.ndarray) -> float:
        """Cosine of the photograph that resembles a vector most."""
        return float((self.vectors @ vector).max())


def head(album: Album, chosen: list[int], rng: np.random.Generator) -> np.ndarray:
    """The average of some people in a shape that is none of theirs, before a wall: RGB in 0..255."""
    donors = [album.faces.donor(str(album.keys[number])) for number in chosen]
    recipe = Recipe("", (), 0, _skin(donors, rng), (0.02, 0.32), (0, 0, 0), _tone(rng, 40, 200), 0.4, 1.25, 0.6)
    shape = invented_shape(np.stack([donor.landmarks[:, :2] for donor in donors]), album.shapes, recipe, rng)
    scaled = shape * SIDE / CROP
    warped = [bring(donor, shape, SIDE) for donor in donors]
    trust, covers = (np.stack([part[i] for part in warped]) for i in (2, 1))
    alpha = (trust * covers).sum(0) / trust.sum(0)
    weights = trust * (1 - recipe.cut_out * (1 - covers))
    weights /= weights.sum(0)
    labs = np.stack([recoloured(image, shape, recipe.skin) for image, _, _ in warped])
    mean = (weights[..., None] * labs).sum(0)
    mean[..., 0] += DETAIL * (restored_detail(mean[..., 0], labs[..., 0], weights, scaled) - mean[..., 0])
    person, outline = dress(mean, alpha, scaled, recipe.outline, recipe.garment, rng)
    picture = to_rgb(finish(person, scaled, rng))
    wall = 0.45 * backdrop(SIDE, SIDE, _tone(rng, 90, 210)) + 0.55 * cv2.GaussianBlur(picture, (0, 0), 14)
    return np.clip(np.rint(wall + (picture - wall) * outline[..., None]), 0, 255).astype(np.uint8)


def _skin(donors: list[Donor], rng: np.random.Generator) -> tuple[float, float, float]:
    """CIE L*a*b* of the donors' cheeks, and a little chance."""
    found = [color_statistics(to_lab(donor.image), cheek_mask(donor.landmarks, CROP)) for donor in donors]
    middle = np.median([one[0] for one in found if one is not None], 0) + rng.normal(0, (2.5, 1, 1.5))
    return float(middle[0]), float(middle[1]), float(middle[2])


def _tone(rng: np.random.Generator, low: int, high: int) -> tuple[int, int, int]:
    """A muted colour: RGB."""
    tone = rng.uniform(low, high) + rng.normal(0, 16, 3)
    return tuple(int(value) for value in np.clip(tone, 20, 235))  # type: ignore[return-value]


def virtual_person(method: InterpolatingMethod, album: Album, chosen: list[int], rng: np.random.Generator) -> Identity:
    """A point between some people's identities, no closer to one of them than about half the way to the others."""
    parents = [method.identify([Crop(album.faces.donor(str(album.keys[i])).image, EYE)]) for i in chosen]
    shares = rng.dirichlet(np.full(len(parents), 8.0))
    vector = sum(share * parent.embedding for share, parent in zip(shares, parents, strict=True))
    vector = (vector / np.linalg.norm(vector)).astype(np.float32)
    length = float(np.mean([float(parent.state) for parent in parents]))
    return Identity(method.name, vector, length, parents[0].space)


def drawn(album: Album, swapper: FaceSwapper, seed: int) -> Iterator[Crop]:
    """One person after the other, without end."""
    method = swapper.method
    assert isinstance(method, InterpolatingMethod), "GHOST mixes people"
    rng = np.random.default_rng(seed)
    frontal = np.flatnonzero((abs(album.yaw) < LEVEL) & (abs(album.pitch) < FRONTAL))
    while True:
        anchor = int(rng.choice(frontal))
        heads = album.near(anchor, HEADS, rng, heads=True)
        identity = virtual_person(method, album, album.near(anchor, PARENTS, rng, heads=False), rng)
        target = head(album, heads, rng)
        faces = swapper.find_faces(target)
        if not faces:
            continue
        swapped = swapper.swap_faces(target, faces, {0: identity}).image
        yield swapper.source_crop(swapped)


def main() -> None:
    """Draw people until there are enough, and write the gallery."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with faces256-train.tar, geometry-train.npz, meta-train.csv")
    parser.add_argument("-o", "--output", type=Path, default=SHIPPED)
    parser.add_argument("--count", type=int, default=COUNT, help="before those who are too close to a photograph go")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    album, swapper, embedder = (
        Album(args.data),
        FaceSwapper("ghost", "cpu", blend=BlendSettings(occluders=False, keep_mouth=0, expression=0)),
        FaceEmbedder(),
    )
    crops: list[Crop] = []
    known = np.zeros((0, album.vectors.shape[1]), np.float32)
    closest: list[float] = []
    for crop in drawn(album, swapper, args.seed):
        small = Crop(shrink(crop.image, KEPT), EYE)
        vector = embedder.embed([small])[0]
        to_photo, within = album.closest(vector), float((known @ vector).max(initial=-1))
        if to_photo < MOST_LIKE_A_PHOTO and within < MOST_ALIKE:
            crops, known = [*crops, small], np.concatenate([known, vector[None]])
            closest.append(to_photo)
        print(f"{len(crops)} of {args.count}: to a photograph {to_photo:.2f}, to another {within:.2f}", flush=True)
        if len(crops) == args.count:
            break
    again = (known @ second_look(args.data, embedder).T).max(1)
    kept = np.flatnonzero(again < MOST_LIKE_ANY)
    gallery: Gallery = measure_crops([crops[i] for i in kept], range(len(kept)), local_embedders())
    write_index(gallery, args.output)
    near = max(closest[i] for i in kept), again[kept].max()
    print(f"{args.output}: {len(kept)} people; closest photograph {near[0]:.3f}, on the second look {near[1]:.3f}")


def second_look(folder: Path, embedder: FaceEmbedder) -> np.ndarray:
    """The validation photographs, which nobody here was made from, and all photographs as the data says they look."""
    found = []
    for suffix in ("", "-utk"):
        with tarfile.open(folder / f"faces256-val{suffix}.tar") as tar:
            files = (tar.extractfile(member) for member in tar)
            faces = [np.asarray(Image.open(file).convert("RGB")) for file in files if file is not None]
        found.append(embedder.embed([Crop(face, EYE) for face in faces]))
        for split in ("train", "val"):
            found.append(np.load(folder / f"geometry-{split}{suffix}.npz")["arcface"].astype(np.float32))
    return np.concatenate(found)


if __name__ == "__main__":
    main()
