"""The exporter of the log stream, put together: every way in, and the way to the ledger."""

from datetime import timedelta
from pathlib import Path

from exporters.core.collection import RareCollection
from exporters.core.database import Database
from exporters.core.exporter import Exporter
from exporters.core.heap import KeptHeap
from exporters.core.telemetry import Telemetry
from exporters.core.turns import ShortTurns
from exporters.fastly.derived import CdnMetrics
from exporters.fastly.measure import REASONS
from exporters.fastly.receive.intake import build_intake, used
from exporters.fastly.record.build import Bench, build_recording
from exporters.fastly.requests import Teller, worth
from exporters.fastly.segment import Source
from exporters.fastly.settings import FastlySettings
from exporters.ledger import Ledger


def build(
    settings: FastlySettings,
    data_dir: Path,
    database: Database,
    telemetry: Telemetry,
    own: CdnMetrics,
    teller: Teller | None = None,
) -> Exporter:
    """Return the exporter; it opens `database`, the ledger's, for itself (see `connections`).

    `own` are the metrics that users define of log lines; `teller` gets the requests worth reading,
    and is opened and run here.

    Raises SettingsError for tokens, patterns and files that cannot be used.
    """
    intake = build_intake(settings, data_dir, REASONS, telemetry)
    told = worth(settings.lines) if teller else None
    ledger = ledger_of(settings, database)
    bench = Bench(settings, settings.counting, data_dir, ledger, own, told)
    handovers = (teller.handover,) if teller else ()
    process = (KeptHeap(), RareCollection(), ShortTurns())

    def repeated(source: Source, batches: int) -> None:
        intake.metrics.repeated.inc((source,), batches)

    recording = build_recording(
        bench, intake.spool, intake.quarantine, repeated, telemetry, used(settings), teller
    )
    return Exporter(
        "fastly",
        resources=(*process, database, intake.spool, *handovers, *recording.resources),
        services=(*intake.services, recording.worker, *handovers),
        sources=lambda: (*intake.sources, recording.worker),
        collectors=(*intake.collectors, recording.metrics, own),
        listeners=intake.listeners,
    )


def ledger_of(settings: FastlySettings, database: Database) -> Ledger:
    """Return the ledger in a database, counting as the settings say."""
    return Ledger(database, settings.window, timedelta(seconds=settings.counting.close_after))


def connections(settings: FastlySettings) -> int:
    """Return how many connections the ledger's database must give: two a recorder, one to tidy."""
    return 2 * settings.counting.recorders + 1
