"""Archived logs are counted once, whatever happens; a report agrees with plain counting."""

import gzip
import os
import shutil
import signal
import sys
from time import monotonic, sleep

import pytest

from exporters.backfill import contents, loads
from tests.backfill.conftest import END, FIRST, Site, done
from tests.backfill.logs import CSV, lines, report, requests, split

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

KILLS = range(2, 50, 4) if os.environ.get("NEARFIELD_TEST_SOAK") else (5,)
"""Files that are counted when the process is killed."""


def test_mixed_formats_and_compressions_agree_with_plain_counting(site: Site) -> None:
    own, stock, csv = (requests(form, 400) for form in ("own", "stock", "csv"))
    site.write("logs/a.log", lines("own", own))
    site.write("logs/deep/b.json.gz", gzip.compress(lines("stock", stock)))
    site.write("logs/deep/c.csv.zst", zstd.compress(lines("csv", csv)))
    site.write("logs/.hidden", lines("csv", own))
    found = site.backfill("logs")
    assert (found.code, found.out, found.err) == (0, "1,200 lines of 3 files read\n", "")
    mixed = [("own", own), ("stock", stock), ("csv", csv)]
    assert site.report() == report(mixed, FIRST, END)
    assert site.report(FIRST, FIRST.replace(day=2)) == report(mixed, FIRST, FIRST.replace(day=2))
    # The same again: renamed, compressed otherwise, and as one of several copies.
    site.write("again/x.gz", gzip.compress(lines("own", own), 1))
    site.write("again/y", lines("own", own))
    site.write("again/z.zst", zstd.compress(lines("stock", stock)))
    again = site.backfill("again/*", "logs")
    assert again.code == 0
    assert again.out == "0 lines of 0 files read; 6 files of 6 had been counted before\n"
    assert site.report() == report(mixed, FIRST, END)
    assert not any((site.folder / "data" / "backfill").iterdir())


def test_a_large_file_is_counted_in_parts_each_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "PART", 20_000)
    monkeypatch.setattr(loads, "FULL", 50_000)
    found = requests("large", 800)
    whole = lines("own", found)
    site.write("cut.log", whole[: len(whole) // 2])
    assert site.backfill("cut.log").code == 0
    parts = site.rows("SELECT FROM nearfield.files")
    assert len(parts) > 5
    # It has grown since: what was a whole part is not counted again, its last lines are.
    site.write("whole.log.gz", gzip.compress(whole))
    assert site.backfill("whole.log.gz").code == 0
    twice = int(str(site.rows("SELECT sum(requests) FROM nearfield.hours")[0][0])) - 800
    assert 0 < twice < 100
    before = site.report()
    site.write("again.log", whole)
    again = site.backfill("again.log").out
    assert again == "0 lines of 0 files read; 1 files of 1 had been counted before\n"
    assert site.report() == before


def test_what_cannot_be_read_is_told_and_the_rest_is_counted(site: Site) -> None:
    found = requests("broken", 200)
    whole = gzip.compress(lines("own", found))
    site.write("logs/bad.gz", whole[:-20])
    site.write("logs/good.log", lines("own", found[:100]) + b"nonsense\n")
    site.write("episodes.csv", f"{CSV}talks,3,many,60,\n\ntalks,4,1,1,yesterday\n".encode())
    result = site.backfill("logs/*", "gone.log")
    assert result.code == 1
    assert result.err.splitlines() == [
        "nearfield: episodes.csv, line 6: audio_bytes wants a whole number over zero",
        "nearfield: episodes.csv, line 8: published_at wants a time such as 2026-10-09T08:00:00Z",
        "nearfield: gone.log: no such file or folder",
        "nearfield: logs/bad.gz: the gzip body breaks off",
        "nearfield: 4 problems are told above; all else is counted",
    ]
    assert result.out.splitlines() == [
        "101 lines of 1 files read",
        "1 lines were left out: malformed 1",
        f"some of them are kept in {site.folder}/data/quarantine, addresses masked",
    ]
    assert "nonsense" in (site.folder / "data/quarantine/rejected.jsonl").read_text()
    assert site.report() == report([("own", found[:100])], FIRST, END)
    site.write("logs/bad.gz", whole)
    assert site.run("backfill", "logs/bad.gz").code == 0
    assert site.report() == report([("own", found), ("own", found[:100])], FIRST, END)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--format", "morse"), "--format: no such format: morse; there are: auto, csv, event, "),
        (("--label", "a=b"), "--label: is of use with --openmetrics alone"),
        (
            ("--openmetrics", "o", "--label", "pop=b"),
            "--label pop=b: the label pop is taken",
        ),
        (("--episodes", "gone"), "--episodes: gone: cannot be read: no such file or directory"),
        (("--episodes", "nearfield.toml"), "--episodes: nearfield.toml: its first line lacks the"),
    ],
)
def test_wrong_usage_is_told_in_one_line_before_anything_begins(
    site: Site, arguments: tuple[str, ...], error: str
) -> None:
    result = site.run("backfill", "logs", *arguments)
    assert (result.code, len(result.err.splitlines())) == (2, 1)
    assert result.err.startswith(f"nearfield: {error}")
    assert site.rows("SELECT to_regclass('nearfield.files')") == [(None,)]


