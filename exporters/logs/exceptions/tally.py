"""Exceptions that were counted and are not in the ledger yet: bounded, the oldest go first."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from exporters.ledger.exceptions import ExceptionCount
from exporters.logs.exceptions.model import Raised

PER_SERVICE = 500
"""Kinds of exceptions of one service that may wait for the ledger."""
CAPACITY = 10_000
"""The same for all services."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Count:
    first_ns: int
    last_ns: int
    version: str
    """Of the first one."""
    count: int = 0


class Tally:
    """Counts by service and kind. What has no place any more is counted in `lost`."""

    def __init__(self, per_service: int = PER_SERVICE, capacity: int = CAPACITY) -> None:
        self.lost = 0
        self._per_service = per_service
        self._capacity = capacity
        self._services: OrderedDict[tuple[str, str], OrderedDict[Raised, _Count]] = OrderedDict()
        self._kinds = 0

    def __len__(self) -> int:
        """How many kinds wait."""
        return self._kinds

    def add(
        self, service: str, stack: str, raised: Raised, time_ns: int, version: str = ""
    ) -> None:
        """Count one exception; `time_ns` is that of its line, since 1970."""
        kinds = self._services.setdefault((service, stack), OrderedDict())
        count = kinds.get(raised)
        if count is None:
            count = kinds[raised] = _Count(time_ns, time_ns, version)
            self._kinds += 1
            self._make_room(kinds)
        else:
            kinds.move_to_end(raised)
        count.count += 1
        count.first_ns = min(count.first_ns, time_ns)
        count.last_ns = max(count.last_ns, time_ns)

    def take(self) -> list[ExceptionCount]:
        """Return what was counted, and begin anew."""
        services, self._services, self._kinds = self._services, OrderedDict(), 0
        return [
            ExceptionCount(
                service=service,
                stack=stack,
                fingerprint=raised.fingerprint,
                type=raised.type,
                message=raised.message,
                place=raised.place,
                first_seen=_moment(count.first_ns),
                last_seen=_moment(count.last_ns),
                count=count.count,
                image_version=count.version,
            )
            for (service, stack), kinds in services.items()
            for raised, count in kinds.items()
        ]

    def _make_room(self, kinds: OrderedDict[Raised, _Count]) -> None:
        if len(kinds) > self._per_service:
            self._forget(kinds)
        elif self._kinds > self._capacity:
            # The service with the most gives: one that is quiet keeps its few.
            self._forget(max(self._services.values(), key=len))

    def _forget(self, kinds: OrderedDict[Raised, _Count]) -> None:
        _, count = kinds.popitem(last=False)
        self.lost += count.count
        self._kinds -= 1


def _moment(nanoseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)
