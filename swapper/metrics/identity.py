"""Whose face a result shows: cosines of identity embeddings, their gain over the target, and retrieval.

All embeddings are unit vectors of one identity network; figures of different networks cannot be compared. A network
that was used to train the same method flatters it.
"""

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

UNKNOWN = -1  # label of photos whose person is not known


def cosine(first: Float32[np.ndarray, "n d"], second: Float32[np.ndarray, "n d"]) -> Float64[np.ndarray, "n"]:
    """Similarity of the people in corresponding rows, -1..1; about 0 for strangers, 0.6 for two photos of somebody.

    Noise floor (30 photographs against their own ``geometry.reencode``): 0.998, 5th percentile above 0.99.

    Args:
        first: embeddings of unit length.
        second: the embeddings they are compared with.
    """
    return (first.astype(np.float64) * second).sum(1)


def same_identity_mean(embeddings: Float32[np.ndarray, "n d"], people: Int64[np.ndarray, "n"]) -> float:
    """Mean cosine over all pairs of different photos of one person; what a perfect swap can expect to reach.

    Args:
        embeddings: unit length.
        people: label of each photo's person, ``UNKNOWN`` where nothing is known.

    Returns:
        The mean, each pair counted once; NaN where no person has two photos.
    """
    total, pairs = 0.0, 0
    for person in np.unique(people[people != UNKNOWN]):
        own = embeddings[people == person].astype(np.float64)
        total += float((own @ own.T).sum() - (own * own).sum())
        pairs += len(own) * (len(own) - 1)
    return total / pairs if pairs else float("nan")


def identity_gain(
    result_source: Float64[np.ndarray, "n"], target_source: Float64[np.ndarray, "n"], same_mean: float
) -> Float64[np.ndarray, "n"]:
    """How far results went from the target's likeness to the source towards that of another photo of the source.

    0 for an unchanged target; 1 for the likeness two photos of one person have, strangers being at cosine 0; more
    where the result is more alike than another photo. Noise floor 0.003, that of ``cosine`` over a usual ``same_mean``.

    Args:
        result_source: cosine of result and source.
        target_source: cosine of target and source.
        same_mean: from ``same_identity_mean``.
    """
    return (result_source - target_source) / same_mean


def retrieved(
    results: Float32[np.ndarray, "n d"],
    people: Int64[np.ndarray, "n"],
    gallery: Float32[np.ndarray, "m d"],
    gallery_people: Int64[np.ndarray, "m"],
) -> Bool[np.ndarray, "n"]:
    """Whether the photo most similar to each result shows the source's person; the mean is the ID retrieval.

    Any photo of the right person counts. The targets belong in the gallery, so that an unchanged face is a miss.
    Published figures use video frames of about a thousand people; a smaller gallery is easier. No noise floor: all of
    30 re-encoded photographs find themselves.

    Args:
        results: embeddings of the results, unit length.
        people: the label each result should have.
        gallery: embeddings of photos, unit length.
        gallery_people: their labels; strangers of whom there is one photo need a label of their own.

    Source: FaceShifter, section 4.1 (ID retrieval); MobileFaceSwap, table 1.
    """
    nearest = (results @ gallery.T).argmax(1)
    return gallery_people[nearest] == people
