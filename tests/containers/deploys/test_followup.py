"""The look back, asked of a real Prometheus whose past the test writes."""

import asyncio
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep, time

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from exporters.containers.deploys.followup import SIGNS, FollowUps
from exporters.containers.deploys.model import Deploy
from exporters.core.backoff import Backoff
from exporters.core.errors import SourceError
from exporters.core.prometheus import Prometheus
from exporters.core.telemetry import Telemetry
from exporters.slack import Message
from tests.containers.deploys.stories import WEB, release
from tests.programs import program

HOURS = 3
END = time() - 1800
DEPLOY = Deploy(
    WEB, "t1", release("b"), END - 30, before=release("a"), outcome="completed", ended=END
)


class Said(list[str]):
    def accept(self, message: Message) -> None:
        self.append(message.text)


def past() -> str:
    """Counters of three services: web grows worse at the deploy, api stays as bad, cron is calm."""
    begin = time() - HOURS * 3600
    moments = [begin + 15 * n for n in range(HOURS * 240)]
    lines = []

    def counter(name: str, labels: str, rate_before: float, rate_after: float) -> None:
        lines.append(f"# TYPE {name} counter")
        value = 0.0
        for at in moments:
            value += rate_after if at > END else rate_before
            lines.append(f"{name}_total{{{labels}}} {int(value)} {at:.3f}")

    web_, api = 'service="web",stack="shop"', 'service="api",stack=""'
    counter("log_exceptions", f'{web_},type="ValueError"', 0.1, 3)
    lines.append("")
    counter("container_restarts", web_, 0, 0.1)
    counter("cdn_requests", 'status="503",host="x"', 1, 1)
    text = "\n".join(line for line in lines if line)
    text = text.replace(
        "# TYPE container_restarts counter",
        "\n".join(f"log_exceptions_total{{{api}}} {n} {at:.3f}" for n, at in enumerate(moments))
        + "\n# TYPE container_restarts counter",
    )
    return text + "\n# EOF\n"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("prometheus")
    (folder / "past").write_text(past())
    (folder / "prometheus.yml").write_text("{}")
    promtool = program("promtool", package="prometheus")
    command = [promtool, *("tsdb", "create-blocks-from", "openmetrics", "past", "data")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [
        program("prometheus", package="prometheus"),
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        f"--web.listen-address={address}",
    ]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        ready(f"http://{address}/-/ready")
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait(10)


def ready(url: str) -> None:
    end = monotonic() + 30
    while monotonic() < end:
        with suppress(OSError), urllib.request.urlopen(url, timeout=5) as response:
            if response.status == 200:
                return
        sleep(0.1)
    pytest.fail("Prometheus is not ready")


class Looking:
    def __init__(self, prometheus: Prometheus, now: list[float], after: float = 600) -> None:
        self.said = Said()
        self.telemetry = CollectorRegistry()
        self.follow_ups = FollowUps(
            prometheus,
            self.said,
            Telemetry(self.telemetry, "test"),
            after,
            clock=lambda: now[0],
            backoff=Backoff(initial=0.01),
        )

    def polls(self, name: str = "polls_total", **labels: str) -> float | None:
        every = {"exporter": "deploys", "source": "prometheus", **labels}
        return self.telemetry.get_sample_value(f"nearfield_{name}", every)

    async def until(self, count: int) -> None:
        task = asyncio.create_task(self.follow_ups.run())
        async with asyncio.timeout(10):
            while (self.polls() or 0) < count or self.polls("poll_duration_seconds_count") != count:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


async def test_what_rose_after_a_deploy_is_told_once_and_what_did_not_is_not(
    prometheus: str,
) -> None:
    async with Prometheus(prometheus) as asked:
        looking = Looking(asked, [time()])
        looking.follow_ups.accept(DEPLOY)
        await looking.until(1)
    [text] = looking.said
    assert text.startswith("*shop/web* b, 10 min after its deploy, against before: restarts 0 → ")
    assert "; exceptions " in text
    assert "CDN" not in text


@pytest.mark.parametrize("name", ["api", "cron"])
async def test_a_service_that_is_as_it_was_is_not_talked_about(prometheus: str, name: str) -> None:
    async with Prometheus(prometheus) as asked:
        looking = Looking(asked, [time()])
        service = replace(WEB, id=name, name=name, stack="")
        looking.follow_ups.accept(replace(DEPLOY, service=service))
        await looking.until(1)
    assert looking.said == []


@pytest.mark.parametrize("name", ['"} or vector(1) #', "a\\", "new\nline", "{{x}}", "%(x)s"])
async def test_a_name_is_a_name_in_every_query(prometheus: str, name: str) -> None:
    async with Prometheus(prometheus) as asked:
        looking = Looking(asked, [time()])
        looking.follow_ups.accept(replace(DEPLOY, service=replace(WEB, name=name)))
        await looking.until(1)
    assert looking.said == []
    assert looking.polls("poll_failures_total", reason="mismatch") == 0


async def test_only_what_is_due_and_the_last_of_a_service_is_looked_back_at(
    prometheus: str,
) -> None:
    now = [END + 599]
    async with Prometheus(prometheus) as asked:
        looking = Looking(asked, now)
        looking.follow_ups.accept(DEPLOY)
        looking.follow_ups.accept(replace(DEPLOY, release=release("c")))
        looking.follow_ups.accept(replace(DEPLOY, service=replace(WEB, id="2"), outcome="failed"))
        await looking.until(0)
        assert looking.said == []
        now[0] = END + 601
        await looking.until(1)
    [text] = looking.said
    assert " c, " in text


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (web.json_response({"data": {"result": 3}}, status=200), "malformed"),
        (web.Response(text="<html>"), "malformed"),
        (web.Response(status=404), "mismatch"),
        (web.Response(status=401), "rejected"),
        (web.Response(status=503), "unavailable"),
        (None, "unavailable"),
    ],
)
async def test_a_prometheus_that_is_none_is_asked_three_times_and_left_alone(
    answer: web.Response | None, reason: str
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.transport
        if answer is None:
            request.transport.abort()
            return web.Response()
        return web.Response(body=answer.body, status=answer.status)

    app = web.Application()
    app.router.add_post("/api/v1/query", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with Prometheus(f"http://127.0.0.1:{site.port}") as asked:
            looking = Looking(asked, [time()])
            looking.follow_ups.accept(DEPLOY)
            await looking.until(3)
        assert looking.said == []
        assert looking.polls("poll_failures_total", reason=reason) == 3
    finally:
        await runner.cleanup()


async def test_nobody_at_the_address_is_an_error_of_ours() -> None:
    async with Prometheus("http://127.0.0.1:9") as asked:
        with pytest.raises(SourceError):
            await asked.number("1", 0)
    with pytest.raises(SourceError):
        await asked.number("1", 0)


def test_a_rise_has_to_be_worth_a_message() -> None:
    restarts, exceptions, errors = SIGNS
    assert restarts.risen(0, 1.01)
    assert not restarts.risen(2, 2)
    assert not restarts.risen(3, 1)
    assert exceptions.risen(0, 5)
    assert not exceptions.risen(0, 4)
    assert not exceptions.risen(100, 150)
    assert errors.risen(5, 20)
    assert not errors.risen(50, 60)
