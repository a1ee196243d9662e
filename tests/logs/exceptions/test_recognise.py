"""Stack traces of five languages, and fields of structured lines, to type, message and place."""

import json
from collections.abc import Mapping
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.logs.exceptions import exception_of
from exporters.logs.exceptions.model import Raised
from exporters.logs.exceptions.recognise import recognise
from exporters.logs.model import Line
from tests.logs.exceptions import stacks


def line(text: str, level: str = "error", fields: Mapping[str, str] | None = None) -> Line:
    return Line(0, "shop_web_1", "web", "shop", "stderr", level, text, fields or {})


@pytest.mark.parametrize(
    ("text", "kind", "message", "place"),
    [
        (
            stacks.PYTHON,
            "httpx.ConnectTimeout",
            "timed out after <n> s for card <n>",
            "shop/billing/cards.py in charge",
        ),
        (
            stacks.PYTHON_CHAIN,
            "shop.stock.take.<locals>.OutOfStock",
            "none left of <text>",
            "app/shop/stock.py in take",
        ),
        (
            stacks.PYTHON_GROUP,
            "ExceptionGroup",
            "unhandled errors in a TaskGroup (<n> sub-exceptions)",
            "/app/worker.py in main",
        ),
        (stacks.PYTHON_IN_LIBRARIES_ONLY, "KeyboardInterrupt", "", "<frozen runpy> in _run_code"),
        (
            stacks.ELIXIR,
            "Ecto.NoResultsError",
            "expected at least one result but got none in query:",
            "lib/shop/episodes.ex in Shop.Episodes.fetch!/1",
        ),
        (
            stacks.ELIXIR_ARGUMENTS,
            "FunctionClauseError",
            "no function clause matching in Shop.Mail.send/<n>",
            "lib/shop/mail.ex in Shop.Mail.send",
        ),
        (
            stacks.ELIXIR_WRAPPED,
            "Phoenix.Router.NoRouteError",
            "no route found for GET <path> (ShopWeb.Router)",
            "lib/shop_web/endpoint.ex in ShopWeb.Endpoint.plug_builder_call/2",
        ),
        (stacks.ERLANG, "badarith", "", "src/shop_cart.erl in shop_cart:total/1"),
        (stacks.ERLANG_SERVER, "badmatch", "", "src/shop_stock.erl in shop_stock:handle_call/3"),
        (
            stacks.ERLANG_CRASH,
            "error",
            "no match of right hand side value <data>",
            "src/shop_cart.erl in shop_cart:total/1",
        ),
        (
            stacks.GO,
            "runtime.Error",
            "index out of range [<n>] with length <n>",
            "internal/cart/cart.go in cart.(*Cart).At",
        ),
        (stacks.GO_HTTP, "panic", "no cart for <email>", "shop/web/handler.go in web.Handler"),
        (stacks.GO_FATAL, "fatal error", "concurrent map writes", "/src/fill.go in main.fill"),
        (
            stacks.JAVA,
            "org.springframework.dao.DataIntegrityViolationException",
            "could not execute statement; SQL <data>",
            "com.example.shop.Orders.lambda$save$",
        ),
        (
            stacks.JAVA_MAIN,
            "java.lang.IllegalStateException",
            "<n> of <n> parts",
            "com.example.shop.Main.main",
        ),
        (
            stacks.NODE,
            "TypeError",
            "The <text> argument must be of type string. Received undefined",
            "src/routes/orders.js in Orders.save",
        ),
        (stacks.NODE_DATABASE, "error", "relation <text> does not exist", "app/dist/db.js"),
        (stacks.NODE_NAMED, "OutOfStock", "none left of <n>", "/app/stock.js in take"),
    ],
)
def test_a_stack_trace_has_a_type_a_message_and_a_place(
    text: str, kind: str, message: str, place: str
) -> None:
    for written in (text, text.rstrip("\n"), f"worker says:\n{text}\n"):
        assert exception_of(line(written)) == Raised(kind, message, place)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("** (RuntimeError) cart 3 is empty", "RuntimeError", "cart <n> is empty"),
        ("panic: no settings", "panic", "no settings"),
    ],
)
def test_a_sign_is_enough_where_a_language_has_one(text: str, kind: str, message: str) -> None:
    assert exception_of(line(text)) == Raised(kind, message, "")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"level": "error", "err": "dial tcp 10.0.0.1:5432: refused", "caller": "db/pool.go:42"},
            Raised("error", "dial tcp <address>: refused", "db/pool.go"),
        ),
        (
            {"error.type": "ValueError", "error.message": "no 3", "error.stack_trace": ""},
            Raised("ValueError", "no <n>", ""),
        ),
        (
            {"event": "failed", "exception": stacks.PYTHON},
            Raised(
                "httpx.ConnectTimeout",
                "timed out after <n> s for card <n>",
                "shop/billing/cards.py in charge",
            ),
        ),
        (
            {
                "err.type": "OutOfStock", "err.message": "none of 3",
                "err.stack": stacks.NODE_NAMED,
            },
            Raised("OutOfStock", "none left of <n>", "/app/stock.js in take"),
        ),
        (
            {"err.type": "OutOfStock", "err.message": "none of 3"},
            Raised("OutOfStock", "none of <n>", ""),
        ),
        (
            {"error": "no cart", "stacktrace": "shop/web.Handler\n\t/src/web/handler.go:31\n"},
            Raised("error", "no cart", "src/web/handler.go in web.Handler"),
        ),
        ({"level": "error", "err": "10.1.2.3"}, Raised("error", "<address>", "")),
        ({"level": "error", "err": "db.example.com"}, Raised("error", "db.example.com", "")),
        (
            {"error": "no cart", "stack": r"shop/web.Handler\n\t/src/web/handler.go:31\n"},
            Raised("error", "no cart", "src/web/handler.go in web.Handler"),
        ),
        ({"exception": "java.lang.IllegalStateException", "message": "x"},
         Raised("java.lang.IllegalStateException", "", "")),
    ],
)  # fmt: skip
def test_fields_of_a_structured_line_tell_an_exception(
    fields: dict[str, str], expected: Raised
) -> None:
    assert exception_of(line(json.dumps(fields), fields=fields)) == expected


