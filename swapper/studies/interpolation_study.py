"""Interpolating between two people on the face of a third."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from swapper import hub
from swapper.faces.align import cut_crop
from swapper.faces.embed import IdentityEmbedder
from swapper.images import Still, read_image
from swapper.methods.base import InterpolatingMethod, Method
from swapper.methods.likeness import can_interpolate
from swapper.methods.weights import own_swappers
from swapper.pipeline import FaceSwapper
from swapper.registry import METHODS, find_method, published_methods, split_method
from swapper.types import Crop, Face, Identity, UserError

GALLERY_PHOTOS = 2000  # at most; a photo takes about 0.1 s


@dataclass(frozen=True)
class Step:
    """One picture of an interpolation.

    Attributes:
        share: of the way, 0 to 1.
        image: the finished picture, RGB, as large as the target.
        picture: what to write of it: RGBA where the target is partly transparent.
        crop: the face in it, 256 px, ``ffhq`` template, cut at the same place in all pictures.
    """

    share: float
    image: UInt8[np.ndarray, "h w 3"]
    picture: UInt8[np.ndarray, "h w c"]
    crop: Crop


def interpolating_methods() -> dict[str, str]:
    """Names of the methods that can interpolate and whose weights are here, with the space they do it in."""
    known = {**METHODS, **published_methods()}
    here = {name: info.space for name, info in known.items() if info.space and all(map(hub.find, info.weights))}
    return here | {name: find_method(name)[0].space for name in own_swappers()}


def choose_interpolating_method(method: str | None = None, space: str | None = None) -> str:
    """Name of a method that can interpolate.

    Args:
        method: this one; the recommended one when None.
        space: it has to interpolate in this space, ``arcface`` or ``smooth``; any when None.

    Raises:
        UserError: no such method has its weights here, or the method interpolates in another space or not at all.
    """
    here = interpolating_methods()
    if method is None:
        wanted = [name for name, found in here.items() if space in (None, found)]
        if wanted:
            return wanted[0]
        able = [name for name, info in METHODS.items() if info.space and space in (None, info.space)]
        files = " ".join(METHODS[able[0]].weights)
        raise UserError(
            f"Interpolation{f' with the {space} embedder' if space else ''}: no method that supports it has "
            f"its weights on this machine. Download one with python -m swapper weights pull {files}."
        )
    plain, _ = split_method(method)
    known = METHODS[plain].space if plain in METHODS else here.get(method, "arcface")
    if not known:
        able = [name for name, info in METHODS.items() if info.space]
        raise UserError(f"Method '{method}' cannot interpolate between two people. Choose one of: {', '.join(able)}.")
    if space not in (None, known):
        raise UserError(
            f"Method '{method}' does not interpolate in the {space} embedder's space. Drop one of the two options."
        )
    return method


def interpolate_faces(
    swapper: FaceSwapper,
    people: tuple[Identity, Identity],
    target: UInt8[np.ndarray, "h w 3"] | Still,
    faces: list[Face],
    shares: Sequence[float] | Float64[np.ndarray, "n"],
    chosen: int = 0,
) -> Iterator[Step]:
    """Swap the interpolated identities into a target, one picture at a time.

    Args:
        swapper: does it; its method must be able to interpolate.
        people: made by this swapper's method.
        target: RGB, or a picture with what lies under its transparent parts.
        faces: from ``swapper.find_faces``.
        shares: of the way, 0 to 1, one for each picture.
        chosen: index of the face that changes.

    Raises:
        UserError: the method cannot mix people.
    """
    method = _interpolating(swapper.method)
    for share in shares:
        identity = method.interpolate(*people, float(share))
        swapped = swapper.swap_faces(target, faces, {chosen: identity})
        image = swapped.image
        yield Step(float(share), image, swapped.picture, cut_crop(image, faces[chosen].points))


def _interpolating(method: Method) -> InterpolatingMethod:
    if not isinstance(method, InterpolatingMethod) or not can_interpolate(method):
        raise UserError(
            f"Method '{method.name}' cannot interpolate between two people. Choose one that has an embedding."
        )
    return method


def embed_folder(
    folder: Path, swapper: FaceSwapper, embedders: Mapping[str, IdentityEmbedder]
) -> dict[str, Float32[np.ndarray, "n d"]]:
    """Embeddings of the largest face of each picture in a folder, by embedder; pictures without a face are skipped.

    Args:
        folder: of pictures; other files in it are skipped too.
        swapper: finds the faces.
        embedders: say who they are.

    Raises:
        UserError: the folder does not exist, or no picture in it shows a face.
    """
    if not folder.is_dir():
        raise UserError(f"Gallery '{folder}': folder not found. Give a folder of photos.")
    crops = []
    for path in sorted(path for path in folder.iterdir() if path.is_file())[:GALLERY_PHOTOS]:
        try:
            crops.append(swapper.source_crop(read_image(path)))
        except UserError:  # not a picture, or one without a face
            continue
    if not crops:
        raise UserError(f"Gallery '{folder}': none of its pictures shows a face. Give a folder of photos.")
    return {name: embedder.embed(crops) for name, embedder in embedders.items()}
