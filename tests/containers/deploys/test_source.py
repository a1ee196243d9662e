"""The source behind engines and proxies that refuse this or that; a small server in their place."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from exporters import docker
from exporters.containers.deploys.model import NONE, Look, Phase
from exporters.containers.deploys.settings import DeploysSettings
from exporters.containers.deploys.source import DeploySource
from exporters.core.errors import SourceError
from exporters.core.telemetry import Telemetry
from exporters.docker import DockerSettings
from exporters.docker.model import COMPOSE_SERVICE
from tests.docker.answering import details

RECORDED = Path(__file__).parent / "recorded"
DIGEST = "sha256:" + "d" * 64


class Proxy:
    """Answers what it is given by path, 403 for the rest; `asked` are the paths."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, Any] = {
            "/_ping": "OK",
            "/info": {"ID": "engine", "Swarm": {"ControlAvailable": True}},
            "/containers/json": [],
            "/services": json.loads((RECORDED / "services.json").read_text()),
            "/tasks": json.loads((RECORDED / "tasks.json").read_text()),
        }

    @property
    def update(self) -> dict[str, Any]:
        found: dict[str, Any] = self.answers["/services"][0]
        return found

    async def answer(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix("/v1.41")
        self.asked.append(path)
        if path.startswith("/images/") and path not in self.answers:
            return web.json_response({"message": "no such image"}, status=404)
        if path not in self.answers:
            return web.Response(status=403, text="Forbidden")
        return web.json_response(self.answers[path], headers={"Api-Version": "1.41"})


@asynccontextmanager
async def source(proxy: Proxy, time: list[float] | None = None) -> AsyncIterator[DeploySource]:
    app = web.Application()
    app.router.add_get("/{path:.*}", proxy.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    settings = DockerSettings(host=f"tcp://127.0.0.1:{site.port}")
    engine = docker.build(settings, Telemetry(CollectorRegistry(), "test"))
    now = time or [2e9]
    try:
        async with engine.client:
            yield DeploySource(engine, DeploysSettings(), clock=lambda: now[0])
    finally:
        await runner.cleanup()


async def one(proxy: Proxy) -> Look:
    async with source(proxy) as reading:
        [look] = await reading.read()
        return look


async def test_a_worker_of_a_swarm_is_not_asked_for_services() -> None:
    proxy = Proxy()
    proxy.answers["/info"]["Swarm"] = {"ControlAvailable": False}
    async with source(proxy) as reading:
        assert await reading.read() == ()
    assert "/services" not in proxy.asked


async def test_a_proxy_that_hides_services_is_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    proxy = Proxy()
    del proxy.answers["/services"]
    async with source(proxy) as reading:
        for _ in range(3):
            assert await reading.read() == ()
    assert len([r for r in caplog.records if r.levelno == logging.WARNING]) == 1


async def test_a_proxy_that_hides_tasks_costs_only_the_reason() -> None:
    proxy = Proxy()
    proxy.update["UpdateStatus"] |= {"State": "paused"}
    del proxy.answers["/tasks"]
    look = await one(proxy)
    assert (look.phase, look.problem) == (Phase.FAILED, NONE)


async def test_the_engine_going_away_is_an_error_of_ours() -> None:
    proxy = Proxy()
    async with source(proxy) as reading:
        await reading.read()
        proxy.answers["/services"] = {"message": "?"}
        with pytest.raises(SourceError):
            await reading.read()


async def test_the_task_that_failed_tells_the_reason_and_the_image_and_is_asked_for_once() -> None:
    proxy = Proxy()
    proxy.update["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"] = "app:1"
    proxy.update["PreviousSpec"] = None
    proxy.update["UpdateStatus"] |= {"State": "rollback_completed", "Message": "rollback completed"}
    async with source(proxy) as reading:
        for _ in range(3):
            [look] = await reading.read()
    assert (look.problem.text, look.problem.exit_code) == ("non-zero exit (3)", 3)
    assert look.attempted
    assert look.attempted.image == "app:bad"
    assert proxy.asked.count("/tasks") == 1


async def test_labels_of_the_image_are_asked_for_by_digest_and_those_of_the_service_win() -> None:
    proxy = Proxy()
    container = proxy.update["Spec"]["TaskTemplate"]["ContainerSpec"]
    container["Image"] = f"reg:5000/app:2@{DIGEST}"
    proxy.answers[f"/images/reg:5000/app@{DIGEST}/json"] = {
        "Config": {"Labels": {"org.opencontainers.image.version": "2.0", "nearfield.deployer": "x"}}
    }
    look = await one(proxy)
    assert (look.release.version, look.release.deployer) == ("2.0", "x")
    assert (look.release.image, look.release.digest) == ("reg:5000/app:2", DIGEST)
    container["Labels"] = {"nearfield.deployer": "anna"}
    look = await one(proxy)
    assert look.release.deployer == "anna"


async def test_an_image_that_the_engine_lacks_is_asked_for_again_after_a_minute() -> None:
    proxy, now = Proxy(), [2e9]
    async with source(proxy, now) as reading:
        await asyncio.gather(reading.read())
        await reading.read()
        assert proxy.asked.count("/images/app:2/json") == 1
        now[0] += 61
        await reading.read()
        assert proxy.asked.count("/images/app:2/json") == 2


@asynccontextmanager
async def one_of_two_refused(proxy: Proxy) -> AsyncIterator[DeploySource]:
    """A source on an engine that listed two containers and fails to inspect the second."""
    proxy.answers["/info"]["Swarm"] = {"ControlAvailable": False}
    names = ("well", "broken")
    for name in names:
        answer = details(name, name) | {"Created": "2026-01-02T03:04:05Z", "Image": DIGEST}
        answer["Config"]["Labels"] = {COMPOSE_SERVICE: name}
        proxy.answers[f"/containers/{name}/json"] = answer
    listed = {"Names": ["/x"], "State": "running", "Status": "Up 3 hours"}
    proxy.answers["/containers/json"] = [{"Id": name, **listed} for name in names]
    async with source(proxy) as reading:
        await reading._inventory.reconcile()
        del proxy.answers["/containers/broken/json"]
        yield reading


async def test_a_container_that_the_engine_fails_at_hides_no_other_service() -> None:
    proxy = Proxy()
    proxy.answers["/version"] = {}
    async with one_of_two_refused(proxy) as reading:
        assert [look.service.name for look in await reading.read()] == ["well"]


async def test_an_engine_that_fails_at_everything_is_an_error_and_no_look() -> None:
    async with one_of_two_refused(Proxy()) as reading:
        with pytest.raises(SourceError):
            await reading.read()
