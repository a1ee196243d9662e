"""Download counts out of databases: the app's own tables, the ledger, the users' own SQL."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from typing import Any

from prometheus_client.registry import Collector

from exporters.core.database import Database
from exporters.core.definitions import Kind, names_on_page
from exporters.core.exporter import Exporter
from exporters.core.exposition import Limits
from exporters.core.poller import Pace, Turn
from exporters.core.snapshot import SnapshotCollector
from exporters.core.telemetry import Telemetry
from exporters.downloads import metrics
from exporters.downloads.catalogue import Catalogue
from exporters.downloads.episodes import episodes
from exporters.downloads.launches import LAST_DAY, launches
from exporters.downloads.problems import Problems
from exporters.downloads.queries import Queries
from exporters.downloads.reconciliation import reconciliation
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
    prepared: Turn | None = None,
    others: Sequence[Kind[Any]] = (),
    reserved: Callable[[], Collection[str]] = tuple,
) -> Exporter:
    """Return the exporter; `app` is opened and closed with it, the ledger by whoever made it.

    Nothing is asked of the ledger before it is `prepared`. Users' own metrics may come from
    `others` than SQL, which other exporters bring, and may take none of the `reserved` names of
    the page.
    """
    limits = Limits(settings.series_limit, settings.label_limit)
    problems = Problems(metrics.SOURCE, app.name if app else "", metrics.problem_family())
    turn = prepared or nullcontext()
    streams = [stream(ledger, settings.ledger_interval, telemetry, turn)] if ledger else []
    catalogue = Catalogue(ledger, telemetry, turn) if app and ledger else None
    parts = app_parts(ledger, catalogue)
    sources = _app_sources(parts, settings, telemetry, app, problems) if app else []
    shown_by = [*(source.poller for source in sources), *streams]
    shown: list[Collector] = [
        SnapshotCollector(metrics.families(limits, telemetry.dropped), shown_by),
        problems.family,
    ]
    queries = _queries(
        settings, telemetry, app, ledger, others, lambda: {*names_on_page(shown), *reserved()}
    )
    writers = [catalogue.poller] if catalogue else []
    return Exporter(
        name="downloads",
        resources=(app,) if app else (),
        services=(*shown_by, *writers, *queries.services),
        sources=lambda: (*sources, *streams, *writers, *queries.sources()),
        collectors=(*shown, *queries.collectors),
        reload=queries.reload,
    )


def _queries(
    settings: DownloadsSettings,
    telemetry: Telemetry,
    app: Database | None,
    ledger: Database | None,
    others: Sequence[Kind[Any]],
    reserved: Callable[[], Collection[str]],
) -> Queries:
    return Queries(
        settings.queries,
        {name: database for name, database in (("app", app), ("ledger", ledger)) if database},
        telemetry,
        interval=settings.interval,
        deadline=settings.query_timeout,
        limits=Limits(settings.series_limit, settings.label_limit),
        others=others,
        reserved=reserved,
    )


def app_parts(
    ledger: Database | None = None, catalogue: Catalogue | None = None
) -> tuple[Part, ...]:
    """Return what is read of the app's database; each part fails and recovers by itself."""
    told = catalogue.told if catalogue else lambda _: None
    own = (SHOWS, episodes(told), launches(), RSS, EMAIL, LAST_DAY)
    return (*own, reconciliation(ledger)) if ledger else own


def _app_sources(
    parts: Sequence[Part],
    settings: DownloadsSettings,
    telemetry: Telemetry,
    app: Database,
    problems: Problems,
) -> list[AppSource]:
    # A poll may have to connect first. One at a time: users' own queries have the other connection.
    pace = Pace.every(settings.interval, deadline=3 * settings.query_timeout)
    turn = asyncio.Semaphore()
    return [
        AppSource(part, app, pace, settings.query_timeout, problems, telemetry, turn)
        for part in parts
    ]
