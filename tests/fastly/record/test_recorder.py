"""A recorder: bounded pieces, batches once, interrupted at any moment."""

import asyncio
import itertools
import random
from pathlib import Path

import pytest

from exporters.core.errors import SourceUnavailable
from exporters.fastly.measure import Networks, read_networks
from exporters.fastly.record.pieces import kept, pieces
from exporters.fastly.record.recorder import PIECE
from exporters.fastly.settings import FastlySettings
from exporters.ledger import EpisodeFacts
from tests.fastly.oracle import count as plain_count
from tests.fastly.record.test_oracle import FILES, found, prepare, same, split, traffic
from tests.fastly.traffic import NOON, Counting, body, counting, part, request, segment


@pytest.mark.parametrize("limit", [1, 700, 5000, 1 << 20])
def test_pieces_have_every_line_of_the_batches_once(tmp_path: Path, limit: int) -> None:
    bodies = [body([request(client_ip=f"{n}.{m}") for m in range(n)]) for n in range(7)]
    one = segment(tmp_path, *bodies)
    batches = tuple(batch for n, batch in enumerate(one.batches) if n not in (2, 5))
    found = [piece.read_bytes() for piece in pieces(one.path, batches, limit, tmp_path)]
    assert b"".join(found) == b"".join(each for n, each in enumerate(bodies) if n not in (2, 5))
    assert all(piece.endswith(b"\n") for piece in found)
    assert all(len(piece) < limit + len(bodies[1]) + 1 for piece in found)
    assert [file.suffix for file in tmp_path.iterdir()] == [".log"]


def test_a_log_that_is_one_piece_is_not_copied(tmp_path: Path) -> None:
    one = segment(tmp_path, body([request()]), body([request(status=200)]))
    assert list(pieces(one.path, one.batches, 1 << 20, tmp_path)) == [one.path]


def test_a_segment_and_the_batch_that_fills_it_are_one_piece() -> None:
    assert FastlySettings().segment_size * 5 // 4 <= PIECE


