"""Metrics to bytes: our families by their prepared lines, all others by the library's writers."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from itertools import islice
from time import perf_counter

from prometheus_client import Metric
from prometheus_client.samples import Sample

from exporters.core.exposition.encoding import Encoding
from exporters.core.exposition.family import Family

SLICE = 0.005
"""Seconds that a rendering works before it lets others run."""

_LINES = 1024
"""Prepared lines between two looks at the clock: about half a millisecond."""

_SAMPLES = 64
"""The same for the library's writers, which take ten times as long."""

_EOF = b"# EOF\n"


def render(metrics: Iterable[Metric], encoding: Encoding) -> bytes:
    """The whole page at once: for tests, benchmarks and files."""
    return b"".join(_blocks(metrics, encoding))


async def expose(
    metrics: Iterable[Metric],
    encoding: Encoding,
    *,
    budget: float = SLICE,
    clock: Callable[[], float] = perf_counter,
) -> bytes:
    """The whole page, with a turn for the event loop after every `budget` seconds of work.

    `metrics` (a registry's `collect()`) is read as the work goes on, so a collector that is a
    generator must not walk over what may change. A family shows its values of the moment when its
    turn comes, and may change meanwhile.
    """
    page = BytesIO()  # grows on the way: to join a large page at the end would be a long turn
    deadline = clock() + budget
    for block in _blocks(metrics, encoding):
        page.write(block)
        if clock() >= deadline:
            await asyncio.sleep(0)
            deadline = clock() + budget
    return page.getvalue()


def _blocks(metrics: Iterable[Metric], encoding: Encoding) -> Iterator[bytes]:
    for metric in metrics:
        if isinstance(metric, Family) and encoding.keeps_names:
            yield _write(_like(metric), encoding)[:-1]
            for block in metric.blocks(_LINES):
                yield block.encode()
            yield b"\n"
        elif isinstance(metric, Family):
            yield from _by_library(_like(metric), metric.iter_samples(), encoding)
        else:
            for part, samples in _parts(metric, encoding):
                yield from _by_library(part, iter(samples), encoding)
    if encoding.openmetrics:
        yield _EOF


def _by_library(head: Metric, samples: Iterator[Sample], encoding: Encoding) -> Iterator[bytes]:
    """The library's page of one metric, a few samples at a time."""
    heading = _write(head, encoding)
    yield heading
    while chunk := list(islice(samples, _SAMPLES)):
        head.samples = chunk
        yield _write(head, encoding)[len(heading) :]


def _parts(metric: Metric, encoding: Encoding) -> Iterator[tuple[Metric, list[Sample]]]:
    """The metric, and in the text format what OpenMetrics alone knows, as gauges after it."""
    aside: dict[str, list[Sample]] = {}
    if not encoding.openmetrics:
        aside = {metric.name + suffix: [] for suffix in ("_created", "_gcount", "_gsum")}
    rest: list[Sample] = []
    for sample in metric.samples:
        aside.get(sample.name, rest).append(sample)
    yield _like(metric), rest
    for name, samples in aside.items():
        if samples:
            yield Metric(name, metric.documentation, "gauge"), samples


def _like(metric: Metric) -> Metric:
    """The metric without its samples: its writers then write the heading."""
    return Metric(metric.name, metric.documentation, metric.type, metric.unit)


def _write(metric: Metric, encoding: Encoding) -> bytes:
    page = encoding.write(_Only(metric))
    return page[: -len(_EOF)] if encoding.openmetrics else page


class _Only:
    """A collector of one metric."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> Iterable[Metric]:
        return (self._metric,)
