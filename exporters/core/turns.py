"""How long one thread of Python keeps the others waiting."""

import sys
from typing import Self

TURN = 0.0002
"""Seconds, where Python has 5 ms."""


class ShortTurns:
    """Makes threads give way sooner while it is open.

    For each segment the event loop asks PostgreSQL some forty times, with the day's lock in hand,
    and would each time wait for its turn while another thread looks through lines: the processors
    are used 3 % more.
    """

    async def __aenter__(self) -> Self:
        self._before = sys.getswitchinterval()
        sys.setswitchinterval(min(TURN, self._before))
        return self

    async def __aexit__(self, *_: object) -> None:
        sys.setswitchinterval(self._before)
