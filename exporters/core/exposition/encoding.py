"""What a scraper can read: the format that its Accept header asks for, and gzip off the loop."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.exposition import ALLOWUTF8, UNDERSCORES
from prometheus_client.registry import Collector
from zlib_ng import gzip_ng


@dataclass(frozen=True, slots=True)
class Encoding:
    """An exposition format: its content type, and the library's writer of it."""

    content_type: str
    write: Callable[[Collector], bytes]

    @property
    def openmetrics(self) -> bool:
        """OpenMetrics, rather than the Prometheus text format."""
        return self.content_type.startswith("application/openmetrics-text")

    @property
    def keeps_names(self) -> bool:
        """Names of letters, digits and underscores are written as they are.

        Not so with the escaping schemes `dots` and `values`.
        """
        asked = self.write.keywords if isinstance(self.write, partial) else {}
        return asked.get("escaping", UNDERSCORES) in (UNDERSCORES, ALLOWUTF8)


def negotiate(accept: str | None) -> Encoding:
    """The format for an Accept header (several of them joined by commas), as the library chooses.

    Text 0.0.4 for an absent header, and for one with a version that is no number.
    """
    try:
        write, content_type = choose_encoder(accept or "")
    except TypeError:  # it compares the parts of the version with numbers
        write, content_type = choose_encoder("")
    return Encoding(content_type, write)


async def compress(body: bytes, level: int = 6) -> bytes:
    """The body as gzip; in a worker thread, where zlib-ng releases the interpreter's lock."""
    return await asyncio.to_thread(gzip_ng.compress, body, level, mtime=0)
