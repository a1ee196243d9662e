"""Names of listeners: keyed, IPv6 by its network, nothing without the key."""

import pytest

from exporters.fastly.measure.names import client_of, namer


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "20010db800010002/64"),
        ("2001:DB8:1:2::", "20010db800010002/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("not:an:address", "not:an:address"),
        ("", ""),
    ],
)
def test_a_client_is_an_address_or_its_ipv6_network(address: str, client: str) -> None:
    assert client_of(address) == client


def test_a_name_depends_on_key_client_and_agent_and_nothing_runs_together() -> None:
    names = [
        namer(b"a" * 32)("192.0.2.1", "Player"),
        namer(b"b" * 32)("192.0.2.1", "Player"),
        namer(b"a" * 32)("192.0.2.2", "Player"),
        namer(b"a" * 32)("192.0.2.1", "Player/2"),
        namer(b"a" * 32)("192.0.2.", "1Player"),
    ]
    assert len(set(names)) == len(names)
    assert names[0] == namer(b"a" * 32)("192.0.2.1", "Player")
    assert all(-(2**63) <= name < 2**63 for name in names)
