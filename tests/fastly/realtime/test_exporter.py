"""The whole exporter against a fake Fastly: services come and go, the account tells its dates."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from exporters import app
from exporters.core.errors import SettingsError
from exporters.core.exporter import Exporter
from exporters.core.exposition import Limits, negotiate, render
from exporters.core.settings import Section, load
from exporters.core.telemetry import Telemetry
from exporters.fastly import realtime
from exporters.fastly.api import FastlyApi
from exporters.fastly.realtime import RealtimeSettings
from exporters.fastly.realtime.account import Account
from exporters.fastly.realtime.services import Services
from exporters.fastly.realtime.statistics import Statistics
from tests.fastly.realtime.fake import TOKEN, Fastly, certificate


def settings(fastly: Fastly, *service_ids: str) -> RealtimeSettings:
    return RealtimeSettings.model_validate(
        {
            "token": fastly.secret,
            "url": fastly.url,
            "api_url": fastly.url,
            "service_ids": service_ids,
        }
    )


@asynccontextmanager
async def running(exporter: Exporter) -> AsyncIterator[Callable[[], str]]:
    """Run an exporter; gives what its page is."""
    registry = CollectorRegistry()
    for collector in exporter.collectors:
        registry.register(collector)

    def page() -> str:
        return render(registry.collect(), negotiate("")).decode()

    async with AsyncExitStack() as stack:
        for resource in exporter.resources:
            await stack.enter_async_context(resource)
        tasks = [asyncio.create_task(service.run()) for service in exporter.services]
        try:
            yield page
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
    for task in tasks:
        assert task.cancelled() or task.exception() is None


async def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


@pytest.fixture
def exporter(fastly: Fastly, telemetry: Telemetry) -> Exporter:
    return realtime.build(settings(fastly), telemetry)


async def test_every_service_of_the_account_is_read(fastly: Fastly, exporter: Exporter) -> None:
    fastly.page = 2
    for n in range(5):
        fastly.add(f"id{n}", f"Show {n}").happen(LHR={"requests": n + 1})
    fastly.places = ["LHR"]
    fastly.certificates = [
        certificate(f"{n}.example.com", "2030-01-02T03:04:05.000Z") for n in range(3)
    ]
    fastly.expires = "2029-04-18T00:00:00Z"
    async with running(exporter) as page:
        await until(lambda: page().count("\nfastly_rt_requests_total{") == 5)
        await until(lambda: "\nfastly_rt_token_expiration{" in page())
        await until(lambda: page().count("\nfastly_rt_cert_expiry_timestamp_seconds{") == 3)
        await until(lambda: "\nfastly_rt_datacenter_info{" in page())
        lines = page().splitlines()
        await until(lambda: all(health.fresh for health in exporter.health()))
    assert 'fastly_rt_token_expiration{token_id="t1",user_id="u1"} 1.8711648e+09' in lines
    assert (
        'fastly_rt_cert_expiry_timestamp_seconds{cn="0.example.com",id="id-0.example.com",'
        'issuer="A CA",name="of 0.example.com",sn="FF"} 1.893553445e+09' in lines
    )
    assert (
        'fastly_rt_datacenter_info{datacenter="LHR",group="Europe",latitude="51.5",'
        'longitude="-0.5",name="Place of LHR"} 1.0' in lines
    )
    assert TOKEN not in "".join(lines)


async def test_only_chosen_services_are_read(fastly: Fastly, telemetry: Telemetry) -> None:
    for name in ("a", "b", "c"):
        fastly.add(name, f"Show {name}").happen(LHR={"requests": 1})
    async with running(realtime.build(settings(fastly, "b"), telemetry)) as page:
        await until(lambda: "\nfastly_rt_requests_total{" in page())
        assert 'service_id="b"' in page()
        assert 'service_id="a"' not in page()
    assert fastly.channels["a"].asked == []


async def test_a_chosen_service_that_the_token_does_not_see_is_told(
    fastly: Fastly, telemetry: Telemetry
) -> None:
    exporter = realtime.build(settings(fastly, "nobody"), telemetry)
    async with running(exporter):
        await until(lambda: any("rejected" in each.reason for each in exporter.health()))
        bad = [each.source for each in exporter.health() if not each.fresh]
    assert bad == ["nobody"]


async def test_services_come_and_go(fastly: Fastly, api: FastlyApi, telemetry: Telemetry) -> None:
    statistics = Statistics(Limits(), telemetry.dropped)
    services = Services(Account(api), api, (), statistics, telemetry, interval=0.05)
    for name in ("a", "b"):
        fastly.add(name, f"Show {name}").happen(LHR={"requests": 1})
    exporter = Exporter("realtime", services=[services.poller, services], collectors=[statistics])
    async with running(exporter) as page:
        await until(lambda: page().count("\nfastly_rt_requests_total{") == 2)
        fastly.services = [fastly.services[1] | {"name": "Other"}]
        await until(lambda: 'service_id="a"' not in page() and 'service_name="Other"' in page())
        assert 'service_name="Show b"' not in page()
        assert len(services.channels()) == 1
        fastly.add("c", "Show c").happen(FRA={"requests": 9})
        await until(lambda: 'service_id="c"' in page())
    asked = len(fastly.channels["a"].asked)
    await asyncio.sleep(0)
    assert len(fastly.channels["a"].asked) == asked


async def test_services_stay_while_the_account_does_not_answer(
    fastly: Fastly, api: FastlyApi, telemetry: Telemetry
) -> None:
    statistics = Statistics(Limits(), telemetry.dropped)
    services = Services(Account(api), api, (), statistics, telemetry, interval=0.05)
    show = fastly.add("a", "Show a")
    show.happen(LHR={"requests": 1})
    exporter = Exporter("realtime", services=[services.poller, services], collectors=[statistics])
    async with running(exporter) as page:
        await until(lambda: "\nfastly_rt_requests_total{" in page())
        fastly.token = "another"
        await until(lambda: services.poller.health().reason.startswith("rejected: "))
        assert "\nfastly_rt_requests_total{" in page()


async def test_a_token_that_may_not_see_certificates_is_no_error(
    fastly: Fastly, api: FastlyApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    fastly.certificates = None
    account = Account(api)
    for _ in range(3):
        assert await account.certificates() == {"fastly_rt_cert_expiry_timestamp_seconds": []}
    assert [record.message for record in caplog.records] == [
        "the token of fastly.realtime may not see TLS certificates"
    ]


async def test_a_token_that_never_expires_has_no_date(api: FastlyApi) -> None:
    assert await Account(api).token() == {"fastly_rt_token_expiration": []}


class Settings(Section):
    realtime: RealtimeSettings = RealtimeSettings()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("url = 'rt.fastly.com'", "wants an address without credentials"),
        ("api_url = 'https://user:pw@api.fastly.com'", "wants an address without credentials"),
        ("service_ids = ['../x']", "wants ids of services"),
        ("token = 'two words'", "wants one token"),
        ("token = ''", "wants one token"),
    ],
)
def test_a_wrong_setting_is_told(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "nearfield.toml"
    file.write_text(f"[realtime]\n{text}")
    with pytest.raises(SettingsError, match=problem):
        load(Settings, file, {})


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[fastly.realtime]\ntoken = 'x'", {"realtime"}),
        ("[fastly]\ntoken = 'x'", {"downloads", "fastly"}),
        (
            "[fastly]\ntoken = 'x'\n[fastly.realtime]\ntoken = 'x'",
            {"downloads", "fastly", "realtime"},
        ),
    ],
)
def test_what_runs_is_what_is_written(tmp_path: Path, text: str, names: set[str]) -> None:
    file = tmp_path / "nearfield.toml"
    file.write_text(text)
    assert set(app.configured(app.read_settings(file, {}))) == names


def test_to_run_it_by_name_wants_a_token(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"fastly\.realtime\.token_file"):
        app.read_settings(None, {}, ["realtime"])
    file = tmp_path / "nearfield.toml"
    file.write_text("[fastly.realtime]\ntoken = 'x'\n[downloads]\ninterval = 'never'\n")
    assert app.read_settings(file, {}, ["realtime"]).fastly.realtime.token
