"""The demo from start to end: a folder, sample data, listeners, the exporters, their neighbours."""

import asyncio
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from exporters import app
from exporters.core import lifecycle
from exporters.core.exporter import Exporter
from exporters.core.quantities import Address
from exporters.core.web.settings import WebSettings
from exporters.demo.audience import Audience, History, fastly_settings
from exporters.demo.guide import Guide
from exporters.demo.neighbours import Neighbour
from exporters.demo.ports import free_address
from exporters.demo.sample import APP, READER, sampled
from exporters.demo.screen import Screen
from exporters.demo.status import Status
from exporters.demo.watchers import Alertmanager, NodeExporter, PostgresExporter, Prometheus
from exporters.docker import DockerSettings
from exporters.downloads.settings import DownloadsSettings
from exporters.embedded.server import EmbeddedServer
from exporters.embedded.traffic import Scenario
from exporters.landing import Link

_GONE = "has ended, and left nothing behind"
_RECEIVER = Address("127.0.0.1", 0)
"""Any port: only the listeners of the demo send there."""


async def run(
    data_dir: Path | None,
    *,
    once: bool,
    scenario: Scenario = Scenario.FULL,
    slack_url_file: Path | None = None,
) -> None:
    """Run the demo in `data_dir`, or in a folder of its own that goes at the end.

    Until a signal; or, with `once`, until every exporter has served data. Alerts go to the Slack
    whose webhook's address is in `slack_url_file`, where there is one and Alertmanager is found.
    """
    screen = Screen()
    screen.say("Nearfield", "is starting a platform with sample shows: 20 seconds, or less")
    with _folder(data_dir) as folder, lifecycle.stop_on_signals() as stop:
        server = EmbeddedServer(folder)
        settings = _settings(folder, server)
        neighbours = _neighbours(folder, server, settings.web.listen, slack_url_file)
        served = stop if once else asyncio.Event()
        guide = Guide(
            settings.web.listen,
            neighbours,
            screen,
            served,
            () if once else _last_words(scenario),
        )
        parts = Exporter(
            "demo",
            resources=[
                sampled(server, screen),
                *(screen.started(each) for each in neighbours),
            ],
            services=[
                guide,
                Audience(folder, settings.fastly, scenario),
                *([] if once else [History(folder, served, screen)]),
                *([] if once else [Status(settings.web.listen, served, screen)]),
                *neighbours,
            ],
        )
        await app.serve(
            settings,
            _names(settings, screen),
            stop,
            extra=[parts],
            links=lambda: _links(neighbours),
        )
    screen.say("Nearfield", f"has ended; its data is in {data_dir}" if data_dir else _GONE)


def _neighbours(
    folder: Path, server: EmbeddedServer, target: Address, slack_url_file: Path | None
) -> list[Neighbour]:
    """Return those who watch the demo where they are installed, in the order of their start."""
    others = {
        "node": NodeExporter(folder),
        "postgres": PostgresExporter(folder, server.dsn(APP, role=READER)),
        "alertmanager": Alertmanager(folder, slack_url_file),
    }
    return [*others.values(), Prometheus(folder, target, others)]


def _links(neighbours: Sequence[Neighbour]) -> list[Link]:
    return [Link(each.title, f"{each.url}/") for each in neighbours if each.url and each.cure]


def _last_words(scenario: Scenario) -> tuple[tuple[str, str], ...]:
    troubles = "with outages" if scenario is Scenario.FULL else "without outages"
    lines = "some 250 log lines a second, sent as Fastly does,"
    return ("listeners", f"{lines} {troubles}"), ("", "Ctrl-C ends all of it.")


def _names(settings: app.Settings, screen: Screen) -> list[str]:
    """Return the exporters that have something to show on this machine."""
    if Path(settings.docker.host.removeprefix("unix://")).is_socket():
        return ["downloads", "fastly", "containers", "deploys"]
    screen.say("containers", "not shown: no Docker engine answers here")
    return ["downloads", "fastly"]


def _settings(folder: Path, server: EmbeddedServer) -> app.Settings:
    """Return what a real platform would write into its file: the reader sees, and never writes."""
    return app.Settings(
        data_dir=folder,
        web=WebSettings(listen=free_address(WebSettings().listen)),
        downloads=DownloadsSettings(app_dsn=SecretStr(server.dsn(APP, role=READER)), interval=5.0),
        fastly=fastly_settings(folder, free_address(_RECEIVER)),
        docker=_docker(),
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
