"""What is said of a pattern without running it is true of its matches."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.logs.derived.pattern import literal_of, repeats_repeats


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        ("order placed", "order placed"),
        (r"order (?P<kind>\w+) was placed", " was placed"),
        (r"\[GET\] /x\.mp3", "[GET] /x.mp3"),
        ("abcd?e", "abc"),
        ("abc*deg+f", "deg"),
        ("x{2,3}yz", "yz"),
        ("a{b}", "a{b}"),
        ("one|another", ""),
        ("(one|another) end", " end"),
        ("(?i)order", ""),
        ("(?s)order", "order"),
        (r"\d+ms", "ms"),
        (r"[\]a]bc", "bc"),
        ("(?#order)ab", "ab"),
        ("(?:ab)?c", "c"),
        ("(?<!x)ab(?=yyyy)", "ab"),
        ("a(b(c)d)ee", "ee"),
        (r"\bword\b", "word"),
        (".*", ""),
    ],
)
def test_the_longest_text_that_each_match_holds(pattern: str, literal: str) -> None:
    re.compile(pattern)
    assert literal_of(pattern) == literal


PIECES = st.sampled_from(
    [
        *("ab", "c", r"\d", r"\.", "[ab]", "[^a]", "(ab)", "(?:a|b)", "(?P<n>c)", "|", "*"),
        *("+", "?", "{2}", "{1,}", "{", "}", ".", "^"),
        *("$", "(", ")", "(?=a)", "(?!a)", "??", r"\b", "x", "]"),
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=8).map("".join), st.text("abcx.1{}]", max_size=12))
def test_a_text_without_the_literal_has_no_match(pattern: str, text: str) -> None:
    try:
        compiled = re.compile(pattern)
    except re.error:
        return
    if compiled.search(text):
        assert literal_of(pattern) in text


@pytest.mark.parametrize("pattern", ["(a+)+", r"(\w*\s?)*x", "((a|b+)c)*", "(?:a{2,})+", "(a*)+?"])
def test_a_repeat_inside_a_repeat_is_seen(pattern: str) -> None:
    re.compile(pattern)
    assert repeats_repeats(pattern)


@pytest.mark.parametrize(
    "pattern", ["(a+)b+", "(a+)?", "(a+){2}", "(ab)+", r"a\(+b\)+", "[(a+)]+", "(a|b)*c*", "(a+)b*"]
)
def test_repeats_side_by_side_are_fine(pattern: str) -> None:
    re.compile(pattern)
    assert not repeats_repeats(pattern)
