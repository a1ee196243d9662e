import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from exporters.core.exporter import Exporter, Health
from exporters.core.exposition import ValueFamily
from exporters.core.quantities import Address
from exporters.core.web.server import Listener
from exporters.core.web.surface import Surface
from tests.landing.stock import FRESH, LATE, Shelf


def exporter(name: str, *shelves: Shelf, series: int = 1) -> Exporter:
    family = ValueFamily("gauge", f"{name}_stock", "What is there.", ["shelf"])
    family.replace(((str(n),), n) for n in range(series))
    return Exporter(name, sources=lambda: shelves, collectors=[family])


@asynccontextmanager
async def opened(*exporters: Exporter) -> AsyncIterator[ClientSession]:
    registry = CollectorRegistry()
    Gauge("nearfield_own", "Its own.", registry=registry).set(1)
    app = Surface(exporters, registry).app()
    async with Listener("test", app, Address("127.0.0.1", 0)) as listener:
        async with ClientSession(listener.url, auto_decompress=False) as http:
            yield http


async def test_metrics_are_those_of_every_exporter_and_the_runtime() -> None:
    async with opened(exporter("dairy"), exporter("bakery")) as http:
        text = await (await http.get("/metrics")).text()
    assert [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")] == [
        "nearfield_own",
        "dairy_stock",
        "bakery_stock",
    ]


async def test_collect_names_the_exporters_that_are_wanted() -> None:
    async with opened(exporter("dairy"), exporter("bakery")) as http:
        text = await (await http.get("/metrics?collect[]=bakery")).text()
        assert "bakery_stock" in text
        assert "dairy_stock" not in text
        assert "nearfield_own" not in text
        answer = await http.get("/metrics?collect[]=butcher")
        assert answer.status == 400
        assert await answer.text() == (
            "collect[] takes only these names: nearfield, dairy, bakery\n"
        )


@pytest.mark.parametrize(
    ("accept", "write"),
    [
        ("text/plain; version=0.0.4", generate_latest),
        ("application/openmetrics-text; version=1.0.0", generate_openmetrics),
    ],
)
async def test_a_scrape_gets_the_format_it_accepts(accept: str, write: object) -> None:
    part = exporter("dairy")
    async with opened(part) as http:
        answer = await http.get("/metrics?collect[]=dairy", headers={"Accept": accept})
        body = await answer.read()
    assert answer.headers["Content-Type"].startswith(accept.split(";", maxsplit=1)[0])
    assert body == write(part.collectors[0])  # type: ignore[operator]


async def test_a_large_answer_is_compressed_for_those_who_accept_it() -> None:
    async with opened(exporter("dairy", series=1000)) as http:
        plain = await http.get("/metrics", headers={"Accept-Encoding": "identity"})
        packed = await http.get("/metrics", headers={"Accept-Encoding": "gzip"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "Content-Encoding" not in plain.headers
        assert gzip.decompress(await packed.read()) == await plain.read()


async def test_ready_only_when_every_source_is_fresh() -> None:
    async with opened(exporter("dairy", FRESH)) as http:
        answer = await http.get("/readyz")
        assert (answer.status, await answer.text()) == (200, "dairy/milk: fresh\nready\n")
    async with opened(exporter("dairy", FRESH, LATE)) as http:
        answer = await http.get("/readyz")
        assert answer.status == 503
        assert await answer.text() == (
            'dairy/milk: fresh\ndairy/eggs: not fresh, unavailable: no <b>hens</b>"\nnot ready\n'
        )


async def test_what_users_define_themselves_is_told_and_not_waited_for() -> None:
    query = Shelf(Health("query:jam", fresh=False, reason="mismatch: no jam", needed=False))
    async with opened(exporter("dairy", FRESH, query)) as http:
        answer = await http.get("/readyz")
        assert answer.status == 200
        assert await answer.text() == (
            "dairy/milk: fresh\ndairy/query:jam: not fresh, mismatch: no jam\nready\n"
        )


async def test_readiness_is_json_for_those_who_ask_for_it() -> None:
    async with opened(exporter("dairy", FRESH, LATE)) as http:
        for answer in (
            await http.get("/readyz?format=json"),
            await http.get("/readyz", headers={"Accept": "application/json"}),
        ):
            assert json.loads(await answer.read()) == {
                "ready": False,
                "exporters": {
                    "dairy": {
                        "milk": {"fresh": True, "reason": "", "age_seconds": 3.0},
                        "eggs": {
                            "fresh": False,
                            "reason": 'unavailable: no <b>hens</b>"',
                            "age_seconds": None,
                        },
                    }
                },
            }


async def test_alive_even_when_nothing_is_fresh() -> None:
    async with opened(exporter("dairy", LATE)) as http:
        assert (await http.get("/healthz")).status == 200
