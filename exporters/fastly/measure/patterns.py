"""Patterns of the settings, as DuckDB understands them: without lookaround and back-references."""

from collections.abc import Sequence

from exporters.fastly.measure.duck import duckdb
from exporters.fastly.measure.model import Rules


def pattern_problems(rules: Rules) -> list[str]:
    """Return one line for each pattern that cannot be used, though Python understands it."""
    return [
        f"fastly.{name}: wants a pattern without lookaround and back-references"
        for name, pattern, groups in (
            ("episode_path", rules.episode_path, ("podcast", "episode")),
            ("feed_path", rules.feed_path, ("feed",)),
        )
        if not understood(pattern, groups)
    ]


def understood(pattern: str, groups: Sequence[str]) -> bool:
    """Return whether DuckDB reads a pattern with these named groups, which Python understands."""
    names = ", ".join(f"'{group}'" for group in groups)
    query = (
        f"SELECT regexp_extract('', $pattern, [{names}])"
        if groups
        else "SELECT regexp_matches('', $pattern)"
    )
    with duckdb.connect(":memory:", config={"threads": 1}) as duck:
        try:
            duck.execute(query, {"pattern": pattern})
        except duckdb.Error:
            return False
    return True
