"""Choosing which faces are swapped: by size, by number, or by identity."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32

from swapper.runtime.values import shown
from swapper.types import Face, UserError

# Least cosine of one person with the shipped encoder: 97 % of validation pairs of one person reach it, 0.2 % of others.
SAME_PERSON = 0.35
_DIGITS = 9  # of a face's number


def selection(select: Any) -> str:
    """A selection as one word: ``all``, ``largest``, or a number in digits.

    Args:
        select: as of ``select_faces``, or anything else.

    Raises:
        UserError: the selection is invalid.
    """
    found = select if isinstance(select, str) else shown(select)
    word = found.strip().lower()
    if word not in ("all", "largest") and not (word.isascii() and word.isdigit() and len(word) <= _DIGITS):
        said = shown(select) if isinstance(select, str) else f"'{found}'"
        raise UserError(f"Invalid face selection {said}. Give all, largest, or a face number, 0 first.")
    return word


def select_faces(faces: Sequence[Face], select: str | int = "all") -> list[int]:
    """Indices of the chosen faces.

    Args:
        faces: as a detector returns them, largest first.
        select: ``all``, ``largest``, or a face's number counted from the largest, 0 first; as a number or in digits.

    Returns:
        Indices into ``faces``, ascending; empty where there are no faces and no particular one was asked for.

    Raises:
        UserError: the selection is invalid, or there is no face with that number.
    """
    word = selection(select)
    if word == "all":
        return list(range(len(faces)))
    if word == "largest":
        return [0] if faces else []
    index = int(word)
    if index >= len(faces):
        found = {0: "no face was found", 1: "one face was found, number 0"}.get(
            len(faces), f"{len(faces)} faces were found, numbers 0 to {len(faces) - 1}"
        )
        raise UserError(f"Selected face {index}: {found}. Choose another number, all or largest.")
    return [index]


def match_identities(
    face_embeddings: Float32[np.ndarray, "n d"],
    reference_embeddings: Float32[np.ndarray, "m d"],
    threshold: float = SAME_PERSON,
    once: bool = False,
) -> dict[int, int]:
    """Match faces to reference people.

    Every face gets at most one reference, the most similar one.

    Args:
        face_embeddings: of the faces of a frame, unit length.
        reference_embeddings: of the people looked for, unit length.
        threshold: least cosine.
        once: each person is in the frame at most once, and gets the most similar face only; False where somebody
            may appear several times, as in a collage or a mirror.

    Returns:
        Index of the reference by index of the face; faces that show none of them are left out.
    """
    if not len(face_embeddings) or not len(reference_embeddings):
        return {}
    cosine = face_embeddings @ reference_embeddings.T
    matched: dict[int, int] = {}
    for flat in np.argsort(-cosine, axis=None, kind="stable").tolist():
        face, reference = divmod(flat, cosine.shape[1])
        if cosine[face, reference] < threshold:
            break
        if face not in matched and not (once and reference in matched.values()):
            matched[face] = reference
    return dict(sorted(matched.items()))
