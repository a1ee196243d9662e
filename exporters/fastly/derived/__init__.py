"""Metrics that users make of the log stream: the kind `cdn` of definitions.

YAML entry ─▶ Derived ─▶ SQL over the lines of a segment ─▶ rows ─▶ family, after the commit
"""

from exporters.fastly.derived.metrics import CdnMetrics
from exporters.fastly.derived.model import Counted, Derived

__all__ = ["CdnMetrics", "Counted", "Derived"]
