"""Which requests are told, and what is told of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from exporters.fastly.formats import AUTO
from exporters.fastly.lines import clean
from exporters.fastly.measure import Measurer, Moment, Networks
from exporters.fastly.measure.hosts import Hosts
from exporters.fastly.requests import LinesSettings, Told, worth
from exporters.ledger.model import Calendar, Known
from exporters.loki import Stream
from tests.fastly.traffic import NOON, RULES, body, classify, request

Telling = Callable[..., Told]


@contextmanager
def telling(folder: Path, *, backfill: bool = False, **settings: Any) -> Iterator[Telling]:
    told = worth(LinesSettings.model_validate({"sample": 0} | settings))
    with Measurer(RULES, classify, Networks(), Hosts(), folder / "scratch", worth=told) as measurer:

        def tell(*lines: dict[str, Any] | str) -> Told:
            file = folder / "lines.log"
            file.write_bytes(clean(body(lines)))
            moment = Moment(
                NOON, Calendar(frozenset(), NOON.date()), NOON - timedelta(hours=6), backfill
            )
            survey = measurer.survey(file, AUTO, moment, len(lines))
            return measurer.measure(Known((), survey.shows & {"show"}, {})).told

        yield tell


@pytest.fixture
def tell(tmp_path: Path) -> Iterator[Telling]:
    with telling(tmp_path) as tell:
        yield tell


def page(**changes: Any) -> dict[str, Any]:
    return request(path="/index.html", status=200, range="", content_range="") | changes


def paths(told: Told) -> list[str]:
    return [dict(line.metadata)["path"] for line in told.lines]


def test_a_line_says_what_was_asked_and_how_it_was_answered(tell: Telling) -> None:
    found = tell(
        page(
            path="/missing?token=s3cr3t",
            status=404,
            elapsed_us=12_000,
            body_bytes=120,
            referer="https://News.example.com/a?b=c",
            request_id="abc-1",
            cache="MISS-CLUSTER",
        )
    )
    (line,) = found.lines
    assert line.ns == int(NOON.timestamp()) * 10**9 + 12_000_000
    assert line.text == "GET /missing 404 0.012 s cdn.example.com MISS FRA"
    assert dict(line.metadata) == {
        "level": "warning",
        "why": "status",
        "method": "GET",
        "path": "/missing",
        "status": "404",
        "seconds": "0.012",
        "bytes": "120",
        "http_host": "cdn.example.com",
        "cache": "MISS",
        "pop": "FRA",
        "protocol": "HTTP/2",
        "country": "DE",
        "app": "Player",
        "referrer": "news.example.com",
        "request_id": "abc-1",
    }


def test_no_metadata_has_the_name_of_a_label_of_the_stream(tell: Telling) -> None:
    (line,) = tell(page(status=404)).lines
    assert not {name for name, _ in line.metadata} & set(Stream._fields)


def test_errors_and_slow_answers_are_told_and_good_ones_are_not(tell: Telling) -> None:
    found = tell(
        page(path="/good"),
        page(path="/slow", elapsed_us=11_000_000, body_bytes=5000),
        page(path="/long", elapsed_us=11_000_000, body_bytes=10_000_000),
        page(path="/missing", status=404),
        page(path="/broken", status=503, error="First byte timeout"),
        page(path="/hop", status=503, inner=True),
        page(path="/unknown", elapsed_us=None),
        "no line at all",
    )
    told = {dict(line.metadata)["path"]: dict(line.metadata) for line in found.lines}
    assert list(told) == ["/broken", "/missing", "/slow"]
    assert [each["level"] for each in told.values()] == ["error", "warning", "warning"]
    assert [each["why"] for each in told.values()] == ["status", "status", "slow"]
    assert told["/broken"]["error"] == "first_byte_timeout"


def test_statuses_may_be_single_ones(tmp_path: Path) -> None:
    with telling(tmp_path, statuses=["404"]) as tell:
        found = tell(*(page(path=f"/{status}", status=status) for status in (403, 404, 500)))
    assert paths(found) == ["/404"]
    with pytest.raises(ValidationError):
        LinesSettings(statuses=("4x",))


def test_nothing_is_told_where_nothing_is_asked_for(tmp_path: Path) -> None:
    with telling(tmp_path, statuses=[], slow="1h") as tell:
        assert not tell(page(status=404), page(status=500), page()).lines


def test_the_sample_is_a_share_and_always_the_same_requests(tmp_path: Path) -> None:
    lines = [page(path=f"/{n}", request_id=f"id-{n}") for n in range(2000)]
    with telling(tmp_path, sample=0.1) as tell:
        first, again = tell(*lines), tell(*reversed(lines))
        without_ids = tell(*(line | {"request_id": ""} for line in lines))
    assert 140 < len(first.lines) < 260
    assert first == again
    assert dict(first.lines[0].metadata)["why"] == "sample"
    assert dict(first.lines[0].metadata)["level"] == "info"
    assert 140 < len(without_ids.lines) < 260
    with telling(tmp_path, sample=1) as tell:
        assert len(tell(*lines[:900]).lines) == 900


def test_over_the_limit_the_worst_are_told_and_the_others_counted(tmp_path: Path) -> None:
    lines = [page(path=f"/{n}", request_id=f"id-{n}", status=404) for n in range(20)]
    lines.append(page(path="/broken", status=500))
    with telling(tmp_path, limit=5) as tell:
        found, again = tell(*lines), tell(*reversed(lines))
    assert len(found.lines) == 5
    assert paths(found)[0] == "/broken"
    assert found.left_out == 16
    assert again == found


def test_no_secret_and_no_person_is_in_a_line(tell: Telling) -> None:
    found = tell(
        page(path="/feeds/s3cr3t?token=s3cr3t", status=404),
        page(path="/s3cr3t/feed", status=404),
        page(path="/show/feed", status=404),
        page(
            path="/x",
            status=404,
            user_agent="Player/1.0 (s3cr3t)",
            referer="https://s3cr3t:s3cr3t@example.com/s3cr3t",
        ),
    )
    assert sorted(paths(found)) == ["/feeds/…", "/show/feed", "/x", "/…/feed"]
    assert "s3cr3t" not in str(found)
    assert "192.0.2.1" not in str(found)


def test_the_address_is_told_where_it_is_asked_for(tmp_path: Path) -> None:
    with telling(tmp_path, address=True) as tell:
        (line,) = tell(page(status=404)).lines
    assert dict(line.metadata)["client_ip"] == "192.0.2.1"


def test_whatever_a_request_says_its_line_is_one_and_not_too_long(tell: Telling) -> None:
    wild = "\n\x1b[31m" + "x" * 5000 + '"'
    found = tell(
        page(path="/" + wild, host=wild, request_id=wild, method=wild, error=wild, status=404),
        page(
            **dict.fromkeys(("host", "method", "cache", "pop", "request_id"), "(null)"), status=500
        ),
    )
    for line in found.lines:
        assert line.text.isprintable()
        assert all(value and len(value) <= 500 for _, value in line.metadata)


def test_a_backfill_tells_nothing(tmp_path: Path) -> None:
    with telling(tmp_path, backfill=True, sample=1) as tell:
        assert tell(page(), page(status=500)) == Told()


def test_a_line_of_a_poorer_format_is_told_without_what_it_does_not_say(tell: Telling) -> None:
    stock = {
        "timestamp": NOON.isoformat(),
        "client_ip": "192.0.2.1",
        "url": "/missing",
        "response_status": 404,
        "request_method": "GET",
    }
    (line,) = tell(stock).lines
    assert line.text == "GET /missing 404"
    assert "seconds" not in dict(line.metadata)
