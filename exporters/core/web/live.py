"""A web configuration that follows its file, its certificates and its key on the disk."""

import asyncio
import logging
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from exporters.core.errors import SettingsError
from exporters.core.web.config import WebConfig, parse_all
from exporters.core.web.contexts import ServedContext, build_context
from exporters.core.web.files import Marks, marks, read_whole, why

log = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two looks at the files."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    config: WebConfig = field(default_factory=WebConfig)
    context: ssl.SSLContext | None = None
    marks: Marks = field(default_factory=dict)


class LiveConfig:
    """The newest configuration that could be used; what is broken later does not replace it.

    A listener holds `context` from start to end. While `run()` runs, as a service, changes of any
    file are taken up within a second or two. Upstream reads everything at each connection: so a
    certificate that is renewed under a running process is the one that the next connection sees.
    """

    name = "web configuration"

    def __init__(self, path: Path | None, loaded: _Loaded) -> None:
        self.config = loaded.config
        self.context = ServedContext(loaded.context) if loaded.context else None
        """For `TCPSite(ssl_context=…)`; None where the listener speaks plain HTTP."""
        self._path = path
        self._seen = loaded.marks
        self._problems: tuple[str, ...] = ()
        self._reported: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path | None) -> Self:
        """Read the file and everything that it names; without one, ask nothing of clients.

        Raises SettingsError with every problem, each beginning with the name of the file.
        """
        return cls(path, _load(path) if path else _Loaded())

    async def run(self) -> None:
        """Look for changes, in a thread, until cancelled; return at once where there is no file."""
        while self._path is not None:
            await asyncio.sleep(INTERVAL)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Take up what has changed on disk since the last look, if it can be used.

        What is broken is tried again at each look, since its cure may be in a file that is not
        known yet. It is told once, and only when two looks in a row find it so: a certificate and
        its key are replaced one after the other.
        """
        if self._path is None:
            return
        if marks(self._seen) == self._seen:
            return
        try:
            self._take(_load(self._path), self._path)
        except SettingsError as error:
            self._failed(error.problems)

    def _take(self, loaded: _Loaded, path: Path) -> None:
        if (loaded.context is None) is not (self.context is None):
            raise SettingsError([f"{path.name}: TLS is switched on or off at a start only"])
        self.config = loaded.config
        if self.context and loaded.context:
            self.context.current = loaded.context
        self._seen = loaded.marks
        self._problems = self._reported = ()
        log.info("%s: changes are in use", path.name)

    def _failed(self, problems: tuple[str, ...]) -> None:
        if problems == self._problems and problems != self._reported:
            log.warning("changes are not in use, what was read before is: %s", "; ".join(problems))
            self._reported = problems
        self._problems = problems


def _load(path: Path) -> _Loaded:
    # Each mark is taken before its file is read: what changes meanwhile is seen at the next look.
    seen = dict(marks([path]))
    try:
        config, problems = parse_all(read_whole(path), path.parent)
    except OSError as error:
        raise SettingsError([f"{path.name}: {why(error)}"]) from error
    seen.update(marks(config.files))
    context = None
    try:
        context = build_context(config.tls) if config.tls else None
    except SettingsError as error:
        problems.extend(error.problems)
    if problems:
        raise SettingsError([f"{path.name}: {problem}" for problem in problems])
    return _Loaded(config, context, seen)
