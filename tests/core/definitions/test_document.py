from time import perf_counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporters.core.definitions.document import read_document

PIECES = st.sampled_from(
    [
        *("a", "b:", ": ", "- ", "\n", "\n  ", "&x ", "*x", "<<: ", "!!int ", "!x ", "[", "]", "{"),
        *("}", "? ", "|", ">", '"', "'", "\\U", "FFFFFFFF", "#", "%YAML ", "---", "no", "1", "\t"),
        "\0",
    ]
)


def bomb(first: str, several: str) -> str:
    """Lines that each refer nine times to the line before."""
    lines = (f"l{i}: &l{i} " + several.replace("%", f"*l{i - 1}, " * 9) for i in range(1, 12))
    return "\n".join([f"l0: &l0 {first}", *lines])


@pytest.mark.parametrize(
    "text", ["no", "on", "1", "0x1f", "1:30", "2024-01-01", "1e3", "=", ".inf"]
)
def test_every_scalar_is_the_text_that_was_written(text: str) -> None:
    assert read_document(f"{text}: {text}").data == {text: text}


def test_an_empty_value_is_none() -> None:
    assert read_document("a:\nb: ~\nc: ''").data == {"a": None, "b": None, "c": ""}


def test_every_place_knows_its_line() -> None:
    document = read_document("# c\na:\n  b: 1\n  c:\n    - x\n    - y\n")
    assert [document.lines[p] for p in (("a",), ("a", "b"), ("a", "c", 1))] == [2, 3, 6]


def test_a_key_that_is_there_twice_is_a_flaw_at_the_second() -> None:
    (flaw,) = read_document("a:\n  b: 1\n  b: 2\n").flaws
    assert (flaw.path, flaw.line, flaw.text) == (("a", "b"), 3, "is there twice")


def test_aliases_and_merge_keys_are_followed() -> None:
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {<<: [{y: 4}, *a], z: *a}\n"
    assert read_document(text).data == {
        "a": {"x": "1", "y": "2"},
        "b": {"x": "1", "y": "3"},
        "c": {"x": "1", "y": "4", "z": {"x": "1", "y": "2"}},
    }


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!binary", "!env", "!!set"])
def test_a_tag_is_a_flaw_and_runs_nothing(tag: str) -> None:
    document = read_document(f"a: {tag} {{}}\nb: 1")
    assert [flaw.path for flaw in document.flaws] == [("a",)]
    assert document.data == {"a": None, "b": "1"}


@pytest.mark.parametrize("text", ['"\\uD800"', '"\\0"'])
def test_what_no_database_could_be_sent_is_a_flaw(text: str) -> None:
    assert read_document(f"a: {text}").flaws


@pytest.mark.parametrize(
    "text",
    [
        "a: &a {b: *a}",
        "[" * 200_000,
        "a:\n- " + "- " * 5000,
        bomb("x", "[%]"),
        bomb("{a: b}", "{<<: [%]}"),
    ],
    ids=["a circle", "a tower", "a stair", "a bomb of lists", "a bomb of merges"],
)
def test_what_expands_without_end_is_refused_at_once(text: str) -> None:
    started = perf_counter()
    document = read_document(text)
    assert [flaw.text for flaw in document.flaws] == ["is nested too deeply or too large"]
    assert perf_counter() - started < 5


def test_what_the_library_says_is_told_without_what_it_quotes() -> None:
    (flaw,) = read_document("a: 1\nb: *hunter2").flaws
    assert (flaw.line, flaw.text) == (2, "is not YAML: found undefined alias …")


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
@example('"\\UFFFFFFFF"')
@example("%YAML " + "1" * 5000 + ".1\n---\n")
@example("<<: x")
@example("? <<\n: - a")
def test_no_text_raises(text: str) -> None:
    document = read_document(text)
    for flaw in document.flaws:
        assert flaw.line >= 1
        assert "\n" not in flaw.text
