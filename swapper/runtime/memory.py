"""What a process does with memory that it frees."""

import ctypes
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MOST_HEAPS = -1, -3, -8  # glibc's malloc.h


def keep_freed_memory(most: int = 256 << 20, heaps: int = 1) -> None:
    """Let glibc keep some of the memory that this process frees; does nothing with another C library.

    Small networks on a CPU otherwise spend up to half of their time on getting fresh pages for their maps. It changes
    the whole process, so a program calls it, not a part of one.

    Args:
        most: bytes of each heap, below 2^31; single maps up to an eighth of it are kept.
        heaps: that all threads share; glibc gives most threads of a server one of their own, which then keeps as much
            again, and memory grows for hundreds of swaps.
    """
    with suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, most // 8)
        library.mallopt(_TRIM_THRESHOLD, most)
        library.mallopt(_MOST_HEAPS, heaps)
