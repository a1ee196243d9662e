import pytest

from exporters.core.errors import SourceMalformed
from exporters.docker.model import identity, parse_container, parse_event, parse_listing, timestamp
from tests.docker.answering import details

SWARM = {"com.docker.swarm.service.name": "shop_web", "com.docker.stack.namespace": "shop"}
COMPOSE = {"com.docker.compose.service": "web", "com.docker.compose.project": "shop"}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, ("shop-web-1", "")),
        (COMPOSE, ("web", "shop")),
        (SWARM, ("web", "shop")),
        (SWARM | COMPOSE, ("web", "shop")),
        ({"com.docker.swarm.service.name": "lonely_web"}, ("lonely_web", "")),
        (SWARM | {"com.docker.stack.namespace": "another"}, ("shop_web", "another")),
    ],
)
def test_a_container_belongs_to_the_service_of_its_labels_or_to_itself(
    labels: dict[str, str], expected: tuple[str, str]
) -> None:
    assert identity("shop-web-1", labels) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01.500000001Z", 1.500000001),
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01T01:00:01.25+01:00", 1.25),
        ("1970-01-01T01:00:01+01:00", 1.0),
        ("0001-01-01T00:00:00Z", 0.0),
        ("", 0.0),
    ],
)
def test_a_time_is_seconds_since_1970(text: str, expected: float) -> None:
    assert timestamp(text) == pytest.approx(expected)


def test_limits_are_cores_whether_given_so_or_as_a_quota() -> None:
    answer = details("a", "web")
    answer["HostConfig"] |= {"CpuQuota": 50_000, "CpuPeriod": 200_000, "PidsLimit": None}
    assert parse_container(answer).limits.cpus == 0.25
    answer["HostConfig"] |= {"NanoCpus": 1_500_000_000, "MemorySwap": -1}
    assert parse_container(answer).limits.cpus == 1.5
    assert parse_container(answer).limits.memory_swap == 0


def test_a_listing_has_the_name_without_those_of_links() -> None:
    line = {"Id": "a", "Names": ["/other/alias", "/web"], "State": "running", "Status": "Up"}
    assert parse_listing([line])[0].name == "web"


def test_an_event_is_an_action_and_what_follows_its_colon() -> None:
    event = parse_event(
        b'{"Type":"container","Action":"health_status: unhealthy","timeNano":1500000000,'
        b'"Actor":{"ID":"a","Attributes":{"name":"web"}}}'
    )
    assert (event.action, event.detail, event.name, event.time) == (
        *("health_status", "unhealthy"),
        *("web", 1.5),
    )


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b"nonsense", b'{"Type":1}', b"[" * 100_000])
def test_an_event_that_is_none_is_malformed(line: bytes) -> None:
    with pytest.raises(SourceMalformed):
        parse_event(line)


@pytest.mark.parametrize("gone", ["Id", "State", "Config", "Name"])
def test_a_container_without_what_we_need_is_malformed(gone: str) -> None:
    answer = details("a", "web")
    del answer[gone]
    with pytest.raises(SourceMalformed):
        parse_container(answer)
