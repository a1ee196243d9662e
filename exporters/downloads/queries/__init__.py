"""Users' own SQL metrics, out of YAML files."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from exporters.core.database import Database
from exporters.core.definitions import Definitions, Kind
from exporters.core.exporter import Service, Source
from exporters.core.exposition import Limits, Policy
from exporters.core.telemetry import Telemetry
from exporters.downloads.queries.explain import Checked, explain
from exporters.downloads.queries.model import Defaults
from exporters.downloads.queries.service import SqlKind

__all__ = ["Checked", "Queries"]


class Queries:
    """The parts of users' own metrics, as an `Exporter` wants them.

        queries = Queries(settings.queries, {"app": app, "ledger": ledger}, telemetry)
        Exporter(…, services=[*queries.services], collectors=[*queries.collectors],
                 sources=lambda: [*queries.sources()], reload=queries.reload)

    `patterns` are absolute paths or glob patterns of YAML files, watched from then on. `databases`
    are those that a query may name, opened by whoever made them; the first is meant where a query
    names none, so the app's comes first where there is one. None stands for one that exists and
    cannot be asked, in a check. `interval`, `deadline` (seconds) and `limits` hold where a query
    has none of its own. `others` are the kinds of other exporters (`from: cdn`), which read the
    same files; `reserved` gives, once all is wired, the names on the page that users may not take
    (see `names_on_page`). `check` is what `nearfield check` wants.
    """

    def __init__(
        self,
        patterns: Sequence[Path],
        databases: Mapping[str, Database | None],
        telemetry: Telemetry,
        *,
        interval: float = 60.0,
        deadline: float = 10.0,
        limits: Limits = Limits(),  # noqa: B008  frozen
        others: Sequence[Kind[Any]] = (),
        reserved: Callable[[], Collection[str]] = tuple,
    ) -> None:
        # All labels of a row over the limit become `other`: we cannot know which of them matter.
        limits = replace(limits, policy=Policy.FOLD_ALL)
        defaults = Defaults(interval, deadline, limits, tuple(databases))
        asked = {name: database for name, database in databases.items() if database}
        self._databases = databases
        self._sql = SqlKind(asked, telemetry, defaults)
        self._definitions = Definitions(patterns, [self._sql, *others], reserved=reserved)
        self.services: tuple[Service, ...] = (self._sql, self._definitions) if patterns else ()
        self.collectors = (*self._definitions.collectors, self._sql)

    def sources(self) -> tuple[Source, ...]:
        """Return each file and each query that there is now."""
        return (*self._definitions.sources(), *self._sql.sources())

    async def reload(self) -> None:
        """Read every file again."""
        await self._definitions.reload()

    async def check(self) -> Checked:
        """Read the files and ask the databases, which must be open, what they think of each query.

        For an instance that does not run.
        """
        found = await explain(self._definitions.load(), self._databases)
        return Checked((*self._definitions.problems(), *found.problems), found.notes)
