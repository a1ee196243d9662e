"""What `nearfield check` can find out of the downloads exporter without running it."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

from prometheus_client import CollectorRegistry

from exporters.core.database import Database
from exporters.core.definitions import Kind
from exporters.core.telemetry import Telemetry
from exporters.downloads.queries import Checked, Queries
from exporters.downloads.settings import DownloadsSettings


async def check(
    settings: DownloadsSettings,
    app: Database | None,
    ledger: Database | None,
    *,
    others: Sequence[Kind[Any]] = (),
) -> Checked:
    """Return what is wrong with users' queries, as far as their databases answer.

    There always is a ledger, though an embedded one (None) cannot be asked before it runs. What
    other exporters read (`others`) is checked as far as its form goes.
    """
    databases = {"app": app, "ledger": ledger} if app else {"ledger": ledger}
    telemetry = Telemetry(CollectorRegistry(), "")
    queries = Queries(settings.queries, databases, telemetry, others=others)
    async with AsyncExitStack() as stack:
        for database in (app, ledger):
            if database:
                await stack.enter_async_context(database)
        return await queries.check()
