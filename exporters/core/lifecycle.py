"""Start in order, stop in reverse.

    open resources → run services → listen … stop … answer requests in flight → cancel → close

A first SIGINT or SIGTERM stops so; a second one ends the process at once, unless it comes with the
first; SIGHUP reloads.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from exporters.core.exporter import Exporter

log = logging.getLogger(__name__)

DRAIN = 5.0
"""Seconds that requests in flight get; closing has as long, so SIGTERM to exit stays under 10."""
_STOPPING = (signal.SIGINT, signal.SIGTERM)
_TOGETHER = 0.5
"""Seconds within which signals are one wish: `timeout` and `make` each pass the same one on."""


async def serve(exporters: Sequence[Exporter], stop: asyncio.Event) -> None:
    """Run exporters until `stop` is set.

    Any error that leaves a service stops all the rest, in the same order, and is raised.
    """
    async with AsyncExitStack() as resources:
        await _open(exporters, resources, stop)
        if stop.is_set():
            return
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(service.run(), name=service.name)
                for exporter in exporters
                for service in exporter.services
            ]
            tasks.append(group.create_task(_reload_on_hangup(exporters), name="reload"))
            async with _listening(exporters):
                await stop.wait()
            for task in tasks:
                task.cancel()


async def _open(
    exporters: Sequence[Exporter], resources: AsyncExitStack, stop: asyncio.Event
) -> None:
    """Open every resource in order; `stop` cuts this short, since opening may take long."""
    task = asyncio.current_task()
    assert task  # noqa: S101  a coroutine always runs in a task
    opening = True

    def cut_short(_: object) -> None:
        if opening:
            task.cancel()

    stopped = asyncio.create_task(stop.wait())
    stopped.add_done_callback(cut_short)
    try:
        for exporter in exporters:
            for resource in exporter.resources:
                await resources.enter_async_context(resource)
    except asyncio.CancelledError:
        if not stop.is_set() or task.uncancel():
            raise
    finally:
        opening = False
        stopped.cancel()


@asynccontextmanager
async def _listening(exporters: Sequence[Exporter]) -> AsyncIterator[None]:
    """Hold every listener open; services still run while the last requests are answered."""
    async with AsyncExitStack() as listeners:
        for exporter in exporters:
            for listener in exporter.listeners:
                await listeners.enter_async_context(listener)
        yield


@contextmanager
def stop_on_signals() -> Iterator[asyncio.Event]:
    """Give an event that SIGINT (a person) or SIGTERM (a container runtime) sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def first(number: signal.Signals) -> None:
        if not stop.is_set():
            log.info("stopping, since %s came; a second one ends at once", number.name)
            stop.set()
            loop.call_later(_TOGETHER, end_at_once)

    def end_at_once() -> None:
        for again in _STOPPING:
            if loop.remove_signal_handler(again):
                signal.signal(again, signal.SIG_DFL)

    for number in _STOPPING:
        loop.add_signal_handler(number, first, number)
    try:
        yield stop
    finally:
        for number in _STOPPING:
            loop.remove_signal_handler(number)


async def _reload_on_hangup(exporters: Sequence[Exporter]) -> None:
    """Call each exporter's `reload` at every SIGHUP; several that come at once are one."""
    loop = asyncio.get_running_loop()
    hangup = asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, hangup.set)
    try:
        while await hangup.wait():
            hangup.clear()
            for exporter in exporters:
                if exporter.reload:
                    await exporter.reload()
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
