"""The engine's events, one by one, until the stream breaks."""

import json
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager

from exporters.core.errors import SourceUnavailable
from exporters.docker.client import DockerClient
from exporters.docker.model import Event, parse_event

LONGEST = 2**20
"""Bytes of one event, most of them labels; a longer one is skipped, and the listing tells of it."""


@asynccontextmanager
async def events(
    client: DockerClient, types: Sequence[str] = ("container",), since_ns: int = 0
) -> AsyncIterator[AsyncIterator[Event]]:
    """Give the events of these types from now on, or from `since_ns` (inclusive) where it is set.

    Once the context is entered the engine has answered and subscribes us: what is listed after
    that misses next to nothing. It keeps 256 events, and skips a reader that takes longer than
    100 ms, so that whoever follows has to compare with a listing now and then. Raises SourceError
    inside the context when the stream breaks or ends.
    """
    params = {"filters": json.dumps({"type": list(types)})}
    if since_ns:
        params["since"] = f"{since_ns // 10**9}.{since_ns % 10**9:09d}"
    async with client.stream("/events", params) as body:
        yield _parsed(body.iter_any())


async def _parsed(chunks: AsyncIterable[bytes]) -> AsyncIterator[Event]:
    async for line in _lines(chunks):
        if line.strip():
            yield parse_event(line)
    raise SourceUnavailable("the Docker engine ended the stream of events")


async def _lines(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Whole lines without those that are too long: to break off would bring them again."""
    rest, skipping = b"", False
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines[skipping:]:
            yield line
        skipping = skipping and not lines
        if len(rest) > LONGEST:
            rest, skipping = b"", True
