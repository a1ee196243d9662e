"""Metrics about the exporters themselves, the same for every exporter."""

import asyncio
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from exporters.core.errors import SourceError

REASONS = tuple(sorted({SourceError.reason, *(e.reason for e in SourceError.__subclasses__())}))
_POLL_BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Telemetry:
    """Counts polls and their failures, remembers the last success, counts folded series."""

    def __init__(self, registry: CollectorRegistry, version: str) -> None:
        _process(registry, version)
        labels = ["exporter", "source"]
        self._polls = Counter(
            "nearfield_polls", "Reads of a source that were begun.", labels, registry=registry
        )
        self._failures = Counter(
            "nearfield_poll_failures",
            "Reads of a source that gave nothing, by reason.",
            [*labels, "reason"],
            registry=registry,
        )
        self._duration = Histogram(
            "nearfield_poll_duration_seconds",
            "How long reads of a source took, failed ones included.",
            labels,
            buckets=_POLL_BUCKETS,
            registry=registry,
        )
        self._last_success = Gauge(
            "nearfield_last_success_timestamp_seconds",
            "When a source was last read with success; a failure does not move it.",
            labels,
            registry=registry,
        )
        self._dropped = Counter(
            "nearfield_series_dropped",
            "Updates whose series was over a limit: its labels became other, or it was left out.",
            ["family"],
            registry=registry,
        )

    def introduce(self, exporter: str, source: str) -> None:
        """Create every series of a source at zero, so that rate() sees its first failure."""
        self._polls.labels(exporter, source)
        self._duration.labels(exporter, source)
        for reason in REASONS:
            self._failures.labels(exporter, source, reason)

    def forget(self, exporter: str, source: str) -> None:
        """Remove every series of a source that is gone from the settings."""
        for metric in (self._polls, self._duration, self._last_success):
            _remove(metric, exporter, source)
        for reason in REASONS:
            _remove(self._failures, exporter, source, reason)

    def dropped(self, family: str, count: int = 1) -> None:
        """Count updates of a family whose series was over a limit."""
        self._dropped.labels(family).inc(count)

    @contextmanager
    def poll(self, exporter: str, source: str) -> Iterator[None]:
        """Measure one read; count an expected failure by its reason and let it through."""
        self._polls.labels(exporter, source).inc()
        started = perf_counter()
        try:
            yield
        except SourceError as error:
            self._failures.labels(exporter, source, error.reason).inc()
            raise
        else:
            self._last_success.labels(exporter, source).set_to_current_time()
        finally:
            self._duration.labels(exporter, source).observe(perf_counter() - started)


def _process(registry: CollectorRegistry, version: str) -> None:
    """Register what is said of the process as a whole."""
    build = Gauge(
        "nearfield_build_info",
        "The version that runs, always 1.",
        ["version", "python"],
        registry=registry,
    )
    build.labels(version, platform.python_version()).set(1)
    tasks = Gauge(
        "nearfield_tasks",
        "asyncio tasks that are not done: more and more of them are a leak.",
        registry=registry,
    )
    tasks.set_function(_tasks)


def _tasks() -> float:
    """Return the tasks of the loop that runs; 0 where none does."""
    with suppress(RuntimeError):
        return len(asyncio.all_tasks())
    return 0


def _remove(metric: Counter | Gauge | Histogram, *labels: str) -> None:
    metric.labels(*labels)  # remove() wants it to exist: a source may be gone before its success
    metric.remove(*labels)
