"""The sink against Loki: each line that was appended is there exactly once, whatever happens."""

import asyncio
import json
import logging
import os
from dataclasses import replace
from pathlib import Path
from time import time, time_ns
from typing import Any

import pytest

from exporters.core.backoff import Backoff
from exporters.core.errors import SourceUnavailable
from exporters.loki import Entry, LokiMetrics, Stream
from exporters.loki.encoding import JSON, PROTOBUF, Encoding
from exporters.loki.limits import Limits
from tests.loki.door import Answer, Door, cut_after, cut_before, silence, status
from tests.loki.reading import DAY, QUICK, Reader, entries, sinking, until

BOTH = pytest.mark.parametrize("encoding", [PROTOBUF, JSON], ids=["protobuf", "json"])
UNLIMITED = replace(QUICK, limits=Limits(line_size=10**7, age=10**6))
"""Lets everything through, so that Loki has to refuse it."""


def dropped(metrics: LokiMetrics) -> dict[str, float]:
    """Return the reasons for which lines were dropped, with how many were."""
    found = {sample.labels["reason"]: sample.value for sample in metrics.dropped.samples}
    return {reason: count for reason, count in found.items() if count}


def failures(metrics: LokiMetrics) -> dict[str, float]:
    found = {sample.labels["reason"]: sample.value for sample in metrics.failures.samples}
    return {reason: count for reason, count in found.items() if count}


@BOTH
async def test_lines_arrive_with_their_time_labels_and_metadata(
    door: Door, reader: Reader, service: str, tmp_path: Path, encoding: Encoding
) -> None:
    given = entries(service, ["plain", "ümläut ☃ 𝄞", 'with "quotes" \\ and\ttab', "two\nlines"])
    async with sinking(door.url, tmp_path, replace(QUICK, encoding=encoding)) as (sink, metrics):
        await sink.append(given)
        await reader.has(4)
        await until(lambda: metrics.sent.value(()) == 4)
    for line, entry in zip(await reader.lines(), given, strict=True):
        assert (line.ns, line.text) == (entry.ns, entry.line)
        assert dict(line.labels) == entry.stream.labels
        assert dict(line.metadata) == dict(entry.metadata)
    assert metrics.queue.value(()) == 0
    assert metrics.lag.count(()) == 1


async def test_an_answered_append_outlives_the_process(
    door: Door, reader: Reader, service: str, tmp_path: Path
) -> None:
    door.always = status(503)
    async with sinking(door.url, tmp_path) as (sink, _):
        await sink.append(entries(service, ["a", "b"]), {"container": "17"})
        assert sink.cursors() == {"container": "17"}
        await until(lambda: door.asked > 0)
    door.always = None
    async with sinking(door.url, tmp_path) as (sink, _):
        assert sink.cursors() == {"container": "17"}
        await reader.has(2)


async def test_appends_of_many_callers_share_a_batch(
    door: Door, reader: Reader, service: str, tmp_path: Path
) -> None:
    async with sinking(door.url, tmp_path, replace(QUICK, batch_age=0.2)) as (sink, _):
        lots = [entries(service, [f"line {n}"]) for n in range(50)]
        await asyncio.gather(*(sink.append(lot, {str(n): "x"}) for n, lot in enumerate(lots)))
        await reader.has(50)
        assert len(sink.cursors()) == 50
    assert door.asked == 1


async def test_a_batch_is_closed_by_its_size_before_its_age(
    door: Door, reader: Reader, service: str, tmp_path: Path
) -> None:
    manners = replace(QUICK, batch_age=60.0, batch_size=10_000)
    async with sinking(door.url, tmp_path, manners) as (sink, _):
        await sink.append(entries(service, ["x" * 100] * 100))
        await reader.has(100)


async def test_a_large_lot_is_pushed_in_parts_and_its_cursors_come_with_the_last(
    door: Door, reader: Reader, service: str, tmp_path: Path
) -> None:
    manners = replace(QUICK, batch_size=10_000)
    async with sinking(door.url, tmp_path, manners) as (sink, _):
        await sink.append(entries(service, ["x" * 100] * 1000), {"at": "1000"})
        await reader.has(1000)
    assert 10 <= door.asked <= 20


