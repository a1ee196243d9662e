"""What an exporter is, seen from the outside: a value that holds the parts that it brings."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True)
class Health:
    """What one source of an exporter is like at this moment, in words for a person."""

    source: str
    fresh: bool
    """Whether what is served for this source is young enough to be true."""
    reason: str = ""
    """Why it is not fresh, or what is wrong though it still is; empty when all is well."""
    age: float | None = None
    """Seconds since the last success; None where there was none."""
    needed: bool = True
    """Whether `/readyz` waits for it. What users define themselves is told there and not waited
    for: a mistake in a query must not have an orchestrator restart what works."""


class Source(Protocol):
    """Something whose freshness `/readyz` and `/` show."""

    def health(self) -> Health:
        """Return the health of this source now."""


class Service(Protocol):
    """Something that runs until it is cancelled; any error that leaves it stops the process."""

    name: str

    async def run(self) -> None:
        """Work until cancelled."""


@dataclass(frozen=True, slots=True)
class Exporter:
    """The parts that one exporter hands to the application.

    A value and no base class: the application needs to know nothing else about it.
    """

    name: str
    resources: Sequence[AbstractAsyncContextManager[Any]] = ()
    """Opened in this order before anything runs; closed in reverse, last of all."""
    services: Sequence[Service] = ()
    sources: Callable[[], Sequence[Source]] = tuple
    """Asked at each look, since a user's own sources come and go."""
    collectors: Sequence[Collector] = ()
    listeners: Sequence[AbstractAsyncContextManager[Any]] = ()
    """Opened last; left first, when requests in flight have been answered."""
    reload: Callable[[], Awaitable[None]] | None = None
    """Called on SIGHUP."""

    def health(self) -> tuple[Health, ...]:
        """Return the health of every source, in the order of the sources."""
        return tuple(source.health() for source in self.sources())
