"""What is followed of the engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.docker.engine import Engine
from tests.logs.live.following import Follow


@pytest.fixture
async def follow(engine: Engine, backend: str, tmp_path: Path) -> AsyncIterator[Follow]:
    """What follows the engine's containers, until the test ends; not begun yet."""
    follow = Follow(engine.host, backend, tmp_path)
    yield follow
    await follow.stop()
