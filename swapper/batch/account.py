"""``results.jsonl``: one line a job, written as jobs end, from which the same batch knows what is left to do."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from swapper.batch.places import HIDDEN, RESULTS
from swapper.errors import UserError
from swapper.runtime.there import make_folder
from swapper.runtime.whole_file import whole_file


@dataclass(frozen=True)
class Line:
    """How one job ended.

    Attributes:
        id: name of the job.
        status: ``done`` or ``failed``.
        target: photo or video.
        output: path of its result in the folder of results.
        seconds: the last attempt took; 0 where it failed.
        faces: swapped in a photo; people told apart in a video.
        frames: of a video, with a swapped face.
        attempts: how often it was begun in this run.
        warnings: sentences that the user should read.
        error: why it failed, a sentence.
        seal: digest of everything that the result depends on, and of the result.
    """

    id: str
    status: str
    target: str
    output: str
    seconds: float = 0.0
    faces: int = 0
    frames: int | None = None
    attempts: int = 1
    warnings: tuple[str, ...] = ()
    error: str | None = None
    seal: str | None = None

    def text(self) -> str:
        """As JSON, on one line."""
        return json.dumps(asdict(self), ensure_ascii=False)


class Account:
    """The lines of a folder of results, while one batch writes there."""

    def __init__(self, folder: Path):
        """Read what is there.

        Args:
            folder: of the results.
        """
        self._path = folder / RESULTS
        self.lines = {line.id: line for line in _read(self._path)}

    @classmethod
    @contextmanager
    def opened(cls, folder: Path) -> "Iterator[Account]":
        """The account of a folder that no other batch writes to meanwhile.

        Args:
            folder: of the results; it is made where there is none.

        Raises:
            UserError: another batch is writing there, or the folder cannot be written to.
        """
        make_folder(folder)
        try:
            (folder / HIDDEN).mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / HIDDEN / "lock", timeout=0)
            with lock:
                yield cls(folder)
        except Timeout as error:
            raise UserError(
                f"Output '{folder}': another batch is writing there. Wait for it, or choose another."
            ) from error
        except (FileExistsError, NotADirectoryError, PermissionError) as error:
            raise UserError(f"Output '{folder}': no folder can be written there ({error}). Choose another.") from error

    def begin(self, again: Iterable[str]) -> None:
        """Forget the jobs that will be done again, so that each has one line in the end.

        Args:
            again: names of jobs.
        """
        for name in again:
            self.lines.pop(name, None)
        with whole_file(self._path) as fresh:
            fresh.write_text("".join(f"{line.text()}\n" for line in self.lines.values()), encoding="utf-8")

    def add(self, line: Line) -> None:
        """Write how a job ended; after this it survives a crash.

        Args:
            line: of the job.
        """
        self.lines[line.id] = line
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line.text()}\n")
            file.flush()
            os.fsync(file.fileno())


def _read(path: Path) -> Iterator[Line]:
    """The lines that can be read; a crash may have cut off the last one."""
    try:
        texts = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return
    for text in texts:
        with suppress(ValueError, TypeError):
            row: dict[str, Any] = json.loads(text)
            yield Line(**{**row, "warnings": tuple(row["warnings"])})
