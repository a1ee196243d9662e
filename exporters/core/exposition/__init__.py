"""The page that Prometheus scrapes: large families that render fast, label limits, both formats."""

from exporters.core.exposition.encoding import Encoding, compress, negotiate
from exporters.core.exposition.family import Family, OnDrop, ignore_drops
from exporters.core.exposition.histogram import HistogramFamily
from exporters.core.exposition.limits import (
    LABEL_LIMIT,
    OTHER,
    SERIES_LIMIT,
    Labels,
    Limits,
    Policy,
)
from exporters.core.exposition.page import expose, render
from exporters.core.exposition.values import Row, ValueFamily, ValueKind

__all__ = [
    "LABEL_LIMIT",
    "OTHER",
    "SERIES_LIMIT",
    "Encoding",
    "Family",
    "HistogramFamily",
    "Labels",
    "Limits",
    "OnDrop",
    "Policy",
    "Row",
    "ValueFamily",
    "ValueKind",
    "compress",
    "expose",
    "ignore_drops",
    "negotiate",
    "render",
]
