"""Whatever a line says, it is counted or rejected, and its neighbours are counted."""

import json
import os
import resource
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporters.fastly.formats import AUTO, FIELDS
from exporters.fastly.lines import clean, plain
from exporters.fastly.measure import Measured, Measurer, Moment, Networks, Survey
from exporters.fastly.measure.hosts import Hosts
from exporters.ledger.model import Calendar, Day, Episode, Known
from tests.fastly.traffic import NOON, RULES, body, classify, request

SOAK = bool(os.environ.get("NEARFIELD_TEST_SOAK"))

Measure = Callable[[bytes], tuple[Survey, Measured]]


@pytest.fixture(scope="module")
def measure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measure]:
    folder = tmp_path_factory.mktemp("measure")
    with Measurer(RULES, classify, Networks(), Hosts(), folder / "scratch") as measurer:

        def measure(sent: bytes) -> tuple[Survey, Measured]:
            file = folder / "lines.log"
            file.write_bytes(clean(sent))
            moment = Moment(NOON, Calendar(frozenset(), NOON.date()), NOON - timedelta(hours=6))
            survey = measurer.survey(file, AUTO, moment, sent.count(b"\n") + 1)
            days = {day: Day(day, b"k" * 32, "calendar") for day, _ in survey.visits}
            pairs = [pair for pair, sound in survey.episodes.items() if sound]
            episodes = [Episode(n, *pair, 10**7, 600.0) for n, pair in enumerate(pairs)]
            return survey, measurer.measure(Known(episodes, survey.shows, days))

        yield measure


numbers = (
    st.sampled_from(
        [0, -1, 1, 2**31, 2**63, 2**64, 10**30, 0.5, -0.0, 1e308, float("nan"), float("inf")]
    )
    | st.integers()
)
texts = st.sampled_from(
    [
        "(null)",
        "",
        "bytes=0-1",
        "bytes=-5",
        "bytes=9-5",
        "bytes 9-5/7",
        "bytes 999999999999999-999999999999999/*",
        "2026-10-09T12:00:00Z",
        "infinity",
        "0000-00-00T00:00:00Z",
        "99999999999999999999",
        "1e400",
        "\x00",
        "�",
        "{}",
        "/uploads/" + "x" * 300 + "/1/a.mp3",
        "/uploads/show/\x00/a.mp3",
        "206",
        "999",
        "NaN",
        "::",
        "::ffff:1.2.3.4",
    ]
) | st.text(max_size=20)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
changed = st.dictionaries(st.sampled_from(sorted(FIELDS)), values, min_size=1, max_size=6).map(
    lambda changes: json.dumps(request(**changes)).encode()
)
anything = changed | st.binary(max_size=60).map(lambda sent: sent.replace(b"\n", b" "))


@pytest.mark.soak
@settings(
    max_examples=1500 if SOAK else 40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(lines=st.lists(anything, min_size=1, max_size=20))
def test_a_neighbour_counts_whatever_stands_beside_it(measure: Measure, lines: list[bytes]) -> None:
    mark = b"192.0.2.77"
    neighbour = json.dumps(request(client_ip=mark.decode(), host="mark.example")).encode()
    sent = b"\n".join([neighbour, *lines, neighbour])
    survey, measured = measure(sent)
    blank = sum(not plain(clean(line)).strip() for line in lines)
    assert survey.lines == len(lines) + 2 - blank
    marked = sum(n for labels, n in measured.stream.requests if labels[0] == "mark.example")
    assert marked >= 2
    taken = survey.lines - sum(survey.rejected.values())
    assert sum(n for _, n in measured.stream.requests) <= taken
    for block in measured.facts.touched:
        # As COPY sees it: other characters that may end a line of text are those of an agent.
        assert all(row.count("\t") == 15 for row in block.removesuffix("\n").split("\n"))
        assert "\r" not in block


@pytest.mark.soak
def test_a_flood_of_distinct_everything_leaves_little_behind(measure: Measure) -> None:
    each, limit = (20_000, 400_000) if SOAK else (7_000, 200_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for round_ in range(3):
        lines = (
            request(
                client_ip=f"2001:db8:{n >> 8:x}:{n & 255:x}::{round_:x}",
                path=f"/uploads/junk{n}/{n}/{n}.mp3",
                status=404,
                host=f"{round_}-{n}.example",
                user_agent=f"Agent{round_}{n}/1",
                country=f"C{n}",
                pop=f"P{n}",
                cache=f"S{n}",
                protocol=f"V{n}",
                error=f"error {n}",
            )
            for n in range(each)
        )
        survey, measured = measure(body(lines))
        assert survey.lines == each
        assert {labels[0] for labels, _ in measured.stream.requests} == {"other"}
        assert len(measured.stream.protocols) == 1
        assert {labels[1] for labels, _ in measured.stream.countries} == {""}
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < limit, "kilobytes"


def test_names_that_no_index_could_hold_are_no_episodes(measure: Measure) -> None:
    long = "x" * 201
    survey, _ = measure(
        body(
            request(path=path)
            for path in (
                f"/uploads/{long}/1/a.mp3",
                f"/uploads/show/{long}/a.mp3",
                "/uploads/show/a\x00b/a.mp3",
                "/uploads/show/\x1b[31m/a.mp3",
                f"/{long}/feed",
                "/uploads/show/fine/a.mp3",
            )
        )
    )
    assert survey.episodes == {("show", "fine"): True}
    assert survey.shows == {"show"}


def test_many_readers_of_one_file_are_one_row_each(tmp_path: Path, measure: Measure) -> None:
    lines = [request(client_ip=f"10.0.{n >> 8}.{n & 255}") for n in range(5000)]
    _, measured = measure(body(lines + lines))
    assert sum(block.count("\n") for block in measured.facts.touched) == 5000
