"""Where the files of users' log metrics are read, and by whom."""

import asyncio
from pathlib import Path

from exporters.core.definitions.elsewhere import Elsewhere
from exporters.core.definitions.watched import with_files
from exporters.core.exporter import Exporter
from exporters.core.exposition import ignore_drops
from exporters.logs.derived import LogMetrics
from tests.logs.derived.making import line, samples

SQL = Elsewhere("sql")
MIXED = """
shows:
  help: Shows.
  sql: SELECT count(*) FROM podcasts
sold_total: {from: logs, help: h, pattern: sold}
"""


async def test_files_are_read_where_no_database_is_asked(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(MIXED)
    metrics = LogMetrics(ignore_drops)
    exporter = with_files(Exporter("logs"), [SQL, metrics], [tmp_path / "*.yml"], tuple)
    assert exporter.reload
    await exporter.reload()
    metrics.read([line("sold")])
    assert list(samples(metrics).values()) == [1]
    assert [(health.fresh, health.reason) for health in exporter.health()] == [(True, "")]


async def test_a_changed_file_is_read_again_while_lines_come(tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    file.write_text(MIXED)
    metrics = LogMetrics(ignore_drops)
    [service] = with_files(Exporter("logs"), [SQL, metrics], [file], tuple).services
    task = asyncio.create_task(service.run())
    try:
        async with asyncio.timeout(60):
            while not samples(metrics):
                metrics.read([line("sold")])
                await asyncio.sleep(0.02)
            file.write_text(MIXED.replace("sold", "bought"))
            while 'bought_total{service="web",stack="shop"}' not in samples(metrics):
                metrics.read([line("bought")])
                await asyncio.sleep(0.02)
    finally:
        task.cancel()
        await asyncio.wait([task])


def test_without_files_nothing_is_added() -> None:
    exporter = Exporter("logs")
    assert with_files(exporter, [LogMetrics(ignore_drops)], (), tuple) is exporter
