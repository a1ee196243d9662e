"""The sink for log entries: a queue on disk, batches, Loki's push API; anyone may hand it lines."""

from dataclasses import dataclass
from pathlib import Path

from exporters.core.exporter import Exporter
from exporters.loki.client import LokiClient
from exporters.loki.courier import Courier
from exporters.loki.encoding import ENCODINGS
from exporters.loki.limits import Limits
from exporters.loki.lines import Lines
from exporters.loki.metrics import LokiMetrics
from exporters.loki.model import Columns, Cursors, Entry, Pairs, Stream
from exporters.loki.queue import Queue
from exporters.loki.refused import RefusedLines
from exporters.loki.settings import LokiSettings
from exporters.loki.sink import Accepts, Manners, Sink

__all__ = [
    "Accepts",
    "Columns",
    "Cursors",
    "Entry",
    "Lines",
    "Loki",
    "LokiMetrics",
    "LokiSettings",
    "Manners",
    "Pairs",
    "Sink",
    "Stream",
    "build",
]


@dataclass(frozen=True, slots=True)
class Loki:
    """What exporters are given (`sink`, `lines`), and what opens, runs and shows it."""

    sink: Sink
    lines: Lines
    metrics: LokiMetrics
    exporter: Exporter


def build(settings: LokiSettings, data_dir: Path, host: str) -> Loki | None:
    """Return the sink, its files in `data_dir`/loki; None where no Loki is configured.

    `host` is this machine's name, as the label of that name has it.
    """
    if not settings.loki_url:
        return None
    folder = data_dir / "loki"
    metrics, client = LokiMetrics(), LokiClient(settings)
    limits = Limits(settings.max_line_size, settings.max_line_age, settings.too_long == "clamp")
    manners = Manners(ENCODINGS[settings.encoding], settings.batch_size, settings.batch_age, limits)
    refused = RefusedLines(folder / "refused.jsonl") if settings.refused == "keep" else None
    sink = Sink(
        Queue(folder, settings.queue_size), Courier(client, metrics), metrics, manners, refused
    )
    lines = Lines(sink, metrics, host)
    exporter = Exporter(
        "loki",
        resources=(client, sink, lines.handover),
        services=(sink, lines.handover),
        sources=lambda: (sink,),
        collectors=(metrics,),
    )
    return Loki(sink, lines, metrics, exporter)
