"""A turn that nobody gets before something has happened, and everybody after."""

import asyncio


class Gate:
    """Closed until it is opened once: the `turn` of pollers that need what is still being made."""

    def __init__(self) -> None:
        self._opened = asyncio.Event()

    async def open(self) -> None:
        """Let everybody through from now on; may be done again, to no effect."""
        self._opened.set()

    async def __aenter__(self) -> None:
        await self._opened.wait()

    async def __aexit__(self, *_: object) -> None:
        """Nothing is held."""
