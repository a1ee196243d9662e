"""Download counts out of databases: the app's own tables, the ledger, the users' own SQL."""

from exporters.core.database import Database
from exporters.core.exporter import Exporter
from exporters.core.poller import Pace
from exporters.core.snapshot import SnapshotCollector
from exporters.core.telemetry import Telemetry
from exporters.downloads import metrics
from exporters.downloads.episodes import EPISODES
from exporters.downloads.launches import LAST_DAY, launches
from exporters.downloads.problems import Problems
from exporters.downloads.settings import DownloadsSettings
from exporters.downloads.shows import EMAIL, RSS, SHOWS
from exporters.downloads.source import AppSource

__all__ = ["DownloadsSettings", "build"]


def build(
    settings: DownloadsSettings,
    telemetry: Telemetry,
    app: Database | None,
    ledger: Database | None,  # noqa: ARG001
) -> Exporter:
    """Return the exporter; `app` is opened and closed with it, the ledger by whoever made it."""
    problems = Problems(metrics.SOURCE, metrics.problem_family())
    sources = [] if app is None else app_sources(settings, telemetry, app, problems)
    pollers = [source.poller for source in sources]
    families = metrics.families(settings.series_limit, settings.label_limit, telemetry.dropped)
    return Exporter(
        name="downloads",
        resources=() if app is None else (app,),
        services=pollers,
        sources=lambda: sources,
        collectors=(SnapshotCollector(families, pollers), problems.family),
    )


def app_sources(
    settings: DownloadsSettings, telemetry: Telemetry, app: Database, problems: Problems
) -> list[AppSource]:
    """Return the parts of the app's database, each polled by itself."""
    # A poll may have to wait for its turn at the few connections, and connects where none is left.
    pace = Pace.every(settings.interval, deadline=3 * settings.query_timeout)
    return [
        AppSource(part, app, pace, settings.query_timeout, problems, telemetry)
        for part in (SHOWS, EPISODES, launches(), RSS, EMAIL, LAST_DAY)
    ]
