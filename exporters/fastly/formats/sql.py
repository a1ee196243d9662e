"""How DuckDB reads lines of a format: from text to the facts of a request, still as text."""

import json
from collections.abc import Iterable
from typing import Any

from exporters.fastly.formats.csv import CSV_FACTS, csv_struct
from exporters.fastly.formats.model import FIELDS, Format


def parsed(one: Format, lines: str) -> str:
    """Return a query for the column `line` of `lines` and every fact of FIELDS, as text or NULL.

    A line that is not of the format has NULL everywhere. `(null)`, which is how Fastly writes what
    is not set, is NULL too; an empty string is a header that was not sent.
    """
    columns = ", ".join(f"{_fact(one, fact)} AS {fact}" for fact in FIELDS)
    objects = f"TRY(from_json(line, {_literal(_schema(one))}))" if one.keys else "NULL"
    fields = f"CASE WHEN NOT starts_with(line, '{{') THEN {csv_struct()} END"
    return (
        f"SELECT line, {columns} FROM (SELECT line,"  # noqa: S608 - built from our own names
        f" CASE WHEN starts_with(line, '{{') THEN {objects} END AS object,"
        f" {fields if one.csv else 'NULL'} AS fields FROM {lines})"
    )


def _fact(one: Format, fact: str) -> str:
    places = [_reference(key) for key in one.keys.get(fact, ())]
    if one.csv and fact in CSV_FACTS:
        places.append(f"fields.{fact}")
    if not places:
        return "NULL::VARCHAR"
    found = places[0] if len(places) == 1 else f"coalesce({', '.join(places)})"
    return f"nullif({found}, '(null)')"


def _reference(key: str) -> str:
    return ".".join(["object", *(_quoted(part) for part in key.split("."))])


def _schema(one: Format) -> str:
    """Return the structure that `from_json` looks for, in which every value is text."""
    tree: dict[str, Any] = {}
    for key in _all_keys(one):
        *path, last = key.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[last] = "VARCHAR"
    return json.dumps(tree)


def _all_keys(one: Format) -> Iterable[str]:
    # Sorted, so that an object's own keys come before those of objects in it are asked for.
    return sorted({key for keys in one.keys.values() for key in keys})


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
