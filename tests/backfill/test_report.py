"""`nearfield report`: three forms of the same rows, and what it says where there are none."""

import csv
import io
import json
from pathlib import Path

import pytest

from exporters import cli
from exporters.report import COLUMNS
from tests.backfill.conftest import Site
from tests.backfill.logs import lines, requests
from tests.embedded.fixtures import scratch_folder

DAYS = ("--from", "2026-03-01", "--to", "2026-03-03")


@pytest.fixture
def counted(site: Site) -> Site:
    """A site that knows nothing of one of its episodes."""
    site.write("a.log", lines("own", requests("report", 300)))
    known = (site.folder / "episodes.csv").read_text().splitlines()
    site.write("episodes.csv", "\n".join(known[:-1]).encode())
    assert site.backfill("a.log").code == 0
    return site


def test_table_json_and_csv_say_the_same(counted: Site) -> None:
    rows = json.loads(counted.run("report", *DAYS, "--format", "json").out)
    assert all(tuple(row) == COLUMNS for row in rows)
    text = list(csv.DictReader(io.StringIO(counted.run("report", *DAYS, "--format", "csv").out)))
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows] == text
    head, *table = counted.run("report", *DAYS).out.splitlines()
    assert head.split() == list(COLUMNS)
    assert [line.split()[:3] for line in table] == [
        [row["podcast"], row["episode"], f"{row['downloads']:,}"] for row in rows
    ]
    assert {type(row[name]) for row in rows for name in COLUMNS[:2]} == {str}
    assert {type(row[name]) for row in rows for name in COLUMNS[2:5]} == {int}


def test_episodes_of_unknown_size_are_named_and_one_podcast_can_be_asked_for(counted: Site) -> None:
    result = counted.run("report", *DAYS, "--format", "json")
    unknown = [row["episode"] for row in json.loads(result.out) if row["file_equivalents"] is None]
    assert unknown == ["9"]
    assert result.err == (
        "nearfield: measured at an assumed 128 kbit/s, since nobody told size and duration:"
        " news/9\n"
    )
    one = counted.run("report", *DAYS, "--format", "json", "--podcast", "talks")
    assert {row["podcast"] for row in json.loads(one.out)} == {"talks"}
    assert one.err == ""
    none = counted.run("report", "--from", "2020-01-01", "--to", "2020-01-02", "--format", "json")
    assert (none.code, json.loads(none.out)) == (0, [])
    assert none.err == "nearfield: no requests from 2020-01-01 to before 2020-01-02\n"


@pytest.mark.parametrize(
    ("days", "code", "error"),
    [
        (("2026-03-01", "2026-03-01"), 2, "nearfield: --to: wants a day after --from"),
        (("2026-03-41", "2026-03-01"), 2, "nearfield report: argument --from: wants a day such as"),
        (("2026-03-01", "2026-03-02"), 1, "nearfield: the ledger is empty or of another version"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(
    site: Site, days: tuple[str, str], code: int, error: str
) -> None:
    result = site.run("report", "--from", days[0], "--to", days[1])
    assert (result.code, result.out, len(result.err.splitlines())) == (code, "", 1)
    assert result.err.startswith(error)


def test_a_folder_without_a_ledger_gets_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", *DAYS, "--data-dir", str(tmp_path / "gone")]) == 1
    assert "nothing is counted there yet" in capsys.readouterr().err
    assert not (tmp_path / "gone").exists()


def test_a_data_folder_is_all_that_both_commands_need(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with scratch_folder() as folder:
        log, where = folder / "a.log", ("--data-dir", str(folder / "data"))
        log.write_bytes(lines("csv", requests("folder", 50)))
        assert cli.main(["backfill", str(log), *where]) == 0
        capsys.readouterr()
        assert cli.main(["report", *DAYS, "--format", "json", *where]) == 0
        rows = json.loads(capsys.readouterr().out)
        assert sum(row["requests"] for row in rows) > 40
