"""Deploys of Compose services on a real engine."""

import asyncio
from pathlib import Path

import pytest

from exporters.core.database import Database
from exporters.ledger.deploys import latest
from tests.containers.deploys.live import QUICK, compose, image, watching
from tests.containers.deploys.registries import docker_config, htpasswd, running_hub
from tests.containers.running import until
from tests.docker.engine import Engine

SLEEP = "exec sleep 1000"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


async def test_a_new_image_that_stays_up_is_a_good_deploy_told_once(
    engine: Engine, ledger: Database
) -> None:
    old = await image(engine, "1", SLEEP)
    new = await image(
        engine,
        "2",
        SLEEP,
        f"org.opencontainers.image.revision={COMMIT}",
        "org.opencontainers.image.source=https://git.example/shop/web",
        "nearfield.deployer=anna",
    )
    await compose(engine, "web", old)
    async with watching(engine.host, ledger) as here:
        await here.found("web")
        assert here.version("web") == "1"
        assert here.total("web", "completed") == 0
        await compose(engine, "web", new)
        said = await here.ended("web", "completed")
        await until(lambda: here.lines)
        assert here.total("web", "started") == 1
        assert here.version("web") == COMMIT[:7]
        labels, _ = here.find("deploy_last_timestamp_seconds", service="web")[0]
        assert labels == {
            "service": "web",
            "stack": "shop",
            "image": "shop/web:2",
            "version": COMMIT[:7],
            "deployer": "anna",
        }
        assert here.value("deploy_duration_seconds_count", service="web") == 1
        await compose(engine, "web", new)
        await asyncio.sleep(2)
        assert here.total("web", "started") == 1
    assert said.startswith(
        f"*shop/web* <https://git.example/shop/web/commit/{COMMIT}|0123456> is live after "
    )
    assert said.endswith("s, was 1. Deployed by anna.")
    assert here.said == [said]
    [(service, stack, line)] = here.lines
    assert (service, stack) == ("web", "shop")
    assert "outcome=completed" in line
    [running] = (await latest(ledger)).values()
    assert (running.image, running.version) == ("shop/web:2", COMMIT[:7])


async def test_an_image_that_exits_is_a_failed_deploy_with_its_exit_code(
    engine: Engine, ledger: Database
) -> None:
    old, bad = await image(engine, "1", SLEEP), await image(engine, "bad", "exit 3")
    await compose(engine, "web", old)
    async with watching(engine.host, ledger) as here:
        await here.found("web")
        await compose(engine, "web", bad)
        said = await here.ended("web", "failed")
    assert "*shop/web* bad failed after " in said
    assert said.endswith("a container exited, exit code 3.")


async def test_a_crash_loop_is_a_failed_deploy(engine: Engine, ledger: Database) -> None:
    old, bad = await image(engine, "1", SLEEP), await image(engine, "loop", "sleep 0.2; exit 1")
    await compose(engine, "web", old)
    async with watching(engine.host, ledger) as here:
        await here.found("web")
        await compose(engine, "web", bad, "--restart=always")
        said = await here.ended("web", "failed")
    assert "a container exit" in said


async def test_health_decides_where_there_is_a_check(engine: Engine, ledger: Database) -> None:
    old = await image(engine, "1", SLEEP)
    good = await image(engine, "2", "sleep 1.5; touch /ok; exec sleep 1000")
    bad = await image(engine, "3", SLEEP)
    check = (
        "--health-cmd=test -e /ok || { echo no /ok yet; exit 1; }",
        "--health-interval=300ms",
        "--health-retries=20",
    )
    await compose(engine, "web", old)
    async with watching(engine.host, ledger) as here:
        await here.found("web")
        await compose(engine, "web", good, *check)
        said = await here.ended("web", "completed")
        assert "2 is live" in said
        await compose(engine, "web", bad, *check[:2], "--health-retries=2")
        said = await here.ended("web", "failed")
        await until(lambda: len(here.said) == 2)
    assert "a container is unhealthy" in here.said[1]
    assert here.said[1].endswith("Last health check: `no /ok yet`")


