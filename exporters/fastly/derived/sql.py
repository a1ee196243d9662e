"""Users' metrics as DuckDB's SQL over the requests of a segment. Every text of theirs is quoted."""

import re
from collections.abc import Sequence

from exporters.fastly.derived.model import Derived

_CLASS = re.compile(r"[1-5]xx")
_COLUMN = {
    "host": "lower(host)",
    "method": "own_method",
    "status": "status::VARCHAR",
    "cache": '"cache"',
    "country": "country",
    "continent": "own_continent",
    "pop": "pop",
    "protocol": "protocol",
}
_OWN = ("method", "continent")
_VALUE = {"bytes": "bytes::DOUBLE", "seconds": "took_us / 1e6"}


def meant(several: Sequence[Derived]) -> str:
    """Return the condition on a request (of requests.sql) that any of the metrics counts it."""
    return " OR ".join(f"({_asked(one)})" for one in several) or "FALSE"


def question(derived: Derived) -> str:
    """Return the query over `taken` for label values as they come, then what they add up to.

    A counter has an amount; a histogram the bucket, the observations in it and their sum.
    """
    columns = [
        f"{_source(derived, source)} AS l{n}" for n, (_, source) in enumerate(derived.labels)
    ]
    numbers = _numbers(derived)
    present = f" AND {_VALUE[derived.value]} IS NOT NULL" if derived.value else ""
    return (
        f"SELECT {', '.join([*columns, *numbers])} FROM taken"  # noqa: S608 - texts are quoted
        f" WHERE mine AND {_asked(derived, 'own_')}{present} GROUP BY ALL"
    )


def _numbers(derived: Derived) -> list[str]:
    if derived.value is None:
        return ["count(*)::DOUBLE AS amount"]
    value = _VALUE[derived.value]
    if derived.kind == "counter":
        return [f"coalesce(sum({value}), 0) AS amount"]  # of no row, where there are no labels
    cases = " ".join(
        f"WHEN {value} <= {bound!r} THEN {n}" for n, bound in enumerate(derived.buckets)
    )
    bucket = f"CASE {cases} ELSE {len(derived.buckets)} END AS bucket"
    return [bucket, "count(*)::DOUBLE AS observations", f"sum({value}) AS total"]


def _asked(derived: Derived, own: str = "") -> str:
    """Return the condition on a request; in `taken` some columns are there for the user's own."""
    conditions = [_one_of(field, texts, own) for field, texts in derived.where]
    if derived.pattern:
        conditions.append(f"regexp_matches({own}path, {quoted(derived.pattern)})")
    return " AND ".join(conditions)


def _one_of(field: str, texts: Sequence[str], own: str) -> str:
    if field == "status":
        return one_of_statuses(texts)
    if field == "cache":  # HIT-CLUSTER is a HIT
        tests = [f'starts_with(upper("cache"), {quoted(text.upper())})' for text in texts]
    else:
        column = own + field if field in _OWN else field
        tests = [f"upper({column}) = {quoted(text.upper())}" for text in texts]
    return f"({' OR '.join(tests)})"


def one_of_statuses(texts: Sequence[str]) -> str:
    """Return the condition that a status is one of these, or of a class such as 5xx."""
    tests = [f"status // 100 = {text[0]}" for text in texts if _CLASS.fullmatch(text)]
    exact = [text for text in texts if not _CLASS.fullmatch(text)]
    tests += [f"status::VARCHAR = {quoted(text)}" for text in exact]
    return f"({' OR '.join(tests)})"


def _source(derived: Derived, source: str) -> str:
    if source in derived.groups:
        names = ", ".join(quoted(group) for group in derived.groups)
        extract = f"regexp_extract(own_path, {quoted(derived.pattern or '')}, [{names}])"
        return f"{extract}[{quoted(source)}]"
    return _COLUMN[source]


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
