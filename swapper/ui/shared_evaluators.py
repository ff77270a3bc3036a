"""The networks that evaluate results, loaded on first use and shared by all sessions."""

from pathlib import Path
from threading import Lock

import numpy as np

from swapper.pipeline import FaceSwapper
from swapper.studies.evaluators import Evaluators, load_evaluators
from swapper.studies.gallery_index import SHIPPED, read_index
from swapper.studies.interpolation_study import embed_folder
from swapper.types import UserError


class SharedEvaluators:
    """Loads the evaluators and the gallery of synthetic people once."""

    def __init__(self, gallery: Path, index: Path = SHIPPED):
        """Start empty.

        Args:
            gallery: folder of photos of people whom an interpolation may resemble, for where no ``index`` fits the
                networks in use; none are met where it is missing, too.
            index: what was seen in them, from ``gallery_index.write_index``.
        """
        self._folder = gallery
        self._index = index
        self._evaluators: Evaluators | None = None
        self._gallery: dict[str, np.ndarray] | None = None
        self._lock = Lock()

    def get(self) -> Evaluators:
        """The evaluators.

        Raises:
            UserError: the shipped weights are missing.
        """
        with self._lock:
            if self._evaluators is None:
                self._evaluators = load_evaluators()
            return self._evaluators

    def gallery(self, swapper: FaceSwapper) -> dict[str, np.ndarray] | None:
        """Embeddings of the gallery by identity network.

        Args:
            swapper: finds the faces.
        """
        evaluators = self.get()
        with self._lock:
            if self._gallery is None:
                self._gallery = self._embedded(swapper, evaluators)
            return self._gallery

    def _embedded(self, swapper: FaceSwapper, evaluators: Evaluators) -> dict[str, np.ndarray] | None:
        try:
            return read_index(self._index, evaluators.embedders)
        except UserError:  # weights of the user's own
            return embed_folder(self._folder, swapper, evaluators.embedders) if self._folder.is_dir() else None
