"""What the C library does with memory that is free, while blocks of a megabyte come and go."""

import ctypes
from typing import Self

_MIB = 1024 * 1024
_OPTIONS = {
    -1: 128 * _MIB,  # M_TRIM_THRESHOLD: free bytes at the end of the heap that are kept
    -2: 16 * _MIB,  # M_TOP_PAD: bytes that the heap grows by
    -3: 32 * _MIB,  # M_MMAP_THRESHOLD: larger ones are given back to the system
}
"""Of mallopt(3). By itself the library keeps twice the largest block that was ever free: enough for
one of them, and there are many at a time."""


class KeptHeap:
    """Keeps what is free for the next block, from the moment it is opened to the process's end.

    The C library gives it back to the system otherwise, and each page of the next block has to be
    made anew: a twenty-fifth of what a line of the CDN costs. The process becomes no larger, since
    the next block comes at once. Another C library than glibc is left as it is.
    """

    async def __aenter__(self) -> Self:
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            for option, size in _OPTIONS.items():
                mallopt(option, size)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave it so: what it was before cannot be asked."""
