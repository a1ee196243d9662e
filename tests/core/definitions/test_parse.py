import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.core.definitions import parse
from tests.core.definitions.kinds import Tap, Taps

KINDS = {"sql": Taps("sql"), "cdn": Taps("cdn")}


def test_an_entry_goes_to_the_kind_that_its_from_names_and_else_to_sql() -> None:
    parsed = parse("q/a.yml", "one: {path: x}\ntwo: {from: cdn, path: y}", KINDS)
    assert parsed.problems == ()
    assert [(one.word, one.definition, one.line) for one in parsed.placed] == [
        ("sql", Tap("one", "x"), 1),
        ("cdn", Tap("two", "y"), 2),
    ]


def test_a_kind_that_nobody_here_reads_is_named_with_those_that_are() -> None:
    parsed = parse("q/a.yml", "hits:\n  from: cdn\n  path: x\n", {"sql": Taps()})
    assert parsed.problems == (
        "q/a.yml:2: hits.from: nothing that runs here reads this source; there is: sql",
    )


def test_a_kind_that_is_misspelt_is_suggested() -> None:
    (problem,) = parse("a.yml", "hits: {from: cnd}", KINDS).problems
    assert problem.endswith('did you mean "cdn"?')


def test_all_problems_are_told_at_once_and_good_entries_are_kept() -> None:
    text = "one:\n  pth: x\n\ntwo: {path: y}\nthree: 3\nfour: {path: [], also: x}\n"
    parsed = parse("q/a.yml", text, KINDS)
    assert [one.definition.name for one in parsed.placed] == ["two"]
    assert set(parsed.problems) == {
        'q/a.yml:2: one.pth: unknown key; did you mean "path"?',
        "q/a.yml:1: one.path: is missing, and has no default",
        "q/a.yml:5: three: wants a table of keys",
        "q/a.yml:6: four.path: wants text in quotes",
        "q/a.yml:6: four.also: wants a list",
    }


def test_an_entry_with_a_flaw_of_its_own_is_left_out_alone() -> None:
    parsed = parse("a.yml", "one: {path: x, path: y}\ntwo: {path: z}", KINDS)
    assert parsed.problems == ("a.yml:1: one.path: is there twice",)
    assert [one.definition.name for one in parsed.placed] == ["two"]


def test_an_empty_file_is_good_and_a_list_is_not() -> None:
    assert parse("a.yml", "# nothing yet\n", KINDS).problems == ()
    assert parse("a.yml", "- x", KINDS).problems == (
        "a.yml:1: wants names of metrics or queries, with keys below",
    )


def test_a_problem_quotes_no_value() -> None:
    text = "one: {path: {hunter2: hunter2}}\ntwo: {also: hunter2}\nthree: {from: hunter2}"
    assert not any("hunter2" in line for line in parse("a.yml", text, KINDS).problems)


def test_a_name_that_cannot_be_printed_is_not() -> None:
    (problem,) = parse("a.yml", '"a\\x07": 1', KINDS).problems
    assert problem == "a.yml:1: …: wants a table of keys"


TABLES = st.recursive(
    st.none() | st.text() | st.sampled_from(["cdn", "sql", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["from", "path", "also", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=5), TABLES, max_size=3))
def test_no_shape_raises(data: dict[str, object]) -> None:
    for problem in parse("a.yml", yaml.safe_dump(data, allow_unicode=True), KINDS).problems:
        assert problem.startswith("a.yml:")
