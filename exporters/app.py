"""The one place that knows every exporter: settings to exporters to a running process."""

import asyncio
import platform
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics
from pydantic import Field, SecretStr

from exporters import containers, digest, docker, downloads, logs, loki, slack
from exporters.containers import ContainersSettings, deploys
from exporters.core import lifecycle
from exporters.core.database import Database
from exporters.core.definitions import Kind as DefinitionKind
from exporters.core.definitions import names_on_page
from exporters.core.definitions.elsewhere import Elsewhere
from exporters.core.definitions.watched import with_files
from exporters.core.errors import SettingsError
from exporters.core.exporter import Exporter
from exporters.core.exposition import ignore_drops
from exporters.core.gate import Gate
from exporters.core.poller import Pace, Poller
from exporters.core.settings import Folder, Section, load
from exporters.core.telemetry import Telemetry
from exporters.core.web.guard import Guard
from exporters.core.web.live import LiveConfig
from exporters.core.web.server import Listener
from exporters.core.web.settings import WebSettings
from exporters.core.web.surface import Surface
from exporters.docker import DockerSettings
from exporters.downloads.settings import DownloadsSettings
from exporters.embedded.locks import exclusive
from exporters.embedded.server import EmbeddedServer
from exporters.fastly import realtime
from exporters.fastly.derived import CdnMetrics
from exporters.fastly.settings import FastlySettings
from exporters.ledger import Ledger
from exporters.logs import LogsSettings
from exporters.logs.derived import LogMetrics
from exporters.logs.exceptions import Exceptions
from exporters.logs.numbers import with_numbers
from exporters.slack import SlackSettings

VERSION = version("nearfield")


class LedgerSettings(Section):
    """The PostgreSQL that keeps the durable truth."""

    dsn: SecretStr | None = Field(
        None,
        description="Connection string of the ledger, PostgreSQL 14 or newer. Without it an"
        " embedded server runs under `data_dir`.",
    )


