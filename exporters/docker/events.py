"""The engine's events, one by one, until the stream breaks."""

import json
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager

from exporters.core.errors import SourceMalformed, SourceUnavailable
from exporters.docker.client import DockerClient
from exporters.docker.model import Event, parse_event


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
        yield _parsed(body)


async def _parsed(body: AsyncIterable[bytes]) -> AsyncIterator[Event]:
    try:
        async for line in body:
            if line.strip():
                yield parse_event(line)
    except ValueError as error:  # aiohttp's word for a line over its limit
        raise SourceMalformed("an event of the Docker engine has no end") from error
    raise SourceUnavailable("the Docker engine ended the stream of events")
