"""Bodies as clients send them: every encoding, cut anywhere."""

import gzip
import sys
from collections.abc import Callable, Iterator, Mapping

import cramjam

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "": lambda body: body,
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "snappy": lambda body: bytes(cramjam.snappy.compress_raw(body)),
    "x-snappy-framed": lambda body: bytes(cramjam.snappy.compress(body)),
}
MAGIC = ("gzip", "zstd", "x-snappy-framed")
"""Those that are known by what they begin with, whatever the header says."""


def cut(body: bytes, sizes: list[int]) -> Iterator[bytes]:
    """The body in pieces of these sizes, over and over again."""
    start = turn = 0
    while start < len(body):
        size = sizes[turn % len(sizes)]
        yield body[start : start + size]
        start, turn = start + size, turn + 1
