"""Python looks for garbage rarely while lines go through, and as before afterwards."""

import gc

from exporters.core.collection import YOUNG, RareCollection


async def test_the_looks_are_rare_only_while_it_is_open() -> None:
    before = gc.get_threshold()
    async with RareCollection():
        assert gc.get_threshold() == (YOUNG, *before[1:])
        async with RareCollection():
            assert gc.get_threshold() == (YOUNG, *before[1:])
        assert gc.get_threshold() == (YOUNG, *before[1:])
    assert gc.get_threshold() == before


async def test_who_wants_them_rarer_still_has_them_so() -> None:
    before = gc.get_threshold()
    gc.set_threshold(2 * YOUNG)
    try:
        async with RareCollection():
            assert gc.get_threshold()[0] == 2 * YOUNG
    finally:
        gc.set_threshold(*before)
