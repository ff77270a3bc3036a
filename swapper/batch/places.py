"""Where a batch keeps its account and what it has not finished."""

import hashlib
from pathlib import Path

HIDDEN = ".swapper-batch"
RESULTS = "results.jsonl"


def working_folder(folder: Path, name: str) -> Path:
    """Where the files of one job lie; it is there from when the job begins until its line is in the account.

    Args:
        folder: of the results.
        name: of the job.
    """
    return folder / HIDDEN / hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
