"""People whom a path between two others may meet: what identity networks say of them, and small pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from swapper.faces.embed import IdentityEmbedder
from swapper.images import read_image
from swapper.pipeline import FaceSwapper
from swapper.studies.photo_places import photos_in
from swapper.studies.previews import shrink
from swapper.types import Crop, UserError

SIDE = 144  # px, of the pictures that are kept: as much as identity networks look at
MOST_PHOTOS = 2000  # a photo takes about 0.1 s
LEAST_PEOPLE = 5  # below which neighbours mean nothing
SAME_PHOTO = 0.9  # cosine above which a gallery's photo is one of the two people's own
NOTHING = "Gallery '{name}': none of its pictures shows a face. Give photos in which faces are larger."

Told = Callable[[int, int], object]  # photos looked at, photos in all


@dataclass(frozen=True)
class Gallery:
    """Photos of people.

    Attributes:
        embeddings: unit length, by identity network.
        people: number of the person on each photo.
        faces: small pictures, RGB, ``ffhq`` template; None where they were not kept.
    """

    embeddings: Mapping[str, Float32[np.ndarray, "n d"]]
    people: Int64[np.ndarray, "n"]
    faces: UInt8[np.ndarray, "n s s 3"] | None = None

    def __len__(self) -> int:
        """How many photos there are."""
        return len(self.people)

    @property
    def persons(self) -> int:
        """How many people there are."""
        return len(np.unique(self.people))

    def without(self, ends: Mapping[str, Float32[np.ndarray, "k d"]]) -> "Gallery":
        """The same without the people whose very photos these are, and without all their other photos.

        Args:
            ends: embeddings of the photos, by identity network.
        """
        known = [(self.embeddings[name] @ rows.T).max(1) for name, rows in ends.items() if name in self.embeddings]
        met = np.max(known, 0) >= SAME_PHOTO if known else np.zeros(len(self), bool)
        return self.only(~np.isin(self.people, self.people[met]))

    def only(self, kept: Bool[np.ndarray, "n"]) -> "Gallery":
        """Some of the photos.

        Args:
            kept: which.
        """
        faces = None if self.faces is None else self.faces[kept]
        return replace(
            self,
            embeddings={name: rows[kept] for name, rows in self.embeddings.items()},
            people=self.people[kept],
            faces=faces,
        )


def measure_crops(crops: Sequence[Crop], people: Sequence[int], embedders: Mapping[str, IdentityEmbedder]) -> Gallery:
    """A gallery of faces that are cut out.

    Args:
        crops: in the ``ffhq`` template, any size.
        people: number of the person on each.
        embedders: say who they are.
    """
    faces = np.stack([shrink(crop.image, SIDE) for crop in crops])
    return Gallery({name: one.embed(crops) for name, one in embedders.items()}, np.array(people, np.int64), faces)


def measure_gallery(
    places: Sequence[Path],
    swapper: FaceSwapper,
    embedders: Mapping[str, IdentityEmbedder],
    told: Told | None = None,
    most: int = MOST_PHOTOS,
    try_first: Callable[[Path], object] = lambda _: None,
    check: Callable[[Path], object] = lambda _: None,
) -> Gallery:
    """Look at the largest face of each photo; what is no picture, or shows no face, is passed over.

    Each photo is somebody, and so is each folder of photos.

    Args:
        places: a folder or a ZIP, or photos.
        swapper: finds the faces.
        embedders: say who they are.
        told: called after every photo.
        most: photos that are looked at.
        try_first: called with every file before it is read; may refuse it by a ``UserError``, as ``check`` may.
        check: called with every picture before anything is done with it.

    Raises:
        UserError: a place cannot be read, a photo is refused, or none shows a face.
    """
    crops, people = [], []
    with photos_in(places) as found:
        for number, (person, path) in enumerate(found[:most]):
            try_first(path)
            crop = _crop(path, swapper, check)
            if crop is not None:
                crops.append(crop)
                people.append(person)
            if told is not None:
                told(number + 1, min(len(found), most))
    if not crops:
        raise UserError(NOTHING.format(name=places[0].name if len(places) == 1 else f"{len(places)} files"))
    return measure_crops(crops, people, embedders)


def _crop(path: Path, swapper: FaceSwapper, check: Callable[[Path], object]) -> Crop | None:
    """The largest face of a photo; None of what is no picture, or shows no face."""
    try:
        image = read_image(path)
    except UserError:
        return None
    check(path)
    try:
        return swapper.source_crop(image)
    except UserError:
        return None
