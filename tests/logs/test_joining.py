"""Stack traces of each language are one message, whatever stands around them."""

import random
import re

import pytest

from exporters.logs.joining import LARGEST, MOST, Joiner, Rules
from tests.logs.engine_stream import S

TRACES = {
    "python": """\
ERROR:root:could not render
Traceback (most recent call last):
  File "app.py", line 7, in render
    return shows[key]
KeyError: 'gotime'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "app.py", line 9, in render
myapp.errors.Missing""",
    "python alone": """\
Traceback (most recent call last):
  File "app.py", line 7, in <module>
ValueError""",
    "elixir": """\
12:00:01.234 [error] GenServer Feeds.Cache terminating
** (RuntimeError) boom
    (shop 0.1.0) lib/feeds/cache.ex:31: Feeds.Cache.handle_call/3
    (stdlib 5.2) gen_server.erl:1113: :gen_server.try_handle_call/4
Last message (from #PID<0.1.0>): :get
State: %{}""",
    "elixir with a message of several lines": """\
12:00:01.234 [error] GenServer Feeds.Cache terminating
** (Ecto.NoResultsError) expected at least one result but got none in query:

from e0 in Shop.Episode,
  where: e0.id == ^4711

    (ecto 3.10.3) lib/ecto/repo/queryable.ex:164: Ecto.Repo.Queryable.one!/3
    (shop 0.4.2) lib/shop/episodes.ex:33: Shop.Episodes.fetch!/1
Last message (from #PID<0.1230.0>): {:fetch, 4711}""",
    "erlang's process": """\
=ERROR REPORT==== 22-Nov-2026::10:00:00.123456 ===
Error in process <0.85.0> with exit value:
{badarith,[{erlang,'+',[1,a],[{file,"erlang.erl"},{line,3}]},
           {proc_lib,init_p,3,[{file,"proc_lib.erl"},{line,241}]}]}""",
    "erlang": """\
=ERROR REPORT==== 1-Jan-2026::12:00:00 ===
** Generic server cache terminating
** Last message in was get
** Reason for termination ==
** {badarg,[{erlang,hd,[[]],[]}]}""",
    "go": """\
panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.(*Feed).Render(0xc000012345)
\t/app/feed.go:17 +0x1d
main.main()
\t/app/main.go:9 +0x25
exit status 2""",
    "go in a server": """\
2026/01/01 12:00:00 http: panic serving 10.0.0.1:5000: boom
goroutine 9 [running]:
net/http.(*conn).serve.func1()
\t/usr/lib/go/server.go:1801 +0x13a
created by net/http.(*Server).Serve
\t/usr/lib/go/server.go:3010 +0x4d3""",
    "java": """\
2026-01-01 12:00:00 ERROR c.f.Feeds - failed
java.lang.IllegalStateException: no feed
\tat com.foo.Feeds.get(Feeds.java:31)
Caused by: java.io.IOException: broken pipe
\tat com.foo.Net.read(Net.java:7)
\t... 12 more""",
    "java with a message of several lines": """\
Exception in thread "main" java.lang.IllegalStateException: 3 of 5 parts
of the file are missing

from the archive
\tat com.foo.Main.main(Main.java:12)""",
    "node": """\
/app/index.js:10
    throw new TypeError("no feed");
    ^

TypeError: no feed
    at render (/app/index.js:10:11)
    at Object.<anonymous> (/app/index.js:20:1)

Node.js v20.1.0""",
    "node caught": """\
TypeError: no feed
    at render (/app/index.js:10:11) {
  code: 'E_FEED'
}""",
}


def joined(lines: list[str], rules: Rules = Rules(), gap: int = 1000) -> list[str]:  # noqa: B008
    joiner = Joiner(rules)
    times = [n * gap for n in range(len(lines))]
    return [*joiner.feed(times, lines).texts, *joiner.flush().texts]


@pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES)
def test_a_trace_is_one_message_between_its_neighbours(trace: str) -> None:
    lines = ["GET /feed", *trace.split("\n"), "GET /news", "12:00:02.000 [info] Sent 200 in 5ms"]
    assert joined(lines) == ["GET /feed", trace, *lines[-2:]]


@pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES)
def test_a_trace_may_come_in_parts(trace: str) -> None:
    lines = ["GET /feed", *trace.split("\n"), "GET /news"]
    chance = random.Random(3)
    for _ in range(20):
        joiner, at = Joiner(Rules()), 0
        found: list[str] = []
        while at < len(lines):
            end = at + chance.randrange(1, 4)
            part = lines[at:end]
            found += joiner.feed([n * 1000 for n in range(at, at + len(part))], part).texts
            at = end
        assert [*found, *joiner.flush().texts] == ["GET /feed", trace, "GET /news"]


def test_lines_that_tell_of_no_trouble_stay_alone() -> None:
    lines = ["GET /", "Traceback", "", "GET /x", "ERROR a", "ERROR b", "INFO c"]
    assert joined(lines) == lines


def test_an_error_without_a_stack_takes_no_other_lines() -> None:
    error = "java.io.IOException: broken pipe"
    assert joined([error, *["GET /"] * 20]) == [error, *["GET /"] * 20]
    other = "2026-01-01 12:00:00 ERROR c.f.Feeds - failed\n\tat com.foo.Net.read(Net.java:7)"
    assert joined([error, "GET /", *other.split("\n")]) == [error, "GET /", other]
    assert joined(["** (exit) shutdown", "GET /"]) == ["** (exit) shutdown", "GET /"]


def test_what_was_held_for_a_stack_that_never_came_is_several_messages() -> None:
    joiner = Joiner(Rules())
    lines = ["java.io.IOException: broken pipe", "GET /a", "GET /b"]
    assert joiner.feed([1, 2, 3], lines).texts == []
    found = joiner.flush()
    assert (found.texts, found.times, found.lines) == (lines, [1, 2, 3], [1, 2, 3])


def test_indented_lines_and_closing_brackets_belong_to_the_line_above() -> None:
    lines = ["{", '  "level": "info"', "}", "next"]
    assert joined(lines) == ['{\n  "level": "info"\n}', "next"]


def test_a_line_that_comes_too_late_stays_alone() -> None:
    lines = ["ERROR bad", "  more"]
    assert joined(lines, gap=S // 2) == ["ERROR bad\n  more"]
    assert joined(lines, gap=S // 2 + 1) == lines


def test_a_pattern_of_the_user_s_decides_alone() -> None:
    rules = Rules(first=re.compile(r"^\d{4}-"))
    lines = ["2026-01 a", "b", "", "2026-02 Traceback", "  x", "c"]
    assert joined(lines, rules) == ["2026-01 a\nb", "2026-02 Traceback\n  x\nc"]


def test_a_message_ends_where_it_gets_too_long() -> None:
    many = ["head", *[" x"] * (2 * MOST)]
    assert [text.count("\n") + 1 for text in joined(many)] == [MOST, MOST, 1]
    large = ["head", *[" " + "x" * (LARGEST // 3)] * 5]
    assert all(len(text) <= LARGEST for text in joined(large))
    assert "\n".join(joined(large)) == "\n".join(large)


def test_the_times_of_messages_are_those_of_their_first_lines() -> None:
    joiner = Joiner(Rules())
    found = joiner.feed([1, 2, 3, 4], ["a", "  b", "c", "d"])
    assert (found.times, found.lines) == ([1, 3], [1, 2, 3])
    assert joiner.times == [4]
    assert joiner.flush().lines == [4]
    assert joiner.flush().texts == ()
