"""Networks where nobody listens: bots and data centres, from files, with exceptions."""

import socket
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal

from exporters.core.errors import NearfieldError

NetworkKind = Literal["bot", "datacenter"]
_Span = tuple[int, int]
_MAPPED = 0xFFFF << 32
"""Where IPv4 lies in IPv6, so that both are numbers on one line."""


class BadNetworks(NearfieldError):
    """A file of networks that cannot be read."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Numbers of addresses: disjoint spans in order, both ends included."""

    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self.starts, number) - 1
        return place >= 0 and number <= self.ends[place]


@dataclass(frozen=True, slots=True)
class Networks:
    """What addresses belong to. Relays hide listeners: they are neither bots nor data centres."""

    bots: Spans = Spans()
    datacenters: Spans = Spans()
    relays: Spans = Spans()

    def __bool__(self) -> bool:
        """Whether any address can be something else than a listener's."""
        return bool(self.bots.starts or self.datacenters.starts)

    def kind(self, address: str) -> NetworkKind | None:
        """Return what an address is, None for that of a listener or for no address."""
        if not self:
            return None
        number = _number(address)
        if number is None or number in self.relays:
            return None
        if number in self.bots:
            return "bot"
        return "datacenter" if number in self.datacenters else None


def read_networks(files: Iterable[Path]) -> Spans:
    """Return the networks of some files: one a line as CIDR, address, or `first,last,…`.

    Text after `#` is for people. Raises BadNetworks, which names file and line.
    """
    return _disjoint(span for file in files for span in _spans(file))


def _spans(file: Path) -> Iterator[_Span]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadNetworks(f"{file}: cannot be read as text") from error
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if text:
            try:
                yield _span(text)
            except ValueError as error:
                raise BadNetworks(f"{file}, line {number}: not a network") from error


def _span(text: str) -> _Span:
    first, comma, rest = text.partition(",")
    if comma and "/" not in first:
        last = rest.partition(",")[0].strip()
        low, high = _of(str(ip_address(first.strip()))), _of(str(ip_address(last)))
        if high < low:
            raise ValueError(text)
        return low, high
    network = ip_network(first.strip(), strict=False)
    return _of(str(network[0])), _of(str(network[-1]))


def _of(address: str) -> int:
    number = _number(address)
    if number is None:
        raise ValueError(address)
    return number


@lru_cache(maxsize=65536)
def _number(address: str) -> int | None:
    try:
        if ":" in address:
            return int.from_bytes(socket.inet_pton(socket.AF_INET6, address))
        return _MAPPED | int.from_bytes(socket.inet_pton(socket.AF_INET, address))
    except (OSError, ValueError):
        return None


def _disjoint(spans: Iterable[_Span]) -> Spans:
    starts: list[int] = []
    ends: list[int] = []
    for low, high in sorted(spans):
        if ends and low <= ends[-1] + 1:
            ends[-1] = max(ends[-1], high)
        else:
            starts.append(low)
            ends.append(high)
    return Spans(tuple(starts), tuple(ends))
