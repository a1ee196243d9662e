"""Countries: ISO 3166 codes, continents, and the English names that geolocation databases use."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

CONTINENTS = ("AF", "AN", "AS", "EU", "NA", "OC", "SA")


@cache
def countries() -> tuple[tuple[str, str, str], ...]:
    """Return `(spelling, code, continent)` for every spelling: codes and names, in upper case."""
    return tuple(_spellings())


def _spellings() -> Iterator[tuple[str, str, str]]:
    table = files(__package__).joinpath("countries.tsv").read_text(encoding="utf-8")
    for line in table.splitlines():
        code, continent, *names = line.split("\t")
        for spelling in (code, *names):
            yield spelling.upper(), code, continent
