"""One job at a time for one output: a hidden file beside it says which process works on it, and where."""

import errno
import hashlib
import json
import os
import socket
import stat
import sys
import time
import unicodedata
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

from swapper.types import UserError

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        os.lseek(file, _AHEAD, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


_BEAT, _SILENCE = 15.0, 90.0  # seconds from one sign of life to the next, and without one until nobody is there
_AHEAD = 1 << 30  # byte that is locked on Windows, where what is locked cannot be read
_MOST = 1 << 16  # bytes of a lock file
_MARK = "swapper"
_HOLDER = frozenset({_MARK, "pid", "host", "output"})  # what is said of who holds it


class BusyError(UserError):
    """Another job is writing the same output."""


def key_of(output: Path) -> str:
    """Stands for an output in hidden names, which stay short however long its own is.

    Args:
        output: the file that is asked for.
    """
    name = unicodedata.normalize("NFC", output.name)
    if sys.platform in ("win32", "darwin"):  # where capitals do not count
        name = name.casefold()
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class JobLock:
    """Held while a job works; an operating system lets go of it however the process ends.

    Attributes:
        said: what the last holder wrote into it; empty where there was none.
    """

    def __init__(self, output: Path):
        """Take it.

        Args:
            output: the file that the job makes.

        Raises:
            BusyError: another job holds it.
            UserError: something else has its name.
            OSError: it cannot be written.
        """
        self._output = output
        self._locks: bool | None = None
        self._path = output.with_name(f".swapper-{key_of(output)}.lock")
        self._file = self._taken()
        self._ended = Event()
        try:
            self.said = self._read()
            self._check_elsewhere()
            self.write({name: value for name, value in self.said.items() if name not in _HOLDER})
        except BaseException:
            os.close(self._file)
            raise
        Thread(target=self._beat, daemon=True).start()

    def write(self, values: dict[str, Any]) -> None:
        """Say something to whoever takes it next.

        Args:
            values: plain values.
        """
        own = {_MARK: 1, "pid": os.getpid(), "host": socket.gethostname(), "output": self._output.name}
        self._put(own | values)

    def release(self, left: dict[str, Any] | None = None) -> None:
        """Let go of it.

        Args:
            left: what whoever takes it next has to know; there is nothing, and the file goes, when None.
        """
        self._ended.set()
        with suppress(OSError):
            if left is not None:
                self._put({_MARK: 1, "output": self._output.name, **left})
            elif sys.platform != "win32":
                self._path.unlink()  # still held: nobody else can have taken this file and think it is theirs
        os.close(self._file)
        if left is None and sys.platform == "win32":  # where files that are open stay
            self._path.unlink(missing_ok=True)

    def _taken(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        while True:
            try:
                file = os.open(self._path, flags | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0), 0o600)
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EMLINK) or self._path.is_dir():
                    raise self._in_the_way() from error
                raise
            try:
                found = os.fstat(file)
                if not stat.S_ISREG(found.st_mode) or self._path.is_symlink() or not _is_ours(found):
                    raise self._in_the_way()
                self._locks = _lock(file)
                if self._locks is False:
                    raise self._busy(self._read_from(file))
                if os.path.samestat(found, os.lstat(self._path)):  # or its last holder has removed it meanwhile
                    return file
            except FileNotFoundError:
                pass
            except BaseException:
                os.close(file)
                raise
            os.close(file)

    def _read(self) -> dict[str, Any]:
        said = self._read_from(self._file)
        if not said and os.fstat(self._file).st_size:
            raise self._in_the_way()
        return said

    def _read_from(self, file: int) -> dict[str, Any]:
        os.lseek(file, 0, os.SEEK_SET)
        try:
            said = json.loads(os.read(file, _MOST).decode())
        except ValueError:
            return {}
        return said if isinstance(said, dict) and _MARK in said else {}

    def _put(self, values: dict[str, Any]) -> None:
        data = json.dumps(values).encode()
        os.lseek(self._file, 0, os.SEEK_SET)
        os.write(self._file, data.ljust(os.fstat(self._file).st_size))  # never shorter: a kill leaves it readable
        os.ftruncate(self._file, len(data))

    def _check_elsewhere(self) -> None:
        """A disk that several machines share may keep their locks apart, and some disks have none."""
        if "pid" not in self.said:
            return
        here = self.said.get("host") == socket.gethostname()
        silent = time.time() - os.fstat(self._file).st_mtime
        if (here and self._locks is None and _is_alive(self.said["pid"])) or (not here and silent < _SILENCE):
            raise self._busy(self.said)

    def _beat(self) -> None:
        while not self._ended.wait(_BEAT):
            with suppress(OSError):
                os.utime(self._path)

    def _busy(self, said: dict[str, Any]) -> BusyError:
        who = f"process {said['pid']} on {said['host']}" if "pid" in said and "host" in said else "another job"
        return BusyError(
            f"Output '{self._output}': {who} is writing it. Wait until that has ended, or choose another name."
        )

    def _in_the_way(self) -> UserError:
        return UserError(
            f"Output '{self._output}': '{self._path.name}' beside it is not from Swapper, which needs that name. "
            "Move it away, or choose another name."
        )


def _is_ours(found: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or found.st_uid == os.geteuid()


def _is_alive(process: int) -> bool:
    if process == os.getpid():
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _lock(file: int) -> bool | None:
    """Take the operating system's lock; whether nobody else has it, None where the disk knows no locks."""
    try:
        _take(file)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            return False
        if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL):
            return None
        raise
    return True
