"""What users are told about their own metrics is checked against the code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import psycopg
import pytest
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, SecretStr

from exporters.core.database import Database
from exporters.core.definitions.files import LARGEST
from exporters.core.definitions.service import LOOK
from exporters.core.telemetry import REASONS, Telemetry
from exporters.downloads.queries import Checked, Queries
from exporters.downloads.queries.model import Query
from exporters.downloads.queries.own import Metric, Several, Single
from exporters.downloads.queries.postgres_exporter import Column, Namespace, Usage
from exporters.downloads.queries.source import QuerySource
from exporters.embedded.sample import create_tables
from tests.downloads.queries.reading import read

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs/queries.md").read_text()
EXAMPLES = [
    file
    for file in sorted((ROOT / "queries").glob("*.yml"))
    if "\n  from: " not in file.read_text()
]


def rows(heading: str) -> set[str]:
    """The first cells of the table whose heading begins so."""
    table = TEXT.split(f"\n| {heading} |")[1].split("\n\n")[0]
    return set(re.findall(r"^\| `([^`]+)`", table, flags=re.MULTILINE))


def blocks(language: str) -> Iterator[str]:
    yield from re.findall(rf"^```{language}\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)


def keys(*models: type[BaseModel]) -> set[str]:
    return {name for model in models for name in model.model_fields}


def test_every_key_of_a_definition_is_documented_and_no_other() -> None:
    assert rows("key | default") == keys(Single, Several, Metric) | {"from"}


def test_every_key_of_postgres_exporter_is_documented_and_no_other() -> None:
    assert rows("key | what it is here") == keys(Namespace, Column)


def test_every_usage_is_documented_and_no_other() -> None:
    assert rows("usage") == set(get_args(Usage))


def test_every_example_can_be_used_as_it_is() -> None:
    examples = list(blocks("yaml"))
    assert len(examples) >= 3
    for example in examples:
        assert read(example).problems == ()


def test_metrics_about_queries_are_named_as_they_are() -> None:
    registry = CollectorRegistry()
    queries = Queries([], {}, Telemetry(registry, "0"))
    collectors = (registry, *queries.collectors)
    there = {
        sample for c in collectors for m in c.collect() for sample in (m.name, m.name + "_total")
    }
    named = set(re.findall(r"`(nearfield_[a-z_]+[a-z])(?:\{|`)", TEXT))
    assert named
    assert named <= there


def test_reasons_and_figures_are_those_of_the_code() -> None:
    reasons = TEXT.split("Failed runs: ")[1].split("|")[0]
    assert set(re.findall(r"`(\w+)`", reasons)) == set(REASONS) - {"failed"}
    assert f"looked at every {LOOK:g} seconds" in TEXT
    assert f"at most {LARGEST // 1024} KiB" in TEXT


async def test_the_examples_work_on_the_tables_of_the_app(database: str) -> None:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await create_tables(connection)
    async with Database("the app", SecretStr(database)) as app:
        telemetry = Telemetry(CollectorRegistry(), "0")
        queries = Queries(EXAMPLES, {"app": app}, telemetry)
        assert await queries.check() == Checked()
        for example in EXAMPLES:
            for one in read(example.read_text()).placed:
                assert isinstance(one.definition, Query)
                await QuerySource(one.definition, app, telemetry.dropped).read()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_explains_itself(example: Path) -> None:
    lines = example.read_text().splitlines()
    assert sum(line.startswith("#") for line in lines) >= 2
