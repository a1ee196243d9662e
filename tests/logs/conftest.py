"""Loki, a fake or the real one, and a stream of nobody else's there."""

import pytest

from exporters.loki import Stream
from tests.loki.conftest import backend, door, reader, service

__all__ = ["backend", "door", "reader", "service"]


@pytest.fixture
def stream(service: str) -> Stream:
    return Stream(service, "", "host1", "stderr")
