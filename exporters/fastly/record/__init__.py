"""Record segments: from the disk through the measurer into the ledger."""

from exporters.fastly.record.metrics import StreamMetrics
from exporters.fastly.record.recorder import Recorded, Recorder
from exporters.fastly.record.worker import Worker

__all__ = ["Recorded", "Recorder", "StreamMetrics", "Worker"]
