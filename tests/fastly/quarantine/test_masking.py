"""No address is left in a line that is kept."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.fastly.quarantine.masking import LONGEST, mask

WRAPPINGS = [
    "{}",
    '{{"client_ip":"{}","url":"/"}}',
    "client_ip:{}",
    "[{}]:443",
    "{}:8080",
    "x={}&y=1",
    "for={};by=_x",
    "a{}z",
    "({})",
]


@given(st.ip_addresses(v=4), st.sampled_from(WRAPPINGS))
def test_an_ipv4_address_is_made_unknown(address: ipaddress.IPv4Address, around: str) -> None:
    masked = mask(around.format(address))
    assert masked.count("0.0.0.0") == 1
    assert str(address) not in masked or str(address) == "0.0.0.0"


@given(st.ip_addresses(v=6), st.sampled_from(WRAPPINGS[:-2]))
def test_an_ipv6_address_is_made_unknown(address: ipaddress.IPv6Address, around: str) -> None:
    for written in (str(address), address.exploded, str(address).upper()):
        masked = mask(around.format(written))
        if written != "::":
            assert written not in masked
            assert "::" in masked


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("ip=198%2E51%2E100%2E7", "ip=0.0.0.0"),
        ("ip=2001%3Adb8%3A%3A7", "ip=::"),
        (r"ip=2001\u003adb8\u003a\u003a7", "ip=::"),
        ("::ffff:198.51.100.7", "::.0.0.0"),
        ("22:37:26 GET /a", "22:37:26 GET /a"),
        ("2016-07-04T22:37:26Z", "2016-07-04T22:37:26Z"),
        ("AppleCoreMedia/1.0.0.21E219", "AppleCoreMedia/0.0.0.0E219"),
        ("Chrome/120.0.6099.109", "Chrome/120.0.6099.109"),
        ("00:1b:44:11:3a:b7", "::"),
    ],
)
def test_lines_that_were_thought_of(line: str, masked: str) -> None:
    assert mask(line) == masked


@given(st.ip_addresses(), st.integers(0, 50))
def test_a_line_is_not_cut_through_an_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, place: int
) -> None:
    line = "-" * (LONGEST - place) + str(address) + "-" * 100
    masked = mask(line)
    assert len(masked) <= LONGEST + 1
    assert masked.strip("-…") in {"", "0.0.0.0", "::"}
