"""Messages of a container to entries of Loki: masked, read, counted, thinned out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import compress, repeat

from exporters.core.exposition import ValueFamily
from exporters.logs.metrics import LogsMetrics
from exporters.logs.model import Line, Reader
from exporters.logs.parsing import Found, Parsed, parse
from exporters.logs.redaction import Redactor
from exporters.logs.throttle import Throttle
from exporters.loki import Entry, Pairs, Stream

# As Entry(*row), in a third of the time.
_entry = partial(tuple.__new__, Entry)


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
        found = parse(texts)
        levels = [each["level"] for each in found]
        labels = (origin.service, origin.stack, stream)
        self.metrics.lines.add_many(
            ((*labels, level), count) for level, count in Counter(levels).items()
        )
        lines = self._lines(origin, stream, times, texts, found) if self.readers else ()
        if throttle:
            kept, limited, sampled = throttle.keep(times, levels)
            if limited or sampled:
                self.dropped.count(origin, limited, sampled)
                times, texts = [*compress(times, kept)], [*compress(texts, kept)]
                found = [*compress(found, kept)]
        pairs = origin.pairs
        rows = zip(
            repeat(Stream(origin.service, origin.stack, self.host, stream)),
            times,
            texts,
            [(*pairs, *each.items()) for each in found],
            strict=False,  # the first has no end
        )
        return Edited(list(map(_entry, rows)), lines)

    def _lines(
        self,
        origin: Origin,
        stream: str,
        times: Sequence[int],
        texts: Sequence[str],
        found: Iterable[Found],
    ) -> list[Line]:
        who = (origin.container, origin.service, origin.stack, stream)
        return [
            Line(time, *who, each["level"], text, Parsed(text))
            for time, text, each in zip(times, texts, found, strict=True)
        ]
