"""What it costs to make numbers of a line: exceptions, and users' own metrics.

    python benchmarks/log_numbers.py [--lines 2000] [--rounds 10]

Processor time for each line, the best of the rounds; lines are of 200 bytes. Twenty definitions in
one pattern each is how many would do it that know of no literals: each line is searched by each.
"""

import argparse
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from time import process_time

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from exporters.core.database import Database
from exporters.core.definitions import parse
from exporters.core.exposition import ignore_drops
from exporters.core.telemetry import Telemetry
from exporters.logs.derived import LogMetrics
from exporters.logs.exceptions import Exceptions
from exporters.logs.model import Line
from exporters.logs.parsing import Parsed

PATTERN = r"order {n}x of (?P<kind>\w+) placed"
TRACE = """Traceback (most recent call last):
  File "/app/shop/views.py", line 42, in buy
    charge(order)
  File "/usr/lib/python3.11/site-packages/client.py", line 17, in post
    return send(body)
client.Timeout: no answer after {n} s
"""


def _words(dice: random.Random, size: int) -> str:
    words = ("".join(dice.choices("abcdeghimnostu", k=dice.randint(3, 9))) for _ in range(40))
    return " ".join(words)[:size]


def _line(text: str, level: str) -> Line:
    return Line(0, "shop_web_1", "web", "shop", "stdout", level, text, Parsed(text))


def _metrics(count: int) -> LogMetrics:
    entries = (
        f"m{n}_total: {{from: logs, help: h, pattern: '{PATTERN.format(n=n)}', labels: [kind]}}"
        for n in range(count)
    )
    return _kind("\n".join(entries))


def _kind(text: str) -> LogMetrics:
    metrics = LogMetrics(ignore_drops)
    parsed = parse("bench.yml", text, {"logs": metrics})
    assert not parsed.problems
    metrics.apply([placed.definition for placed in parsed.placed])  # type: ignore[misc]
    return metrics


def _searched(count: int) -> Callable[[Sequence[Line]], None]:
    patterns = [re.compile(PATTERN.format(n=n)) for n in range(count)]

    def read(lines: Sequence[Line]) -> None:
        for line in lines:
            for pattern in patterns:
                pattern.search(line.text)

    return read


def _cases(size: int) -> Iterator[tuple[str, Callable[[Sequence[Line]], None], list[Line]]]:
    dice = random.Random(1)
    texts = [_words(dice, 200) for _ in range(size)]
    told = [_line(text, "info") for text in texts]
    orders = [_line(f"order 0x of books placed {text}"[:200], "info") for text in texts]
    records = ({"event": "job_done", "ms": n, "text": text[:150]} for n, text in enumerate(texts))
    jobs = [_line(json.dumps(record), "info") for record in records]
    exceptions = Exceptions(
        Database("nowhere", SecretStr("")), Telemetry(CollectorRegistry(), "0")
    ).read
    yield "exceptions: lines that say their level", exceptions, told
    yield "exceptions: lines that do not", exceptions, [_line(t, "unknown") for t in texts]
    traces = [_line(TRACE.format(n=n), "error") for n in range(size)]
    yield "exceptions: stack traces", exceptions, traces
    yield "1 definition, another line", _metrics(1).read, told
    yield "20 definitions, another line", _metrics(20).read, told
    yield "20 definitions without literals", _searched(20), told
    yield "1 definition, its line", _metrics(1).read, orders
    fields = _kind("m_ms: {from: logs, help: h, where: {event: job_done}, value: ms}")
    yield "1 definition, its field of JSON", fields.read, jobs


def _cost(read: Callable[[Sequence[Line]], None], lines: Sequence[Line]) -> float:
    # Fields are made once a line and kept, so each round has lines of its own.
    fresh = [_line(line.text, line.level) for line in lines]
    started = process_time()
    read(fresh)
    return (process_time() - started) / len(lines)


def main() -> None:
    """Print a row for each case."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    for name, read, lines in _cases(options.lines):
        best = min(_cost(read, lines) for _ in range(options.rounds))
        print(f"{name:40} {best * 1e6:8.2f} µs a line")


if __name__ == "__main__":
    main()
