"""Commands on a ledger of each test's own, as a user would give them."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
import pytest

from exporters import cli
from tests.backfill.logs import CSV, Row, key
from tests.fastly.s3.conftest import endpoint, store

__all__ = ["endpoint", "store"]

_FILE_BY_FILE = """
import sys
from exporters.backfill import loads
from exporters.cli import main
loads.MANY = 1
sys.exit(main())
"""
FIRST, END = date(2026, 3, 1), date(2026, 3, 4)


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Site:
    """A folder with logs, settings and a CSV of episodes, and a ledger."""

    folder: Path
    dsn: str
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> Done:
        """Run a command of `nearfield` with our settings."""
        try:
            code = cli.main([*arguments, "--config", "nearfield.toml"])
        except SystemExit as exit_:
            code = int(str(exit_.code))
        output = self.capsys.readouterr()
        return Done(code, output.out, output.err)

    def start(self, folder: str) -> subprocess.Popen[bytes]:
        """Start a backfill as a process of its own, in which each file is a transaction."""
        options = ["--episodes", "episodes.csv", "--config", "nearfield.toml"]
        return subprocess.Popen(
            [sys.executable, "-c", _FILE_BY_FILE, "backfill", folder, *options],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def backfill(self, *paths: str) -> Done:
        """Count logs, with what the CSV says of the episodes."""
        return self.run("backfill", *paths, "--episodes", "episodes.csv")

    def report(self, first: date = FIRST, end: date = END) -> list[Row]:
        """The rows of a report, in a fixed order."""
        found = self.run("report", "--from", str(first), "--to", str(end), "--format", "json")
        assert found.code == 0, found.err
        rows: list[Row] = json.loads(found.out)
        return sorted(rows, key=key)

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the folder."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(content)

    def rows(self, query: str) -> Sequence[tuple[object, ...]]:
        """Ask the ledger."""
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query.encode()).fetchall()


def done(process: subprocess.Popen[bytes]) -> Done:
    """Wait for the end of a command."""
    out, err = process.communicate(timeout=120)
    return Done(process.returncode, out.decode(), err.decode())


@pytest.fixture
def site(
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Site:
    """A site with an empty ledger; its folder is where we are."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dsn").write_text(database)
    (tmp_path / "nearfield.toml").write_text('data_dir = "data"\n[ledger]\ndsn_file = "dsn"\n')
    (tmp_path / "episodes.csv").write_text(CSV)
    return Site(tmp_path, database, capsys)
