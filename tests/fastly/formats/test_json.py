"""JSON formats: our own, Fastly's stock format, varnishncsa's, events, and a user's own."""

import json
from datetime import datetime
from typing import Any

import pytest

from exporters.fastly.formats import AUTO, FIELDS, FORMATS, OWN, Format, log_format, merged
from tests.fastly.formats.conftest import Read
from tests.fastly.traffic import request

STOCK = {
    "timestamp": "2024-08-09T18:23:17+0000",
    "client_ip": "192.0.2.7",
    "geo_country": "united states",
    "geo_city": "ashburn",
    "host": "CDN.example.com",
    "url": "/podcast/feed?token=secret",
    "request_method": "GET",
    "request_protocol": "HTTP/1.1",
    "request_referer": "",
    "request_user_agent": "Reader/1.0 (12 subscribers)",
    "response_state": "HIT-CLUSTER",
    "response_status": 200,
    "response_reason": "OK",
    "response_body_size": 5120,
    "fastly_server": "cache-iad-kcgs7200110-IAD",
    "fastly_is_edge": True,
}
VARNISH = {
    "time": "2026-10-09T12:00:00Z",
    "time_elapsed": "250000",
    "request": "GET",
    "host": "cdn.example.com",
    "url": "/uploads/show/1/show-1.mp3",
    "protocol": "https",
    "is_h2": "true",
    "is_ipv6": "false",
    "client_ip": "192.0.2.7",
    "geo_country_code": "DE",
    "geo_country_name": "Germany",
    "geo_continent_code": "EU",
    "server_datacenter": "fra",
    "request_referer": "",
    "request_user_agent": "Player/1.0",
    "cache_status": "hit",
    "status": "206",
    "resp_body_size": "1000000",
    "request_id": "1",
}


def line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode()


def test_our_own_format_has_all_that_counting_asks_for(reads: Read) -> None:
    (found,) = reads(line(request()))
    assert found == {
        "reason": None,
        "began": datetime(2026, 10, 9, 12),  # noqa: DTZ001 - DuckDB's plain timestamps are UTC
        "method": "GET",
        "host": "cdn.example.com",
        "path": "/uploads/show/1/show-1.mp3",
        "status": 206,
        "bytes": 1_000_000,
        "took_us": 250_000,
        "range": "bytes=0-999999",
        "content_range": "bytes 0-999999/10000000",
        "ranged": True,
        "agent": "Player/1.0",
        "address": "192.0.2.1",
        "country": "DE",
        "continent": "EU",
        "pop": "FRA",
        "cache": "HIT-CLUSTER",
        "protocol": "HTTP/2",
        "is_ipv6": False,
        "error": None,
        "hop": False,
        "rtt_us": None,
        "retransmits": None,
    }


def test_fastlys_stock_format_is_understood(reads: Read) -> None:
    (found,) = reads(line(STOCK))
    assert found["reason"] is None
    assert str(found["began"]) == "2024-08-09 18:23:17"
    assert (found["path"], found["host"]) == ("/podcast/feed", "CDN.example.com")
    assert (found["status"], found["bytes"], found["ranged"]) == (200, 5120, False)
    assert found["country"] == "united states"
    assert found["hop"] is False


def test_stock_values_may_be_strings_and_spaces_run_long(reads: Read) -> None:
    changed = STOCK | {"response_status": "304", "response_body_size": "0", "fastly_is_edge": False}
    (found,) = reads(json.dumps(changed, separators=(",        ", ":    ")).encode())
    assert (found["status"], found["bytes"], found["hop"]) == (304, 0, True)


def test_varnish_writes_every_value_as_a_string(reads: Read) -> None:
    (found,) = reads(line(VARNISH))
    assert found["reason"] is None
    assert (found["method"], found["status"], found["bytes"]) == ("GET", 206, 1_000_000)
    assert (found["took_us"], found["protocol"], found["ranged"]) == (250_000, "HTTP/2", False)
    assert (found["country"], found["continent"], found["pop"]) == ("DE", "EU", "fra")


def test_an_event_has_its_facts_under_data(reads: Read) -> None:
    data = {key: value for key, value in VARNISH.items() if key != "time"}
    (found,) = reads(line({"time": VARNISH["time"], "data": data | {"status": 206}}))
    assert found["reason"] is None
    assert (found["path"], found["status"]) == ("/uploads/show/1/show-1.mp3", 206)


def test_one_log_may_mix_formats(reads: Read) -> None:
    csv = b'192.0.2.1,[09/Oct/2026:12:00:00 +0000],/a.mp3,10,200,"A",1,2,"B",EU,DE,"Germany"'
    lines = [line(request()), line(STOCK), csv, line(VARNISH), b"{broken", line(request())]
    found = reads(*lines)
    assert sorted(str(each["reason"]) for each in found) == ["None"] * 5 + ["malformed"]
    assert sorted(each["path"] or "" for each in found) == sorted(
        ["", "/a.mp3", "/podcast/feed", *["/uploads/show/1/show-1.mp3"] * 3]
    )


