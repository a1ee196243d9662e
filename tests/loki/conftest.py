"""Loki, a fake or the real one at NEARFIELD_TEST_LOKI_URL, with a door before it."""

import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tests.loki.door import Door
from tests.loki.fake import FakeLoki
from tests.loki.reading import Reader


@pytest.fixture
async def backend() -> AsyncIterator[str]:
    if url := os.environ.get("NEARFIELD_TEST_LOKI_URL"):
        yield url.rstrip("/")
        return
    async with FakeLoki() as fake:
        yield fake.url


@pytest.fixture
async def door(backend: str) -> AsyncIterator[Door]:
    async with Door(backend) as door:
        yield door


@pytest.fixture
def service() -> str:
    """A service that nobody else's lines have: a real Loki remembers."""
    return f"test-{uuid4().hex[:12]}"


@pytest.fixture
def reader(backend: str, service: str) -> Reader:
    return Reader(backend, service)