@pytest.mark.parametrize(
    ("text", "level", "fields"),
    [
        ("GET /errors/panic 200", "info", {}),
        ("two\nlines that are no stack trace", "error", {}),
        ("we look at\n  a list\n  of things", "unknown", {}),
        ("level=error error=null", "error", {"error": "null"}),
        ("level=info error=none", "info", {"error": "a bad day"}),
        ("level=warn error=late", "warning", {"error": "late"}),
        ("do not panic: all is well", "error", {}),
        ("Traceback (most recent call last):\n  File", "error", {}),
        ("    at the end of the day (so to say)\n    at last", "error", {}),
    ],
)
def test_what_tells_no_exception_is_none(text: str, level: str, fields: dict[str, str]) -> None:
    assert exception_of(line(text, level, fields)) is None


def test_the_same_mistake_has_the_same_fingerprint_after_a_move_of_lines() -> None:
    moved = stacks.PYTHON.replace("line 17", "line 19").replace("4711", "815")
    first, second = recognise(stacks.PYTHON), recognise(moved)
    assert first
    assert second
    assert first.fingerprint == second.fingerprint
    elsewhere = recognise(stacks.PYTHON.replace("in charge", "in refund"))
    assert elsewhere
    assert elsewhere.fingerprint != first.fingerprint


def test_of_an_endless_text_both_ends_are_looked_at() -> None:
    middle = '  File "/app/a.py", line 1, in f\n' * 20_000
    text = f"Traceback (most recent call last):\n{middle}RecursionError: maximum depth\n"
    assert recognise(text) == Raised("RecursionError", "maximum depth", "/app/a.py in f")


PIECES = st.sampled_from(
    [
        *("Traceback (most recent call last):", "\n", "\n  at ", "\tat ", "** (", ")", "panic: "),
        *(
            "goroutine 1 [",
            '  File "a", line 1, in f',
            "a.b.C: ",
            "Error: ",
            "(x.js:1:2)",
            "'",
            '"',
        ),
        *("with exit value:", "{a,", "[", "{", "}", "exception error: ", "  | ", "+-+-", "1", "\0"),
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join)))
def test_no_text_raises_and_what_is_found_fits_the_ledger(text: str) -> None:
    for found in (
        exception_of(line(text)),
        exception_of(line("x", fields={"error": text, "err.stack": text, "exc_type": text})),
    ):
        if found:
            words = f"{found.type}{found.message}{found.place}"
            assert found.type
            assert words.isprintable() or not words.isascii()
            assert "\0" not in words
            assert len(words) <= 620
            words.encode()


LONG = [
    *(
        "a",
        " ",
        "\t",
        "\n at",
        "** (",
        "/a",
        "a1-",
        "panic: ",
        'File "',
        "{a,b,[",
        "{a,b,1,[{file,",
    ),
    *("a.B: \n\tat a.b(c)", "Error", "A.b.", "a.b(", "\n a(b", "\n  at a (b:1", "[[file,", "\n\t"),
    *("http: panic serving ", "x\n\t", "a.go:1\n\t", "(", ")", "a(*", "\n a.b(", "\n    (a) b"),
    *(
        "1.1.",
        "::",
        "'",
        "=err",
        "err: ",
        "x@",
        "#A<",
        "http://",
        "\n  | ",
        "Caused by: \n",
        "a.b.C: ",
    ),
    *("an exception was raised:\n ** (A) ", "Traceback (most recent call last):\n", "\n{", "feed/"),
]


@pytest.mark.parametrize("piece", LONG, ids=repr)
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (20_000 // len(piece))
    started = process_time()
    for dressed in (
        text,
        f"Traceback (most recent call last):\n{text}\n",
        f"** (X) {text}\n",
        f"** (X) y\n{text}",
        f"panic: {text}\ngoroutine 1 [\n",
        f"panic: a\ngoroutine 1 [\n{text}",
        f"exception error: {text}\n at a ({text}:1:2)\n",
        f"with exit value: {{a,{text}",
        f"{text}\n\tat a.b(C.java)\n{text}",
        f"{text}\n    at a (x.js:1:2)\n{text}",
    ):
        exception_of(line(dressed))
    exception_of(line(f"err={text}", fields={"err": text, "stack": f"{text}\n{text}"}))
    assert process_time() - started < 3  # measured: 0.05; what grows as a square takes minutes
