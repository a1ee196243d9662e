"""The spool: batches wait on disk, fsynced, until the ledger has counted them.

    part (a batch being received) ─┬─▶ open segment of its source ─▶ sealed segment ─▶ reader
                                   └─ large ones become a segment of their own ─▲

Many batches share one sync. After a crash at any moment the spool holds every batch that was
answered and no half of any.
"""

from exporters.fastly.spool.lane import Arrival, Kind
from exporters.fastly.spool.metrics import SpoolMetrics
from exporters.fastly.spool.parts import Part
from exporters.fastly.spool.spool import Settled, Spool, SpoolLimits

__all__ = ["Arrival", "Kind", "Part", "Settled", "Spool", "SpoolLimits", "SpoolMetrics"]
