"""What can become of a segment that is to be recorded, besides an error of the database."""

from collections.abc import Iterable
from datetime import date

from exporters.core.errors import NearfieldError, StartError


class LedgerTooNew(StartError):
    """The ledger has migrations that this version does not know."""


class AlreadyRecorded(NearfieldError):
    """The segment is in the ledger: it is to be deleted, not counted."""


class Overtaken(NearfieldError):
    """What the ledger told while the lines were measured is no longer so: measure them again."""


class BatchesRepeated(Overtaken):
    """Another worker has counted some batches, or files, of the segment meanwhile."""

    def __init__(self, digests: Iterable[str]) -> None:
        super().__init__("batches of the segment were counted elsewhere")
        self.digests = frozenset(digests)


class DayClosed(NearfieldError):
    """A backfill into a closed day, of a show that has lines on it."""

    def __init__(self, day: date, podcast: str) -> None:
        super().__init__(
            f"{day} is closed and has lines of {podcast}: to count more would count them twice"
        )
        self.day, self.podcast = day, podcast
