"""What a long job has finished, on disk, so that it can go on after it was stopped or killed."""

import json
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError

from swapper.video.lock import JobLock, key_of

_VERSION = 2
_JOURNAL, _FRESH, _RESULT = "journal.json", "journal.fresh", "result"
_MOST = 1 << 28  # bytes of a journal
# Whatever a job writes into its folder; the last kind are names under which a file is written before it gets its own.
_OURS = re.compile(r"\d{5}\.seg|journal\.(json|fresh)|result\.\w+|\.[0-9a-f]{32}\.\w+")


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
    """The working folder of one job, which nobody else can have made, and which no other job can take meanwhile.

    Attributes:
        folder: beside the output; holds segments and the journal.
        job: what the segments belong to; a job that differs starts over.
        segments: finished ones, in order.
        memory: what the job wants to know again when it goes on, as plain values.
    """

    folder: Path
    job: str
    lock: JobLock
    segments: list[Segment] = field(default_factory=list)
    memory: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def open(cls, output: Path, job: str) -> "Journal":
        """Go on with what an earlier run of the same job left, or begin.

        Args:
            output: the file the job makes.
            job: a digest of everything the result depends on.

        Raises:
            UserError: another job is writing the same output, or something else has a name that is needed.
            OSError: the folder cannot be written.
        """
        lock = JobLock(output)
        try:
            old = _own_folder(output, lock.said.get("folder"))
            if old is not None:
                journal = cls(old, job, lock)
                if journal._load():
                    return journal
                journal._empty()
            folder = output.with_name(f".swapper-{key_of(output)}-{secrets.token_hex(8)}")
            lock.write({"folder": folder.name})  # first of all: what a kill leaves is found again
            folder.mkdir(mode=0o700)
            journal = cls(folder, job, lock)
            try:
                journal._save()
            except BaseException:
                journal._empty()
                raise
            return journal
        except BaseException:
            lock.release()
            raise

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

    @property
    def next_mark(self) -> str:
        """What the next segment's file has to say of itself: whose it is, and which one."""
        return self._mark(len(self.segments))

    def next_path(self) -> Path:
        """Where the next segment goes; what a kill has left there is deleted."""
        path = self.folder / f"{len(self.segments):05d}.seg"
        path.unlink(missing_ok=True)
        return path

    def result_path(self, suffix: str) -> Path:
        """Where the finished video is put together.

        Args:
            suffix: of the output.
        """
        path = self.folder / f"{_RESULT}{suffix}"
        path.unlink(missing_ok=True)
        return path

    def add(self, segment: Segment | None, memory: dict[str, Any]) -> None:
        """Record a segment whose file is complete; after this it survives a crash.

        Args:
            segment: the next one; None where there is only something to remember.
            memory: what is wanted again when the job goes on from its end.

        Raises:
            OSError: it cannot be written.
        """
        if segment is not None:
            with segment.path.open("rb+") as file:
                os.fsync(file.fileno())
            self.segments.append(segment)
        self.memory = memory
        self._save()

    def are_whole(self) -> bool:
        """Whether the segments are still those that were recorded."""
        return all(_says(s.path, self._mark(i)) for i, s in enumerate(self.segments))

    def forget(self) -> None:
        """Delete what was finished, and the folder, unless somebody else has put something there."""
        self._empty()

    def close(self) -> None:
        """Let go of the folder; it stays for a later run if there is something to go on with."""
        if self.segments:
            self.lock.release({"folder": self.folder.name})
        else:
            self._empty()
            self.lock.release()

    def _mark(self, number: int) -> str:
        return f"{self.folder.name} {self.job} {number}"

    def _save(self) -> None:
        rows = [
            {
                "file": s.path.name,
                "bytes": s.path.stat().st_size,
                "frames": s.frames,
                "changed": s.changed,
                "end": s.end,
            }
            for s in self.segments
        ]
        said = {"version": _VERSION, "folder": self.folder.name, "job": self.job, "rows": rows, "memory": self.memory}
        fresh = self.folder / _FRESH
        fresh.unlink(missing_ok=True)
        with fresh.open("x") as file:
            file.write(json.dumps(said))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / _JOURNAL)

    def _load(self) -> bool:
        """Read what an earlier run of the same job recorded; whether that can be gone on with."""
        path = self.folder / _JOURNAL
        try:
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST:
                return False
            said = json.loads(path.read_text())
            if (said["version"], said["folder"], said["job"]) != (_VERSION, self.folder.name, self.job):
                return False
            segments = list(self._segments(said["rows"]))
        except (OSError, ValueError, KeyError, TypeError):
            return False
        self.segments, self.memory = segments, said["memory"]
        return bool(segments) and self.are_whole()

    def _segments(self, rows: list[Mapping[str, Any]]) -> Iterator[Segment]:
        """Raises ``ValueError`` where a file is not what was recorded."""
        for number, row in enumerate(rows):
            path = self.folder / f"{number:05d}.seg"
            found = path.lstat()
            if row["file"] != path.name or not stat.S_ISREG(found.st_mode) or found.st_size != row["bytes"]:
                raise ValueError(f"{path.name} is another file")
            yield Segment(path, row["frames"], row["changed"], row["end"])

    def _empty(self) -> None:
        """Delete what jobs write, and the folder if that was all."""
        self.segments, self.memory = [], {}
        with suppress(OSError):
            for entry in os.scandir(self.folder):
                if _OURS.fullmatch(entry.name) and not entry.is_dir(follow_symlinks=False):
                    Path(entry.path).unlink()
            self.folder.rmdir()


def parts_folder(output: Path) -> Path | None:
    """Where a job that was stopped keeps what it has finished; None where none has left anything.

    Args:
        output: the file the job makes.
    """
    try:
        said = json.loads(output.with_name(f".swapper-{key_of(output)}.lock").read_text())
        return _own_folder(output, said["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def holds_parts(output: Path) -> bool:
    """Whether a job that was stopped has left finished parts, so that the same job goes on with them.

    Args:
        output: the file the job makes.
    """
    folder = parts_folder(output)
    return folder is not None and (folder / "00000.seg").is_file() and (folder / _JOURNAL).is_file()


def _own_folder(output: Path, name: object) -> Path | None:
    """The folder an earlier run made; None for anything else of that name, such as a link to another folder."""
    if not isinstance(name, str) or not re.fullmatch(rf"\.swapper-{key_of(output)}-[0-9a-f]{{16}}", name):
        return None
    folder = output.with_name(name)
    try:
        found = folder.lstat()
    except OSError:
        return None
    ours = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
    is_link = not stat.S_ISDIR(found.st_mode) or bool(getattr(found, "st_reparse_tag", 0))
    return folder if ours and not is_link else None


def _says(path: Path, mark: str) -> bool:
    """Whether a segment's file says of itself what it should."""
    try:
        with av.open(str(path)) as file:
            return file.metadata.get("comment", file.metadata.get("COMMENT")) == mark
    except (FFmpegError, OSError, ValueError):
        return False
