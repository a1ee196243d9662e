"""Download counts out of databases: the app's own tables, the ledger, the users' own SQL."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Any

from prometheus_client.registry import Collector

from exporters.core.database import Database
from exporters.core.definitions import Kind, names_on_page
from exporters.core.exporter import Exporter
from exporters.core.exposition import Limits
from exporters.core.poller import Pace
from exporters.core.snapshot import SnapshotCollector
from exporters.core.telemetry import Telemetry
from exporters.downloads import metrics
from exporters.downloads.episodes import EPISODES
from exporters.downloads.launches import LAST_DAY, launches
from exporters.downloads.problems import Problems
from exporters.downloads.queries import Queries
from exporters.downloads.settings import DownloadsSettings
from exporters.downloads.shows import EMAIL, RSS, SHOWS
from exporters.downloads.source import AppSource, Part
from exporters.downloads.stream import stream

__all__ = ["DownloadsSettings", "app_parts", "build"]


def build(
    settings: DownloadsSettings,
    telemetry: Telemetry,
    app: Database | None,
    ledger: Database | None,
    *,
    others: Sequence[Kind[Any]] = (),
    reserved: Callable[[], Collection[str]] = tuple,
) -> Exporter:
    """Return the exporter; `app` is opened and closed with it, the ledger by whoever made it.

    Users' own metrics may come from `others` than SQL, which other exporters bring, and may take
    none of the `reserved` names of the page.
    """
    limits = Limits(settings.series_limit, settings.label_limit)
    problems = Problems(metrics.SOURCE, app.name if app else "", metrics.problem_family())
    sources = _app_sources(settings, telemetry, app, problems) if app else []
    streams = [stream(ledger, settings.ledger_interval, telemetry)] if ledger else []
    pollers = [*(source.poller for source in sources), *streams]
    shown: list[Collector] = [
        SnapshotCollector(metrics.families(limits, telemetry.dropped), pollers),
        problems.family,
    ]
    queries = Queries(
        settings.queries,
        {name: database for name, database in (("app", app), ("ledger", ledger)) if database},
        telemetry,
        interval=settings.interval,
        deadline=settings.query_timeout,
        limits=limits,
        others=others,
        reserved=lambda: {*names_on_page(shown), *reserved()},
    )
    return Exporter(
        name="downloads",
        resources=(app,) if app else (),
        services=(*pollers, *queries.services),
        sources=lambda: (*sources, *streams, *queries.sources()),
        collectors=(*shown, *queries.collectors),
        reload=queries.reload,
    )


def app_parts() -> tuple[Part, ...]:
    """Return what is read of the app's database; each part fails and recovers by itself."""
    return (SHOWS, EPISODES, launches(), RSS, EMAIL, LAST_DAY)


def _app_sources(
    settings: DownloadsSettings, telemetry: Telemetry, app: Database, problems: Problems
) -> list[AppSource]:
    # A poll may have to connect first. One at a time: users' own queries have the other connection.
    pace = Pace.every(settings.interval, deadline=3 * settings.query_timeout)
    turn = asyncio.Semaphore()
    return [
        AppSource(part, app, pace, settings.query_timeout, problems, telemetry, turn)
        for part in app_parts()
    ]
