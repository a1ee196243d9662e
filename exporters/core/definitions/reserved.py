"""Which names a page has already, so that users' metrics do not take them."""

from collections.abc import Iterable

from prometheus_client.registry import Collector

_SUFFIXES = {
    "counter": ("", "_total", "_created"),
    "histogram": ("", "_bucket", "_sum", "_count", "_created"),
    "summary": ("", "_sum", "_count", "_created"),
    "info": ("", "_info"),
}


def names_on_page(collectors: Iterable[Collector]) -> frozenset[str]:
    """Return every name that these collectors take in either format.

    A collector that describes itself is not asked for its values.
    """
    return frozenset(
        metric.name + suffix
        for collector in collectors
        for metric in getattr(collector, "describe", collector.collect)()
        for suffix in _SUFFIXES.get(metric.type, ("",))
    )
