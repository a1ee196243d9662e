"""Who asks for what: the same for the same seed, like a platform's own log, from no address."""

from collections import Counter
from datetime import timedelta
from ipaddress import ip_address, ip_network
from time import process_time
from typing import Any, TypeAlias

import pytest

from exporters.embedded.traffic import DATACENTERS, HOSTS, Rates, Scenario
from exporters.embedded.traffic.faults import Trouble
from exporters.fastly.formats import FIELDS
from tests.embedded.traffic.lines import NOON, after, began, crowd

NOBODYS = ("198.18.0.0/15", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")


Lines: TypeAlias = list[dict[str, Any]]


@pytest.fixture(scope="module")
def lines() -> Lines:
    """What is written in a quarter of a minute of a calm day."""
    return after(crowd(), 15)


def test_the_same_seed_gives_the_same_lines_however_often_they_are_asked_for() -> None:
    at_once = crowd().until(NOON.timestamp() + 10)
    piecemeal = crowd()
    parts = [piecemeal.until(NOON.timestamp() + tenth / 10) for tenth in range(101)]
    assert [line for part in parts for line in part] == at_once
    assert crowd(seed=2).until(NOON.timestamp() + 10) != at_once


def test_every_line_has_the_facts_of_our_own_format_and_is_written_when_the_request_ends() -> None:
    someone = crowd()
    for second in range(1, 11):
        for line in after(someone, second):
            assert line.keys() <= FIELDS.keys()
            assert line["host"] in HOSTS
            ended = began(line) + timedelta(microseconds=line["elapsed_us"])
            assert abs(ended - NOON - timedelta(seconds=second - 0.5)) < timedelta(seconds=0.51)


def test_addresses_belong_to_nobody(lines: Lines) -> None:
    networks = [ip_network(network) for network in NOBODYS]
    addresses = [ip_network(inside)[1] for inside in DATACENTERS]
    addresses += [ip_address(line["client_ip"]) for line in lines]
    for address in addresses:
        assert any(address in network for network in networks), address


def test_what_came_over_ipv6_says_so(lines: Lines) -> None:
    for line in lines:
        assert line["ipv6"] == (ip_address(line["client_ip"]).version == 6)


def test_a_few_hundred_lines_a_second_take_little_of_a_core() -> None:
    someone = crowd()
    before = process_time()
    lines = someone.until(NOON.timestamp() + 15)
    assert 200 < len(lines) / 15 < 500
    # A hundredth of a core on a machine of our day; the bound is for one that is much slower.
    assert (process_time() - before) / 15 < 0.1


def test_listening_follows_the_clocks_of_the_countries() -> None:
    def countries(hour: int) -> Counter[str]:
        at = NOON.replace(hour=hour)
        return Counter(line["country"] for line in after(crowd(at=at), 5, at=at))

    morning, night = countries(13), countries(8)  # in Chicago it is 7 and 2 o'clock
    assert morning["US"] > 2 * night["US"]
    assert night["DE"] > night["AU"]


def test_on_a_calm_day_hardly_anything_fails(lines: Lines) -> None:
    assert sum(line["status"] >= 500 for line in lines) < len(lines) / 1000


def test_an_outage_costs_most_requests_and_those_who_wanted_audio() -> None:
    rates = Rates(listeners=25, pages=5, feeds=5)
    ill, well = (crowd(Scenario.FULL, what, rates=rates) for what in (Trouble.EDGE, None))
    lines, others = after(ill, 30), after(well, 30)
    assert sum(line["status"] == 503 for line in lines) > len(lines) / 2
    assert all(line["error"] for line in lines if line["status"] == 503)
    sent, otherwise = (sum(line["body_bytes"] for line in each) for each in (lines, others))
    assert sent < otherwise / 2
