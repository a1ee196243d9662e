"""The demo from start to end: a folder, sample data, listeners, the exporters, their neighbours."""

import asyncio
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from exporters import app
from exporters.core import lifecycle
from exporters.core.exporter import Exporter, Service
from exporters.core.quantities import Address
from exporters.core.web.settings import WebSettings
from exporters.demo.audience import Audience, History, fastly_settings
from exporters.demo.grafana import Grafana, Loki
from exporters.demo.guide import Guide
from exporters.demo.neighbours import Neighbour
from exporters.demo.ports import free_address
from exporters.demo.sample import APP, READER, sampled
from exporters.demo.screen import Screen
from exporters.demo.status import Status
from exporters.demo.watchers import (
    Alertmanager,
    BlackboxExporter,
    NodeExporter,
    PostgresExporter,
    Prometheus,
)
from exporters.docker import DockerSettings
from exporters.downloads.settings import DownloadsSettings
from exporters.embedded.server import EmbeddedServer
from exporters.embedded.traffic import Scenario
from exporters.landing import Link
from exporters.logs import LogsSettings

_GONE = "has ended, and left nothing behind"
_RECEIVER = Address("127.0.0.1", 0)
"""Any port: only the listeners of the demo send there."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What a demo is to be."""

    data_dir: Path | None = None
    """Where its data stays; None for a folder of its own that goes at the end."""
    once: bool = False
    """Whether it ends when every exporter has served data, and not at a signal."""
    scenario: Scenario = Scenario.FULL
    slack_url_file: Path | None = None
    """File with the address of a Slack webhook that alerts go to, where Alertmanager is found."""


async def run(orders: Orders) -> None:
    """Run the demo to its end."""
    screen = Screen()
    screen.say("Nearfield", "is starting a platform with sample shows: 20 seconds, or less")
    with _folder(orders.data_dir) as folder, lifecycle.stop_on_signals() as stop:
        server = EmbeddedServer(folder)
        loki = Loki(folder)
        settings = _settings(folder, server, loki.address if await loki.program() else None)
        watchers = _watchers(folder, server, settings.web.listen, orders.slack_url_file)
        neighbours = [loki, *watchers, _grafana(folder, server, [loki, *watchers])]
        served = stop if orders.once else asyncio.Event()
        parts = Exporter(
            "demo",
            resources=[sampled(server, screen), *(screen.started(each) for each in neighbours)],
            services=[
                Audience(folder, settings.fastly, orders.scenario),
                *_tellers(orders, settings, neighbours, screen, served),
                *neighbours,
            ],
        )
        names = _names(settings, screen)
        await app.serve(settings, names, stop, [parts], links=lambda: _links(neighbours))
    kept = f"has ended; its data is in {orders.data_dir}"
    screen.say("Nearfield", kept if orders.data_dir else _GONE)


def _tellers(
    orders: Orders,
    settings: app.Settings,
    neighbours: Sequence[Neighbour],
    screen: Screen,
    served: asyncio.Event,
) -> Iterator[Service]:
    """Yield what tells a person how it goes; a demo that ends by itself tells less."""
    listen = settings.web.listen
    words = () if orders.once else _last_words(orders.scenario)
    yield Guide(listen, neighbours, screen, served, words)
    if not orders.once:
        yield History(settings.data_dir, served, screen)
        yield Status(listen, served, screen)


def _watchers(
    folder: Path, server: EmbeddedServer, target: Address, slack_url_file: Path | None
) -> list[Neighbour]:
    """Return those who watch the demo where they are installed, in the order of their start."""
    others = {
        "node": NodeExporter(folder),
        "postgres": PostgresExporter(folder, server.dsn(APP, role=READER)),
        "outside": BlackboxExporter(folder),
        "alertmanager": Alertmanager(folder, slack_url_file),
    }
    return [*others.values(), Prometheus(folder, target, others)]


def _grafana(folder: Path, server: EmbeddedServer, others: Sequence[Neighbour]) -> Grafana:
    names = {each.title.lower(): each for each in others if each.cure}
    return Grafana(folder, server.dsn(role=READER), names)


def _links(neighbours: Sequence[Neighbour]) -> list[Link]:
    return [Link(each.title, f"{each.url}/") for each in neighbours if each.url and each.cure]


def _last_words(scenario: Scenario) -> tuple[tuple[str, str], ...]:
    troubles = "with outages" if scenario is Scenario.FULL else "without outages"
    lines = "some 250 log lines a second, sent as Fastly does,"
    return ("listeners", f"{lines} {troubles}"), ("", "Ctrl-C ends all of it.")


def _names(settings: app.Settings, screen: Screen) -> list[str]:
    """Return the exporters that have something to show on this machine."""
    if Path(settings.docker.host.removeprefix("unix://")).is_socket():
        logs = ["logs"] if settings.logs.loki_url else []
        return ["downloads", "fastly", "containers", "deploys", *logs]
    screen.say("containers", "not shown: no Docker engine answers here")
    return ["downloads", "fastly"]


def _settings(folder: Path, server: EmbeddedServer, loki_url: str | None) -> app.Settings:
    """Return what a real platform would write into its file: the reader sees, and never writes."""
    return app.Settings(
        data_dir=folder,
        web=WebSettings(listen=free_address(WebSettings().listen)),
        downloads=DownloadsSettings(app_dsn=SecretStr(server.dsn(APP, role=READER)), interval=5.0),
        fastly=fastly_settings(folder, free_address(_RECEIVER)),
        docker=_docker(),
        logs=LogsSettings(loki_url=loki_url),
    )


def _docker() -> DockerSettings:
    """Return the engine that Docker's own client would ask here."""
    host = os.environ.get("DOCKER_HOST", "")
    return DockerSettings(host=host) if host.startswith("unix://") else DockerSettings()


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    if chosen:
        chosen.mkdir(parents=True, exist_ok=True)
        yield chosen.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="nearfield-demo-", ignore_cleanup_errors=True) as own:
        # PostgreSQL refuses to run as root, so it runs as another user who must get through here.
        Path(own).chmod(0o711)
        yield Path(own)
