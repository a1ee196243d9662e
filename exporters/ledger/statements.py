"""The SQL files of this room, as psycopg composes them."""

from functools import cache
from importlib.resources import files

from psycopg.sql import SQL


@cache
def statement(name: str) -> SQL:
    """Return `sql/NAME.sql`. Braces are places for identifiers, `%(name)s` for parameters."""
    text = (files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    return SQL(text)
