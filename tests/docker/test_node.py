"""Who the engine is: asked seldom, and anew when it does not do what such a one does."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from exporters.core.errors import SourceUnavailable
from exporters.docker import DockerClient, DockerSettings
from exporters.docker.node import Identity, Node
from tests.docker.answering import serving


class Manager:
    """An engine that manages a swarm until it is told otherwise."""

    def __init__(self) -> None:
        self.manages = True
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        path = request.path.rpartition("/")[2]
        self.asked.append(path)
        if path == "services" and not self.manages:
            return web.json_response({"message": "no manager"}, status=503)
        answers: dict[str, Any] = {"services": [{"ID": "s"}]}
        answers["info"] = {"ID": "one", "Swarm": {"ControlAvailable": self.manages}}
        return web.json_response(answers.get(path), headers={"Api-Version": "1.41"})


async def test_who_it_is_is_asked_once_a_minute_and_when_it_manages_no_more(tmp_path: Path) -> None:
    engine, now = Manager(), [0.0]
    async with serving(engine.answer, tmp_path) as host:
        async with DockerClient(DockerSettings(host=host)) as client:
            node = Node(client, clock=lambda: now[0])
            assert await node.identify() == Identity("one", manages=True)
            assert await node.services() == [{"ID": "s"}]
            assert engine.asked.count("info") == 1
            now[0] = 61.0
            await node.identify()
            assert engine.asked.count("info") == 2
            engine.manages = False
            with pytest.raises(SourceUnavailable):
                await node.services()
            assert await node.services() == ()
            assert engine.asked.count("info") == 3
