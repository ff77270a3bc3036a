"""The networks that judge results, loaded when they are first needed and shared by all sessions."""

from pathlib import Path
from threading import Lock

import numpy as np

from swapper.pipeline import FaceSwapper
from swapper.studies.judges import Judges, load_judges
from swapper.studies.walk import embed_folder


class SharedJudges:
    """Loads the judges once, and looks at the gallery of made-up people once."""

    def __init__(self, gallery: Path):
        """Start empty.

        Args:
            gallery: folder of photos of people whom a walk may meet; none are met where it is missing.
        """
        self._folder = gallery
        self._judges: Judges | None = None
        self._gallery: dict[str, np.ndarray] | None = None
        self._lock = Lock()

    def get(self) -> Judges:
        """The judges.

        Raises:
            UserError: the shipped weights are missing.
        """
        with self._lock:
            if self._judges is None:
                self._judges = load_judges()
            return self._judges

    def gallery(self, swapper: FaceSwapper) -> dict[str, np.ndarray] | None:
        """Embeddings of the gallery by identity network.

        Args:
            swapper: finds the faces.
        """
        judges = self.get()
        with self._lock:
            if self._gallery is None and self._folder.is_dir():
                self._gallery = embed_folder(self._folder, swapper, judges.embedders)
            return self._gallery
