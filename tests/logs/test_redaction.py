"""No secret and no person leaves in a line, and nothing else is masked."""

import pytest

from exporters.logs.redaction import Redactor
from exporters.logs.settings import MASKED

MASKED_LINES = {
    "GET / Authorization: Bearer abcdef.123-456": "GET / Authorization: Bearer ***",
    "authorization=Basic dXNlcjpwYXNz x": "authorization=Basic *** x",
    '"authorization":"Token abcdefgh"': '"authorization":"Token ***"',
    "BEARER ABCDEF123456": "BEARER ***",
    "connect postgres://app:pa55w0rd@db:5432/x": "connect postgres://app:***@db:5432/x",
    "https://user:p%40ss@host/": "https://user:***@host/",
    "password=hunter2&x=1": "password=***&x=1",
    '"password": "two words", "a": 1': '"password": "***", "a": 1',
    "%{secret: 'a b', x: 1}": "%{secret: '***', x: 1}",
    "GET /x?api_key=abc123&y=1": "GET /x?api_key=***&y=1",
    "access_token=abc refresh_token=def": "access_token=*** refresh_token=***",
    '{"cookie":"a=b; c=d","x":1}': '{"cookie":"***","x":1}',
    "Set-Cookie: sid=1; path=/": "Set-Cookie: ***",
    "mail to jane.doe+x@mail.example.co.uk.": "mail to [email].",
    "from 8.8.8.8:443 to 172.32.0.1": "from [ip]:443 to [ip]",
    "2a00:1450:4001:82b::200e said": "[ip] said",
    "::ffff:8.8.8.8": "::ffff:[ip]",
}
PLAIN_LINES = [
    "12:34:56 version 1.2.3.4.5 took 3.5 ms",
    "10.0.0.1 192.168.7.7 127.0.0.1 172.16.0.1 169.254.1.1 100.64.0.1 0.0.0.0",
    "fe80::1 ::1 Feeds::Cache 00:1a:2b:3c:4d:5e 999.1.1.1",
    "the bearer of bad news, a cookie, a secret, a password",
    "https://host/a:b@c user@localhost @mention",
]


@pytest.mark.parametrize(("text", "masked"), MASKED_LINES.items(), ids=range(len(MASKED_LINES)))
def test_what_is_secret_is_masked(text: str, masked: str) -> None:
    assert Redactor(MASKED).redact(["before", text, "after"]) == ["before", masked, "after"]


def test_what_is_not_secret_stays() -> None:
    assert Redactor(MASKED).redact(PLAIN_LINES) == PLAIN_LINES


def test_only_what_the_settings_name_is_masked() -> None:
    line = "jane@example.com from 8.8.8.8 password=x"
    assert Redactor(()).redact([line]) == [line]
    assert Redactor(("emails",)).redact([line]) == ["[email] from 8.8.8.8 password=x"]


def test_patterns_of_the_user_s_are_masked() -> None:
    assert Redactor((), [r"card \d+", "iban"]).redact(["card 17 iban", "x"]) == ["*** ***", "x"]


def test_lines_made_to_be_slow_are_not() -> None:
    lines = ["a" * 100_000 + "@", "1." * 50_000, "://" + "x:" * 50_000, ":" * 100_000]
    assert Redactor(MASKED).redact(lines) == lines
