"""The process in which uploads are decoded for the first time; ``swapper.ui.trial`` starts it, asks it and may end it.

It reads one line of JSON a file and answers with one. It imports no torch, so that it starts at once and stays small.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from swapper.errors import UserError
from swapper.images import read_still
from swapper.runtime.limits import Limits
from swapper.video.io import VideoReader

DONE, TOO_MUCH = "done", "too much memory"


def main() -> None:
    """Answer until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a decoder prints is no answer
    first_to_go()
    usual = memory_taken()
    for line in sys.stdin:
        asked = json.loads(line)
        limits = Limits(**asked["limits"])
        keep_within(limits.decode_seconds, usual + limits.decode_bytes)
        answers.write(json.dumps(outcome(asked, limits)) + "\n")
        answers.flush()


def outcome(asked: Mapping[str, Any], limits: Limits) -> str:
    """Decode a file; ``DONE`` even where that ends in a sentence, because whoever reads it next says it again.

    Args:
        asked: ``path`` of the file, and whether it is a ``video``, of which the head and the first frame are decoded.
        limits: what is allowed on this machine.
    """
    try:
        if asked["video"]:
            VideoReader(asked["path"], limits)
        else:
            read_still(asked["path"], limits)
    except MemoryError:
        return TOO_MUCH
    except UserError as error:  # some decoders take a failed allocation for damage, and name it
        named = re.search("memory|allocate", str(error).replace(asked["path"], ""))
        return TOO_MUCH if named or isinstance(error.__cause__, MemoryError) else DONE
    return DONE


def keep_within(seconds: int, data: int) -> None:
    """Have the system end this process after some more computing, and give it no more than some memory.

    Args:
        seconds: of computing, of all threads.
        data: bytes that it may hold; Linux counts them.
    """
    with suppress(ImportError):  # on Windows, where whoever asked watches the clock
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        until = int(used.ru_utime + used.ru_stime) + seconds + 1
        for kind, soft in ((resource.RLIMIT_CPU, until), (resource.RLIMIT_DATA, data), (resource.RLIMIT_CORE, 0)):
            most = resource.getrlimit(kind)[1]
            lower = soft if most == resource.RLIM_INFINITY else min(soft, most)
            resource.setrlimit(kind, (lower, most))


def memory_taken() -> int:
    """Bytes that this process holds as Linux counts them for ``RLIMIT_DATA``; 0 elsewhere."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 0


def first_to_go() -> None:
    """Have Linux end this process before the app where a machine runs out of memory."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


if __name__ == "__main__":
    main()