async def test_whoever_brings_more_than_the_disk_takes_has_to_wait(
    door: Door, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: int) -> None:
        raise OSError(28, "No space left on device")

    quick = Backoff(initial=0.01, limit=0.01)
    manners = replace(QUICK, batch_size=10_000, backoff=quick)
    async with sinking(door.url, tmp_path, manners) as (sink, metrics):
        lots = [entries(service, ["x" * 140] * 50) for _ in range(20)]
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", fails)
            waiting = [asyncio.create_task(sink.put(lot)) for lot in lots]
            await until(lambda: not sink.health().fresh)
            assert sink.health().reason == "no space left on device"
            assert 0 < sum(task.done() for task in waiting) < 12
        await asyncio.gather(*waiting)
        await until(lambda: metrics.sent.value(()) == 1000)
        assert sink.health().fresh


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (status(429, retry_after="0"), "rate_limited"),
        (status(500), "server_error"),
        (status(503), "server_error"),
        (status(200), "rejected"),
        (status(260), "blocked"),
        (status(302), "rejected"),
        (status(401), "rejected"),
        (status(403), "rejected"),
        (status(404), "rejected"),
        (status(405), "rejected"),
        (cut_before, "unavailable"),
        (cut_after, "unavailable"),
        (silence, "timeout"),
        (status(400, "stream '{}' includes structured metadata, but this feature is disallowed"),
         "rejected"),
    ],
)  # fmt: skip
async def test_after_every_answer_but_success_the_same_bytes_are_pushed_again(
    door: Door, reader: Reader, service: str, tmp_path: Path, answer: Answer, reason: str
) -> None:
    door.answers = [answer, answer]
    async with sinking(door.url, tmp_path, settings={"push_timeout": 0.3}) as (sink, metrics):
        await sink.append(entries(service, ["a", "b"]))
        await until(lambda: metrics.sent.value(()) == 2)
        assert await reader.has(2) == ["a", "b"]
    assert failures(metrics) == {reason: 2}
    assert dropped(metrics) == {}
    assert len(door.bodies) == 3
    assert len(set(door.bodies)) == 1


async def test_loki_says_when_to_come_again(door: Door, service: str, tmp_path: Path) -> None:
    door.answers = [status(429, retry_after="1")]
    async with sinking(door.url, tmp_path) as (sink, metrics):
        await sink.append(entries(service, ["a"]))
        await until(lambda: door.asked == 1)
        began = asyncio.get_running_loop().time()
        await until(lambda: metrics.sent.value(()) == 1)
        assert asyncio.get_running_loop().time() - began > 0.9


