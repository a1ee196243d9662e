"""A crash between counting a segment and telling of it."""

from dataclasses import replace
from pathlib import Path

from exporters.fastly.measure import Measurer, Networks
from exporters.fastly.measure.hosts import Hosts
from exporters.fastly.requests import LinesSettings, worth
from tests.fastly.record.conftest import count
from tests.fastly.traffic import RULES, Counting, body, classify, request, segment

__all__ = ["count"]


async def test_a_segment_counted_before_a_crash_is_told_again_in_the_same_words(
    count: Counting, tmp_path: Path
) -> None:
    told = worth(LinesSettings(sample=1))
    found = segment(tmp_path, body([request(status=503), request()]), body([request(path="/x")]))
    with Measurer(RULES, classify, Networks(), Hosts(), tmp_path / "own", worth=told) as measurer:
        recorder = replace(count.recorder, measurer=measurer)
        first, again = await recorder.record(found), await recorder.record(found)
    assert sum(len(each.lines) for each in first.told) == 3
    assert again.told == first.told
    assert (again.lines, again.committed_at) == (0, None)
    assert await count.outcomes() == {"counted": 1, "error": 1}
