"""DuckDB, imported here alone, since its allocator reads how it shall work while it is loaded.

By itself it gives back what is free after a second, and every segment has its pages made anew: a
thirtieth of what a line of the CDN costs. Half a minute is longer than a segment takes, and what a
flood has left is returned by the lines that follow it. One arena, since what one thread frees is
what the next needs: with one for each processor the process grows by a tenth.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_VARIABLE = "DUCKDB_JE_MALLOC_CONF"
_OPTIONS = "narenas:1,dirty_decay_ms:30000,muzzy_decay_ms:0"
"""Of jemalloc(3). Where DuckDB was built without it, nobody reads them."""


@contextmanager
def _allocating() -> Iterator[None]:
    """Tell the allocator how to work, unless the environment does."""
    if _VARIABLE in os.environ:
        yield
        return
    os.environ[_VARIABLE] = _OPTIONS
    try:
        yield
    finally:
        del os.environ[_VARIABLE]


with _allocating():
    import duckdb

__all__ = ["duckdb"]
