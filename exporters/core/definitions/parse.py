"""A file's text to definitions: each entry goes to the kind that its `from` names."""

from collections.abc import Mapping
from typing import Any

from exporters.core.definitions.document import Document, Value, read_document
from exporters.core.definitions.model import Entry, Kind, Parsed, Placed, problem
from exporters.core.settings.problems import suggestion

SQL = "sql"
"""The kind of an entry without `from`."""


def parse(file: str, text: str, kinds: Mapping[str, Kind[Any]]) -> Parsed:
    """Return the definitions of a file, and a line for each problem; pure, and never raises.

    An entry with a problem is left out and costs no other entry anything.
    """
    document = read_document(text)
    problems = [problem(file, {f.path: f.line}, f.path, f.text) for f in document.flaws]
    data = document.data
    if data is None:
        return Parsed(problems=tuple(problems))
    if not isinstance(data, dict):
        return Parsed(problems=(f"{file}:1: wants names of metrics or queries, with keys below",))
    flawed = {f.path[0] for f in document.flaws if f.path}
    placed = [
        found
        for name, value in data.items()
        if name not in flawed and (found := _entry(file, name, value, document, kinds, problems))
    ]
    return Parsed(tuple(placed), tuple(problems))


def _entry(
    file: str,
    name: str,
    value: Value,
    document: Document,
    kinds: Mapping[str, Kind[Any]],
    problems: list[str],
) -> Placed | None:
    if not isinstance(value, dict):
        problems.append(problem(file, document.lines, (name,), "wants a table of keys"))
        return None
    entry = Entry(file, name, {k: v for k, v in value.items() if k != "from"}, document.lines)
    word = value.get("from", SQL)
    kind = kinds.get(word) if isinstance(word, str) else None
    if kind is None:
        near = suggestion(word, kinds) if isinstance(word, str) else ""
        text = f"nothing that runs here reads this source; there is: {', '.join(kinds)}{near}"
        problems.append(entry.problem(text, "from"))
        return None
    definition = kind.parse(entry, problems)
    line = document.lines[(name,)]
    return Placed(kind.word, definition, file, line) if definition else None
