"""Definitions out of a text, as the exporter reads them."""

from exporters.core.definitions import Entry, Parsed, parse
from exporters.core.exposition import Limits, Policy
from exporters.downloads.queries.model import Defaults, Query
from exporters.downloads.queries.parse import parse_query

DEFAULTS = Defaults(60.0, 10.0, Limits(1000, 100, policy=Policy.FOLD_ALL), ("app", "ledger"))


class Sql:
    """The kind `sql`, without a database."""

    word = "sql"

    def parse(self, entry: Entry, problems: list[str]) -> Query | None:
        return parse_query(entry, DEFAULTS, problems)

    def apply(self, definitions: object) -> None:
        raise NotImplementedError


def read(text: str) -> Parsed:
    return parse("queries/a.yml", text, {"sql": Sql()})


def query(text: str) -> Query:
    """The one query of a text that is good."""
    parsed = read(text)
    assert parsed.problems == ()
    (one,) = parsed.placed
    assert isinstance(one.definition, Query)
    return one.definition


def problems(text: str) -> list[str]:
    """The problems of a text, without the name of its file."""
    parsed = read(text)
    assert not parsed.placed or len(parsed.placed) < text.count("\n")
    return [line.removeprefix("queries/a.yml:") for line in parsed.problems]
