"""What varies, and what may be somebody's, does not stay in a message."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.logs.exceptions.masking import mask


@pytest.mark.parametrize(
    ("message", "masked"),
    [
        ("user 42 not found", "user <n> not found"),
        ("user42 has -1.5e3 or 1,000", "user<n> has <n> or <n>,<n>"),
        ("can't decode byte 0xff in position 3", "can't decode byte <n> in position <n>"),
        ("[Errno 2] No such file: '/x/y'", "[Errno <n>] No such file: <text>"),
        ("no route for GET /feeds/secret (Router)", "no route for GET <path> (Router)"),
        ("no feed at feeds/secret-slug, sorry", "no feed at <path>, sorry"),
        ('key :a not found in: %{mail: "x", n: {1, 2}}', "key :a not found in: <data>"),
        ("connect ECONNREFUSED 10.0.0.1:5432", "connect ECONNREFUSED <address>"),
        ("dial tcp [2001:db8::1]:80: refused", "dial tcp <address>: refused"),
        ("connect ::1:5432", "connect <address>"),
        ("get https://x.example/y?token=abc, again", "get <url>, again"),
        ("mail to jo.doe+x@example.com bounced", "mail to <email> bounced"),
        ("at 2026-01-02T10:00:00.5Z or 12:30:45", "at <time> or <time>"),
        ("job 123e4567-e89b-12d3-a456-426614174000 died", "job <id> died"),
        ("token a1b2c3d4 of #PID<0.1.2>", "token <id> of <id>"),
        ("timeout of 30s after 5ms", "timeout of <n>s after <n>ms"),
        ("<Response [404]> at 0x7f12", "<Response [<n>]> at <n>"),
        ('a "quoted \\" thing" and "an open one', "a <text> and <text>"),
        ("first line\nsecond line", "first line"),
        ("std::bad_alloc in Foo::bar", "std::bad_alloc in Foo::bar"),
        ("Foo.java:12 and gave {1", "Foo.java:<n> and gave <data>"),
        ("", ""),
    ],
)
def test_what_varies_is_taken_out(message: str, masked: str) -> None:
    assert mask(message) == masked


@given(st.text(max_size=60), st.integers(), st.text(max_size=60))
def test_no_digit_stays(before: str, number: int, after: str) -> None:
    assert not re.search(r"[0-9]", mask(f"{before} {number} {after}"))


@given(st.from_regex(r"\A[A-Za-z ]{0,20}\Z"), st.integers(0), st.integers(0))
def test_two_messages_that_differ_in_a_number_are_one(text: str, one: int, two: int) -> None:
    assert mask(f"{text} {one}") == mask(f"{text} {two}")
