"""How long tasks of the whole host waited in each second, which fifteen-second averages hide."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from exporters.containers.descriptors import Descriptors, KernelFile
from exporters.containers.model import pressure
from exporters.core.exposition import HistogramFamily

Waits = Mapping[tuple[str, str], float]
"""Share of the time since the last look by resource and kind."""

_BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def family() -> HistogramFamily:
    """Return the histogram; it stays empty where the kernel has no PSI."""
    return HistogramFamily(
        "host_pressure_ratio",
        "Share of each second in which some, or all, tasks of the host waited for a resource.",
        ("resource", "tasks"),
        buckets=_BUCKETS,
    )


class HostPressure:
    """Reads `/proc/pressure` or, where that is missing, the root of a unified cgroup tree."""

    def __init__(self, proc: Path, root: Path, descriptors: Descriptors) -> None:
        self._places = (proc / "pressure", root)
        self._descriptors = descriptors
        self._files: dict[str, KernelFile] = {}
        self._before: dict[tuple[str, str], tuple[float, float]] = {}

    def open(self) -> None:
        """Open what there is."""
        for resource in ("cpu", "memory"):
            for path in (self._places[0] / resource, self._places[1] / f"{resource}.pressure"):
                if resource not in self._files:
                    with suppress(OSError):
                        self._files[resource] = KernelFile(path, self._descriptors)

    def close(self) -> None:
        """Close every file."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def look(self, moment: float) -> Waits:
        """Return the shares since the last look; `moment` is of a clock that never jumps."""
        shares = {}
        for key, total in self._totals().items():
            before, then = self._before.get(key, (total, moment))
            self._before[key] = (total, moment)
            if moment > then and total >= before:
                shares[key] = min((total - before) / (moment - then), 1.0)
        return shares

    def _totals(self) -> dict[tuple[str, str], float]:
        totals = {}
        for resource, file in self._files.items():
            with suppress(OSError, ValueError, KeyError):
                found = pressure(file.read())
                totals[resource, "some"] = found.some
                if found.full is not None and resource != "cpu":  # the kernel has none for CPUs
                    totals[resource, "full"] = found.full
        return totals
