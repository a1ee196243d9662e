"""What commands that need no exporter have in common: the settings, and the ledger opened."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

from exporters.core.database import Database
from exporters.core.errors import StartError
from exporters.core.settings import load
from exporters.embedded.folder import Layout
from exporters.embedded.server import EmbeddedServer
from exporters.ledger import Ledger
from exporters.settings import Settings, ledger_of

_USED = {"data_dir", "ledger", "fastly"}


def read_settings(file: Path | None, data_dir: Path | None, environ: Mapping[str, str]) -> Settings:
    """Return the settings of a file or, without one, the defaults; `data_dir` is stronger.

    Sections that lines and ledger have nothing to do with are not looked into. Raises
    SettingsError.
    """
    unused = Settings.model_fields.keys() - _USED
    settings = load(Settings, file, environ, unused=unused)
    return settings.model_copy(update={"data_dir": data_dir}) if data_dir else settings


@asynccontextmanager
async def opened_ledger(settings: Settings, *, connections: int) -> AsyncIterator[Ledger]:
    """Give the ledger of the settings: that of their DSN, or that of the embedded server.

    That is started, or attached to where another command runs it. Raises StartError.
    """
    async with AsyncExitStack() as stack:
        if not settings.ledger.dsn:
            server = await stack.enter_async_context(EmbeddedServer(settings.data_dir))
            await server.create_database()
        database = ledger_of(settings, limit=connections)
        await stack.enter_async_context(database)
        close_after = timedelta(seconds=settings.fastly.counting.close_after)
        yield Ledger(database, settings.fastly.window, close_after)


@asynccontextmanager
async def existing_ledger(settings: Settings) -> AsyncIterator[Database]:
    """Give the ledger to read from; StartError where the data folder has none."""
    if not settings.ledger.dsn and not Layout.under(settings.data_dir).data.is_dir():
        raise StartError(
            f"{settings.data_dir}: nothing is counted there yet; name the folder of your ledger"
            " with --data-dir or --config, or fill it with `nearfield backfill`"
        )
    async with opened_ledger(settings, connections=2) as ledger:
        yield ledger.database