def test_a_closed_day_of_a_show_takes_no_more_and_the_neighbours_are_counted(site: Site) -> None:
    found = requests("closed", 300, days=1)
    talks = [each for each in found if each.episode.podcast == "talks"]
    news = [each for each in found if each.episode.podcast == "news"]
    site.write("a.log", lines("own", talks[:50]))
    assert site.backfill("a.log").code == 0
    close = (
        "UPDATE nearfield.days SET written_at = now() - interval '9 days' RETURNING"
        " (SELECT count(*) FROM nearfield.days)"
    )
    assert site.rows(close)
    # The next one, which has nothing to count, tidies up.
    site.write("empty.log", b"")
    assert site.backfill("empty.log").code == 0
    assert site.rows("SELECT key FROM nearfield.days") == [(None,)]
    site.write("b.log", lines("own", talks[50:]))
    site.write("c.log", lines("own", news))
    result = site.backfill("b.log", "c.log", "a.log")
    assert result.code == 1
    assert result.err.splitlines()[0] == (
        "nearfield: b.log: 2026-03-01 is closed and has lines of talks: to count more would count"
        " them twice"
    )
    counted = report([("own", talks[:50]), ("own", news)], FIRST, END)
    assert site.report() == counted


@pytest.mark.soak
def test_a_backfill_that_is_killed_goes_on_where_it_was(site: Site) -> None:
    found = requests("killed", 6000)
    for number, share in enumerate(split(found, 60)):
        site.write(f"logs/{number:03}.log", lines("own", share))
    for wanted in KILLS:
        process = site.start("logs")
        _wait_for_files(site, wanted)
        process.send_signal(signal.SIGKILL)
        done(process)
        assert len(site.rows("SELECT FROM nearfield.files")) < 60
    result = site.backfill("logs")
    assert result.code == 0, result.err
    assert "files of 60 had been counted before" in result.out
    assert site.report() == report([("own", found)], FIRST, END)
    assert site.rows("SELECT count(*) FROM nearfield.files") == [(60,)]


def test_two_backfills_at_once_count_each_file_once(site: Site) -> None:
    found = requests("twice", 1000)
    for number, share in enumerate(split(found, 10)):
        site.write(f"logs/{number:03}.log", lines("own", share))
    shutil.copytree(site.folder / "logs", site.folder / "copies")
    both = [site.start(name) for name in ("logs", "copies")]
    results = [done(process) for process in both]
    assert [result.code for result in results] == [0, 0], results
    assert site.report() == report([("own", found)], FIRST, END)


def test_a_signal_ends_it_in_order(site: Site) -> None:
    found = requests("stopped", 3000)
    for number, share in enumerate(split(found, 30)):
        site.write(f"logs/{number:03}.log", lines("own", share))
    process = site.start("logs")
    _wait_for_files(site, 1)
    process.send_signal(signal.SIGTERM)
    result = done(process)
    assert result.code == 1
    assert result.err == "nearfield: stopped; the same command again goes on from here\n"
    assert not any((site.folder / "data" / "backfill").iterdir())


def _wait_for_files(site: Site, wanted: int) -> None:
    end = monotonic() + 60
    while not (
        site.rows("SELECT 1 WHERE to_regclass('nearfield.files') IS NOT NULL")
        and len(site.rows("SELECT FROM nearfield.files")) >= wanted
    ):
        assert monotonic() < end
        sleep(0.02)
