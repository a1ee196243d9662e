"""The embedded server: one PostgreSQL over one data folder, shared by every command on it."""

from pathlib import Path
from types import TracebackType
from typing import Self


class EmbeddedServer:
    """One PostgreSQL server under `data_dir`, running for as long as anybody is in the context.

    `async with EmbeddedServer(data_dir) as server:` creates it, starts it or attaches to the one
    that runs already; the last process to leave stops it. Raises StartError, one line with the
    cure, when that cannot be.
    """

    def __init__(
        self, data_dir: Path, *, start_timeout: float = 60.0, stop_timeout: float = 8.0
    ) -> None:
        self._data_dir = data_dir
        self._start_timeout = start_timeout
        self._stop_timeout = stop_timeout

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        raise NotImplementedError

    def dsn(self, database: str = "nearfield", *, role: str = "nearfield") -> str:
        """A libpq connection string over the unix socket; it holds no secret."""
        raise NotImplementedError

    async def create_database(self, name: str = "nearfield") -> None:
        """Create the database `name` unless it is there."""
        raise NotImplementedError

    async def create_reader(self, role: str = "nearfield_reader") -> None:
        """Create `role`, which may read every table and write none, unless it is there."""
        raise NotImplementedError

    async def run(self) -> None:
        """Restart the server whenever it dies, until cancelled."""
        raise NotImplementedError
