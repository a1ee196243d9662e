"""Messages of a container to entries of Loki: masked, read, counted, thinned out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import compress, repeat

from exporters.core.exposition import ValueFamily
from exporters.logs.metrics import LogsMetrics
from exporters.logs.model import Line, Reader
from exporters.logs.parsing import Parsed, parse
from exporters.logs.redaction import Redactor
from exporters.logs.throttle import Throttle
from exporters.loki import Columns, Entry, Pairs, Stream

# As Line(*row), in a third of the time.
_line = partial(tuple.__new__, Line)


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose lines they are."""

    container: str
    """The container's name."""
    service: str
    stack: str
    version: str = ""

    @property
    def pairs(self) -> Pairs:
        """The metadata of every line."""
        version = (("version", self.version),) if self.version else ()
        return (("container", self.container), *version)


@dataclass(frozen=True, slots=True)
class Edited:
    """Entries to be shipped, and the same as lines for those who count them."""

    entries: Sequence[Entry]
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Drops:
    """Counts what the settings leave out: of a service, and with all that never reaches Loki."""

    of_service: LogsMetrics
    of_all: ValueFamily

    def count(self, origin: Origin, limited: int, sampled: int) -> None:
        """Count entries over the rate, and entries that are not in the sample."""
        for reason, count in (("rate_limit", limited), ("sampled", sampled)):
            self.of_service.dropped.inc((origin.service, origin.stack, reason), count)
            self.of_all.inc((reason,), count)


@dataclass(frozen=True, slots=True)
class Editor:
    """What is done to the lines of every container."""

    host: str
    redactor: Redactor
    metrics: LogsMetrics
    dropped: Drops
    readers: Sequence[Reader] = field(default_factory=tuple)

    def edit(
        self,
        origin: Origin,
        throttle: Throttle | None,
        stream: str,
        times: Sequence[int],
        texts: Sequence[str],
    ) -> Edited:
        """Return what goes to Loki of these messages; all of them are counted."""
        texts = self.redactor.redact(texts)
        said = parse(texts)
        levels = said["level"]
        labels = (origin.service, origin.stack, stream)
        self.metrics.lines.add_many(
            ((*labels, level), count) for level, count in Counter(levels).items()
        )
        lines = self._lines(origin, stream, times, texts, levels) if self.readers else ()
        if throttle:
            kept, limited, sampled = throttle.keep(times, levels)
            self.dropped.count(origin, limited, sampled)
            times, texts = [*compress(times, kept)], [*compress(texts, kept)]
            said = {name: [*compress(values, kept)] for name, values in said.items()}
        whose = Stream(origin.service, origin.stack, self.host, stream)
        return Edited(Columns(whose, times, texts, origin.pairs, said), lines)

    def _lines(
        self,
        origin: Origin,
        stream: str,
        times: Sequence[int],
        texts: Sequence[str],
        levels: Sequence[str],
    ) -> list[Line]:
        who = map(repeat, (origin.container, origin.service, origin.stack, stream))
        rows = zip(
            times, *who, levels, texts, map(Parsed, texts), repeat(origin.version), strict=False
        )
        return list(map(_line, rows))
