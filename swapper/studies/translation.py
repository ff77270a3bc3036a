"""Telling a generator a path of an identity network that it was not trained with."""

import numpy as np
from jaxtyping import Float, Float64

WIDTH, NOISE = 0.8, 0.1  # of the kernel, and of what is known of the gallery's people
_EXACT = 1e-6  # noise of A and B, whom the generator must be told exactly


class Translation:
    """Estimates what one identity network would say of whoever lies at a point of another one's space.

    A Gaussian process with the kernel exp((x·y - 1) / width), fitted to people whom both networks have seen; it is
    exact for A and B. A linear map would not do: it would turn the one path into the other.

    Source: Rasmussen and Williams, "Gaussian processes for machine learning", 2006, algorithm 2.1.
    """

    def __init__(
        self,
        seen: Float[np.ndarray, "n d"],
        wanted: Float[np.ndarray, "n e"],
        ends: Float[np.ndarray, "2 d"],
        wanted_ends: Float[np.ndarray, "2 e"],
    ) -> None:
        """Fit it.

        Args:
            seen: embeddings of a gallery's people by the network whose path it is, unit length.
            wanted: of the same people, by the network that the generator was trained with.
            ends: of A and of B, by the first network.
            wanted_ends: by the second.
        """
        self._known = np.concatenate([seen, ends]).astype(np.float64)
        answers = np.concatenate([wanted, wanted_ends]).astype(np.float64)
        self._mean = np.asarray(wanted, np.float64).mean(0)
        noise = np.concatenate([np.full(len(seen), NOISE), np.full(2, _EXACT)])
        inverse = np.linalg.inv(self._kernel(self._known) + np.diag(noise))
        self._weights = inverse @ (answers - self._mean)
        left_out = answers - self._weights / np.diag(inverse)[:, None]
        likeness = (_unit(left_out) * answers).sum(1)
        self.fidelity = float(likeness[: len(seen)].mean())
        """Mean cosine of a gallery's person to what is estimated of them from all others."""

    def __call__(self, points: Float[np.ndarray, "k d"]) -> Float64[np.ndarray, "k e"]:
        """Embeddings of unit length in the generator's space.

        Args:
            points: in the other space, unit length.
        """
        return _unit(self._kernel(np.asarray(points, np.float64)) @ self._weights + self._mean)

    def _kernel(self, points: Float64[np.ndarray, "k d"]) -> Float64[np.ndarray, "k m"]:
        return np.exp((points @ self._known.T - 1) / WIDTH)


def _unit(rows: Float64[np.ndarray, "k e"]) -> Float64[np.ndarray, "k e"]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True).clip(1e-12)
