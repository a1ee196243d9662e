"""What lines add to `cdn_*`: bounded labels, sums that stay right."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exporters.fastly.formats import AUTO
from exporters.fastly.lines import clean
from exporters.fastly.measure import Histogram, Measurer, Moment, Networks, Stream
from exporters.fastly.measure.hosts import FIRST, Hosts
from exporters.fastly.measure.stream import (
    DURATION_BUCKETS,
    RETRANSMIT_BUCKETS,
    ROUND_TRIP_BUCKETS,
    SPEED_BUCKETS,
)
from exporters.ledger.model import Calendar, Known
from tests.fastly.traffic import NOON, RULES, body, classify, request

Streams = Callable[..., Stream]


@pytest.fixture(params=[()])
def streams(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Streams]:
    hosts = Hosts(request.param)
    with Measurer(RULES, classify, Networks(), hosts, tmp_path / "scratch") as measurer:

        def streams(*lines: dict[str, Any] | str) -> Stream:
            file = tmp_path / "lines.log"
            file.write_bytes(clean(body(lines)))
            moment = Moment(NOON, Calendar(frozenset(), NOON.date()), NOON - timedelta(hours=6))
            survey = measurer.survey(file, AUTO, moment, len(lines))
            return measurer.measure(Known((), survey.shows, {})).stream

        yield streams


def page(**changes: Any) -> dict[str, Any]:
    return request(path="/index.html", status=200, range="", content_range="") | changes


def test_each_request_is_in_each_family_once(streams: Streams) -> None:
    found = streams(
        page(body_bytes=10),
        page(body_bytes=20, cache="HIT"),
        page(body_bytes=5, cache="HIT-SYNTH", status=404),
        page(ipv6=True, protocol="HTTP/1.1", country="US"),
        page(inner=True),
        page(shield=2),
        "{broken",
    )
    assert sorted(found.requests) == [
        (("cdn.example.com", "FRA", "200", "HIT"), 3),
        (("cdn.example.com", "FRA", "404", "SYNTH"), 1),
    ]
    assert sorted(found.response_bytes) == [
        (("cdn.example.com", "FRA", "HIT"), 1_000_030),
        (("cdn.example.com", "FRA", "SYNTH"), 5),
    ]
    assert sorted(found.protocols) == [
        (("cdn.example.com", "HTTP/1.1", "6"), 1),
        (("cdn.example.com", "HTTP/2", "4"), 3),
    ]
    assert sorted(found.countries) == [
        (("cdn.example.com", "DE"), 3),
        (("cdn.example.com", "US"), 1),
    ]
    assert sum(sum(each.counts) for each in found.durations) == 4
    assert sum(found.ended.values()) == 4


def test_a_duration_is_in_the_bucket_whose_bound_it_does_not_pass(streams: Streams) -> None:
    found = streams(*(page(elapsed_us=us) for us in (0, 1000, 1001, 10**9)), page(elapsed_us=None))
    (histogram,) = found.durations
    counts = dict(enumerate(histogram.counts))
    assert {n: c for n, c in counts.items() if c} == {0: 2, 1: 1, len(DURATION_BUCKETS): 1}
    assert histogram.total == pytest.approx(1000.002001)


def test_errors_have_the_cdns_word_or_their_status(streams: Streams) -> None:
    found = streams(
        page(status=503, error="First byte timeout"),
        page(status=503, error=""),
        page(status=200, error="Client disconnected!"),
        page(status=404),
    )
    assert sorted(found.errors) == [
        (("cdn.example.com", "FRA", "client_disconnected"), 1),
        (("cdn.example.com", "FRA", "first_byte_timeout"), 1),
        (("cdn.example.com", "FRA", "http_503"), 1),
    ]


def test_the_speed_of_audio_is_by_continent(streams: Streams) -> None:
    audio = request(body_bytes=1 << 20, elapsed_us=1_000_000)
    found = streams(
        audio,
        audio | {"continent": None, "country": "JP"},
        audio | {"body_bytes": 1000},
        audio | {"elapsed_us": None},
        page(body_bytes=1 << 20),
    )
    assert {each.labels: sum(each.counts) for each in found.speeds} == {("EU",): 1, ("AS",): 1}
    (asia,) = (each for each in found.speeds if each.labels == ("AS",))
    assert asia.counts[SPEED_BUCKETS.index(float(1 << 20))] == 1


def test_the_way_to_listeners_of_audio_is_by_continent(streams: Streams) -> None:
    near, far = {"rtt_us": 9_000}, {"rtt_us": "210000", "continent": "OC"}
    found = streams(
        request(**near, retransmits=0),
        request(**near, retransmits=3),
        request(**far, retransmits="2000"),
        page(**near, retransmits=7),
        request(**near, retransmits=9, user_agent="Bot/1.0"),
    )
    assert totals(found.round_trips) == {("EU",): (2, 0.018), ("OC",): (1, 0.21)}
    assert totals(found.retransmits) == {("EU",): (2, 3), ("OC",): (1, 2000)}
    (europe,) = (each for each in found.retransmits if each.labels == ("EU",))
    assert {n: c for n, c in enumerate(europe.counts) if c} == {
        0: 1,
        RETRANSMIT_BUCKETS.index(5): 1,
    }
    (europe,) = (each for each in found.round_trips if each.labels == ("EU",))
    assert europe.counts[ROUND_TRIP_BUCKETS.index(0.01)] == 2


@pytest.mark.parametrize(
    "unknown",
    [
        {},
        {"rtt_us": None, "retransmits": None},
        {"rtt_us": 0, "retransmits": 0},
        {"rtt_us": "(null)", "retransmits": "(null)"},
        {"rtt_us": -1, "retransmits": -1},
        {"rtt_us": 10**30, "retransmits": 10**30},
    ],
)
def test_a_way_that_is_not_known_is_not_taken_for_short(
    streams: Streams, unknown: dict[str, Any]
) -> None:
    found = streams(request(**unknown), request(rtt_us=9_000, retransmits=None))
    assert totals(found.round_trips) == {("EU",): (1, 0.009)}
    assert totals(found.retransmits) == {}


def totals(histograms: Sequence[Histogram]) -> dict[tuple[str, ...], tuple[int, float]]:
    """Observations and their sum by labels."""
    return {each.labels: (sum(each.counts), round(each.total, 6)) for each in histograms}


def test_only_hosts_that_answered_with_success_have_a_label(streams: Streams) -> None:
    junk = [page(host=f"junk{n}", status=404) for n in range(100)]
    found = streams(page(), *junk)
    assert sorted(found.requests) == [
        (("cdn.example.com", "FRA", "200", "HIT"), 1),
        (("other", "FRA", "404", "HIT"), 100),
    ]
    assert sum(n for _, n in found.countries) == 101


def test_the_first_hosts_are_told_apart_and_stay(streams: Streams) -> None:
    many = [page(host=f"h{n}") for n in range(FIRST + 10) for _ in range(FIRST + 10 - n)]
    hosts = {labels[0] for labels, _ in streams(*many).requests}
    assert hosts == {f"h{n}" for n in range(FIRST)} | {"other"}
    assert {labels[0] for labels, _ in streams(page(host="new")).requests} == {"other"}
    assert {labels[0] for labels, _ in streams(page(host="H3")).requests} == {"h3"}


@pytest.mark.parametrize("streams", [("One.example",)], indirect=True)
def test_configured_hosts_are_the_only_ones(streams: Streams) -> None:
    found = streams(page(host="one.example"), page(host="two.example"), page(host=""))
    assert {labels[0] for labels, _ in found.requests} == {"one.example", "other", ""}


def test_whatever_a_line_says_labels_are_short_words(streams: Streams) -> None:
    wild = "x" * 500 + '"\n'
    found = streams(
        page(pop=wild, cache=wild, protocol=wild, country=wild, continent=wild, error=wild),
        request(continent=wild, country=wild),
    )
    for rows in (found.requests, found.protocols, found.countries, found.errors):
        for labels, _ in rows:
            assert all(len(label) <= 40 for label in labels[1:])
            assert all(label.isprintable() for label in labels)


def test_what_is_not_set_is_an_empty_label(streams: Streams) -> None:
    unset = dict.fromkeys(
        ("host", "pop", "cache", "protocol", "country", "error", "ipv6", "shield"), "(null)"
    )
    found = streams(page(**unset))
    assert found.requests == [(("", "", "200", ""), 1)]
    assert found.protocols == [(("", "", "4"), 1)]
    assert found.countries == [(("", ""), 1)]
    assert found.errors == []


def test_the_place_of_a_node_is_in_its_name(streams: Streams) -> None:
    nodes = ("cache-jfk8141", "cache-iad-kcgs7200110-IAD", "lhr", "(null)")
    found = streams(*(page(pop=node, host="h") for node in nodes))
    assert {labels[1] for labels, _ in found.requests} == {"JFK", "IAD", "LHR", ""}
