"""Patterns of the settings, as DuckDB understands them: without lookaround and back-references."""

import duckdb

from exporters.fastly.measure.model import Rules


def pattern_problems(rules: Rules) -> list[str]:
    """Return one line for each pattern that cannot be used, though Python understands it."""
    with duckdb.connect(":memory:", config={"threads": 1}) as duck:
        return [
            f"fastly.{name}: wants a pattern without lookaround and back-references"
            for name, pattern, groups in (
                ("episode_path", rules.episode_path, ("podcast", "episode")),
                ("feed_path", rules.feed_path, ("feed",)),
            )
            if not _understood(duck, pattern, groups)
        ]


def _understood(duck: duckdb.DuckDBPyConnection, pattern: str, groups: tuple[str, ...]) -> bool:
    names = ", ".join(f"'{group}'" for group in groups)
    try:
        duck.execute(f"SELECT regexp_extract('', $pattern, [{names}])", {"pattern": pattern})
    except duckdb.Error:
        return False
    return True
