"""Interpolating between two people on the face of a third: which paths there are, and drawing them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from swapper import hub
from swapper.faces.align import cut_crop
from swapper.images import Still
from swapper.interpolation import slerp
from swapper.methods.base import InterpolatingMethod, Method
from swapper.methods.likeness import can_interpolate
from swapper.methods.redrawing import RedrawingMethod
from swapper.methods.weights import own_swappers
from swapper.pipeline import FaceSwapper
from swapper.registry import METHODS, find_method, identity_spaces, named, published_methods, split_method
from swapper.studies.gallery import LEAST_PEOPLE, Gallery
from swapper.studies.translation import Translation
from swapper.types import Crop, Face, Identity, UserError

OWN, SAME, NONE = "own", "same", "none"
"""What may be drawn beside a path: the other embedder's path by a generator of its own, by the same one, or nothing."""
OTHER = {"smooth": "arcface", "arcface": "smooth"}  # the embedder that each is compared with
_TELLS = "The generator of '{method}' takes identities of {space} only, so it cannot be told the other embedder's path."
NOT_TOLD = _TELLS + " Choose another method, or let each embedder have a generator of its own."
NO_PEOPLE = "Gallery: it has too few people to tell a generator the other embedder's path. Give {least} or more."


@dataclass(frozen=True)
class PathChoice:
    """One path, and who draws it.

    Attributes:
        method: name of the method.
        embedder: identity network whose path it is: ``smooth``, ``arcface``, or ``own`` of a method that has its own.
    """

    method: str
    embedder: str


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
        method: this one; when None the recommended one, of those of the smooth embedder where it may be any.
        space: it has to interpolate in this space, ``arcface`` or ``smooth``; any when None.

    Raises:
        UserError: no such method is known or has its weights here, or it interpolates in another space or not at all.
    """
    here = interpolating_methods()
    if method is None:
        wanted = [name for name, found in here.items() if space in (None, found)]
        if wanted:
            return min(wanted, key=lambda name: here[name] != "smooth")
        able = [name for name, info in METHODS.items() if info.space and info.space == (space or "smooth")]
        files = " ".join(METHODS[able[0]].weights)
        raise UserError(
            f"Interpolation{f' with the {space} embedder' if space else ''}: no method that supports it has "
            f"its weights on this machine. Download one with python -m swapper weights pull {files}."
        )
    plain, _ = split_method(method)
    find_method(plain)  # says so where there is none
    known = METHODS[plain].space if plain in METHODS else here.get(method, "arcface")
    if not known:
        able = [name for name, info in METHODS.items() if info.space]
        raise UserError(f"Method '{method}' cannot interpolate between two people. Choose one of: {', '.join(able)}.")
    if space not in (None, known):
        raise UserError(
            f"Method '{method}' does not interpolate in the {space} embedder's space. Drop one of the two options."
        )
    return method


def choose_paths(method: str | None = None, against: str = OWN, space: str | None = None) -> list[PathChoice]:
    """The one or two paths of an interpolation.

    Args:
        method: draws the first one, in the space of its own embedder; the recommended one when None.
        against: ``OWN``, ``SAME``, ``NONE``, or the name of a method that draws the second one.
        space: the first method has to have this embedder, ``arcface`` or ``smooth``; any when None.

    Raises:
        UserError: as of ``choose_interpolating_method``, or the second path is impossible.
    """
    first = choose_interpolating_method(method, space)
    known = _space(first)
    paths = [PathChoice(first, known)]
    if against == NONE:
        return paths
    if against == SAME:
        plain, _ = split_method(first)
        if plain not in METHODS or not issubclass(named(METHODS[plain].cls), RedrawingMethod) or known not in OTHER:
            raise UserError(NOT_TOLD.format(method=first, space="its own kind"))
        return [*paths, PathChoice(first, OTHER[known])]
    if against == OWN:
        wanted = OTHER.get(known, "smooth")
        beside = [name for name, found in interpolating_methods().items() if found == wanted]
        return [*paths, *(PathChoice(name, wanted) for name in beside[:1])]
    second = choose_interpolating_method(against)
    return [*paths, PathChoice(second, _space(second))]


def _space(method: str) -> str:
    plain, _ = split_method(method)
    return METHODS[plain].space if plain in METHODS else interpolating_methods().get(method, "arcface")


def draw_paths(
    choices: Sequence[PathChoice],
    build: Callable[[str], FaceSwapper],
    photos: tuple[Crop, Crop],
    target: UInt8[np.ndarray, "h w 3"] | Still,
    faces: list[Face],
    shares: Sequence[float] | Float64[np.ndarray, "n"],
    ends: Mapping[str, Float32[np.ndarray, "2 d"]],
    gallery: Gallery | None,
) -> Iterator[tuple[int, Step, float | None]]:
    """Swap the people on each path into a target, one picture at a time.

    Args:
        choices: from ``choose_paths``.
        build: makes or finds the swapper of a method.
        photos: of A and of B.
        target: RGB, or a picture with what lies under its transparent parts.
        faces: of the target; the first one changes.
        shares: of the way, 0 to 1, one for each picture.
        ends: embeddings of the photos by identity network.
        gallery: people through whom a path is told to a generator of another embedder.

    Yields:
        Number of the path, its next picture, and how well its identities could be translated, where they had to be.

    Raises:
        UserError: a generator cannot be told its path.
    """
    for number, choice in enumerate(choices):
        swapper = build(choice.method)
        method = _interpolating(swapper.method)
        people = method.identify(photos[:1]), method.identify(photos[1:])
        tell, fidelity = _telling(method, people, choice.embedder, ends, gallery)
        for share in shares:
            swapped = swapper.swap_faces(target, faces, {0: tell(float(share))})
            crop = cut_crop(swapped.image, faces[0].points)
            yield number, Step(float(share), swapped.image, swapped.picture, crop), fidelity


def _telling(
    method: InterpolatingMethod,
    people: tuple[Identity, Identity],
    embedder: str,
    ends: Mapping[str, Float32[np.ndarray, "2 d"]],
    gallery: Gallery | None,
) -> tuple[Callable[[float], Identity], float | None]:
    """What a generator is told at each share of the way, and how well it could be translated where it had to be."""
    spaces = {weights: name for name, weights in identity_spaces().items()}
    own = spaces.get(getattr(method, "space", ""), "")
    if embedder in (own, "own") or _space(method.name) == embedder:
        return lambda share: method.interpolate(*people, share), None
    if not isinstance(method, RedrawingMethod) or own not in ends or embedder not in ends:
        raise UserError(NOT_TOLD.format(method=method.name, space=own or "its own embedder"))
    if gallery is None or gallery.persons < LEAST_PEOPLE:
        raise UserError(NO_PEOPLE.format(least=LEAST_PEOPLE))
    wanted = np.stack([person.embedding for person in people])
    rows = gallery.embeddings
    translation = Translation(rows[embedder], rows[own], ends[embedder], wanted)

    def tell(share: float) -> Identity:
        point = slerp(ends[embedder][:1], ends[embedder][1:], share)
        lengths = [person.state for person in people]
        length = None if None in lengths else (1 - share) * lengths[0] + share * lengths[1]
        return Identity(method.name, translation(point)[0].astype(np.float32), length, people[0].space)

    return tell, translation.fidelity


def _interpolating(method: Method) -> InterpolatingMethod:
    if not isinstance(method, InterpolatingMethod) or not can_interpolate(method):
        raise UserError(
            f"Method '{method.name}' cannot interpolate between two people. Choose one that has an embedding."
        )
    return method
