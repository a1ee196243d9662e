"""Deploys of Swarm services on a real engine that manages a swarm of its own."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from exporters.core.database import Database
from tests.containers.deploys.live import image, watching
from tests.containers.running import until
from tests.docker.engine import Engine

SLEEP = "exec sleep 1000"
QUICKLY = ("--detach", "--no-resolve-image")
# All tasks at once, and each watched for a second: by default Swarm takes them one by one.
UPDATE = (
    *("--update-monitor=1s", "--update-delay=0s", "--update-parallelism=0"),
    *("--rollback-monitor=500ms", "--rollback-parallelism=0"),
    *("--stop-grace-period=0s", "--restart-delay=500ms"),
)


@pytest.fixture
async def swarm(engine: Engine) -> AsyncIterator[Engine]:
    """The engine as the only manager of a swarm, without services."""
    await engine.do("swarm", "init", "--advertise-addr=127.0.0.1", "--listen-addr=127.0.0.1:0")
    yield engine
    await engine.do("swarm", "leave", "--force")


async def service(swarm: Engine, of: str, *options: str) -> None:
    await swarm.do(
        *("service", "create", "--name=shop_web", "--network=host", "--replicas=2"),
        *("--label=com.docker.stack.namespace=shop", *QUICKLY, *UPDATE, *options, of),
    )

    async def run() -> bool:
        return await swarm.do("ps", "-q", "--filter=name=shop_web") != ""

    async with asyncio.timeout(30):
        while not await run():
            await asyncio.sleep(0.1)


async def update(swarm: Engine, *options: str) -> None:
    await swarm.do("service", "update", *QUICKLY, *options, "shop_web")


async def test_a_good_update_is_told_by_one_of_two_that_watch(
    swarm: Engine, ledger: Database
) -> None:
    old = await image(swarm, "1", SLEEP)
    new = await image(swarm, "2", SLEEP, "org.opencontainers.image.version=2.0.1")
    await service(swarm, old)
    async with watching(swarm.host, ledger) as here, watching(swarm.host, ledger) as there:
        await here.found("web")
        await there.found("web")
        assert here.version("web") == "1"
        await update(swarm, f"--image={new}")

        def counted(outcome: str) -> float:
            return sum(each.total("web", outcome) or 0 for each in (here, there))

        await until(lambda: counted("completed") == 1, 60)
        assert counted("started") == 1
        await until(lambda: here.version("web") == there.version("web") == "2.0.1", 20)
        await until(lambda: here.said or there.said)
        await asyncio.sleep(1)
        [said] = here.said + there.said
        assert len(here.lines + there.lines) == 1
    assert "*shop/web* 2.0.1 is live after" in said
    assert said.endswith("was 1.")


async def test_an_update_that_changes_nothing_says_nothing(swarm: Engine, ledger: Database) -> None:
    old = await image(swarm, "1", SLEEP)
    await service(swarm, old)
    async with watching(swarm.host, ledger) as here:
        await here.found("web")
        for options in ([f"--image={old}"], ["--force"], ["--env-add=A=B"]):
            await update(swarm, *options)
            await asyncio.sleep(1.5)
        assert here.total("web", "started") == 0
    assert here.said == []


async def test_a_bad_update_that_swarm_rolls_back_names_the_exit_code(
    swarm: Engine, ledger: Database
) -> None:
    old, bad = await image(swarm, "1", SLEEP), await image(swarm, "bad", "exit 3")
    await service(swarm, old, "--update-failure-action=rollback")
    async with watching(swarm.host, ledger) as here:
        await here.found("web")
        await update(swarm, f"--image={bad}")
        said = await here.ended("web", "rolled_back")
        assert here.version("web") == "1"
        assert here.total("web", "failed") == 0
    assert "*shop/web* bad was rolled back to 1 after" in said
    assert said.endswith("non-zero exit (3).")


async def test_a_bad_update_that_swarm_pauses_has_failed_and_can_be_rolled_back_by_hand(
    swarm: Engine, ledger: Database
) -> None:
    old, bad = await image(swarm, "1", SLEEP), await image(swarm, "bad", "exit 4")
    await service(swarm, old, "--update-failure-action=pause")
    async with watching(swarm.host, ledger) as here:
        await here.found("web")
        await update(swarm, f"--image={bad}")
        said = await here.ended("web", "failed")
        assert "*shop/web* bad failed after" in said
        assert "non-zero exit (4)" in said
        await swarm.do("service", "rollback", "--detach", "shop_web")
        said = await here.ended("web", "rolled_back")
        assert here.version("web") == "1"
    assert "*shop/web* was rolled back by hand from bad to 1 in" in said


async def test_a_health_check_that_fails_is_quoted(swarm: Engine, ledger: Database) -> None:
    old, bad = await image(swarm, "1", SLEEP), await image(swarm, "2", SLEEP)
    await service(swarm, old, "--update-failure-action=rollback")
    async with watching(swarm.host, ledger) as here:
        await here.found("web")
        await update(
            swarm,
            f"--image={bad}",
            "--health-cmd=echo the queue is away; exit 1",
            "--health-interval=300ms",
            "--health-retries=1",
            "--update-monitor=10s",
        )
        said = await here.ended("web", "rolled_back", within=90)
    assert "unhealthy" in said
    assert said.endswith("Last health check: `the queue is away`")


async def test_a_rollback_that_began_before_us_is_told_whole(
    swarm: Engine, ledger: Database
) -> None:
    old, bad = await image(swarm, "1", SLEEP), await image(swarm, "bad", "exit 3")
    await service(swarm, old, "--update-failure-action=rollback")
    await update(swarm, f"--image={bad}")

    async def back() -> bool:
        state = "{{.UpdateStatus.State}}"
        found = await swarm.do("service", "inspect", f"--format={state}", "shop_web")
        return found == "rollback_completed"

    async with asyncio.timeout(60):
        while not await back():
            await asyncio.sleep(0.2)
    for expected in (1, 0):
        async with watching(swarm.host, ledger) as here:
            await here.found("web") if not expected else await here.ended("web", "rolled_back")
            await asyncio.sleep(1)
            assert here.version("web") == "1"
        assert len(here.said) == expected
