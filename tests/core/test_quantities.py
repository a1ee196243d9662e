from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from exporters.core.quantities import Address, parse_address, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("1h30m", 5400), ("250ms", 0.25), ("7d", 604800), ("1.5h", 5400), ("1w", 604800)],
)
def test_a_duration_is_a_number_with_its_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("64MiB", 64 * 2**20),
        ("1.5GB", 1_500_000_000),
        ("512B", 512),
        ("1 KiB", 1024),
        ("2kB", 2000),
    ],
)
def test_a_size_is_a_number_with_its_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9580", Address("127.0.0.1", 9580)),
        ("[::1]:9580", Address("::1", 9580)),
        (":9580", Address("", 9580)),
        ("localhost:0", Address("localhost", 0)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "bad", ["", "5", 5, 5.0, None, "0s", "-1s", "1 s", "s", "1e3s", "9" * 400 + "w"]
)
def test_what_is_no_duration_is_refused(bad: object) -> None:
    with pytest.raises(PydanticCustomError, match="wants a duration"):
        parse_duration(bad)


@pytest.mark.parametrize("bad", ["", "64", 64, "0B", "64mib", "1KiKiB", "9" * 400 + "TiB", None])
def test_what_is_no_size_is_refused(bad: object) -> None:
    with pytest.raises(PydanticCustomError, match="wants a size"):
        parse_size(bad)


@pytest.mark.parametrize("bad", ["", "9580", ":", "host:", ":65536", "::1:9580", "a b:1", 9580])
def test_what_is_no_address_is_refused(bad: object) -> None:
    with pytest.raises(PydanticCustomError, match="wants an address"):
        parse_address(bad)


@given(st.text())
def test_any_text_is_understood_or_refused(text: str) -> None:
    for parse in (parse_duration, parse_size, parse_address):
        with suppress(PydanticCustomError):
            parse(text)
