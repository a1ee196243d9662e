"""Pushed but not deployed: what runs, against what the registries have under the same tag."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from time import time
from typing import Any, Self
from urllib.parse import quote

from exporters.containers.deploys.credentials import Login, parse_credentials
from exporters.containers.deploys.images import Reference, parse_reference
from exporters.containers.deploys.metrics import PENDING, PENDING_SINCE
from exporters.containers.deploys.model import Look
from exporters.containers.deploys.registry import Registry
from exporters.containers.deploys.settings import DeploysSettings
from exporters.core.errors import SourceError, SourceMismatch, SourceRejected
from exporters.core.exposition.limits import Labels
from exporters.core.poller import Pace, Poller
from exporters.core.snapshot import Rows, Sheet
from exporters.core.telemetry import Telemetry
from exporters.docker import DockerClient
from exporters.docker.model import well_formed

Looks = Callable[[], Sequence[Look] | None]
"""The latest look at every service; None where there is none that is young enough."""

_AT_ONCE = 4
_MOST_IMAGES = 2_000


class Pending:
    """Compares the services whose images come from one registry."""

    def __init__(
        self,
        registry: Registry,
        client: DockerClient,
        looks: Looks,
        credentials_file: Path | None = None,
        clock: Callable[[], float] = time,
    ) -> None:
        self._registry = registry
        self._client = client
        self._looks = looks
        self._credentials_file = credentials_file
        self._clock = clock
        self._since: dict[Labels, float] = {}
        self._pulled: dict[str, frozenset[str]] = {}
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def read(self) -> Sheet:
        """Return the rows of every service that the registry answered for. Raises SourceError.

        A tag that it refuses or does not know costs only the services that run it, unless nothing
        else is left.
        """
        login = await asyncio.to_thread(self._login)
        wanted = [(each, ref) for each in self._looks() or () if (ref := self._reference(each))]
        references = list(dict.fromkeys(ref for _, ref in wanted))
        found = dict(zip(references, await self._ask(references, login), strict=True))
        states: dict[Labels, bool] = {}
        for each, reference in wanted:
            digest, runs = found[reference], await self._runs(each)
            if digest and runs:
                states[each.service.labels] = digest not in runs
        return self._sheet(states)

    def _reference(self, look: Look) -> Reference | None:
        """What to ask for a service; None where it is not this registry's or has no tag."""
        reference = parse_reference(look.release.image)
        pinned = look.release.pinned and not reference.tag
        return None if reference.registry != self._registry.name or pinned else reference

    async def _ask(self, references: Sequence[Reference], login: Login | None) -> list[str | None]:
        async def one(reference: Reference) -> str | SourceError | None:
            async with self._turn:
                try:
                    tag = reference.tag or "latest"
                    return await self._registry.digest(reference.repository, tag, login)
                except (SourceRejected, SourceMismatch) as error:
                    return error

        answers = await asyncio.gather(*(one(each) for each in references))
        refusals = [each for each in answers if isinstance(each, SourceError)]
        if refusals and len(refusals) == len(answers):
            raise refusals[0]
        return [None if isinstance(each, SourceError) else each for each in answers]

    async def _runs(self, look: Look) -> frozenset[str]:
        """The digests under which what runs can stand in a registry; none where it never did."""
        release = look.release
        if release.pinned:
            return frozenset((release.digest,))
        if not release.digest:
            return frozenset()
        if release.digest not in self._pulled:
            answer = await self._client.find(f"/images/{quote(release.digest, safe=':')}/json")
            if len(self._pulled) >= _MOST_IMAGES:
                self._pulled.clear()
            digests = frozenset() if answer is None else _parse_digests(answer)
            if not digests:
                return digests  # it may be pushed yet
            self._pulled[release.digest] = digests
        return self._pulled[release.digest]

    def _sheet(self, states: Mapping[Labels, bool]) -> Sheet:
        now = self._clock()
        self._since = {
            labels: self._since.get(labels, now) for labels, waits in states.items() if waits
        }
        pending: Rows = [(labels, float(waits)) for labels, waits in states.items()]
        return {PENDING: pending, PENDING_SINCE: list(self._since.items())}

    def _login(self) -> Login | None:
        """Read the login anew, since passwords change."""
        if self._credentials_file is None:
            return None
        try:
            text = self._credentials_file.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise SourceRejected("registry_credentials_file cannot be read") from error
        return parse_credentials(text).get(self._registry.name)


@well_formed
def _parse_digests(image: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(str(each).partition("@")[2] for each in image.get("RepoDigests") or ())


class Registries:
    """Every registry that is asked: opened together, one poller each."""

    def __init__(
        self,
        settings: DeploysSettings,
        client: DockerClient,
        looks: Looks,
        telemetry: Telemetry,
    ) -> None:
        names = dict.fromkeys(settings.registries)
        self._registries = [Registry(name, settings.registry_ca_file) for name in names]
        self._stack = AsyncExitStack()
        pace = Pace.every(settings.registry_interval, deadline=30.0)
        self.pollers = [
            Poller(
                "deploys",
                registry.name,
                Pending(registry, client, looks, settings.registry_credentials_file).read,
                pace,
                telemetry,
            )
            for registry in self._registries
        ]

    async def __aenter__(self) -> Self:
        for registry in self._registries:
            await self._stack.enter_async_context(registry)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()
