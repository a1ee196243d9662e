"""What the engine says of itself; to tell costs it more than all its containers do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from exporters.core.errors import SourceUnavailable
from exporters.docker.client import DockerClient
from exporters.docker.model import well_formed

_BELIEVED = 60.0
"""Seconds for which an answer is believed."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One engine among others."""

    id: str
    manages: bool
    """Whether it manages a swarm: only managers know services."""


class Node:
    """Asks the engine who it is, once a minute for all who want to know."""

    def __init__(self, client: DockerClient, clock: Callable[[], float] = monotonic) -> None:
        self._client = client
        self._clock = clock
        self._known: Identity | None = None
        self._asked_at = 0.0

    async def identify(self) -> Identity:
        """Return who it is; raises SourceError."""
        now = self._clock()
        if self._known is None or now - self._asked_at >= _BELIEVED:
            self._known = _parse(await self._client.get("/info"))
            self._asked_at = now
        return self._known

    async def services(self) -> Sequence[Mapping[str, Any]]:
        """Return what `GET /services` tells, with counts of tasks; nothing where it manages none.

        Raises SourceError.
        """
        if not (await self.identify()).manages:
            return ()
        try:
            found: Sequence[Mapping[str, Any]] = await self._client.get(
                "/services", {"status": "true"}
            )
        except SourceUnavailable:
            self._known = None  # it may be no manager any more
            raise
        return found


@well_formed
def _parse(info: Mapping[str, Any]) -> Identity:
    manages = bool((info.get("Swarm") or {}).get("ControlAvailable"))
    return Identity(str(info.get("ID") or info.get("Name") or ""), manages)
