"""Every family there is to show: ours, asked of the code, and those of listed neighbours."""

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from tests.dashboards.neighbours import NEIGHBOURS

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Served:
    """A family as its page tells it: `name` with `_total` where it has that."""

    name: str
    type: str
    labels: tuple[str, ...]
    owner: str

    @property
    def series(self) -> tuple[str, ...]:
        """The names of its samples."""
        parts = ("_bucket", "_sum", "_count") if self.type == "histogram" else ("",)
        return tuple(self.name + part for part in parts)


@cache
def ours() -> dict[str, Served]:
    """Return the families that our exporters serve."""
    reference = _module(ROOT / "docs" / "reference.py")
    served = {}
    for metric in reference._metrics():
        name = metric.name + {"counter": "_total", "info": "_info"}.get(metric.type, "")
        served[name] = Served(name, metric.type, reference._labels(metric), "nearfield")
    return served


@cache
def families() -> dict[str, Served]:
    """Return ours and the neighbours'."""
    theirs = {
        name: Served(name, "histogram" if histogram else "unknown", labels, owner)
        for owner, table in NEIGHBOURS.items()
        for name, labels, histogram in table
    }
    return {**theirs, **ours()}


@cache
def by_series() -> dict[str, Served]:
    """Return the family of each name that a query may use."""
    return {series: served for served in families().values() for series in served.series}


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("nearfield_docs_reference", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
