"""What stands before a log line is taken off."""

import pytest
from pydantic import SecretStr

from exporters.fastly.receive import Tokens
from exporters.fastly.syslog.messages import line_of

LINE = b'{"url":"/a/feed/","status":200,"ua":"x [y]: <z>"}'
TOKENS = Tokens.parse(SecretStr("house-token\nnew-token"), "token")
HEADERS = {
    "none": b"",
    "classic": b"<134>2016-07-04T22:37:26Z cache-sjc3128 LogTest[62959]: ",
    "classic, a tag with blanks": b"<134>2016-07-04T22:37:26Z cache-sjc3128 Log Test[62959]: ",
    "classic, no process": b"<134>2016-07-04T22:37:26Z cache-sjc3128 LogTest: ",
    "RFC 3164": b"<13>Jul  4 22:37:26 cache-sjc3128 LogTest[1]: ",
    "RFC 5424": b"<134>1 2016-07-04T22:37:26.003Z cache-sjc3128 LogTest 62959 ID47 - ",
    "RFC 5424, data": rb'<134>1 2016-07-04T22:37:26Z host app 1 - [a@1 b="c\]d"][e@2 f="g"] ',
    "RFC 5424, byte order mark": b"<134>1 2016-07-04T22:37:26Z host app 1 - - \xef\xbb\xbf",
    "logplex": b"<134>1 2016-07-04T22:37:26+00:00 host app web.3 - ",
    "priority only": b"<134>",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_header_is_taken_off(header: bytes) -> None:
    assert line_of(header + LINE) == LINE
    assert line_of(header + LINE + b"\r\n") == LINE
    assert line_of(header) == b""


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_token_is_asked_for(header: bytes) -> None:
    assert line_of(header + LINE, TOKENS) is None
    assert line_of(b"wrong " + header + LINE, TOKENS) is None
    assert line_of(header + b"wrong " + LINE, TOKENS) is None
    assert line_of(header, TOKENS) is None
    assert line_of(header + b"house-token " + LINE, TOKENS) == LINE
    assert line_of(header + b"new-token " + LINE, TOKENS) == LINE


@pytest.mark.parametrize("header", [h for h in HEADERS.values() if h.startswith(b"<")])
def test_a_token_may_stand_before_the_header(header: bytes) -> None:
    assert line_of(b"house-token " + header + LINE, TOKENS) == LINE
    assert line_of(b"house-token" + header + LINE, TOKENS) == LINE


def test_a_token_may_stand_in_the_structured_data() -> None:
    message = b'<134>1 2016-07-04T22:37:26Z host app 1 - [%s@41058 tag="x"] ' + LINE
    assert line_of(message % b"house-token", TOKENS) == LINE
    assert line_of(message % b"wrong", TOKENS) is None


def test_a_line_has_no_line_break() -> None:
    assert line_of(b"<134>a\nb\n") == b"a b"
