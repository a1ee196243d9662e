"""The listeners of a demo, in a process of their own: what Nearfield takes is what is measured.

`python -m` this module with the demo's folder, the receiver's address and the scenario.
"""

import asyncio
import sys
from pathlib import Path
from time import time

from exporters.demo.audience import TOKEN
from exporters.demo.child import carry_out, deserted
from exporters.demo.sample import born
from exporters.embedded.server import EmbeddedServer
from exporters.embedded.traffic import Crowd, Scenario, Sender, Weather


async def listen(folder: Path, receiver: str, scenario: Scenario) -> None:
    """Listen, told by batches of log lines, until the demo is gone. Raises StartError."""
    made = await born(EmbeddedServer(folder))
    weather = Weather(scenario, time())
    sender = Sender(
        lambda at: Crowd(made, at, weather),
        receiver,
        {"Authorization": f"Bearer {(folder / TOKEN).read_text()}"},
        forgetful=scenario is Scenario.FULL,
    )
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(sender.run())
        await deserted()
        sending.cancel()


if __name__ == "__main__":
    sys.exit(carry_out(listen(Path(sys.argv[1]), sys.argv[2], Scenario(sys.argv[3]))))
