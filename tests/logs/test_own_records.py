"""Our own records at Loki: never in the way of who logs, never lost without a count."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, time_ns
from typing import Any

import pytest

from exporters.core.backoff import Backoff
from exporters.logs.own_records import DROPS, OwnRecords
from exporters.loki import LokiSettings, Stream
from tests.core.web.certificates import Authority
from tests.loki.door import Door, cut_before, silence, status
from tests.loki.reading import Reader, until
from tests.loki.test_client import server

log = logging.getLogger("exporters.anything")


@pytest.fixture(autouse=True)
def _at_debug() -> Iterator[None]:
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    yield
    root.setLevel(before)


def own(
    url: str, stream: Stream, settings: dict[str, Any] | None = None, **more: Any
) -> OwnRecords:
    quick = Backoff(initial=0.01, limit=0.01)
    found = LokiSettings(loki_url=url, **(settings or {}))
    return OwnRecords(found, stream, **{"backoff": quick, **more})


def counts(records: OwnRecords) -> dict[str, float]:
    samples = [s for family in records.collect() for s in family.samples]
    return {s.labels.get("reason", "sent"): s.value for s in samples}


async def test_a_record_arrives_with_its_own_time_level_and_logger(
    door: Door,
    reader: Reader,
    stream: Stream,
) -> None:
    door.answers = [status(503), cut_before]
    before = time_ns()
    async with own(door.url, stream):
        log.warning("hello %s", "you", extra={"tags": {"user": "17"}})
        after = time_ns()
        await reader.has(1)
    (line,) = await reader.lines()
    assert line.text == "hello you"
    assert before - 1000 <= line.ns <= after + 1000
    assert dict(line.labels) == stream.labels
    assert dict(line.metadata) == {"level": "warning", "logger": "exporters.anything"}


async def test_a_traceback_is_part_of_the_line(
    door: Door,
    reader: Reader,
    stream: Stream,
) -> None:
    async with own(door.url, stream):
        try:
            int("x")
        except ValueError:
            log.exception("oh")
    (text,) = await reader.texts()
    assert text.startswith("oh\nTraceback")
    assert "ValueError: invalid literal" in text


async def test_records_of_one_moment_keep_their_order_and_none_is_taken_for_another(
    door: Door,
    reader: Reader,
    stream: Stream,
) -> None:
    async with own(door.url, stream) as records:
        for _ in range(20):
            records.handle(logging.makeLogRecord({"msg": "same", "created": 1.9e9, "levelno": 20}))
            records.handle(logging.makeLogRecord({"msg": "again", "created": 1.9e9}))
    assert await reader.texts() == []  # too far ahead for Loki
    assert counts(records)["refused"] == 40
    async with own(door.url, stream):
        for n in range(20):
            log.info("line")
            log.info("line %d", n)
    assert [text for text in await reader.texts() if text != "line"] == [
        f"line {n}" for n in range(20)
    ]
    assert (await reader.texts()).count("line") == 20


async def test_whoever_logs_does_not_wait_for_loki(door: Door, stream: Stream) -> None:
    door.always = silence
    records = own(door.url, stream, drain=0.1)
    async with records:
        began = monotonic()
        for n in range(200):
            log.info("line %d", n)
        assert monotonic() - began < 0.5
        await until(lambda: door.asked == 1)
        began = monotonic()
    assert monotonic() - began < 1.0
    assert counts(records)["shutdown"] == 200


async def test_what_posting_makes_others_log_is_not_posted(door: Door, stream: Stream) -> None:
    door.always = status(204)
    async with own(door.url, stream) as records:
        records.setLevel(logging.DEBUG)
        log.info("one")
        await until(lambda: counts(records)["sent"] == 1)
        await asyncio.sleep(0.1)
    # The door's own loop may log at debug as well; urllib3's lines come from the posting thread.
    assert counts(records)["sent"] < 5
    assert not any(b"urllib3" in body for body in door.bodies)


async def test_a_full_queue_drops_and_counts_the_newest(door: Door, stream: Stream) -> None:
    door.always = status(503)
    async with own(door.url, stream, capacity=10) as records:
        for n in range(50):
            log.info("line %d", n)
        assert counts(records)["queue_full"] in {39, 40}
        door.always = status(204)
        await until(lambda: counts(records)["sent"] in {10, 11})


async def test_what_waits_is_sent_when_it_closes(
    door: Door,
    reader: Reader,
    stream: Stream,
) -> None:
    async with own(door.url, stream):
        for n in range(30):
            log.info("line %d", n)
    assert await reader.texts() == [f"line {n}" for n in range(30)]
    log.info("later")
    assert len(await reader.texts()) == 30


async def test_a_loki_that_is_away_at_the_end_keeps_nobody_and_losses_are_counted(
    stream: Stream,
) -> None:
    async with own("http://127.0.0.1:1", stream, backoff=Backoff(30.0)) as records:
        for n in range(30):
            log.info("line %d", n)
        began = monotonic()
    assert monotonic() - began < 2.5
    assert counts(records) == {"sent": 0, "queue_full": 0, "refused": 0, "shutdown": 30}


async def test_a_record_that_cannot_be_formatted_is_told_on_stderr_and_raises_nothing(
    door: Door,
    stream: Stream,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with own(door.url, stream) as records:
        records.handle(logging.makeLogRecord({"msg": "%d", "args": ("x",), "levelno": 20}))
    assert "Logging error" in capsys.readouterr().err
    assert door.asked == 0


async def test_the_other_handlers_get_every_record(
    door: Door,
    stream: Stream,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with own(door.url, stream):
        log.info("both")
    assert "both" in caplog.messages


async def test_tenant_token_and_certificates_are_those_of_the_settings(
    stream: Stream, tmp_path: Path
) -> None:
    authority, ours = Authority.create("own", tmp_path), Authority.create("ours", tmp_path)
    issued = ours.issue(client=True)
    settings = {
        "loki_tenant": "studio", "loki_token": "to-ken", "loki_ca_file": authority.cert,
        "loki_cert_file": issued.cert, "loki_key_file": issued.key,
    }  # fmt: skip
    async with Door("", server(authority, ours)) as secured:
        secured.always = status(204)
        async with own(secured.url, stream, settings) as records:
            log.info("one")
            await until(lambda: counts(records)["sent"] == 1)
        assert secured.headers[0]["Authorization"] == "Bearer to-ken"
        assert secured.headers[0]["X-Scope-OrgID"] == "studio"


def test_every_series_is_there_from_the_start(stream: Stream) -> None:
    assert counts(own("http://127.0.0.1:1", stream)) == dict.fromkeys(("sent", *DROPS), 0)
