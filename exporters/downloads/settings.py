"""The `[downloads]` table of the settings."""

from typing import Annotated

from pydantic import Field, SecretStr

from exporters.core.exposition import LABEL_LIMIT, SERIES_LIMIT
from exporters.core.quantities import Duration
from exporters.core.settings import Location, Section


class DownloadsSettings(Section):
    """What the downloads exporter reads, how often, and how much it may serve."""

    app_dsn: SecretStr | None = Field(
        None,
        description="Connection string of the app's PostgreSQL, as libpq reads it: keywords or a "
        "URL, TLS settings included. Give it a role that may only read.",
    )
    interval: Duration = Field(60.0, description="Time between two reads of the app's database.")
    query_timeout: Duration = Field(
        10.0,
        description="How long the server may work on one query of ours before it cancels it; a "
        "lock is waited for a fifth of that.",
    )
    ledger_interval: Duration = Field(2.0, description="Time between two reads of the ledger.")
    queries: tuple[Location, ...] = Field(
        (), description="Files with your own SQL metrics, as paths or patterns."
    )
    series_limit: Annotated[int, Field(ge=1)] = Field(
        SERIES_LIMIT,
        description="Series that one metric may have; what is over it becomes `other`, or is left "
        "out where adding up makes no sense.",
    )
    label_limit: Annotated[int, Field(ge=1)] = Field(
        LABEL_LIMIT, description="Values that one label of a metric may have; the rest is `other`."
    )
