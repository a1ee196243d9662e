"""An entry without `from`, or `from: sql`, to a query, in either of the two forms."""

from exporters.core.definitions import Entry
from exporters.core.definitions.fields import is_name
from exporters.downloads.queries.model import Defaults, Query
from exporters.downloads.queries.own import parse_own
from exporters.downloads.queries.postgres_exporter import parse_postgres_exporter


def parse_query(entry: Entry, defaults: Defaults, problems: list[str]) -> Query | None:
    """Return the query; or None, and say in `problems` why not. Pure.

    postgres_exporter says `query` for `sql`, and lists its `metrics`: that tells the forms apart.
    """
    if not is_name(entry.name):
        problems.append(entry.problem("wants a name of letters, digits and underscores"))
        return None
    if not defaults.databases:
        problems.append(entry.problem("wants a database, and none is configured here"))
        return None
    if "sql" not in entry.table and (
        "query" in entry.table or isinstance(entry.table.get("metrics"), list)
    ):
        return parse_postgres_exporter(entry, defaults, problems)
    return parse_own(entry, defaults, problems)