async def test_trouble_is_said_once_and_so_is_its_end(
    door: Door, service: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    door.answers = [status(401)] * 3
    async with sinking(door.url, tmp_path, settings={"loki_token": "se-cret"}) as (sink, metrics):
        await sink.append(entries(service, ["a"]))
        await until(lambda: door.asked > 1)
        health = sink.health()
        await until(lambda: metrics.sent.value(()) == 1)
        assert sink.health().reason == ""
    assert health.fresh
    cure = "Loki wants other credentials: see logs.loki_token, loki_password (401)"
    assert health.reason == f"rejected: {cure}"
    assert [record.getMessage() for record in caplog.records] == [
        f"log lines wait on disk: {cure}",
        "Loki takes log lines again, after 3 failed pushes",
    ]
    assert "se-cret" not in caplog.text
    assert str(door.port) not in caplog.text


async def test_nobody_there_is_no_reason_to_fail(service: str, tmp_path: Path) -> None:
    async with sinking("http://127.0.0.1:1", tmp_path) as (sink, metrics):
        await sink.append(entries(service, ["a"]))
        await until(lambda: failures(metrics).get("unavailable", 0) > 1)
        assert sink.health().reason == "unavailable: Loki cannot be reached"
        assert (metrics.queue.value(()) or 0) > 0


@BOTH
async def test_too_large_a_batch_is_pushed_in_halves(
    door: Door, reader: Reader, service: str, tmp_path: Path, encoding: Encoding
) -> None:
    door.largest = 2000
    noise = [os.urandom(50).hex() for _ in range(100)]
    async with sinking(door.url, tmp_path, replace(QUICK, encoding=encoding)) as (sink, metrics):
        await sink.append(entries(service, noise))
        assert await reader.has(100) == noise
        await until(lambda: metrics.sent.value(()) == 100)
    assert dropped(metrics) == {}


async def test_a_line_too_large_for_a_proxy_is_dropped_alone(
    door: Door, reader: Reader, service: str, tmp_path: Path
) -> None:
    door.largest = 2000
    async with sinking(door.url, tmp_path) as (sink, metrics):
        await sink.append(entries(service, ["a", os.urandom(3000).hex(), "b"]))
        assert await reader.has(2) == ["a", "b"]
        await until(lambda: metrics.sent.value(()) == 2)
    assert dropped(metrics) == {"too_long": 1}


def mixed(service: str) -> list[Entry]:
    """Return 300 lines of which Loki refuses some for each reason that it has."""
    now = time_ns()
    good, bad = Stream(service, "", "h", "stdout"), Stream(service, "x" * 3000, "h", "stdout")
    lines = [Entry(good, now + n, f"good {n}") for n in range(200)]
    lines += [Entry(good, now - 8 * DAY + n, f"old {n}") for n in range(70)]
    lines += [Entry(good, now + DAY, "new")]
    lines += [Entry(good, now + 300 + n, "long" * 100_000 + str(n)) for n in range(4)]
    lines += [Entry(good, now + 400, "meta", (("big", "x" * 70_000),))]
    lines += [Entry(bad, now + 500 + n, f"label {n}") for n in range(24)]
    return lines


@BOTH
async def test_only_refused_lines_are_dropped_each_for_its_reason(
    door: Door, reader: Reader, service: str, tmp_path: Path, encoding: Encoding
) -> None:
    manners = replace(UNLIMITED, encoding=encoding, batch_size=4 * 1024**2)
    async with sinking(door.url, tmp_path, manners) as (sink, metrics):
        await sink.append(mixed(service))
        await until(lambda: metrics.sent.value(()) == 200)
        await until(lambda: sum(dropped(metrics).values()) == 100)
    assert dropped(metrics) == {
        "too_old": 70, "too_new": 1, "too_long": 4, "metadata": 1, "labels": 24,
    }  # fmt: skip
    assert await reader.texts() == [f"good {n}" for n in range(200)]
    kept = [json.loads(line) for line in (tmp_path / "refused.jsonl").read_text().splitlines()]
    assert (
        sorted(line["reason"] for line in kept if line["line"].startswith("old"))
        == ["too_old"] * 70
    )
    assert len(kept) == 100


async def test_a_thousand_lines_that_are_too_old_cost_few_pushes(
    door: Door, reader: Reader, service: str, tmp_path: Path
) -> None:
    old = entries(service, [f"old {n}" for n in range(1000)], time_ns() - 8 * DAY)
    async with sinking(door.url, tmp_path, UNLIMITED) as (sink, metrics):
        await sink.append([*old, *entries(service, ["good"])])
        await until(lambda: dropped(metrics) == {"too_old": 1000})
        assert await reader.texts() == ["good"]
    assert door.asked < 30


async def test_lines_behind_what_their_stream_takes_are_dropped_alone(
    door: Door, reader: Reader, service: str, tmp_path: Path
) -> None:
    async with sinking(door.url, tmp_path, UNLIMITED) as (sink, metrics):
        await sink.append(entries(service, ["now"]))
        await reader.has(1)
        behind = entries(service, [f"behind {n}" for n in range(20)], time_ns() - DAY // 6)
        await sink.append([*behind, *entries(service, ["again"])])
        await until(lambda: dropped(metrics) == {"too_old": 20})
    assert await reader.texts() == ["now", "again"]


async def test_limits_known_beforehand_cost_no_push(
    door: Door, reader: Reader, service: str, tmp_path: Path
) -> None:
    now = time_ns()
    lines = entries(service, ["good", "é" * 200_000])
    lines += entries(service, ["old"], now - 8 * DAY) + entries(service, ["new"], now + DAY)
    async with sinking(door.url, tmp_path) as (sink, metrics):
        await sink.append(lines)
        texts = await reader.has(2)
        await until(lambda: dropped(metrics) == {"too_old": 1, "too_new": 1})
    assert texts[1].endswith("é … cut, 400000 bytes")
    assert len(texts[1].encode()) <= 256 * 1024
    assert door.statuses == [204]


async def test_too_long_a_line_is_refused_where_the_settings_say_so(
    door: Door, reader: Reader, service: str, tmp_path: Path
) -> None:
    manners = replace(QUICK, limits=Limits(line_size=50, clamp=False))
    async with sinking(door.url, tmp_path, manners) as (sink, metrics):
        await sink.append(entries(service, ["x" * 50, "x" * 51, "é" * 26]))
        assert await reader.has(1) == ["x" * 50]
    assert dropped(metrics) == {"too_long": 2}


async def test_a_refusal_that_is_not_about_the_lines_holds_them(
    door: Door, reader: Reader, service: str, tmp_path: Path
) -> None:
    door.always = status(400, "tenant ID is too long")
    async with sinking(door.url, tmp_path) as (sink, metrics):
        await sink.append(entries(service, [f"line {n}" for n in range(1000)]))
        await until(lambda: failures(metrics).get("rejected", 0) > 1)
        assert "Loki refuses every line (400)" in sink.health().reason
        assert dropped(metrics) == {}
        door.always = None
        await reader.has(1000)


async def test_a_line_refused_for_a_reason_unknown_to_us_does_not_stop_the_others_for_ever(
    door: Door, reader: Reader, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporters.loki.courier.PATIENCE", 3)
    door.answers = [status(400, "a rule of the year 2030")] * 3
    async with sinking(door.url, tmp_path) as (sink, metrics):
        await sink.append(entries(service, ["poison"]))
        await sink.append(entries(service, ["good"]))
        assert await reader.has(1) == ["good"]
        await until(lambda: dropped(metrics) == {"refused": 1})


async def test_over_the_quota_the_oldest_lines_go_and_are_counted(
    door: Door, reader: Reader, service: str, tmp_path: Path
) -> None:
    door.always = status(503)
    async with sinking(door.url, tmp_path, quota=16_000) as (sink, metrics):
        for n in range(40):
            await sink.append(entries(service, [f"{n:03d} {os.urandom(400).hex()}"]))
        assert (metrics.queue.value(()) or 0) <= 16_000
        door.always = None
        await until(lambda: (metrics.sent.value(()) or 0) + sum(dropped(metrics).values()) == 40)
        texts = await reader.texts()
    assert [text[:3] for text in texts] == [f"{n:03d}" for n in range(40 - len(texts), 40)]
    assert dropped(metrics) == {"queue_full": 40 - len(texts)}
    assert 5 < len(texts) < 30


async def test_what_waits_is_pushed_when_the_sink_closes(
    door: Door, reader: Reader, service: str, tmp_path: Path
) -> None:
    async with sinking(door.url, tmp_path, replace(QUICK, batch_age=60.0)) as (sink, _):
        await sink.put(entries(service, ["last words"]))
    assert await reader.texts() == ["last words"]
    with pytest.raises(SourceUnavailable):
        await sink.append(entries(service, ["too late"]))


async def test_closing_does_not_wait_for_a_loki_that_is_away(
    door: Door, service: str, tmp_path: Path
) -> None:
    door.always = status(503)
    loop = asyncio.get_running_loop()
    async with sinking(door.url, tmp_path, pause=30.0) as (sink, _):
        await sink.append(entries(service, ["a"]))
        await until(lambda: bool(sink.health().reason))
        began = loop.time()
    assert loop.time() - began < 1.0


async def test_cursors_move_without_lines(door: Door, tmp_path: Path) -> None:
    async with sinking(door.url, tmp_path) as (sink, _):
        await sink.append([], {"a": "1", "b": "2"})
        await sink.append([], {"a": None})
    async with sinking(door.url, tmp_path) as (sink, _):
        assert sink.cursors() == {"b": "2"}
    assert door.asked == 0


async def test_a_bug_in_its_work_ends_the_service(
    door: Door, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: Any) -> None:
        raise ZeroDivisionError

    async with sinking(door.url, tmp_path) as (sink, _):
        running = asyncio.create_task(sink.run())
        monkeypatch.setattr("exporters.loki.sink.Batch", bug)
        with pytest.raises(asyncio.CancelledError):
            await sink.append(entries(service, ["a"]))
        with pytest.raises(ZeroDivisionError):
            await running


async def test_the_lag_is_the_age_of_the_oldest_line(
    door: Door, service: str, tmp_path: Path
) -> None:
    async with sinking(door.url, tmp_path, clock=lambda: time() + 100) as (sink, metrics):
        await sink.append(entries(service, ["a", "b"]))
        await until(lambda: metrics.lag.count(()) == 1)
    (total,) = (s.value for s in metrics.lag.samples if s.name == "log_lag_seconds_sum")
    assert 100 <= total < 110