class Settings(Section):
    """Everything that can be set. Absent means the default, or not configured."""

    data_dir: Folder = Field(
        Path("data"), description="Where Nearfield keeps its files; made where it is not there."
    )
    web: WebSettings = WebSettings()
    ledger: LedgerSettings = LedgerSettings()
    downloads: DownloadsSettings = DownloadsSettings()
    fastly: FastlySettings = FastlySettings()
    docker: DockerSettings = DockerSettings()
    containers: ContainersSettings = ContainersSettings()
    logs: LogsSettings = LogsSettings()
    slack: SlackSettings = SlackSettings()


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
_NO_SLACK = (
    "slack.webhook_url_file: wants a file with the address of the Slack webhook that the weekly"
    " digest goes to"
)
_NO_LOKI = (
    "logs.loki_url: wants the address of the Loki that gets the logs of containers, such as"
    ' "http://loki:3100"'
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


def definition_files(settings: Settings) -> tuple[Path, ...]:
    """Return all files of users' own metrics."""
    named = (settings.downloads.queries, settings.fastly.queries, settings.logs.queries)
    return tuple(dict.fromkeys(path for paths in named for path in paths))


def _build_fastly(shared: Shared) -> Exporter:
    # DuckDB and S3's client take memory that other exporters have no use for.
    from exporters.fastly import build as fastly  # noqa: PLC0415

    settings = shared.settings
    ledger = ledger_of(settings, limit=fastly.connections(settings.fastly))
    exporter = fastly.build(
        settings.fastly, settings.data_dir, ledger, shared.telemetry, shared.cdn_metrics
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


def read_settings(
    file: Path | None, environ: Mapping[str, str], names: Collection[str] = ()
) -> Settings:
    """Return the settings for the exporters in `names`, or for all; raise every problem at once."""
    every = {name for kind in KINDS.values() for name in (*kind.sections, *kind.also)}
    kinds = [KINDS[name] for name in names or KINDS]
    used = {section for kind in kinds for section in (*kind.sections, *kind.also)}
    settings = load(Settings, file, environ, unused=every - used)
    problems = [problem for name in names if (problem := KINDS[name].lacks(settings))]
    if problems:
        raise SettingsError(problems)
    return settings


def configured(settings: Settings) -> tuple[str, ...]:
    """Return the names of the exporters whose tables are written; none is a problem."""
    written = settings.model_fields_set
    names = tuple(
        name
        for name, kind in KINDS.items()
        if written.intersection(kind.sections) or kind.wanted(settings)
    )
    problems = [problem for name in names if (problem := KINDS[name].lacks(settings))]
    if problems or not names:
        raise SettingsError(problems or [kind.cure for kind in KINDS.values()])
    return names


def app_database(settings: Settings) -> Database | None:
    """Return the app's database, where one is named."""
    dsn = settings.downloads.app_dsn
    return Database("the app's database", dsn) if dsn else None


async def run(settings: Settings, names: Sequence[str]) -> None:
    """Run the named exporters until a signal."""
    with lifecycle.stop_on_signals() as stop:
        await serve(settings, names, stop)


async def serve(
    settings: Settings,
    names: Sequence[str],
    stop: asyncio.Event,
    extra: Sequence[Exporter] = (),
) -> None:
    """Run the named exporters until `stop` is set. `extra` come first: the demo's own parts."""
    # A counter's time of creation would double the page, and Prometheus makes little of it yet.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library types not all
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    telemetry = Telemetry(registry, VERSION)
    live = LiveConfig.load(settings.web.config_file)
    prepared = Gate()
    keeper, ledger = _ledger(settings, telemetry, prepared)
    exporters: list[Exporter] = []

    def taken() -> Collection[str]:
        others = (each for each in exporters if each.name != "downloads")
        return names_on_page([registry, *(c for each in others for c in each.collectors)])

    shared = Shared(
        settings,
        telemetry,
        ledger,
        prepared,
        docker.build(settings.docker, telemetry),
        slack.build(settings.slack),
        loki.build(settings.logs, settings.data_dir, platform.node()),
        LogMetrics(telemetry.dropped),
        CdnMetrics(telemetry.dropped),
        names,
        taken,
    )
    exporters += [KINDS[name].build(shared) for name in names]
    exporters[:0] = neighbours(shared, names)
    app = Surface([keeper, *exporters], registry, VERSION).app()
    Guard(live).install(app)
    front = Exporter(
        "web",
        services=[live],
        listeners=[Listener("web", app, settings.web.listen, live.context)],
    )
    with exclusive(settings.data_dir):
        await lifecycle.serve([keeper, *extra, *exporters, front], stop)


def neighbours(shared: Shared, names: Collection[str]) -> Iterator[Exporter]:
    """Yield what several exporters share, opened before them: engine, Slack, Loki."""
    if {"containers", "deploys", "logs"}.intersection(names):
        yield shared.engine.exporter
    if shared.slack and {"deploys", "digest"}.intersection(names):
        yield shared.slack.exporter
    if shared.loki and {"deploys", "logs"}.intersection(names):
        yield shared.loki.exporter


def ledger_of(settings: Settings, *, limit: int = 2) -> Database:
    """Return the ledger that is named, or that of the embedded server."""
    if settings.ledger.dsn:
        return Database("the ledger", settings.ledger.dsn, limit=limit)
    dsn = SecretStr(EmbeddedServer(settings.data_dir).dsn())
    return Database("the embedded ledger", dsn, limit=limit)


def _ledger(settings: Settings, telemetry: Telemetry, prepared: Gate) -> tuple[Exporter, Database]:
    """Return the ledger's database, and the parts that open it, keep it running and in shape."""
    ledger = ledger_of(settings)
    schema = Poller("ledger", "schema", Ledger(ledger).prepare, Pace.every(60.0), telemetry)
    schema.follow(prepared.open)
    server = None if settings.ledger.dsn else EmbeddedServer(settings.data_dir)
    parts = Exporter(
        "ledger",
        resources=[*([_created(server)] if server else []), ledger],
        services=[*([server] if server else []), schema],
        sources=lambda: (schema,),
    )
    return parts, ledger


@asynccontextmanager
async def _created(server: EmbeddedServer) -> AsyncIterator[None]:
    async with server:
        await server.create_database()
        yield
