"""Bodies of batches, objects and files: compressed blocks in, clean lines and a digest out.

    block ─▶ inflate (gzip, zstd, snappy) ─┬─▶ split (lines, JSON array) ─▶ clean ─▶ sink
                                           └─▶ digest

A body of any length passes through in a few megabytes of memory.
"""

from exporters.fastly.bodies.body import Body, Decoded, Limits
from exporters.fastly.bodies.split import TooLong

__all__ = ["Body", "Decoded", "Limits", "TooLong"]
