"""The ledger knows the app's episodes, and app and stream are compared day by day."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import psycopg
import pytest

from exporters.downloads.catalogue import facts
from exporters.downloads.model import Episode
from tests.core.postgres import Postgres
from tests.downloads.bench import Bench, bench
from tests.fastly.traffic import Counting, counting, request

TODAY = datetime.combine(datetime.now(UTC).date(), time(1), UTC)


@pytest.fixture
async def count(database: str, tmp_path: Path) -> AsyncIterator[Counting]:
    async with counting(database, tmp_path) as state:
        state.now = TODAY
        yield state


@pytest.fixture
async def both(postgres: Postgres, app_name: str, count: Counting) -> AsyncIterator[Bench]:
    async with bench(postgres.conninfo(app_name), count.ledger.database) as on_bench:
        yield on_bench


async def test_the_ledger_is_told_of_public_episodes_once(
    both: Bench, count: Counting, app: psycopg.Connection
) -> None:
    await both.poll("episodes", "catalogue")
    told = await count.rows("SELECT count(*), count(audio_bytes) FROM nearfield.episodes")
    shown = both.page()["podcast_episode_downloads"]
    assert told[0][0] >= len(shown) > 0
    written = await count.value("SELECT max(xmin::text::bigint) FROM nearfield.episodes")
    await both.poll("episodes", "catalogue")
    assert written == await count.value("SELECT max(xmin::text::bigint) FROM nearfield.episodes")
    app.execute("UPDATE episodes SET audio_bytes = 4321 WHERE published")
    await both.poll("episodes", "catalogue")
    sizes = await count.rows("SELECT DISTINCT audio_bytes FROM nearfield.episodes")
    assert sizes == [(4321,)]


def test_what_no_file_can_have_is_left_out() -> None:
    def told(size: float | None, duration: float | None) -> tuple[int | None, float | None]:
        (one,) = facts([Episode("show", "1", None, "", 0.0, size, duration, None, None)])
        return one.audio_bytes, one.duration_seconds

    assert told(100.0, 60.5) == (100, 60.5)
    assert told(0.0, -1.0) == (None, None)
    assert told(float("nan"), float("inf")) == (None, None)
    assert told(1e30, None) == (None, None)


async def test_app_and_stream_are_compared_on_the_newest_day_that_both_have_whole(
    both: Bench, count: Counting, app: psycopg.Connection
) -> None:
    episode, slug, show = app.execute(
        "SELECT e.id, e.slug, p.slug FROM episodes e JOIN podcasts p ON p.id = e.podcast_id"
        " WHERE e.published AND e.published_at < now() - interval '4 days' AND p.status <> 0"
        " ORDER BY e.id LIMIT 1"
    ).fetchone() or (0, "", "")
    app.execute("UPDATE episodes SET audio_bytes = 1000000 WHERE id = %s", [episode])
    app.execute("DELETE FROM episode_stats")
    for days, downloads in ((0, 9.0), (1, 4.0), (2, 8.0)):
        app.execute(
            "INSERT INTO episode_stats (date, episode_id, downloads, inserted_at, updated_at)"
            " VALUES (%s, %s, %s, now(), now())",
            [(TODAY - timedelta(days=days)).date(), episode, downloads],
        )
    await both.poll("episodes", "catalogue")
    path = f"/uploads/{show}/{slug}/x.mp3"
    for days, listeners in ((0, 1), (1, 3), (2, 1)):
        moment = (TODAY - timedelta(days=days)).isoformat()
        await count.send(
            *(
                request(
                    path=path, time=moment, body_bytes=1_000_000, client_ip=f"192.0.2.{n}",
                    status=200, range="", content_range="",
                )
                for n in range(listeners)
            )
        )  # fmt: skip
    await both.poll("reconciliation")
    assert both.page()["podcast_reconciliation_ratio"] == {(show,): 0.75}
