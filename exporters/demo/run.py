"""The demo from start to end: a folder, sample data, the exporters and their neighbours."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from pydantic import SecretStr

from exporters import app
from exporters.core import lifecycle
from exporters.core.exporter import Exporter
from exporters.core.web.settings import WebSettings
from exporters.demo.guide import Guide
from exporters.demo.neighbours import Prometheus
from exporters.demo.ports import free_address
from exporters.demo.screen import Screen
from exporters.downloads.settings import DownloadsSettings
from exporters.embedded import sample
from exporters.embedded.server import EmbeddedServer

_APP = "app"
_READER = "nearfield_reader"


async def run(data_dir: Path | None, *, once: bool) -> None:
    """Run the demo in `data_dir`, or in a folder of its own that goes at the end.

    Until a signal; or, with `once`, until every exporter has served data.
    """
    screen = Screen()
    screen.say("Nearfield", "is starting a platform with sample shows: 20 seconds, or less")
    with _folder(data_dir) as folder, lifecycle.stop_on_signals() as stop:
        server = EmbeddedServer(folder)
        settings = _settings(folder, server)
        neighbours = [Prometheus(folder, settings.web.listen)]
        guide = Guide(settings.web.listen, neighbours, screen, stop if once else None)
        parts = Exporter(
            "demo",
            resources=[_sample(server, screen), *(screen.started(each) for each in neighbours)],
            services=[guide, *neighbours],
        )
        await app.serve(settings, _names(settings, screen), stop, extra=[parts])


def _names(settings: app.Settings, screen: Screen) -> list[str]:
    """Return the exporters that have something to show on this machine."""
    if Path(settings.docker.host.removeprefix("unix://")).is_socket():
        return ["downloads", "containers", "deploys"]
    screen.say("containers", "not shown: no Docker engine answers here")
    return ["downloads"]


def _settings(folder: Path, server: EmbeddedServer) -> app.Settings:
    """Return what a real platform would write into its file: the reader sees, and never writes."""
    return app.Settings(
        data_dir=folder,
        web=WebSettings(listen=free_address(WebSettings().listen)),
        downloads=DownloadsSettings(
            app_dsn=SecretStr(server.dsn(_APP, role=_READER)), interval=5.0
        ),
    )


@asynccontextmanager
async def _sample(server: EmbeddedServer, screen: Screen) -> AsyncIterator[None]:
    """Put the sample shows into the database that plays the app's; once for each folder."""
    with screen.step("sample data") as step:
        await server.create_database(_APP)
        await server.create_reader(_READER)
        async with await psycopg.AsyncConnection.connect(server.dsn(_APP)) as connection:
            today = datetime.now(UTC).date()
            if not await sample.load(connection, today):
                await sample.advance(connection, today)
            step.result = await _size(connection)
    yield


async def _size(connection: psycopg.AsyncConnection) -> str:
    cursor = await connection.execute(
        "SELECT (SELECT count(*) FROM podcasts), (SELECT count(*) FROM episodes),"
        " (SELECT count(*) FROM episode_stats)"
    )
    shows, episodes, rows = await cursor.fetchone() or (0, 0, 0)
    return f"{shows} shows, {episodes:,} episodes, {rows:,} rows of daily downloads"


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
