"""The networks that evaluate results, and the shipped gallery, loaded on first use and shared by all sessions."""

from pathlib import Path
from threading import Lock

from swapper.studies.evaluators import Evaluators, load_evaluators
from swapper.studies.gallery import Gallery
from swapper.studies.gallery_index import SHIPPED, read_index
from swapper.types import UserError


class SharedEvaluators:
    """Loads the evaluators and the gallery of made-up people once."""

    def __init__(self, index: Path = SHIPPED):
        """Start empty.

        Args:
            index: a gallery's file.
        """
        self._index = index
        self._evaluators: Evaluators | None = None
        self._gallery: Gallery | None = None
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

    def gallery(self) -> Gallery | None:
        """The shipped gallery; None where its file is missing or cannot be used."""
        evaluators = self.get()
        with self._lock:
            if self._gallery is None:
                try:
                    self._gallery = read_index(self._index, evaluators.embedders)
                except UserError:
                    return None
            return self._gallery
