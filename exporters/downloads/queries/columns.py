"""Where in a result the columns of a query are: by name, once each, or an error that names them."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporters.core.errors import SourceMismatch
from exporters.core.settings.problems import suggestion
from exporters.downloads.queries.model import Query

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Layout:
    """Positions in a row."""

    labels: tuple[int, ...]
    measures: tuple[tuple[int, ...], ...]
    """For each measure its column; for a histogram bounds, buckets, sum and count."""


def locate(query: Query, names: Sequence[str]) -> Layout:
    """Return where the columns are, or raise SourceMismatch with every one that is not there."""
    wanted = [*query.labels, *(name for m in query.measures for name in m.columns)]
    problems = [
        problem for name in dict.fromkeys(wanted) if (problem := _missing(name, wanted, names))
    ]
    rest = [i for i, name in enumerate(names) if name not in wanted]
    unnamed = any(measure.column is None for measure in query.measures)
    if not problems and unnamed and len(rest) != 1:
        columns = ", ".join(names[i] for i in rest[:_SHOWN]) or "none"
        problems.append(f"value: wants the name of a column; besides the labels there is {columns}")
    if problems:
        raise SourceMismatch("; ".join(problems))
    positions = {name: i for i, name in enumerate(names)}
    return Layout(
        tuple(positions[name] for name in query.labels),
        tuple(
            tuple(positions[name] for name in measure.columns) or (rest[0],)
            for measure in query.measures
        ),
    )


def _missing(name: str, wanted: Sequence[str], names: Sequence[str]) -> str:
    if names.count(name) == 1:
        return ""
    if name in names:
        return f"column {name} is there {names.count(name)} times"
    near = suggestion(name, [other for other in names if other not in wanted])
    return f"column {name} is missing from the result{near}"