def test_the_fast_way_reads_what_the_slow_way_reads(reads: Read) -> None:
    lines = [line(request(client_ip=f"192.0.2.{n}")) for n in range(9)]
    fast = reads(*lines)
    slow = reads(b"odd", *lines)
    assert [each for each in slow if each["reason"] is None] == fast


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (250000, 250000),
        ("250000", 250000),
        (0, 0),
        (0.4, 0),
        ("12.7", 13),
        (-1, None),
        ("-", None),
        ("", None),
        ("(null)", None),
        ("soon", None),
        (10**10, None),
        (1e30, None),
        ([1], None),
        (None, None),
    ],
)
def test_numbers_are_the_same_whichever_way_they_are_read(
    reads: Read, written: object, meant: int | None
) -> None:
    fields = request(elapsed_us=written, rtt_us=written, retransmits=written)
    (fast,) = reads(line(fields))
    (slow,) = reads(b"<134>2026-10-09T12:00:00Z cache-fra nearfield: " + line(fields))
    assert fast == slow
    assert [fast[name] for name in ("took_us", "rtt_us", "retransmits")] == [meant] * 3


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-10-09T12:00:00Z", "2026-10-09 12:00:00"),
        ("2026-10-09T12:00:00.250Z", "2026-10-09 12:00:00.250000"),
        ("2026-10-09T14:00:00+02:00", "2026-10-09 12:00:00"),
        ("2026-10-09T07:00:00-0500", "2026-10-09 12:00:00"),
        ("2026-10-09 12:00:00", "2026-10-09 12:00:00"),
        ("1791547200", "2026-10-09 12:00:00"),
        ("1791547200.5", "2026-10-09 12:00:00.500000"),
        ("1791547200500", "2026-10-09 12:00:00.500000"),
        ("1791547200500000", "2026-10-09 12:00:00.500000"),
        ("09/Oct/2026:12:00:00 +0000", "2026-10-09 12:00:00"),
        ("[09/Oct/2026:14:00:00 +0200]", "2026-10-09 12:00:00"),
    ],
)
def test_times_are_utc_however_they_are_written(reads: Read, written: str, meant: str) -> None:
    (found,) = reads(line(request(time=written)))
    assert str(found["began"]) == meant


def test_numbers_may_be_times(reads: Read) -> None:
    (found,) = reads(line(request(time=1791547200.25)))
    assert str(found["began"]) == "2026-10-09 12:00:00.250000"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"time": "yesterday"}, "no_time"),
        ({"time": None}, "no_time"),
        ({"time": "(null)"}, "no_time"),
        ({"time": {"a": 1}}, "no_time"),
        ({"time": "2033-10-09T12:00:00Z"}, "future"),
        ({"path": ""}, "no_path"),
        ({"path": None}, "no_path"),
        ({"status": "OK"}, "no_status"),
        ({"status": 20}, "no_status"),
        ({"status": None}, "no_status"),
        ({"status": [200]}, "no_status"),
        ({"body_bytes": "many"}, "bad_number"),
        ({"body_bytes": -5}, "bad_number"),
        ({"body_bytes": 1.5}, "bad_number"),
        ({"body_bytes": 10**17}, "bad_number"),
    ],
)
def test_a_line_without_what_every_line_has_is_rejected(
    reads: Read, change: dict[str, Any], reason: str
) -> None:
    (found,) = reads(line(request(**change)))
    assert found["reason"] == reason


@pytest.mark.parametrize(
    "odd",
    [
        b"{broken",
        b"[1,2]",
        b'"text"',
        b"null",
        b"12",
        b"GET / HTTP/1.1",
        b'{"a":1}{"b":2}',
        b'{"time":"\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\x00\x01\xff\xfe",
        b"\xc3\x28" * 100,
    ],
    ids=lambda odd: repr(odd[:12]),
)
def test_a_line_that_is_nothing_is_malformed_and_harms_no_neighbour(
    reads: Read, odd: bytes
) -> None:
    for lines in ([odd, line(request())], [line(request()), odd, line(request())]):
        found = reads(*lines)
        assert sorted(str(each["reason"]) for each in found) == sorted(
            "None" if each.startswith(b'{"time": ') else "malformed" for each in lines
        )


CONTROLS = [bytes([byte]) for byte in range(0x20) if byte != 0x0A]


@pytest.mark.parametrize("control", CONTROLS, ids=repr)
def test_a_control_character_is_a_space_and_harms_no_neighbour(reads: Read, control: bytes) -> None:
    inside = line(request(user_agent="A X/1")).replace(b"A X/1", b"A" + control + b"/1")
    between = line(request(user_agent="B/1")).replace(b'{"', b"{" + control + b'"', 1)
    before = control + line(request(user_agent="C/1"))
    behind = line(request(user_agent="D/1")) + control
    found = reads(line(request(user_agent="E/1")), inside, between, before, behind, control)
    assert [each["reason"] for each in found] == [None] * 5
    assert {each["agent"] for each in found} == {"A /1", "B/1", "C/1", "D/1", "E/1"}


