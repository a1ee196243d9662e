"""Everything that can be set, and the databases that the settings name."""

from pathlib import Path

from pydantic import Field, SecretStr

from exporters.containers import ContainersSettings
from exporters.core.database import Database
from exporters.core.settings import Folder, Section
from exporters.core.web.settings import WebSettings
from exporters.docker import DockerSettings
from exporters.downloads.settings import DownloadsSettings
from exporters.embedded.server import EmbeddedServer
from exporters.fastly.settings import FastlySettings
from exporters.logs import LogsSettings
from exporters.slack import SlackSettings


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


def definition_files(settings: Settings) -> tuple[Path, ...]:
    """Return all files of users' own metrics."""
    named = (settings.downloads.queries, settings.fastly.queries, settings.logs.queries)
    return tuple(dict.fromkeys(path for paths in named for path in paths))


def app_database(settings: Settings) -> Database | None:
    """Return the app's database, where one is named."""
    dsn = settings.downloads.app_dsn
    return Database("the app's database", dsn) if dsn else None


def ledger_of(settings: Settings, *, limit: int = 2) -> Database:
    """Return the ledger that is named, or that of the embedded server."""
    if settings.ledger.dsn:
        return Database("the ledger", settings.ledger.dsn, limit=limit)
    dsn = SecretStr(EmbeddedServer(settings.data_dir).dsn())
    return Database("the embedded ledger", dsn, limit=limit)
