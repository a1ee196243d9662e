"""Durations, sizes and addresses as people write them in settings: pure parsing, no defaults."""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator

from exporters.core.settings.model import wants

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
BYTES = {
    "B": 1,
    "kB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "TB": 1000**4,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
    "TiB": 1024**4,
}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+", re.ASCII)
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kKMGT]i?B|B)", re.ASCII)
_ADDRESS = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:\[\]/]*)):(?P<port>\d{1,5})")
_LONGEST = 100 * 365 * 86400
_LARGEST = 2**60


def parse_duration(value: object) -> float:
    """Return seconds for `"30s"`, `"1h30m"` or `"250ms"`; units are ms, s, m, h, d and w."""
    if isinstance(value, str) and _DURATION.fullmatch(value):
        seconds = sum(float(n) * SECONDS[unit] for n, unit in _DURATION_PART.findall(value))
        if 0 < seconds <= _LONGEST:
            return seconds
    raise wants('a duration over zero with its unit, such as "30s", "5m" or "1h30m"')


def parse_size(value: object) -> int:
    """Return bytes for `"64MiB"`, `"1.5GB"` or `"512B"`."""
    if isinstance(value, str) and (match := _SIZE.fullmatch(value)):
        size = float(match[1]) * BYTES.get(match[2], 0)
        if 1 <= size <= _LARGEST:
            return int(size)
    raise wants('a size over zero with its unit, such as "64MiB" or "1.5GB"')


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. An empty host means every interface; port 0 means any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(value: object) -> Address:
    """Return the address for `"127.0.0.1:9580"`, `"[::1]:9580"` or `":9580"`."""
    if isinstance(value, Address):
        return value
    if isinstance(value, str) and (match := _ADDRESS.fullmatch(value)):
        port = int(match["port"])
        if port <= 65535:
            return Address(match["v6"] or match["host"] or "", port)
    raise wants('an address and a port, such as "127.0.0.1:9580" or "[::1]:9580"')


Duration = Annotated[float, BeforeValidator(lambda v: v if type(v) is float else parse_duration(v))]
Size = Annotated[int, BeforeValidator(lambda v: v if type(v) is int else parse_size(v))]
Listen = Annotated[Address, BeforeValidator(parse_address)]
