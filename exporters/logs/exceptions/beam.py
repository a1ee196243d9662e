"""Elixir's errors with their stack traces, and Erlang's reports with their terms."""

import re

from exporters.logs.exceptions.masking import mask
from exporters.logs.exceptions.model import Frame, Raised, raised, short

ELIXIR_SIGN = "** ("
ERLANG_SIGNS = ("with exit value:", "Reason for termination", "exception error: ")

_RAISED = re.compile(r"\*\* \((?P<type>[A-Za-z]\w*(?:\.\w+)*)\) ?(?P<message>.*)")
_WRAPS = "an exception was raised:"
_FRAME = re.compile(
    r"^[ \t]+(?:\((?P<app>\w+)[^)]*\) )?"
    r"(?P<file>[^\s:()]+\.(?:exs?|[he]rl|h?eex)):\d+: (?P<call>.+)$",
    re.MULTILINE,
)
_REASON = re.compile(
    r"(?:with exit value:|Reason for termination ?=*:?)\s+(?:\*\* )?[{\s]*'?([a-z]\w*)"
)
_TERM_FRAME = re.compile(
    r"\{'?(?P<module>[\w.]+)'?,\s*'?(?P<function>[^,'\s]+)'?,\s*(?:(?P<arity>\d+)|\[[^\]]{0,300}\]),\s*"
    r"\[\{file,\s*\"(?P<file>[^\"]+)\"\}"
)
_REPORT = re.compile(r"exception error: (.*)")
_REPORT_FRAME = re.compile(r"(?:in function |in call from )\s*(\S+/\d+) \(([^,)\s]+), line \d+\)")

_LIBRARIES = frozenset(
    (
        *("absinthe", "asn1", "bandit", "broadway", "castore", "compiler", "cowboy", "cowlib"),
        *("crypto", "db_connection", "decimal", "ecto", "ecto_sql", "eex", "elixir", "erts"),
        *("ex_unit", "finch", "gen_stage", "gettext", "hackney", "hpax", "iex", "inets", "jason"),
        *("kernel", "logger", "mint", "mix", "myxql", "nimble_options", "nimble_pool", "oban"),
        *("phoenix", "phoenix_ecto", "phoenix_html", "phoenix_live_view", "phoenix_pubsub"),
        *("phoenix_template", "plug", "plug_cowboy", "plug_crypto", "postgrex", "public_key"),
        *("ranch", "redix", "req", "sentry", "sasl", "ssl", "stdlib", "swoosh", "telemetry"),
        *("tesla", "thousand_island", "websock_adapter"),
    )
)
_ERLANG_LIBRARY = re.compile(
    r"^(?:src/)?(?:gen(?:_server|_statem|_event)?|proc_lib|supervisor|lists|maps|ets|erlang|erl_eval"
    r"|timer|io|file|string|binary|dict|application\w*|logger\w*|shell)\.erl$"
)


def read_elixir(text: str) -> Raised | None:
    """Return the error that began it: of one that wraps another, the one inside."""
    found = None
    for match in _RAISED.finditer(text):
        found = match
        if not match["message"].endswith(_WRAPS):
            break
    if found is None:
        return None
    frames = [_frame(frame) for frame in _FRAME.finditer(text, found.end())]
    return raised(found["type"], mask(found["message"]), frames)


def _frame(match: re.Match[str]) -> Frame:
    # The first frame of a call that did not fit shows the arguments themselves.
    call = match["call"].partition("(")[0].strip()
    library = match["app"] in _LIBRARIES or match["file"].startswith("deps/")
    return Frame(f"{short(match['file'])} in {call}", not library)


def read_erlang(text: str) -> Raised | None:
    """Return the error of a report: its reason's first word, or the words of a crash report."""
    if report := _REPORT.search(text):
        frames = [
            Frame(f"{short(file)} in {call}", not _ERLANG_LIBRARY.match(file))
            for call, file in _REPORT_FRAME.findall(text, report.end())
        ]
        return raised("error", mask(report[1]), frames)
    reason = _REASON.search(text)
    if reason is None:
        return None
    frames = [_term_frame(frame) for frame in _TERM_FRAME.finditer(text, reason.end())]
    return raised(reason[1], "", frames)


def _term_frame(match: re.Match[str]) -> Frame:
    arity = f"/{match['arity']}" if match["arity"] else ""
    place = f"{short(match['file'])} in {match['module']}:{match['function']}{arity}"
    return Frame(place, not _ERLANG_LIBRARY.match(match["file"]))
