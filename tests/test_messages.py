"""What people read when something is wrong, or when they ask: in files, to be read as prose.

Every message that the settings can give is in `golden/settings.txt`, the help of every command in
`golden/help.txt`. Remove a file to have it written anew; then read it.
"""

import argparse
import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel

from exporters import app, cli
from exporters.core.errors import SettingsError
from exporters.core.settings.model import subsections

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden"

# What people write by mistake; as TOML. Each setting gets all of them.
WRONG = (
    *("true", "-1", "0", "0.5", "99999999999999", '""', '"no such thing"', '"\\u0000"', '"é"'),
    *('"1 parsec"', '"0s"', '"1B"', '"s3:/x"', '"http://user:pw@host"', '":1"', '"("', '"()"'),
    *("[5]", '["x y"]', '["("]', '["http://u:p@h"]', "{a = 5}", '{a = "("}', '{"" = "x"}'),
    *('{a = "0s"}', '{a = "-1"}', "{a = -1}", '{"a b" = 0.5}', "{a = {}}"),
)

# Settings that are right each by itself, and wrong together; and what only a file can be.
TOGETHER: Mapping[str, str] = {
    "a file that is not there": '[ledger]\ndsn_file = "gone"\n',
    "a secret twice": '[ledger]\ndsn_file = "gone"\ndsn = "x"\n',
    "no text in the file of a secret": '[ledger]\ndsn_file = "bytes"\n',
    "a secret as long as a book": '[ledger]\ndsn_file = "long"\n',
    "the file of a secret is no path": "[ledger]\ndsn_file = 5\n",
    "a setting with a slip": '[web]\nlisen = ":1"\n',
    "a table with a slip": "[download]\n",
    "a table that is none of ours": "[x]\n",
    "a setting where a table stands": "web = 5\n",
    "TOML with a slip": "[web\n",
    "one TOML setting twice": '[web]\nlisten = ":1"\nlisten = ":2"\n',
    "labels that Prometheus could not tell apart": '[containers]\nlabels = ["a.b", "a-b"]\n',
    "a format with the name of ours": '[fastly.counting.formats]\nauto = {time = "t"}\n',
    "a certificate for a socket": '[docker]\nca_file = "x"\n',
    "half a certificate": '[docker]\nhost = "tcp://x:1"\ncert_file = "x"\n',
    "half a certificate for Loki": '[logs]\nloki_cert_file = "x"\n',
    "half a password for Loki": '[logs]\nloki_username = "x"\n',
    "two passwords for Loki": (
        '[logs]\nloki_token = "x"\nloki_username = "x"\nloki_password = "x"\n'
    ),
    "a small queue": '[logs]\nqueue_size = "1MiB"\n',
    "a large batch": '[logs]\nbatch_size = "8MiB"\n',
    "a pattern for lines that is none": '[logs]\nfirst_lines = {a = "("}\n',
    "a pattern for lines that matches nothing": '[logs]\nfirst_lines = {a = ""}\n',
}


def fields(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Yield the dotted path of every setting."""
    tables = subsections(model)
    yield from (f"{path}{name}" for name in model.model_fields if name not in tables)
    for name, table in tables.items():
        yield from fields(table, f"{path}{name}.")


def problems(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return what is wrong with a settings file, without the folder that the test runs in."""
    file = folder / "nearfield.toml"
    file.write_text(text)
    try:
        app.configured(app.read_settings(file, environ or {}))
    except SettingsError as error:
        return tuple(line.replace(f"{folder}/", "") for line in error.problems)
    return ()


def of_each(folder: Path) -> Iterator[str]:
    """Yield what each setting says to everything wrong, in the order of the settings."""
    paths = list(fields(app.Settings))
    told: dict[str, dict[str, None]] = {path: {} for path in paths}
    for value in WRONG:
        text = ""
        for path in paths:
            table, _, name = path.rpartition(".")
            head = f"[{table}]\n" if table else ""
            text += f"{'' if head in text else head}{name} = {value}\n"
        for line in problems(folder, text):
            path = max((path for path in paths if line.startswith(path)), key=len)
            told[path][line] = None
    for lines in told.values():
        yield from lines


def together(folder: Path) -> Iterator[str]:
    (folder / "bytes").write_bytes(b"\xff")
    (folder / "long").write_text("x" * 100_000)
    for what, text in TOGETHER.items():
        yield f"\n# {what}"
        yield from problems(folder, text)
    yield "\n# in the environment"
    yield from problems(folder, "", {"NEARFIELD_WEB__LISTEN": "x", "NEARFIELD_WEBB__LISTEN": "x"})
    yield "\n# nothing is configured"
    yield from problems(folder, "")
    for table, name in (("downloads", "downloads"), ("fastly", "fastly")):
        yield f"\n# an empty table [{table}], and `nearfield run {name}`"
        yield from problems(folder, f"[{table}]\n")


def compared(name: str, text: str) -> None:
    golden = GOLDEN / name
    if not golden.exists():
        golden.write_text(text)
        pytest.fail(f"{golden} was not there: read it")
    assert text == golden.read_text()


def test_every_message_of_the_settings_is_one_that_we_have_read(tmp_path: Path) -> None:
    lines = ["# one setting, wrong in every way", *of_each(tmp_path), *together(tmp_path)]
    compared("settings.txt", "\n".join(lines) + "\n")


def test_every_wish_in_the_code_is_among_the_messages() -> None:
    read = (GOLDEN / "settings.txt").read_text()
    names = ("settings.py", "counting.py", "quantities.py")
    modules = [module for name in names for module in (ROOT / "exporters").rglob(name)]
    wishes = [text for module in modules for text in _wishes(ast.parse(module.read_text()))]
    assert len(wishes) > 20
    assert [text for text in wishes if text not in read] == []


def _wishes(tree: ast.AST) -> Iterator[str]:
    """Yield the longest constant part of what each `wants` asks for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "wants":
            yield _longest(node.args[0])


def _longest(node: ast.expr) -> str:
    texts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
    return max((text for text in texts if isinstance(text, str)), key=len, default="")


def test_no_message_of_the_settings_breaks_the_manners_of_a_message() -> None:
    for line in (GOLDEN / "settings.txt").read_text().splitlines():
        assert not re.search(r"pydantic|Traceback|input_value|\bNone\b|<class", line), line
        assert len(line) < 320, line
        assert not line.endswith("."), line


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from commands(command)


def test_every_help_text_is_one_that_we_have_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    texts = [f"$ {each.prog} --help\n{each.format_help()}" for each in commands(cli._parser())]
    compared("help.txt", "\n".join(texts))


def test_every_command_and_argument_has_a_sentence() -> None:
    for parser in commands(cli._parser()):
        assert parser.description, parser.prog
        for action in parser._actions:
            choice = isinstance(action, argparse._SubParsersAction)
            assert choice or action.help, f"{parser.prog}: {action.dest}"


def test_every_setting_says_something_when_it_is_wrong() -> None:
    lines = (GOLDEN / "settings.txt").read_text().splitlines()
    silent = [p for p in fields(app.Settings) if not any(line.startswith(p) for line in lines)]
    assert silent == []
