"""Which hosts have a label value of their own."""

from collections.abc import Iterable

from exporters.core.exposition import OTHER
from exporters.fastly.measure.labels import UNSET

FIRST = 50


class Hosts:
    """Those of the settings, else the first 50 that answered with success (DESIGN 3.7)."""

    def __init__(self, configured: Iterable[str] = ()) -> None:
        self._admitted = dict.fromkeys(host.lower() for host in configured)
        self._open = not self._admitted

    def label(self, host: str | None) -> str:
        """Return a host as its label value; empty where the line has none."""
        if host is None or host in UNSET:
            return ""
        name = host.lower()
        return name if name in self._admitted else OTHER

    def admit(self, successful: Iterable[str]) -> None:
        """Take hosts that answered with success while there is room."""
        for host in successful:
            if not self._open:
                return
            self._admitted.setdefault(host)
            self._open = len(self._admitted) < FIRST
