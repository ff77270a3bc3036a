"""What a long job has finished, on disk, so that it can resume after it was stopped or killed."""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from swapper.runtime.whole_file import whole_file

_VERSION = 2
_JOURNAL = "journal.json"


def parts_folder(output: Path) -> Path:
    """Where the finished parts of a job lie: a hidden folder beside its output, whose name is short for any output's.

    Args:
        output: the file the job makes.
    """
    return output.with_name(f".swapper-{hashlib.sha256(os.fsencode(output.name)).hexdigest()[:16]}.parts")


def holds_parts(output: Path) -> bool:
    """Whether a job that was stopped has left finished parts, so that the same job goes on with them.

    Args:
        output: the file the job makes.
    """
    return (parts_folder(output) / _JOURNAL).is_file()


@dataclass(frozen=True)
class Segment:
    """A finished part of the pictures.

    Attributes:
        path: of its file.
        frames: pictures in it.
        changed: of them, those with a swapped face.
        end: when its last picture ends, ticks of the video's time base.
    """

    path: Path
    frames: int
    changed: int
    end: int


@dataclass
class Journal:
    """The working folder of one job.

    Attributes:
        folder: beside the output; holds segments and the journal.
        job: what the segments belong to; a job that differs starts over.
        segments: finished ones, in order.
        memory: what the job wants to know again when it goes on, as plain values.
    """

    folder: Path
    job: str
    segments: list[Segment] = field(default_factory=list)
    memory: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def open(cls, output: Path, job: str) -> "Journal":
        """Resume what an earlier run of the same job left, or begin.

        Args:
            output: the file the job makes.
            job: a digest of everything the result depends on.
        """
        folder = parts_folder(output)
        journal = cls(folder, job)
        try:
            said = json.loads((folder / _JOURNAL).read_text())
            if said["version"] == _VERSION and said["job"] == job:
                rows = [
                    Segment(folder / row["file"], row["frames"], row["changed"], row["end"]) for row in said["rows"]
                ]
                if all(segment.path.is_file() for segment in rows):
                    journal.segments, journal.memory = rows, said["memory"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # none there, or one that cannot be read: begin
        if not journal.segments:
            journal.remove()
        folder.mkdir(exist_ok=True)
        return journal

    @property
    def end(self) -> int:
        """Tick up to which pictures are finished."""
        return self.segments[-1].end if self.segments else 0

    @property
    def frames(self) -> int:
        """Pictures finished."""
        return sum(segment.frames for segment in self.segments)

    @property
    def changed(self) -> int:
        """Finished pictures with a swapped face."""
        return sum(segment.changed for segment in self.segments)

    def next_path(self) -> Path:
        """Where the next segment goes."""
        return self.folder / f"{len(self.segments):05d}.nut"

    def add(self, segment: Segment, memory: dict[str, Any]) -> None:
        """Record a segment whose file is complete; after this it survives a crash."""
        with segment.path.open("rb+") as file:
            os.fsync(file.fileno())
        self.segments.append(segment)
        self.memory = memory
        rows = [{"file": s.path.name, "frames": s.frames, "changed": s.changed, "end": s.end} for s in self.segments]
        with whole_file(self.folder / _JOURNAL) as fresh, fresh.open("w") as file:
            file.write(json.dumps({"version": _VERSION, "job": self.job, "rows": rows, "memory": memory}))
            file.flush()
            os.fsync(file.fileno())

    def remove(self) -> None:
        """Delete the working folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
