"""The durable truth about downloads: the schema `nearfield` of a PostgreSQL, and all SQL on it.

What lines came to goes in by `Ledger.recording`, one transaction a segment. What adds up is kept
for ever, by the hour. Who listened is kept a day at a time, under a key of that day, until the day
can no longer change; then both are destroyed.
"""

from exporters.ledger.episodes import EpisodeFacts, write_episodes
from exporters.ledger.errors import (
    AlreadyRecorded,
    BatchesRepeated,
    DayClosed,
    LedgerTooNew,
    Overtaken,
)
from exporters.ledger.ledger import Ledger
from exporters.ledger.recording import Archive, Entry, Recording

__all__ = [
    "AlreadyRecorded",
    "Archive",
    "BatchesRepeated",
    "DayClosed",
    "Entry",
    "EpisodeFacts",
    "Ledger",
    "LedgerTooNew",
    "Overtaken",
    "Recording",
    "write_episodes",
]
