"""The one place that knows every exporter: its name, what it needs, how it is built."""

import platform
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from exporters import containers, digest, docker, downloads, logs, loki, slack
from exporters.containers import deploys
from exporters.core.database import Database
from exporters.core.definitions import Kind as DefinitionKind
from exporters.core.definitions.elsewhere import Elsewhere
from exporters.core.definitions.watched import with_files
from exporters.core.errors import SettingsError
from exporters.core.exporter import Exporter
from exporters.core.exposition import ignore_drops
from exporters.core.gate import Gate
from exporters.core.telemetry import Telemetry
from exporters.downloads.settings import DownloadsSettings
from exporters.fastly import realtime
from exporters.fastly.derived import CdnMetrics
from exporters.fastly.requests import Teller
from exporters.logs.derived import LogMetrics
from exporters.logs.exceptions import Exceptions
from exporters.logs.numbers import with_numbers
from exporters.settings import Settings, app_database, definition_files, ledger_of


@dataclass(frozen=True, slots=True)
class Shared:
    """What exporters are given: made once, never asked of each other."""

    settings: Settings
    telemetry: Telemetry
    ledger: Database
    prepared: Gate
    """Opened once the ledger has its tables."""
    engine: docker.Engine
    slack: slack.Slack | None
    loki: loki.Loki | None
    log_metrics: LogMetrics
    """Users' own metrics from lines: defined in the files of `downloads`, read by `logs`."""
    cdn_metrics: CdnMetrics
    """Likewise from the CDN's log lines, read by `fastly`."""
    running: Collection[str]
    """The names of the exporters that run."""
    names: Callable[[], Collection[str]]
    """The names of metrics that are taken, asked once everything is wired."""


@dataclass(frozen=True, slots=True)
class Kind:
    """An exporter that can be run."""

    sections: tuple[str, ...]
    """It is configured once one of these tables is written, were it empty."""
    cure: str
    """What to write to have it run."""
    build: Callable[[Shared], Exporter]
    lacks: Callable[[Settings], str] = lambda _: ""
    """What its tables lack, in words that tell what to do; empty where it can run."""
    wanted: Callable[[Settings], bool] = lambda _: False
    """Whether it is configured though none of its tables is written."""
    also: tuple[str, ...] = ()
    """Tables that it reads as well; to write them does not configure it."""


_APP_DSN = (
    "downloads.app_dsn_file: wants a file with the connection string of the app's PostgreSQL"
    " (or set downloads.queries, to run your own SQL on the ledger)"
)
_NO_WAY_IN = (
    "fastly.token_file: wants a file with the secret that Fastly sends with its log lines"
    " (or set fastly.syslog.listen or fastly.s3.url, to get them another way)"
)
_NO_STATISTICS = (
    "fastly.realtime.token_file: wants a file with a token of Fastly's API, to read its real-time"
    " statistics"
)
_NO_LOKI = (
    "logs.loki_url: wants the address of the Loki that gets the logs of containers, such as"
    ' "http://loki:3100"'
)
_NO_SLACK = (
    "slack.webhook_url_file: wants a file with the address of the Slack webhook that the weekly"
    " digest goes to"
)


def _downloads_lacks(settings: Settings) -> str:
    """What there is to read: the app's database, users' SQL, or a ledger that others fill too."""
    section = settings.downloads
    reads = section.app_dsn or section.queries or settings.ledger.dsn or _has_stream(settings)
    return "" if reads else _APP_DSN


def _has_stream(settings: Settings) -> bool:
    """Whether log lines are received: their downloads are shown by the exporter `downloads`.

    A table `[fastly.realtime]` alone asks for statistics only.
    """
    written = settings.fastly.model_fields_set
    return "fastly" in settings.model_fields_set and written != {"realtime"}


def _fastly_lacks(settings: Settings) -> str:
    section = settings.fastly
    return "" if section.token or section.syslog.listen or section.s3.url else _NO_WAY_IN


def _build_downloads(shared: Shared) -> Exporter:
    return downloads.build(
        with_log_queries(shared.settings),
        shared.telemetry,
        app_database(shared.settings),
        shared.ledger,
        prepared=shared.prepared,
        others=[shared.log_metrics, shared.cdn_metrics],
        reserved=shared.names,
    )


def kinds_besides_sql() -> list[DefinitionKind[Any]]:
    """Return what may stand behind `from` besides `sql`, for a check: it counts nothing."""
    return [LogMetrics(ignore_drops), CdnMetrics(ignore_drops)]


def with_log_queries(settings: Settings) -> DownloadsSettings:
    """Return the settings of `downloads` with all files of users' own metrics."""
    return settings.downloads.model_copy(update={"queries": definition_files(settings)})


