"""The log format: what the CDN makes of it is read as ours, whatever a client sends."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporters.fastly.formats import AUTO, FIELDS, OWN, log_format
from tests.fastly.formats.conftest import Read
from tests.fastly.setup.vcl import render

REQUEST: dict[str, str | bool] = {
    "time.start": "2026-10-09T12:00:00",
    "time.start.msec_frac": "250",
    "time.elapsed.usec": "1234567",
    "req.method": "GET",
    "req.http.Host": "cdn.example.com",
    "req.url.path": "/uploads/show/1/show-1.mp3",
    "resp.status": "206",
    "resp.body_bytes_written": "1000",
    "req.http.Range": "bytes=0-999",
    "resp.http.Content-Range": "bytes 0-999/5000",
    "req.http.User-Agent": "Player/1.0",
    "client.ip": "192.0.2.1",
    "client.geo.country_code": "DE",
    "client.geo.continent_code": "EU",
    "server.datacenter": "FRA",
    "fastly_info.state": "HIT-CLUSTER",
    "req.proto": "HTTP/2",
    "req.is_ipv6": False,
    "segmented_caching.is_inner_req": False,
    "fastly.ff.visits_this_service": "0",
    "client.socket.tcpi_rtt": "20000",
    "client.socket.tcpi_delta_retrans": "3",
    "req.xid": "1234567890",
}
"""As of the first 1000 bytes of an episode; a variable that is not here is not set."""

OF_THE_CLIENT = (
    "req.method",
    "req.http.Host",
    "req.http.Fastly-Orig-Host",
    "req.url.path",
    "req.http.Range",
    "req.http.User-Agent",
    "req.http.Referer",
    "req.http.Fastly-Client-IP",
    "req.proto",
)
"""What a client sends may hold anything."""

OF_OTHERS = (
    "resp.http.Content-Range",
    "client.geo.country_code",
    "client.geo.continent_code",
    "server.datacenter",
    "fastly_info.state",
    "fastly.error",
)


def test_a_request_is_read_as_it_was(reads: Read) -> None:
    line = render(log_format(), REQUEST)
    assert AUTO.of(line).name == OWN.name
    (found,) = reads(line, form=OWN)
    assert found == reads(line)[0]
    assert found["reason"] is None
    assert str(found["began"]) == "2026-10-09 12:00:00.250000"
    expected = {
        "method": "GET",
        "host": "cdn.example.com",
        "path": "/uploads/show/1/show-1.mp3",
        "status": 206,
        "bytes": 1000,
        "took_us": 1_234_567,
        "range": "bytes=0-999",
        "content_range": "bytes 0-999/5000",
        "ranged": True,
        "agent": "Player/1.0",
        "address": "192.0.2.1",
        "country": "DE",
        "continent": "EU",
        "pop": "FRA",
        "cache": "HIT-CLUSTER",
        "protocol": "HTTP/2",
        "is_ipv6": False,
        "hop": False,
    }
    assert {name: found[name] for name in expected} == expected


def test_every_fact_of_the_format_is_one_that_is_understood() -> None:
    assert json.loads(render(log_format(), REQUEST)).keys() <= FIELDS.keys()


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        ({"segmented_caching.is_inner_req": True}, "hop", True),
        ({"fastly.ff.visits_this_service": "1"}, "hop", True),
        ({"req.is_ipv6": True, "client.ip": "2001:db8::1"}, "is_ipv6", True),
        ({"req.http.Fastly-Orig-Host": "a.example.com"}, "host", "a.example.com"),
        ({"req.http.Fastly-Client-IP": "203.0.113.9"}, "address", "192.0.2.1"),
    ],
)
def test_what_the_counting_rules_ask_for_comes_through(
    reads: Read, change: dict[str, str | bool], name: str, value: object
) -> None:
    (found,) = reads(render(log_format(), REQUEST | change))
    assert (found["reason"], found[name]) == (None, value)


def test_what_is_not_set_rejects_no_line(reads: Read) -> None:
    needed = {"time.start", "time.start.msec_frac", "req.url.path", "resp.status"}
    bare = {name: value for name, value in REQUEST.items() if name in needed}
    # Numbers and truths are always set.
    bare |= {name: v for name, v in REQUEST.items() if not isinstance(v, str) or v.isdigit()}
    (found,) = reads(render(log_format(), bare))
    assert (found["reason"], found["agent"], found["range"]) == (None, "", "(null)")


def test_every_text_that_is_not_ours_is_escaped() -> None:
    places = re.findall(r'"%\{((?:\\.|[^}\\])*)\}V', log_format())
    bare = {place for place in places if "json.escape(" not in place}
    assert bare == {
        r'strftime(\{"%Y-%m-%dT%H:%M:%S"\}, time.start)',
        "client.ip",
        "req.xid",
    }


HOSTILE = st.text(
    st.one_of(
        st.sampled_from("\"\\\n\r\t\b\f\0\x1b\x7f\u2028\u2029%{}()V,:'😁é"),
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from([chr(0xDC80 + n) for n in (0, 0x3F, 0x40, 0x7F)]),
    ),
    max_size=30,
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(OF_THE_CLIENT + OF_OTHERS), HOSTILE, min_size=1, max_size=6))
def test_hostile_values_make_valid_json_on_one_line(sent: dict[str, str]) -> None:
    line = render(log_format(), REQUEST | sent)
    assert b"\n" not in line
    assert b"\r" not in line
    found: dict[str, Any] = json.loads(line.decode("utf-8", "replace"))
    for variable, name in (("req.http.User-Agent", "user_agent"), ("req.http.Referer", "referer")):
        if variable in sent:
            raw = sent[variable].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            assert found[name] == raw
    assert found["client_ip"] == "192.0.2.1"
    assert found.keys() == json.loads(render(log_format(), REQUEST)).keys()


def test_hostile_values_are_read_by_the_reader(reads: Read) -> None:
    values = (
        '","status":500,"x":"',
        "\\",
        "\\\\",
        'A "quoted" \\ agent\n{"time":1}',
        "\0\x01\x1f\x7f",
        "\u2028\u2029😁",
        "caf\udce9 \udcff",
        "%{req.http.Cookie}V",
    )
    lines = [
        render(
            log_format(), REQUEST | dict.fromkeys(("req.http.User-Agent", "req.http.Referer"), v)
        )
        for v in values
    ]
    found = reads(*lines)
    assert [(each["reason"], each["status"]) for each in found] == [(None, 206)] * len(values)
    assert found[0]["agent"] == values[0]
    assert found[3]["agent"] == values[3]
