"""The app of the demo and everybody who listens to it: `listeners.py DATABASE-HOST RECEIVER-URL`.

Fills the app's database with the sample shows where it has none, and then sends the log lines of
their listeners as Fastly would, until it is ended.
"""

import asyncio
import os
import signal
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from time import time

import psycopg

from exporters.core.errors import StartError
from exporters.embedded import sample
from exporters.embedded.traffic import Crowd, Scenario, Sender, Weather

SECRETS = Path(os.environ.get("SECRETS", "/run/secrets"))
ALIVE = Path(os.environ.get("ALIVE", "/tmp/alive"))  # noqa: S108 - the container has it for itself
_EVERY = 10.0


def secret(name: str) -> str:
    """Return what is in the file of a secret."""
    return (SECRETS / name).read_text().strip()


async def filled(host: str) -> date:
    """Bring the sample up to today and return the day on which it was made."""
    connection = await psycopg.AsyncConnection.connect(
        host=host, dbname="app", user="app", password=secret("app_password"), connect_timeout=10
    )
    async with connection:
        today = datetime.now(UTC).date()
        if not await sample.load(connection, today):
            await sample.advance(connection, today)
        made = await sample.made_on(connection)
    if made is None:
        raise StartError("the sample shows are gone from the database of the demo")
    return made


async def tell(sender: Sender) -> None:
    """Leave a sign of life for the health check as long as lines are taken, and say how many."""
    before = 0
    while True:
        await asyncio.sleep(_EVERY)
        if sender.sent > before:
            ALIVE.touch()  # noqa: ASYNC240 - in memory
            print(f"level=info msg=sent lines={sender.sent - before}", flush=True)  # noqa: T201
        before = sender.sent


async def main(host: str, url: str) -> None:
    """Fill the database, then listen until SIGTERM."""
    made = await filled(host)
    weather = Weather(Scenario.FULL, time())
    sender = Sender(
        lambda at: Crowd(made, at, weather),
        url,
        {"Authorization": f"Bearer {secret('fastly_token')}"},
        forgetful=True,
    )
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in (sender.run(), tell(sender))]
        asyncio.get_running_loop().add_signal_handler(
            signal.SIGTERM, lambda: [task.cancel() for task in tasks]
        )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
