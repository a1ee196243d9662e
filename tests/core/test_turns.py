"""Threads give way sooner while lines go through, and as before afterwards."""

import sys

import pytest

from exporters.core.turns import TURN, ShortTurns


def about(seconds: float) -> object:
    """Python keeps whole microseconds, rounded down."""
    return pytest.approx(seconds, abs=1.1e-6)


async def test_turns_are_short_only_while_it_is_open() -> None:
    before = sys.getswitchinterval()
    async with ShortTurns():
        assert sys.getswitchinterval() == about(TURN)
        async with ShortTurns():
            assert sys.getswitchinterval() == about(TURN)
        assert sys.getswitchinterval() == about(TURN)
    assert sys.getswitchinterval() == about(before)


async def test_who_wants_them_shorter_still_has_them_so() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN / 2)
    try:
        async with ShortTurns():
            assert sys.getswitchinterval() == about(TURN / 2)
    finally:
        sys.setswitchinterval(before)
