"""The days before the demo: log lines of what the app counted then, brought into the ledger.

A process of its own at low priority, so that the demo is there at once: `python -m` this module
with the demo's folder.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg

from exporters import backfill
from exporters.demo.child import carry_out
from exporters.demo.sample import APP, READER
from exporters.embedded.server import EmbeddedServer
from exporters.embedded.traffic.past import Counted, past

DAYS = 3
_COUNTED = """
    SELECT podcasts.slug, episodes.slug, episodes.audio_bytes, episodes.published_at,
        episode_stats.total_bytes
    FROM episode_stats
    JOIN episodes ON episodes.id = episode_stats.episode_id
    JOIN podcasts ON podcasts.id = episodes.podcast_id
    WHERE episode_stats.date = %s AND episodes.audio_bytes > 0
    ORDER BY podcasts.slug, episodes.published_at DESC, episodes.id
"""


async def bring(folder: Path, today: date) -> None:
    """Count the days before `today`; those that were counted before are left out."""
    logs = folder / "past"
    logs.mkdir(exist_ok=True)
    dsn = EmbeddedServer(folder).dsn(APP, role=READER)
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        for ago in range(DAYS, 0, -1):
            day = today - timedelta(days=ago)
            cursor = await connection.execute(_COUNTED, (day,))
            _write(logs / f"{day}.log", day, await cursor.fetchall())
    try:
        await backfill.run(backfill.Orders([str(logs / "*.log")]), None, folder, {})
    finally:
        shutil.rmtree(logs)


def _write(file: Path, day: date, rows: Sequence[tuple[str, str, int, datetime, int]]) -> None:
    counted = (
        Counted(podcast, episode, size, published.replace(tzinfo=UTC), sent)
        for podcast, episode, size, published, sent in rows
    )
    with file.open("wb") as out:
        out.writelines(line + b"\n" for line in past(day, counted))


if __name__ == "__main__":
    os.nice(5)
    sys.exit(carry_out(bring(Path(sys.argv[1]), datetime.now(UTC).date())))