def test_what_is_not_set_is_not_there(reads: Read) -> None:
    null = dict.fromkeys(("user_agent", "referer", "country", "cache", "elapsed_us"), "(null)")
    (found,) = reads(line(request(**null)))
    assert found["reason"] is None
    assert (found["agent"], found["took_us"]) == ("", None)
    assert found["country"] in (None, "(null)")


def test_quotes_and_invalid_utf_8_in_an_agent_are_kept_apart(reads: Read) -> None:
    one = line(request(user_agent='A "quoted" \\ agent'))
    other = line(request(user_agent="AGENT")).replace(b"AGENT", b"caf\xe9 \xff")
    first, second = reads(one, other)
    assert first["agent"] == 'A "quoted" \\ agent'
    assert second["agent"] == "caf� �"


def test_an_ipv6_client_is_seen_by_its_address_where_nobody_says(reads: Read) -> None:
    lines = [request(client_ip=address, ipv6=None) for address in ("2001:db8::1", "192.0.2.1")]
    assert [each["is_ipv6"] for each in reads(*map(line, lines))] == [True, False]


def test_a_users_own_names_of_fields_come_first(reads: Read) -> None:
    mine = Format(
        "mine",
        {
            "time": ("ts",),
            "path": ("req.url",),
            "status": ("resp.code",),
            "body_bytes": ("resp.size",),
            "elapsed_ms": ("ms",),
            "host": ("time",),
        },
    )
    fields = {
        "ts": 1791547200,
        "time": "a host, of all things",
        "req": {"url": "https://cdn.example.com/a.mp3?x#y"},
        "resp": {"code": "200", "size": 7},
        "ms": "12.5",
    }
    auto = merged("auto", [mine, *FORMATS.values()])
    for form in (mine, auto):
        (found,) = reads(line(fields), form=form)
        assert found["reason"] is None
        assert (found["path"], found["status"], found["bytes"]) == ("/a.mp3", 200, 7)
        assert (found["took_us"], found["host"]) == (12_500, "a host, of all things")
    assert [each["reason"] for each in reads(line(fields), line(request()), form=auto)] == [
        None
    ] * 2


def test_a_key_may_be_a_number_and_a_text(reads: Read) -> None:
    keys = {"time": ("time",), "path": ("path",), "status": ("status",), "body_bytes": ("n",)}
    mine = Format("mine", keys | {"elapsed_us": ("took", "who"), "host": ("who",)})
    fields = {"time": 1791547200, "path": "/a.mp3", "status": 200, "n": 7}
    found = [
        reads(line(fields | more), form=mine)[0]
        for more in ({"who": 5}, {"who": "cdn.example.com", "took": 6}, {"who": "7"})
    ]
    assert [(each["took_us"], each["host"]) for each in found] == [
        (5, "5"),
        (6, "cdn.example.com"),
        (7, "7"),
    ]


def test_a_format_that_is_named_takes_no_other(reads: Read) -> None:
    assert [each["reason"] for each in reads(line(STOCK), form=OWN)] == ["malformed"]
    assert [each["reason"] for each in reads(line(STOCK), form=FORMATS["csv"])] == ["malformed"]


def test_json_behind_a_syslog_prefix_is_read(reads: Read) -> None:
    prefix = b"<134>2026-10-09T12:00:01Z cache-fra1 Nearfield[1234]: "
    (found,) = reads(prefix + line(request()))
    assert (found["reason"], found["status"]) == (None, 206)


def test_the_log_format_names_facts_that_are_understood() -> None:
    text = log_format()
    assert text.startswith("{")
    assert text.endswith("}")
    keys = {part.split('"')[-1] for part in text.split('":')[:-1]}
    assert keys <= FIELDS.keys()
    needed = {"range", "content_range", "method", "elapsed_us", "cache", "pop", "country", "inner"}
    assert needed | {"shield", "request_id"} <= keys


def test_what_the_log_format_makes_is_json_whatever_is_in_it(reads: Read) -> None:
    text = log_format()
    assert text.count("json.escape(") >= 6
    filled = _fill(text)
    (found,) = reads(filled.encode())
    assert found["reason"] is None
    assert AUTO.of(filled.encode()).name == "nearfield"


def _fill(text: str) -> str:
    """Put values where the format has places, as the CDN does."""
    values = {
        "strftime(": "2026-10-09T12:00:00",
        "time.start.msec_frac": "250",
        "time.elapsed.usec": "1234",
        "resp.status": "206",
        "body_bytes": "10",
        "if(req.is_ipv6": "false",
        "if(segmented": "false",
        "visits": "0",
        "tcpi": "7",
    }
    out, rest = "", text
    while "%{" in rest:
        before, _, rest = rest.partition("%{")
        expression, _, rest = rest.partition("}V")
        value = next((v for key, v in values.items() if expression.startswith(key)), None)
        if value is None:
            value = next((v for key, v in values.items() if key in expression), "text")
        out += before + value
    return out + rest