def test_pieces_are_alike_in_size(tmp_path: Path) -> None:
    one = segment(tmp_path, *[body([request()])] * 30)
    limit = one.size * 7 // 10
    sizes = [piece.stat().st_size for piece in pieces(one.path, one.batches, limit, tmp_path)]
    assert sizes == [one.size // 2] * 2


def test_a_segment_without_lines_has_no_pieces(tmp_path: Path) -> None:
    one = segment(tmp_path, b"")
    assert list(pieces(one.path, one.batches, 1 << 20, tmp_path)) == []


def test_a_batch_is_kept_once_unless_nobody_repeats_it(tmp_path: Path) -> None:
    same = body([request()])
    one = segment(tmp_path, same, same, body([request(status=200)]))
    assert kept(one, ()) == (one.batches[0], one.batches[2])
    assert kept(one, {one.batches[0].digest}) == (one.batches[2],)


async def test_a_piece_counts_as_a_segment_does(database: str, tmp_path: Path) -> None:
    chance = random.Random("pieces")
    async with counting(database, tmp_path, piece=9000) as state:
        await prepare(state, "show")
        lines = list(traffic(chance, "show", 200, 60))
        await state.batches(*(body(batch) for batch in split(chance, lines, 5)))
        same(await found(state, "show"), plain_count(lines, FILES))


async def test_interrupted_at_any_moment_a_segment_counts_once(
    database: str, tmp_path: Path
) -> None:
    chance = random.Random("interrupted")
    interruptions = 0
    async with counting(database, tmp_path, piece=20_000) as state:
        await prepare(state, "show")
        lines = list(traffic(chance, "show", 300, 60))
        for batch in split(chance, lines, 6):
            one = segment(tmp_path, body(batch))
            for attempt in itertools.count(1):
                recording = asyncio.create_task(state.recorder.record(one))
                await asyncio.wait([recording], timeout=chance.random() * 0.1 * attempt)
                if recording.done():
                    await recording
                    break
                recording.cancel()
                interruptions += 1
                with pytest.raises(asyncio.CancelledError):
                    await recording
        same(await found(state, "show"), plain_count(lines, FILES))
    assert interruptions


async def test_a_batch_counted_elsewhere_meanwhile_is_left_out(count: Counting) -> None:
    one, other = body([request()]), body([request(client_ip="192.0.2.2")])
    repeated = count.ledger.repeated
    calls = 0

    class Behind:
        """A ledger that does not know yet what another worker has counted."""

        def __getattr__(self, name: str) -> object:
            return getattr(count.ledger, name)

        async def repeated(self, *args: object) -> frozenset[str]:
            nonlocal calls
            calls += 1
            return frozenset() if calls == 1 else await repeated(*args)  # type: ignore[arg-type]

    await count.batches(one)
    object.__setattr__(count.recorder, "ledger", Behind())
    recorded = await count.batches(one, other)
    assert (recorded.repeated, recorded.lines) == (1, 1)
    assert await count.outcomes() == {"counted": 2}


async def test_a_day_takes_one_transaction_at_a_time(count: Counting) -> None:
    await count.send(request())
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(60):
        async with count.ledger.database.writing() as other:
            await other.execute("SELECT FROM nearfield.days FOR NO KEY UPDATE")
            sending = asyncio.create_task(count.send(request(client_ip="192.0.2.2")))
            while not await count.value(waiting):
                await asyncio.sleep(0.01)
            assert await count.outcomes() == {"counted": 1}
        await sending
    assert await count.outcomes() == {"counted": 2}


async def test_a_batch_is_forgotten_after_a_day(count: Counting) -> None:
    await count.send(request())
    count.now = NOON.replace(day=10, hour=13)
    await count.ledger.tidy(count.now)
    assert (await count.send(request())).repeated == 0
    assert await count.outcomes() == {"counted": 1, "repeat": 1}


async def test_an_archived_file_counts_once_whatever_its_name(count: Counting) -> None:
    first = await count.backfill(request())
    again = await count.backfill(request())
    assert (first.lines, again.lines) == (1, 0)
    assert again.committed_at is None
    assert await count.downloads() == {("2026-10-09", "1"): 1}


async def test_a_ledger_that_is_gone_leaves_nothing_half_done(
    database: str, tmp_path: Path
) -> None:
    async with counting(database, tmp_path) as state:
        await state.tell(EpisodeFacts("show", "1", None, 10_000_000, 600.0))
        kill = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        one = segment(
            tmp_path, body(part(0, 1_000_000, client_ip=f"10.0.0.{n}") for n in range(99))
        )
        recording = asyncio.create_task(state.recorder.record(one))
        lost = 0
        while not recording.done():
            await asyncio.sleep(0.02)
            await state.rows(kill)
            if recording.done() and recording.exception() and lost < 3:
                assert isinstance(recording.exception(), SourceUnavailable)
                lost += 1
                recording = asyncio.create_task(state.recorder.record(one))
        await asyncio.wait([recording])
        await state.recorder.record(one)
        assert await state.downloads() == {("2026-10-09", "1"): 99}


async def test_listeners_in_data_centres_are_none_and_relays_are(
    database: str, tmp_path: Path
) -> None:
    (tmp_path / "clouds").write_text("198.51.100.0/24\n2001:db8::/32\n")
    (tmp_path / "relays").write_text("198.51.100.128/25\n")
    networks = Networks(
        datacenters=read_networks([tmp_path / "clouds"]),
        relays=read_networks([tmp_path / "relays"]),
    )
    async with counting(database, tmp_path, networks=networks) as state:
        addresses = ("198.51.100.1", "2001:db8::5", "198.51.100.200", "192.0.2.1")
        await state.send(*(request(client_ip=address) for address in addresses))
        assert await state.outcomes() == {"datacenter": 2, "counted": 2}


async def test_nothing_that_a_line_says_can_stop_the_ledger(count: Counting) -> None:
    huge = 999_999_999_999
    await count.send(
        request(path="/uploads/a\x00b/1/x.mp3"),
        request(path=f"/uploads/{'x' * 5000}/1/x.mp3"),
        request(path=f"/uploads/show/{'é' * 199}/x.mp3"),
        request(path="/uploads/show/back\\slash\\N/x.mp3"),
        request(path="/uploads/sh'ow/{1}%s/x.mp3"),
        request(user_agent="A\\tb\t\r\x85\0\\N/1", country="\\N"),
        request(body_bytes=huge, range="", content_range=""),
        request(body_bytes=huge, content_range="bytes 999999999999999-999999999999999/*"),
        request(body_bytes=huge, content_range="bytes 9-5/7"),
        *(request(status=200, body_bytes=huge, client_ip="192.0.2.9") for _ in range(20)),
        request(time="1990-01-01T00:00:00Z"),
        request(elapsed_us=2**63),
        '{"time": 1e999, "path": "/", "status": 200}',
    )
    await count.send(request(client_ip="192.0.2.50"))
    assert (await count.outcomes())["counted"] >= 1


async def test_crumbs_of_a_file_are_kept_only_so_far(count: Counting) -> None:
    for start in range(0, 9_000_000, 3_000_000):
        await count.send(*(part(start + n * 1000, 1) for n in range(3000)))
    pieces = await count.value("SELECT pg_column_size(ranges) FROM nearfield.listeners")
    assert pieces < 100_000
    await count.send(part(0, 10_000_000, client_ip="192.0.2.2"))
    assert await count.downloads() == {("2026-10-09", "1"): 1}
