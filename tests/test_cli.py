import re
import subprocess
import sys
from pathlib import Path

import pytest

from exporters import app, cli


def nearfield(
    capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, list[str], list[str]]:
    """Run a command in this process: its exit code, its lines, its lines of error."""
    try:
        code = cli.main(arguments)
    except SystemExit as exit_:
        code = int(str(exit_.code))
    output = capsys.readouterr()
    return code, output.out.splitlines(), output.err.splitlines()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((), "nearfield: the following arguments are required: COMMAND; see nearfield --help"),
        (("run", "nothing"), "nearfield: nothing: no such exporter; there are: .*"),
        (("run", "--fast"), "nearfield: unrecognized arguments: --fast; see nearfield --help"),
        (
            ("check", "--config", "gone"),
            "nearfield: gone: cannot be read: No such file or directory",
        ),
        (
            ("demo", "--slack-url-file", "gone"),
            "nearfield demo: argument --slack-url-file: wants a file that is there; see .*",
        ),
        (("run", "downloads"), r"nearfield: downloads\.app_dsn_file: wants a file with .*"),
    ],
)
def test_wrong_usage_and_settings_are_told_in_one_line_each(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], error: str
) -> None:
    code, out, err = nearfield(capsys, *arguments)
    assert (code, out, len(err)) == (2, [], 1)
    assert re.fullmatch(error, err[0])


def test_nothing_configured_says_what_each_exporter_lacks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, err = nearfield(capsys, "run")
    assert code == 2
    assert "nearfield demo" in err[0]
    assert len(err) == 1 + len(app.KINDS)
    assert all(line.startswith("nearfield: ") for line in err)


def test_check_tells_every_problem_and_no_value(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "nearfield.toml"
    file.write_text('[web]\nlisten = "hunter2"\n[downloads]\ninterval = "hunter2"\napp_dsn = 5\n')
    code, _, err = nearfield(capsys, "check")
    assert code == 2
    assert [line.split(": ")[1] for line in err] == [
        "web.listen",
        "downloads.app_dsn",
        "downloads.interval",
    ]
    assert "hunter2" not in "".join(err)


def test_check_says_what_would_run_and_what_else_could(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "nearfield.toml").write_text("[containers]\n")
    code, out, err = nearfield(capsys, "check")
    assert (code, err) == (0, [])
    assert out[0] == "The settings are right. `nearfield run` would run: containers, deploys"
    assert len(out) == 1 + len(app.KINDS) - 2
    assert any("logs.loki_url: wants the address" in line for line in out)


def test_help_and_version_are_no_errors(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (("--help",), ("run", "--help"), ("--version",)):
        code, out, err = nearfield(capsys, *arguments)
        assert (code, err) == (0, [])
        assert out


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "exporters", "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == f"nearfield {app.VERSION}\n"
