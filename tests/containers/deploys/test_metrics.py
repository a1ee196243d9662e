"""`deploy_*` as Prometheus reads them."""

import subprocess
from dataclasses import replace

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from exporters import docker
from exporters.containers import deploys
from exporters.containers.deploys.metrics import DeployMetrics, pending_families
from exporters.containers.deploys.model import Deploy, Service
from exporters.core.database import Database
from exporters.core.exposition import negotiate, render
from exporters.core.telemetry import Telemetry
from exporters.docker import DockerSettings
from exporters.slack.metrics import SlackMetrics
from tests.containers.deploys.stories import WEB, release
from tests.programs import program

DONE = Deploy(WEB, "t1", release("b"), 100, release("a"), outcome="completed", ended=130)


def test_promtool_finds_nothing_to_say() -> None:
    metrics, (pending, since) = DeployMetrics(lambda *_: None), pending_families(lambda *_: None)
    metrics.introduce(WEB)
    metrics.happened(DONE)
    metrics.current([(WEB, release("b"), 130.0)])
    pending.set(WEB.labels, 1)
    since.set(WEB.labels, 100)
    families = [*metrics.collect(), pending, since, *SlackMetrics().collect()]
    page = render(families, negotiate(None))
    promtool = program("promtool", package="prometheus")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=page, capture_output=True, timeout=30, check=False
    )
    assert done.stdout + done.stderr == b""
    assert done.returncode == 0
    assert b'deploy_total{outcome="rolled_back",service="web",stack="shop"} 0' in page
    assert b'deploy_total{outcome="completed",service="web",stack="shop"} 1' in page


def test_only_the_current_version_of_a_service_is_shown() -> None:
    metrics = DeployMetrics(lambda *_: None)
    metrics.current([(WEB, release("a"), 1.0)])
    metrics.current([(WEB, release("b"), 2.0)])
    assert [(s.labels["version"], s.value) for s in metrics.last.samples] == [("b", 2.0)]
    metrics.current([])
    assert metrics.last.samples == []


def test_two_services_of_one_name_are_one_series_each_and_never_two_versions() -> None:
    metrics = DeployMetrics(lambda *_: None)
    again = replace(WEB, id="other")
    metrics.current([(WEB, release("a"), 1.0), (again, release("b"), 2.0)])
    assert len(metrics.last.samples) == 1


def test_too_many_services_are_folded_where_sums_make_sense_and_dropped_where_not() -> None:
    dropped: dict[str, int] = {}

    def drop(name: str, count: int) -> None:
        dropped[name] = dropped.get(name, 0) + count

    metrics = DeployMetrics(drop, limit=2)
    services = [Service(str(n), f"s{n}", "") for n in range(4)]
    for service in services:
        metrics.happened(replace(DONE, service=service))
    metrics.current((service, release("a"), 1.0) for service in services)
    assert metrics.total.value(("other", "", "completed")) == 2
    assert len(metrics.last.samples) == 2
    assert dropped["deploy_last_timestamp_seconds"] == 2


def test_building_opens_nothing() -> None:
    telemetry = Telemetry(CollectorRegistry(), "test")
    engine = docker.build(DockerSettings(), telemetry)
    ledger = Database("nowhere", SecretStr(""))
    exporter = deploys.build(deploys.DeploysSettings(), engine, ledger, telemetry)
    assert exporter.name == "deploys"
    assert [health.source for health in exporter.health()] == ["engine"]
