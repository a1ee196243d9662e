"""`nearfield run containers deploys` on a real engine: from a container to a message in Slack."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import psycopg
from prometheus_client.parser import text_string_to_metric_families

from tests.containers.deploys.live import compose, image
from tests.docker.engine import Engine
from tests.e2e.processes import Nearfield, nearfield, until
from tests.slack.room import Room

SLEEP = "exec sleep 1000"


def value(process: Nearfield, metric: str, **labels: str) -> float | None:
    """Return the first sample of that name that has these labels."""
    wanted = {"service": "web", "stack": "shop", **labels}
    for family in text_string_to_metric_families(process.metrics()):
        for sample in family.samples:
            if sample.name == metric and wanted.items() <= sample.labels.items():
                return sample.value
    return None


async def seen(condition: Callable[[], object], what: str) -> None:
    await asyncio.to_thread(until, condition, what)


async def test_a_container_is_measured_and_its_deploy_counted_kept_and_told(
    engine: Engine, database: str, tmp_path: Path
) -> None:
    old, new = await image(engine, "1", SLEEP), await image(engine, "2", SLEEP)
    await compose(engine, "web", old)
    (tmp_path / "ledger_dsn").write_text(database)
    async with Room() as room:
        (tmp_path / "webhook").write_text(room.url.get_secret_value())
        settings = (
            '[ledger]\ndsn_file = "ledger_dsn"\n'
            f'[docker]\nhost = "{engine.host}"\n[slack]\nwebhook_url_file = "webhook"\n'
            '[containers.deploys]\ninterval = "500ms"\nsettle = "1s"\n'
        )
        with nearfield(tmp_path, settings, "containers", "deploys") as process:
            await seen(process.ready, "every source is fresh")
            await seen(
                lambda: value(process, "container_cpu_utilization_ratio_count"), "two samples"
            )
            assert value(process, "container_memory_usage_bytes", image=old)
            assert value(process, "container_state", state="running") == 1
            await seen(
                lambda: value(process, "deploy_total", outcome="started") == 0, "the service"
            )

            await compose(engine, "web", new)
            await seen(
                lambda: value(process, "deploy_total", outcome="completed") == 1, "the deploy"
            )
            await seen(lambda: room.posts, "the message")
            assert value(process, "deploy_last_timestamp_seconds", version="2")
            assert value(process, "container_exits_total", code="137") == 1

            await engine.do("rm", "-f", "shop-web-1")
            await seen(lambda: value(process, "container_memory_usage_bytes") is None, "it is gone")
            assert value(process, "container_exits_total", code="137") == 2
            secret = room.url.get_secret_value()
            assert secret not in process.log() + process.metrics()
    [said] = room.posts
    assert "*shop/web* 2 is live after" in said
    with psycopg.connect(database) as ledger:
        rows = ledger.execute(
            "SELECT version, outcome FROM nearfield.deploys ORDER BY ended_at"
        ).fetchall()
    assert rows == [("1", "found"), ("2", "completed")]
