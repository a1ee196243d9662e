import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.downloads.queries.reading import read

KEYS = (
    *("sql", "help", "type", "labels", "value", "metrics", "interval", "deadline", "database"),
    *("series_limit", "label_limits", "from", "query", "master", "cache_seconds", "runonserver"),
    *("usage", "description", "metric_mapping", "n"),
)
WORDS = (
    *("SELECT 1", "gauge", "GAUGE", "LABEL", "HISTOGRAM", "MAPPEDMETRIC", "30s", "5", "1e9999"),
    *("app", "x", "a_total", ">=10.0.0", "true", "nan", "-1", "9" * 400),
)

SCALARS = st.sampled_from(WORDS) | st.text(max_size=8) | st.none() | st.floats() | st.integers()
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=12,
)
ENTRIES = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "a_total", "1", ""]), ENTRIES, min_size=1, max_size=3))
def test_whatever_is_written_each_entry_is_taken_or_has_its_problem(
    entries: dict[str, object],
) -> None:
    parsed = read(yaml.safe_dump(entries, allow_unicode=True))
    taken = {one.definition.name for one in parsed.placed}
    assert len(taken) == len(entries) or parsed.problems
    for line in parsed.problems:
        assert line.startswith("queries/a.yml:")
        assert "\n" not in line
