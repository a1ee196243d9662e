"""Which tables and columns of the app a query needs, and what it does about missing ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import LiteralString, TypeAlias

from psycopg.sql import SQL, Composed, Identifier


class Kind(Enum):
    """What a column holds: the types that will do; the first stands in where it is missing."""

    IDENTITY = ("int8", "int4", "int2")
    NUMBER = ("float8", "float4", "numeric", "int8", "int4", "int2")
    TEXT = ("text", "varchar", "bpchar", "citext")
    FLAG = ("bool",)
    DAY = ("date",)
    MOMENT = ("timestamp", "timestamptz")
    JSON = ("jsonb", "json")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is read. A query still makes sense where an `optional` one is NULL."""

    name: LiteralString
    kind: Kind
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the app, and all that one query reads of it."""

    name: LiteralString
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A column as the server has it: the name of its type, and whether our role may read it."""

    type: str
    readable: bool


Catalog: TypeAlias = Mapping[tuple[str, str], Found]
"""The columns that are there, by table and name."""

LOOK = SQL(
    """
    SELECT
        wanted.name,
        attribute.attname,
        coalesce(base.typname, type.typname),
        has_column_privilege(attribute.attrelid, attribute.attnum, 'SELECT')
    FROM unnest(%(tables)s::text[]) AS wanted (name)
    INNER JOIN pg_catalog.pg_attribute AS attribute
        ON attribute.attrelid = to_regclass(wanted.name)
    INNER JOIN pg_catalog.pg_type AS type ON type.oid = attribute.atttypid
    LEFT JOIN pg_catalog.pg_type AS base ON base.oid = type.typbasetype
    WHERE attribute.attnum > 0 AND NOT attribute.attisdropped
    """
)
"""The rows of a `Catalog`. No table is opened, so one that is locked does not hold it up; a domain
counts as the type under it."""


def problems(tables: Sequence[Table], catalog: Catalog) -> dict[str, bool]:
    """Return what is wrong, in words, each with whether the query can do without it."""
    found: dict[str, bool] = {}
    for table in tables:
        if not any(name == table.name for name, _ in catalog):
            found[f"table {table.name} is missing"] = False
            continue
        for column in table.columns:
            if wrong := _wrong(column, catalog.get((table.name, column.name))):
                found[f"column {table.name}.{column.name} {wrong}"] = column.optional
    return found


def narrowed(query: SQL, tables: Sequence[Table], catalog: Catalog) -> Composed:
    """Return the query over views of the tables that have the declared columns alone.

    So no query reaches a column that is not declared, and each finds NULL where an optional one is
    not there. The planner folds the views into the query: they cost nothing.
    """
    views = SQL(",\n").join(_view(table, catalog) for table in tables)
    return SQL("WITH {views}\n{query}").format(views=views, query=query)


def _view(table: Table, catalog: Catalog) -> Composed:
    columns = SQL(", ").join(
        SQL("NULL::{type} AS {name}").format(
            type=Identifier(column.kind.value[0]), name=Identifier(column.name)
        )
        if _wrong(column, catalog.get((table.name, column.name)))
        else Identifier(column.name)
        for column in table.columns
    )
    return SQL("{name} AS NOT MATERIALIZED (SELECT {columns} FROM {name})").format(
        name=Identifier(table.name), columns=columns
    )


def _wrong(column: Column, found: Found | None) -> str:
    if found is None:
        return "is missing"
    if found.type not in column.kind.value:
        return "has a type that is not understood"
    return "" if found.readable else "may not be read by our role"
