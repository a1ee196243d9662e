"""The sink's settings: what is taken, what is refused, and what nobody sees."""

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from exporters.loki import LokiSettings, build
from exporters.loki.metrics import DROPS, FAILURES


@pytest.mark.parametrize(
    "url",
    ["http://loki:3100", "http://loki:3100/", "http://loki:3100/loki/api/v1/push"],
)
def test_the_address_may_be_that_of_loki_or_of_its_push_api(url: str) -> None:
    assert LokiSettings(loki_url=url).loki_url == "http://loki:3100"


def test_a_path_before_loki_is_kept() -> None:
    assert LokiSettings(loki_url="https://x/loki-eu/").loki_url == "https://x/loki-eu"


@pytest.mark.parametrize(
    "wrong",
    [
        {"loki_url": "loki:3100"},
        {"loki_url": "http://user:hunter2@loki"},
        {"loki_url": "http://loki?token=hunter2"},
        {"loki_tenant": "a\r\nX-Evil: hunter2"},
        {"loki_username": "hunter2"},
        {"loki_password": "hunter2"},
        {"loki_token": "hunter2\nX-Evil: 1"},
        {"loki_token": "hunter2", "loki_username": "a", "loki_password": "b"},
        {"loki_cert_file": "hunter2"},
        {"queue_size": "1MiB"},
        {"batch_size": "64MiB"},
        {"encoding": "hunter2"},
        {"too_long": "hunter2"},
    ],
)
def test_what_cannot_be_used_is_refused_and_not_quoted(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as found:
        LokiSettings(**wrong)
    assert "hunter2" not in str(found.value)


def test_every_setting_has_a_default_and_a_description() -> None:
    LokiSettings()
    assert all(field.description for field in LokiSettings.model_fields.values())


def test_without_a_loki_there_is_no_sink(tmp_path: Path) -> None:
    assert build(LokiSettings(), tmp_path, "here") is None
    assert list(tmp_path.iterdir()) == []


def test_every_series_is_there_from_the_start(tmp_path: Path) -> None:
    loki = build(LokiSettings(loki_url="http://loki:3100"), tmp_path, "here")
    assert loki
    registry = CollectorRegistry()
    registry.register(loki.metrics)
    names = {
        (sample.name, *sample.labels.values())
        for family in registry.collect()
        for sample in family.samples
    }
    assert names >= {("log_entries_dropped_total", reason) for reason in DROPS}
    assert names >= {("log_push_failures_total", reason) for reason in FAILURES}
    assert names >= {("log_entries_sent_total",), ("log_queue_bytes",), ("log_lag_seconds_count",)}
