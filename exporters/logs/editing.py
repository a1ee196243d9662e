"""Messages of a container to entries of Loki: masked, read, counted, thinned out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import compress, repeat
from typing import cast

from exporters.core.exposition import ValueFamily
from exporters.logs.metrics import LogsMetrics
from exporters.logs.model import Line, Reader
from exporters.logs.parsing import Columns, Parsed, parse
from exporters.logs.redaction import Redactor
from exporters.logs.throttle import Throttle
from exporters.loki import Entry, Pairs, Stream

# As Entry(*row) and Line(*row), in a third of the time.
_entry = partial(tuple.__new__, Entry)
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
        columns = parse(texts)
        levels = columns["level"]
        labels = (origin.service, origin.stack, stream)
        self.metrics.lines.add_many(
            ((*labels, level), count) for level, count in Counter(levels).items()
        )
        lines = self._lines(origin, stream, times, texts, levels) if self.readers else ()
        rows: Iterable[Entry] = map(
            _entry,
            zip(
                repeat(Stream(origin.service, origin.stack, self.host, stream)),
                times,
                texts,
                _metadata(origin.pairs, columns),
                strict=False,  # the first has no end
            ),
        )
        if throttle:
            kept, limited, sampled = throttle.keep(times, levels)
            self.dropped.count(origin, limited, sampled)
            rows = compress(rows, kept)
        return Edited(list(rows), lines)

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


def _metadata(pairs: Pairs, columns: Columns) -> Iterable[Pairs]:
    """Return the metadata of each line: what all have, and what it says of itself."""
    made: list[Iterable[tuple[str, str] | None]] = [repeat(pair) for pair in pairs]
    whole = True
    for name, column in columns.items():
        if "" in column:
            whole = False
            made.append([(name, value) if value else None for value in column])
        else:
            made.append(zip(repeat(name), column, strict=False))
    rows = zip(*made, strict=False)
    return cast("Iterable[Pairs]", rows if whole else (tuple(filter(None, row)) for row in rows))
