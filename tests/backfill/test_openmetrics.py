"""History as OpenMetrics: what promtool makes blocks of, and a real Prometheus answers for."""

import subprocess
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exporters.backfill.openmetrics import COMMAND, Writer, parse_labels, samples
from exporters.core.errors import SettingsError, StartError
from tests.backfill.conftest import END, FIRST, Site
from tests.backfill.logs import lines, report, requests
from tests.e2e.processes import Prometheus as Asked
from tests.e2e.processes import free_port, get, until
from tests.programs import program

LABELS = ("--label", "job=nearfield", "--label", "instance=old\\one")


def test_a_prometheus_answers_for_the_history(site: Site) -> None:
    program("promtool", package="prometheus")
    found = requests("history", 2000)
    site.write("a.log", lines("own", found[:1200]))
    site.write("b.log", lines("csv", found[1200:]))
    first = site.backfill("a.log")
    assert first.code == 0
    # Also of files that were counted before.
    result = site.run("backfill", "a.log", "b.log", "b.log", "--openmetrics", "history", *LABELS)
    assert result.code == 0, result.err
    (command,) = (line for line in result.out.splitlines() if "promtool" in line)
    assert command == f"  {COMMAND} history DATA"
    words = command.replace("DATA", "blocks").split()
    done = subprocess.run(words, check=False, capture_output=True, cwd=site.folder)
    assert done.returncode == 0, done.stderr
    with _prometheus(site.folder / "blocks") as url:
        ends = int(datetime(END.year, END.month, END.day, tzinfo=UTC).timestamp()) - 86400
        prometheus = Asked(url)
        rows = report([("own", found[:1200]), ("csv", found[1200:])], FIRST, END)
        by_show: Counter[str] = Counter()
        for row in rows:
            by_show[str(row["podcast"])] += int(str(row["downloads"]))
        asked = f"sum by (podcast) (podcast_downloads_total @ {ends})"
        assert prometheus.query(asked) == {(("podcast", n),): v for n, v in by_show.items()}
        total = f'sum(podcast_requests_total{{job="nearfield",instance="old\\\\one"}} @ {ends})'
        assert prometheus.query(total) == {(): 2000.0}
        assert prometheus.query(f"sum(cdn_requests_total @ {ends})") == {(): 2000.0}
        sent = sum(int(str(row["bytes"])) for row in rows)
        assert prometheus.query(f"sum(podcast_delivered_bytes_total @ {ends})") == {(): sent}
        status = Counter(str(each.status) for each in found)
        asked = f"sum by (status) (increase(cdn_requests_total[49h] @ {ends + 1}))"
        for labels, value in prometheus.query(asked).items():
            assert value == pytest.approx(status[dict(labels)["status"]], rel=0.05)


def test_a_counter_has_a_sample_for_every_hour_of_the_days_on_which_it_moved() -> None:
    day = 100 * 24
    found = list(samples([(day + 2, 5), (day + 25, 1), (day + 100, 2)]))
    at = [(time // 3600 - day, value) for time, value in found]
    assert at[:5] == [(0, 0), (1, 0), (2, 0), (3, 5), (4, 5)]
    assert at[23:28] == [(23, 5), (24, 5), (25, 5), (26, 6), (27, 6)]
    assert at[48] == (48, 6)
    assert at[49:55] == [(96, 6), (97, 6), (98, 6), (99, 6), (100, 6), (101, 8)]
    assert at[-1] == (120, 8)


def test_a_counter_never_decreases() -> None:
    values = [value for _, value in samples([(0, 5), (1, -2), (2, 1), (3, 4)])]
    assert values[:6] == [0, 5, 5, 5, 8, 8]


def test_labels_are_checked_all_at_once() -> None:
    assert parse_labels(["a=b", "c=d=e"]) == [("a", "b"), ("c", "d=e")]
    with pytest.raises(SettingsError) as error:
        parse_labels(["a", "1=b", "__x=y", "podcast=p", "ok=1", "ok=2"])
    assert len(error.value.problems) == 5


def test_a_file_that_was_not_finished_has_not_its_name(tmp_path: Path) -> None:
    file = tmp_path / "history"
    with pytest.raises(ZeroDivisionError), Writer(file, []):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StartError, match="cannot be written: no such file"):
        Writer(tmp_path / "gone" / "history", []).__enter__()


class _prometheus:  # noqa: N801 - a context manager
    """A Prometheus over some blocks, which it does not scrape anything beside."""

    def __init__(self, blocks: Path) -> None:
        self._blocks = blocks

    def __enter__(self) -> str:
        port = free_port()
        config = self._blocks / "prometheus.yml"
        config.write_text("scrape_configs: []\n")
        self._log = (self._blocks / "log").open("wb")
        self._process = subprocess.Popen(
            [
                program("prometheus", package="prometheus"),
                f"--config.file={config}",
                f"--storage.tsdb.path={self._blocks}",
                "--storage.tsdb.retention.time=100y",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=self._log,
            stderr=self._log,
        )
        url = f"http://127.0.0.1:{port}"
        until(lambda: get(f"{url}/-/ready")[0] == 200, "Prometheus is up")
        return url

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._log.close()
