"""Record segments: from the disk through the measurer into the ledger."""

from exporters.fastly.record.recorder import Recorded, Recorder

__all__ = ["Recorded", "Recorder"]
