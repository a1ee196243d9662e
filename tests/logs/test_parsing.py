"""What lines say of themselves is found in every common way to write it."""

import pytest

from exporters.logs.parsing import LEVELS, Parsed, fields, parse

LINES = {
    "level=info request_id=r1 x": ("info", "r1"),
    'time="2026" level=WARN msg="request_id=no"': ("warning", "no"),
    '{"severity":"WARNING","requestId":"r2","msg":"a level=3"}': ("warning", "r2"),
    '{"level":30,"reqId":"r3","msg":"x"}': ("info", "r3"),
    '{"log": {"level": "error"}, "metadata": {"request_id": "r4"}}': ("error", "r4"),
    "12:00:00.000 request_id=F1 [info] GET /": ("info", "F1"),
    "2026-01-01 00:00:00,123 - app - ERROR - boom": ("error", ""),
    "I, [2026-01-01T00:00:00 #1]  INFO -- : hi": ("info", ""),
    "F, [2026-01-01T00:00:00 #1] bye": ("critical", ""),
    "W0101 12:00:00 klog.go:1] x": ("warning", ""),
    "2026-01-01 UTC [1] LOG:  checkpoint": ("info", ""),
    "2026/01/01 00:00:00 [crit] 1#1: nginx": ("critical", ""),
    "error: bad": ("error", ""),
    "Traceback (most recent call last):\n  File x\nKeyError": ("error", ""),
    "** (RuntimeError) boom\n    (app) lib/a.ex:1": ("error", ""),
    "panic: no\n\ngoroutine 1 [running]:": ("critical", ""),
    "DEBUG 12 things": ("debug", ""),
    "a plain line about information": ("unknown", ""),
    "GET /INFORMATION 200": ("unknown", ""),
    "": ("unknown", ""),
}


@pytest.mark.parametrize(("text", "expected"), LINES.items(), ids=range(len(LINES)))
def test_level_and_request_are_found(text: str, expected: tuple[str, str]) -> None:
    found = parse([text])
    assert (found["level"][0], found.get("request_id", [""])[0]) == expected


def test_lines_together_say_what_each_says_alone() -> None:
    texts = [*LINES]
    together = parse(texts)
    alone = [parse([text]) for text in texts]
    for name, column in together.items():
        assert list(column) == [each.get(name, [""])[0] for each in alone]
    assert set(together["level"]) <= {*LEVELS}


def test_a_name_in_every_line_and_one_twice_in_a_line_go_to_the_right_lines() -> None:
    texts = [
        "request_id=a level=info",
        "request_id=b request_id=c",
        "x\nrequest_id=d",
        "level=warn",
    ]
    found = parse(texts)
    assert list(found["request_id"]) == ["a", "b", "d", ""]
    assert found["level"] == ["info", "unknown", "unknown", "warning"]
    assert list(parse(texts[:2])["request_id"]) == ["a", "b"]
    assert list(parse(["a\nrequest_id=1\nrequest_id=2", "none"])["request_id"]) == ["1", ""]


def test_traces_and_loggers_are_found() -> None:
    found = parse(["trace_id=t1 logger=web.feed", '{"traceId":"t2","logger":"net"}'])
    assert list(found["trace_id"]) == ["t1", "t2"]
    assert list(found["logger"]) == ["web.feed", "net"]


def test_fields_are_those_of_json_or_logfmt() -> None:
    text = '{"a":1,"b":{"c":true,"d":[1]},"e":null,"f":"x"}'
    assert fields(text) == {"a": "1", "b.c": "true", "b.d": "[1]", "f": "x"}
    assert fields('a=1 b="x y" c= d') == {"a": "1", "b": "x y", "c": ""}
    assert fields('{"a":1') == {}
    assert fields("{" * 100_000) == {}
    assert dict(Parsed(text)) == fields(text)
    assert len(Parsed("nothing")) == 0
