"""Networks where nobody listens."""

from pathlib import Path

import pytest

from exporters.fastly.measure import BadNetworks, Networks, read_networks


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


@pytest.fixture
def networks(tmp_path: Path) -> Networks:
    return Networks(
        bots=read_networks([written(tmp_path, "bots", "198.51.100.7  # a bot\n")]),
        datacenters=read_networks(
            [
                written(
                    tmp_path, "v4", "# clouds\n198.51.100.0/24\n203.0.113.5,203.0.113.9,Cloud\n"
                ),
                written(tmp_path, "v6", "2001:db8:1::/48\n2001:db8:1:8000::/49\n"),
            ]
        ),
        relays=read_networks([written(tmp_path, "relays", "198.51.100.128/25\n")]),
    )


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("198.51.100.1", "datacenter"),
        ("198.51.100.7", "bot"),
        ("198.51.100.127", "datacenter"),
        ("198.51.100.128", None),
        ("198.51.101.1", None),
        ("203.0.113.4", None),
        ("203.0.113.5", "datacenter"),
        ("203.0.113.9", "datacenter"),
        ("203.0.113.10", None),
        ("::ffff:198.51.100.1", "datacenter"),
        ("2001:db8:1:ffff::1", "datacenter"),
        ("2001:db8:2::1", None),
        ("", None),
        ("a-hash-made-at-the-edge", None),
    ],
)
def test_an_address_is_what_its_network_is(
    networks: Networks, address: str, kind: str | None
) -> None:
    assert networks.kind(address) == kind


@pytest.mark.parametrize("line", ["nonsense", "192.0.2.1,192.0.2.0", "192.0.2.0/33", "1.2.3.4,x"])
def test_a_line_that_is_no_network_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(BadNetworks, match="line 2"):
        read_networks([written(tmp_path, "list", f"192.0.2.0/24\n{line}\n")])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadNetworks, match="nowhere"):
        read_networks([tmp_path / "nowhere"])
