"""Metrics to bytes: our families by their prepared lines, all others by the library's writer."""

from collections.abc import Callable, Iterable
from time import perf_counter

from prometheus_client import Metric

from exporters.core.exposition.encoding import Encoding

SLICE = 0.005
"""Seconds that a rendering may hold the event loop before it lets others run."""


def render(metrics: Iterable[Metric], encoding: Encoding) -> bytes:
    """The whole page at once: for tests, benchmarks and files."""
    raise NotImplementedError


async def expose(
    metrics: Iterable[Metric],
    encoding: Encoding,
    *,
    budget: float = SLICE,
    clock: Callable[[], float] = perf_counter,
) -> bytes:
    """The whole page, letting the event loop run after every `budget` seconds of work.

    `metrics` (a registry's `collect()`) is read as the work goes on. A family is shown as it was
    when its turn came; it may be changed or replaced meanwhile.
    """
    raise NotImplementedError
