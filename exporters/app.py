"""From settings to a running process."""

import asyncio
import platform
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics

from exporters import docker, loki, slack
from exporters.core import lifecycle
from exporters.core.database import Database
from exporters.core.definitions import names_on_page
from exporters.core.errors import SettingsError
from exporters.core.exporter import Exporter
from exporters.core.gate import Gate
from exporters.core.poller import Pace, Poller
from exporters.core.settings import load
from exporters.core.telemetry import Telemetry
from exporters.core.web.guard import Guard
from exporters.core.web.live import LiveConfig
from exporters.core.web.server import Listener
from exporters.core.web.surface import Surface
from exporters.embedded.locks import exclusive
from exporters.embedded.server import EmbeddedServer
from exporters.fastly.derived import CdnMetrics
from exporters.kinds import KINDS, Shared, kinds_besides_sql, neighbours, with_log_queries
from exporters.landing import Landing, Link
from exporters.ledger import Ledger
from exporters.logs.derived import LogMetrics
from exporters.settings import Settings, app_database, definition_files, ledger_of

__all__ = [
    "KINDS",
    "VERSION",
    "Settings",
    "Shared",
    "app_database",
    "configured",
    "definition_files",
    "kinds_besides_sql",
    "ledger_of",
    "neighbours",
    "read_settings",
    "run",
    "serve",
    "with_log_queries",
]

VERSION = version("nearfield")
_NOTHING = (
    "nothing is configured yet: write nearfield.toml with at least one of these, or see everything"
    " at work with `nearfield demo`"
)


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
        raise SettingsError(problems or [_NOTHING, *(kind.cure for kind in KINDS.values())])
    return names


async def run(settings: Settings, names: Sequence[str]) -> None:
    """Run the named exporters until a signal."""
    with lifecycle.stop_on_signals() as stop:
        await serve(settings, names, stop)


async def serve(
    settings: Settings,
    names: Sequence[str],
    stop: asyncio.Event,
    extra: Sequence[Exporter] = (),
    links: Callable[[], Collection[Link]] = tuple,
) -> None:
    """Run the named exporters until `stop` is set.

    `extra` come first: the demo's own parts. `links` lead from the page to what goes with it.
    """
    registry = _registry()
    telemetry = Telemetry(registry, VERSION)
    live = LiveConfig.load(settings.web.config_file)
    prepared = Gate()
    keeper, ledger = _ledger(settings, telemetry, prepared)
    exporters: list[Exporter] = []

    def taken() -> Collection[str]:
        others = (each for each in exporters if each.name != "downloads")
        return names_on_page([registry, *(c for each in others for c in each.collectors)])

    shared = _shared(settings, names, telemetry, (ledger, prepared), taken)
    exporters += [KINDS[name].build(shared) for name in names]
    exporters[:0] = neighbours(shared, names)
    app = Surface([keeper, *exporters], registry).app()
    cures = [kind.cure for name, kind in KINDS.items() if name not in names]
    landing = Landing(
        [keeper, *exporters], VERSION, cures=cures, links=lambda: [*links(), *_links(settings)]
    )
    landing.install(app)
    Guard(live).install(app)
    front = Exporter(
        "web",
        services=[live, landing],
        listeners=[Listener("web", app, settings.web.listen, live.context)],
    )
    with exclusive(settings.data_dir):
        await lifecycle.serve([keeper, *extra, *exporters, front], stop)


def _links(settings: Settings) -> list[Link]:
    return [Link(title, url) for title, url in settings.web.links.items()]


def _registry() -> CollectorRegistry:
    """Return the registry of what the process says of itself."""
    # A counter's time of creation would double the page, and Prometheus makes little of it yet.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library types not all
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


def _shared(
    settings: Settings,
    names: Sequence[str],
    telemetry: Telemetry,
    ledger: tuple[Database, Gate],
    taken: Callable[[], Collection[str]],
) -> Shared:
    """Return what several exporters use; nothing of it is open yet."""
    return Shared(
        settings,
        telemetry,
        *ledger,
        docker.build(settings.docker, telemetry),
        slack.build(settings.slack),
        loki.build(settings.logs, settings.data_dir, platform.node()),
        LogMetrics(telemetry.dropped),
        CdnMetrics(telemetry.dropped),
        names,
        taken,
    )


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
