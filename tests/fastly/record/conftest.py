"""A ledger of its own for each test, and somebody who records into it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from exporters.ledger import EpisodeFacts
from tests.fastly.traffic import NOON, Counting, counting


@pytest.fixture
async def count(database: str, tmp_path: Path) -> AsyncIterator[Counting]:
    """A calendar ledger that knows episode 1: ten megabytes, ten minutes, a minute is one MB."""
    async with counting(database, tmp_path) as state:
        await state.tell(EpisodeFacts("show", "1", "One", 10_000_000, 600.0, NOON.replace(hour=6)))
        yield state