async def test_a_service_of_two_is_deployed_when_both_are(engine: Engine, ledger: Database) -> None:
    old, new = await image(engine, "1", SLEEP), await image(engine, "2", SLEEP)
    for number in (1, 2):
        await compose(engine, "web", old, number=number)
    async with watching(engine.host, ledger) as here:
        await here.found("web")
        await compose(engine, "web", new, number=1)
        await until(lambda: here.total("web", "started") == 1, 20)
        await asyncio.sleep(2)  # twice what a new container needs to have settled
        assert here.total("web", "completed") == 0
        await compose(engine, "web", new, number=2)
        await here.ended("web", "completed")
    assert len(here.said) == 1


async def test_a_deploy_in_our_absence_is_told_when_we_are_back(
    engine: Engine, ledger: Database
) -> None:
    old, new = await image(engine, "1", SLEEP), await image(engine, "2", SLEEP)
    await compose(engine, "web", old)
    async with watching(engine.host, ledger) as here:
        await here.found("web")

        async def kept() -> bool:
            return bool(await latest(ledger))

        async with asyncio.timeout(20):
            while not await kept():
                await asyncio.sleep(0.1)
    await compose(engine, "web", new)
    for expected in (1, 0):
        async with watching(engine.host, ledger) as here:
            await here.found("web")
            if expected:
                await here.ended("web", "completed")
            else:
                await asyncio.sleep(1)
        assert len(here.said) == expected


async def test_what_was_pushed_and_is_not_deployed_is_shown_until_it_is(
    engine: Engine, ledger: Database, tmp_path: Path
) -> None:
    with running_hub(tmp_path, **htpasswd(tmp_path / "users")) as hub:
        name = f"{hub.address}/shop/web:1"
        config = docker_config(tmp_path / "config.json", hub)
        login = ("--config", str(tmp_path))
        first = await image(engine, "first", SLEEP)
        await engine.do("tag", first, name)
        await engine.do(*login, "push", name)
        await compose(engine, "web", name)
        await compose(engine, "local", first)
        settings = QUICK.model_copy(
            update={"registries": (hub.url,), "registry_credentials_file": config}
        )
        async with watching(engine.host, ledger, settings) as here:
            await until(lambda: here.value("deploy_pending", service="web") == 0, 20)
            second = await image(engine, "second", SLEEP)
            await engine.do("tag", second, name)
            await engine.do(*login, "push", name)
            await until(lambda: here.value("deploy_pending", service="web") == 1, 20)
            since = here.value("deploy_pending_since_timestamp_seconds", service="web")
            assert since
            await asyncio.sleep(1.5)
            assert here.value("deploy_pending_since_timestamp_seconds", service="web") == since
            assert here.value("deploy_pending", service="local") is None
            await compose(engine, "web", name)
            await until(lambda: here.value("deploy_pending", service="web") == 0, 20)
            assert here.value("deploy_pending_since_timestamp_seconds", service="web") is None


@pytest.mark.parametrize("kind", ["away", "refusing"])
async def test_a_registry_that_does_not_answer_costs_only_its_gauge(
    engine: Engine, ledger: Database, kind: str, tmp_path: Path
) -> None:
    with running_hub(tmp_path, **htpasswd(tmp_path / "users")) as hub:
        address = hub.address if kind == "refusing" else "127.0.0.1:9"
        name = f"{address}/shop/web:1"
        await engine.do("tag", await image(engine, "1", SLEEP), name)
        await compose(engine, "web", name)
        settings = QUICK.model_copy(update={"registries": (f"http://{address}",)})
        async with watching(engine.host, ledger, settings) as here:
            await here.found("web")
            reason = "rejected" if kind == "refusing" else "unavailable"
            failures = {"exporter": "deploys", "source": address, "reason": reason}
            await until(
                lambda: here.registry.get_sample_value("nearfield_poll_failures_total", failures),
                20,
            )
            assert here.value("deploy_pending", service="web") is None
            assert all(health.fresh for health in here.exporters[1].health())
