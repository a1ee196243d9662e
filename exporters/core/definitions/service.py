"""Watches the files of definitions and tells each kind what counts."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporters.core.definitions.files import Found, Look, Patterns, read
from exporters.core.definitions.model import Kind, Parsed, Placed
from exporters.core.definitions.parse import parse
from exporters.core.definitions.settle import Settled, settle
from exporters.core.exporter import Health
from exporters.core.exposition import ValueFamily

log = logging.getLogger(__name__)

LOOK = 2.0
"""Seconds between two looks at the files. Looking works where events do not: bind mounts, network
folders, links that are swapped."""
_LINES = 5
"""Problems of a file that are told in one line; `nearfield check` tells them all."""


@dataclass(frozen=True, slots=True)
class DefinitionFile:
    """How a file does, for `/readyz` and `/`."""

    file: str
    settled: Settled

    def health(self) -> Health:
        """Return the file's problems; it is not fresh only where nothing of it is served."""
        problems, served = self.settled.problems, self.settled.placed
        reason = _summary(problems)
        if problems and self.settled.held is not None:
            reason += "; the file's last good version is in use"
        return Health(self.file, bool(served or not problems), reason, needed=False)


class Definitions:
    """The definitions of all files, for all kinds: one for each process.

    `patterns` are absolute paths or glob patterns, `kinds` what may stand behind `from`, `reserved`
    gives the names on the page that users may not take; it is asked at each change, when everything
    is wired. Each kind is told by `apply` what counts, at the start and at each change.

    It is a `Service`, and a `Source` for each file; `load` is all that a check needs.
    """

    name = "definitions"

    def __init__(
        self,
        patterns: Sequence[Path],
        kinds: Sequence[Kind[Any]],
        *,
        reserved: Callable[[], Collection[str]] = tuple,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._patterns = Patterns(patterns)
        self._kinds = {kind.word: kind for kind in kinds}
        self._reserved = reserved
        self._sleep = sleep
        self._one_at_a_time = asyncio.Lock()
        self._seen: Look | None = None
        self._parsed: dict[str, Parsed] = {}
        self._settled: dict[str, Settled] = {}
        self._family = ValueFamily(
            "gauge",
            "nearfield_definition_problems",
            "Problems of a file of users' own metrics; with any, its last good version is used.",
            ["file"],
        )
        self.collectors = (self._family,)

    async def run(self) -> None:
        """Look at the files again and again until cancelled."""
        while True:
            await self._look()
            await self._sleep(LOOK)

    async def reload(self) -> None:
        """Read every file again, whether it seems to have changed or not."""
        await self._look(all_of_them=True)

    def load(self) -> tuple[Placed, ...]:
        """Read the files once, for a check; then `problems` and `sources` tell how they do."""
        look = self._patterns.look()
        self._take(look, {one.shown: self._parse(one) for one in look.found})
        return self._placed()

    def problems(self) -> tuple[str, ...]:
        """Return a line for each problem of each file, and for each pattern without a file."""
        problems = [line for settled in self._settled.values() for line in settled.problems]
        return (*problems, *(f"{pattern}: matches no file" for pattern in self._idle()))

    def sources(self) -> tuple[DefinitionFile, ...]:
        """Return the files there are now."""
        return tuple(DefinitionFile(file, settled) for file, settled in self._settled.items())

    async def _look(self, *, all_of_them: bool = False) -> None:
        async with self._one_at_a_time:
            look = await asyncio.to_thread(self._patterns.look)
            if look == self._seen and not all_of_them:
                return
            known = () if all_of_them or self._seen is None else self._seen.found
            parsed = {
                one.shown: self._parsed[one.shown]
                if one in known
                else await asyncio.to_thread(self._parse, one)
                for one in look.found
            }
            self._take(look, parsed)
            placed = self._placed()
            log.info("%d definitions from %d files are in use", len(placed), len(look.found))
            for word, kind in self._kinds.items():
                kind.apply([one.definition for one in placed if one.word == word])

    def _parse(self, found: Found) -> Parsed:
        text, unreadable = read(found.path)
        if unreadable:
            return Parsed(problems=(f"{found.shown}: {unreadable}",))
        return parse(found.shown, text, self._kinds)

    def _take(self, look: Look, parsed: dict[str, Parsed]) -> None:
        before, idle_before = self._settled, self._idle()
        self._settled = settle(parsed, before, self._reserved())
        self._seen, self._parsed = look, parsed
        self._family.replace([((f,), len(s.problems)) for f, s in self._settled.items()])
        for file, settled in self._settled.items():
            had = before[file].problems if file in before else ()
            if settled.problems and settled.problems != had:
                log.warning("%s", DefinitionFile(file, settled).health().reason)
            elif had and not settled.problems:
                log.info("%s is good again", file)
        for pattern in set(look.idle).difference(idle_before):
            log.warning("%s: matches no file", pattern)

    def _idle(self) -> tuple[str, ...]:
        return self._seen.idle if self._seen else ()

    def _placed(self) -> tuple[Placed, ...]:
        return tuple(one for settled in self._settled.values() for one in settled.placed)


def _summary(problems: Sequence[str]) -> str:
    more = f"; and {len(problems) - _LINES} more" if len(problems) > _LINES else ""
    return "; ".join(problems[:_LINES]) + more
