"""How DuckDB reads lines of a format: from text to the facts of a request, still as text.

Values are as the line has them: `(null)` is how Fastly writes what is not set. The file of lines is
the parameter `$file`, so that a query for one file is that for all.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from exporters.fastly.formats.csv import CSV_FACTS, SHAPE, csv_fields
from exporters.fastly.formats.model import FIELDS, Format
from exporters.fastly.lines import MAX_LINE

_NUMBERS = frozenset(("elapsed_us", "rtt_us", "retransmits"))
"""Facts that objects have as numbers: to write them as text, only to read that, takes longer."""

_PREFIXED = r"'^<[0-9]+>\S+ \S+ [^:{]*: (\{.*)$'"


def line_rows() -> str:
    """Return a query for the lines of a file, in their order, as `line`; blank ones left out."""
    return (
        "SELECT line FROM read_csv($file, columns = {'line': 'VARCHAR'},"  # noqa: S608
        r" delim = '\x01', quote = '', escape = '', header = false, auto_detect = false,"
        f" max_line_size = {MAX_LINE + 1}) WHERE trim(line) <> ''"
    )


def object_rows(one: Format) -> str:
    """Return a query for every fact of FIELDS, and `line` as NULL, of a file of JSON objects.

    It has a row for every row of `line_rows`, in the same order; all facts of a line that is not
    an object are NULL. This is the fast way: nobody handles the lines as text. Some facts are
    UBIGINT here, NULL where they are no number of that kind.
    """
    tree = _tree(one, _numbers(one))
    columns = ", ".join(f"{_literal(key)}: {_literal(_type(each))}" for key, each in tree)
    facts = ", ".join(f"{_fact(one, fact, '')} AS {_quoted(fact)}" for fact in FIELDS)
    return (
        f"SELECT NULL::VARCHAR AS line, {facts} FROM read_json($file,"  # noqa: S608
        f" columns = {{{columns}}}, format = 'newline_delimited', ignore_errors = true,"
        f" maximum_object_size = {MAX_LINE + 1})"
    )


def text_rows(one: Format, lines: str) -> str:
    """Return a query for `line` and every fact of FIELDS of a query for lines.

    A line that is not of the format has NULL in every fact. The slow way, for any line.
    """
    facts = ", ".join(f"{_fact(one, fact, 'object.')} AS {_quoted(fact)}" for fact in FIELDS)
    text = (
        "CASE WHEN starts_with(ltrim(line), '{') THEN line WHEN starts_with(line, '<')"
        f" THEN nullif(regexp_extract(line, {_PREFIXED}, 1), '') END"
    )
    schema = _literal(json.dumps(dict(_tree(one))))
    objects = f"TRY(from_json(text, {schema}))" if one.keys else "NULL"
    fields = f"CASE WHEN text IS NULL THEN {csv_fields()} END" if one.csv else "NULL"
    return (
        f"SELECT line, {facts} FROM (SELECT line, {objects} AS object, {fields} AS fields"  # noqa: S608
        f" FROM (SELECT line, {text} AS text, {SHAPE} AS shape, string_split(line, ',') AS commas,"
        f" string_split(line, '\"') AS quotes FROM ({lines})))"
    )


def _fact(one: Format, fact: str, prefix: str) -> str:
    places = [prefix + _reference(key) for key in one.keys.get(fact, ())]
    if one.csv and prefix and fact in CSV_FACTS:
        places.append(f"fields.{fact}")
    if not places:
        return "NULL::VARCHAR"
    return places[0] if len(places) == 1 else f"coalesce({', '.join(places)})"


def _reference(key: str) -> str:
    return ".".join(_quoted(part) for part in key.split("."))


def _numbers(one: Format) -> frozenset[str]:
    """Return the keys that are read as numbers; none where one of them is a text's key too."""
    of_texts = {key for fact, keys in one.keys.items() if fact not in _NUMBERS for key in keys}
    numbers = frozenset(key for fact in _NUMBERS for key in one.keys.get(fact, ()))
    return frozenset() if numbers & of_texts else numbers


def _tree(one: Format, numbers: Collection[str] = ()) -> Iterable[tuple[str, Any]]:
    """Return the structure of the objects as `from_json` wants it: values are text, or numbers."""
    tree: dict[str, Any] = {}
    for key in sorted({key for keys in one.keys.values() for key in keys}):
        *path, last = key.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[last] = "UBIGINT" if key in numbers else "VARCHAR"
    return tree.items()


def _type(tree: str | Mapping[str, Any]) -> str:
    if isinstance(tree, str):
        return tree
    return f"STRUCT({', '.join(f'{_quoted(key)} {_type(part)}' for key, part in tree.items())})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
