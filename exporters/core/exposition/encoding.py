"""What a scraper can read: the format by its Accept header, and gzip off the event loop."""

from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True)
class Encoding:
    """An exposition format: its content type, and the library's writer for it."""

    content_type: str
    write: Callable[[Collector], bytes]

    @property
    def openmetrics(self) -> bool:
        """OpenMetrics rather than the Prometheus text format."""
        return self.content_type.startswith("application/openmetrics-text")


def negotiate(accept: str | None) -> Encoding:
    """The format for an Accept header (several joined by commas), as prometheus_client chooses."""
    raise NotImplementedError


async def compress(body: bytes, level: int = 6) -> bytes:
    """The body as gzip; in a worker thread, since zlib releases the interpreter's lock."""
    raise NotImplementedError
