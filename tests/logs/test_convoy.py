"""Replicas of a service read what is old together, so that Loki takes the lines of all."""

import asyncio
from contextlib import suppress

import pytest

from exporters.logs.convoy import Convoy

GROUP = ("app", "site")


async def waits(task: "asyncio.Task[None]") -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(task), 0.02)
    return not task.done()


async def test_whoever_is_ahead_waits_for_those_behind() -> None:
    convoy = Convoy(span=10)
    convoy.join(GROUP, "a", 0)
    convoy.join(GROUP, "b", 0)
    await convoy.turn(GROUP, "a", 10)
    ahead = asyncio.create_task(convoy.turn(GROUP, "a", 15))
    assert await waits(ahead)
    await convoy.turn(GROUP, "b", 4)
    assert await waits(ahead)
    await convoy.turn(GROUP, "b", 5)
    await ahead


async def test_one_that_came_to_the_present_or_failed_is_not_waited_for() -> None:
    convoy = Convoy(span=10)
    convoy.join(GROUP, "a", 0)
    convoy.join(GROUP, "b", 0)
    ahead = asyncio.create_task(convoy.turn(GROUP, "a", 100))
    assert await waits(ahead)
    convoy.leave(GROUP, "b")
    await ahead
    assert convoy.waits_for(GROUP, "a")
    convoy.leave(GROUP, "a")
    assert not convoy.waits_for(GROUP, "a")


async def test_a_new_one_that_is_at_the_present_waits_for_those_behind() -> None:
    convoy = Convoy(span=10)
    convoy.join(GROUP, "old", 0)
    new = asyncio.create_task(convoy.turn(GROUP, "new", 1000))
    assert await waits(new)
    convoy.leave(GROUP, "old")
    await new


async def test_other_services_do_not_wait() -> None:
    convoy = Convoy(span=10)
    convoy.join(GROUP, "a", 0)
    await asyncio.wait_for(convoy.turn(("db", "site"), "b", 1000), 1)


@pytest.mark.parametrize("group", [GROUP, ("nobody", "")])
async def test_to_leave_what_was_never_joined_does_nothing(group: tuple[str, str]) -> None:
    Convoy().leave(group, "a")
