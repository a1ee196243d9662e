"""Loki's limits known beforehand, and what halving finds out about those that are not."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from exporters.loki import Entry, Stream
from exporters.loki.answers import Answer
from exporters.loki.limits import AHEAD, Limits, cut, fit
from exporters.loki.salvage import Salvage

STREAM = Stream("app", "", "h", "stdout")
OTHER = Stream("db", "", "h", "stdout")
NS = 10**9
NOW = 1_000_000
LIMITS = Limits(line_size=40, age=1000.0)


def entry(seconds: float, line: str = "x", stream: Stream = STREAM) -> Entry:
    return Entry(stream, int(seconds * NS), line)


def test_the_ends_of_the_limits_are_within_them() -> None:
    lines = [entry(NOW - 1000), entry(NOW + AHEAD), entry(NOW, "y" * 40)]
    assert fit(lines, LIMITS, NOW) == (lines, [])


def test_beyond_the_limits_a_line_is_refused_and_the_others_keep_their_order() -> None:
    lines = [entry(NOW), entry(NOW - 1000.001), entry(NOW + 1), entry(NOW + AHEAD + 0.001)]
    kept, refused = fit(lines, LIMITS, NOW)
    assert kept == [lines[0], lines[2]]
    assert [(r.entry, r.reason) for r in refused] == [(lines[1], "too_old"), (lines[3], "too_new")]


@given(line=st.text(max_size=200), size=st.integers(40, 100))
def test_a_cut_line_is_within_its_size_and_says_how_long_it_was(line: str, size: int) -> None:
    short = cut(line, size)
    length = len(line.encode("utf-8", "replace"))
    assert len(short.encode("utf-8", "replace")) <= size
    assert (short == line) == (length <= size)
    if length > size:
        assert short.endswith(f" … cut, {length} bytes")


lots = st.lists(
    st.builds(
        entry, st.integers(0, 30), st.text("ab", max_size=12), st.sampled_from((STREAM, OTHER))
    ),
    min_size=1,
    max_size=60,
)


@given(
    lot=lots,
    oldest=st.integers(0, 40),
    longest=st.integers(0, 12),
    most=st.integers(1, 70),
    bad=st.sampled_from((None, STREAM, OTHER)),
)
async def test_whatever_loki_refuses_just_that_is_dropped(
    lot: list[Entry], oldest: int, longest: int, most: int, bad: Stream | None
) -> None:
    stored: list[Entry] = []

    def wrong(line: Entry) -> str:
        if line.stream == bad:
            return "stream '{}' has label value too long: 'x'"
        if line.ns < oldest * NS:
            return "has timestamp too old"
        return "Max entry size exceeded" if len(line.line) > longest else ""

    async def loki(lines: Sequence[Entry]) -> Answer:
        if len(lines) > most:
            return Answer(413)
        stored.extend(line for line in lines if not wrong(line) and line not in stored)
        problems = [problem for line in lines if (problem := wrong(line))]
        return Answer(400, problems[0]) if problems else Answer(204)

    answer = await loki(lot)
    salvage = Salvage(loki)
    if answer.status != 204:
        await salvage.run(lot, answer)
        assert sorted(r.entry for r in salvage.refused) == sorted(e for e in lot if wrong(e))
        assert salvage.taken + len(salvage.refused) == len(lot)
    assert set(stored) == {line for line in lot if not wrong(line)}


async def test_refusals_of_every_line_for_no_known_reason_end_early() -> None:
    asked = []

    async def proxy(lines: Sequence[Entry]) -> Answer:
        asked.append(len(lines))
        return Answer(400, "no")

    salvage = Salvage(proxy)
    await salvage.run([entry(n) for n in range(5000)], Answer(400, "no"))
    assert salvage.in_vain
    assert len(asked) < 40