def _build_fastly(shared: Shared) -> Exporter:
    # DuckDB and S3's client take memory that other exporters have no use for.
    from exporters.fastly import build as fastly  # noqa: PLC0415

    settings = shared.settings
    ledger = ledger_of(settings, limit=fastly.connections(settings.fastly))
    loki = shared.loki
    teller = Teller(loki.sink, loki.metrics, platform.node()) if loki else None
    exporter = fastly.build(
        settings.fastly, settings.data_dir, ledger, shared.telemetry, shared.cdn_metrics, teller
    )
    return _with_definitions(exporter, shared)


def _build_realtime(shared: Shared) -> Exporter:
    return realtime.build(shared.settings.fastly.realtime, shared.telemetry)


def _build_logs(shared: Shared) -> Exporter:
    settings = shared.settings
    if not shared.loki:
        raise SettingsError([_NO_LOKI])
    exceptions = Exceptions(shared.ledger, shared.telemetry, shared.prepared)
    exporter = logs.build(
        settings.logs,
        settings.docker,
        shared.engine,
        shared.loki,
        platform.node(),
        shared.telemetry,
        readers=[exceptions, shared.log_metrics],
    )
    return _with_definitions(with_numbers(exporter, exceptions, shared.log_metrics), shared)


def _with_definitions(exporter: Exporter, shared: Shared) -> Exporter:
    """Return the exporter with users' definitions, where no other exporter here reads them.

    What is there by SQL is left to the process that asks databases.
    """
    readers = ("downloads", "fastly", "logs")
    if exporter.name != next(name for name in readers if name in shared.running):
        return exporter
    kinds: list[DefinitionKind[Any]] = [Elsewhere("sql"), shared.cdn_metrics, shared.log_metrics]
    return with_files(exporter, kinds, definition_files(shared.settings), shared.names)


def _build_containers(shared: Shared) -> Exporter:
    return containers.build(shared.settings.containers, shared.engine, shared.telemetry)


def _build_deploys(shared: Shared) -> Exporter:
    settings = shared.settings
    return deploys.build(
        settings.containers.deploys,
        shared.engine,
        shared.ledger,
        shared.telemetry,
        sender=shared.slack.sender if shared.slack else None,
        entries=shared.loki.lines if shared.loki else None,
        prometheus_url=settings.slack.prometheus_url,
        timezone=settings.slack.timezone,
    )


def _build_digest(shared: Shared) -> Exporter:
    assert shared.slack  # noqa: S101  what it lacks without one is said before
    return digest.build(shared.settings.slack, shared.ledger, shared.telemetry, shared.slack.sender)


KINDS: Mapping[str, Kind] = {
    "downloads": Kind(
        ("downloads",), _APP_DSN, _build_downloads, _downloads_lacks, wanted=_has_stream
    ),
    "fastly": Kind(
        (), _NO_WAY_IN, _build_fastly, _fastly_lacks, wanted=_has_stream, also=("fastly",)
    ),
    "realtime": Kind(
        (),
        _NO_STATISTICS,
        _build_realtime,
        lambda settings: "" if settings.fastly.realtime.token else _NO_STATISTICS,
        wanted=lambda settings: settings.fastly.realtime.token is not None,
        also=("fastly",),
    ),
    "containers": Kind(
        ("containers", "docker"),
        "containers: write the table [containers], which may be empty, to watch the containers of"
        " the Docker engine",
        _build_containers,
    ),
    "deploys": Kind(
        ("containers", "docker"),
        "deploys: write the table [containers] to follow the deploys of its services",
        _build_deploys,
    ),
    "logs": Kind(
        (),
        _NO_LOKI,
        _build_logs,
        lambda settings: "" if settings.logs.loki_url else _NO_LOKI,
        wanted=lambda settings: settings.logs.loki_url is not None,
        also=("docker",),
    ),
    "digest": Kind(
        (),
        _NO_SLACK,
        _build_digest,
        lambda settings: "" if settings.slack.webhook_url else _NO_SLACK,
        wanted=lambda settings: settings.slack.webhook_url is not None and _has_stream(settings),
    ),
}


def _engine_users(settings: Settings) -> set[str]:
    """Return who asks the Docker engine: without one, others need not wait for it."""
    follows = settings.logs.containers != "none"
    return {"containers", "deploys", "logs"} if follows else {"containers", "deploys"}


def neighbours(shared: Shared, names: Collection[str]) -> Iterator[Exporter]:
    """Yield what several exporters share, opened before them: engine, Slack, Loki."""
    if _engine_users(shared.settings).intersection(names):
        yield shared.engine.exporter
    if shared.slack and {"deploys", "digest"}.intersection(names):
        yield shared.slack.exporter
    if shared.loki and {"deploys", "fastly", "logs"}.intersection(names):
        yield shared.loki.exporter
