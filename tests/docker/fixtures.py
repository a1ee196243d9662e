"""A real Docker engine for tests: one for the session, since each takes seconds to start."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.docker.engine import Engine, started_engine


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[Engine]:
    """The engine that tests share."""
    yield from started_engine()


@pytest.fixture
async def engine(docker_engine: Engine) -> AsyncIterator[Engine]:
    """The engine without containers, before and after."""
    yield docker_engine
    await docker_engine.clear()
