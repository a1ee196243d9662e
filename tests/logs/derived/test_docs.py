"""What users are told about numbers from logs is checked against the code."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from exporters.core.database import Database
from exporters.core.definitions import Definitions, names_on_page, parse
from exporters.core.definitions.fields import BUCKETS
from exporters.core.telemetry import Telemetry
from exporters.downloads.queries.source import as_sql
from exporters.ledger.exceptions import KEPT, ExceptionCount
from exporters.ledger.migrate import migrate
from exporters.logs.derived import REASONS, SLOWEST, LogMetrics
from exporters.logs.derived.model import LABEL_LIMIT, OF_LINE, SERIES_LIMIT
from exporters.logs.derived.parse import Form
from exporters.logs.derived.rule import LONGEST, LONGEST_LABEL
from exporters.logs.exceptions import Exceptions, masking
from exporters.logs.exceptions.book import INTERVAL
from exporters.logs.exceptions.metrics import TYPES
from exporters.logs.exceptions.tally import CAPACITY, PER_SERVICE
from exporters.logs.parsing import LEVELS

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs/log-metrics.md").read_text()
PLAIN = " ".join(TEXT.split())
EXAMPLE = ROOT / "queries/logs.yml"


def rows(heading: str) -> dict[str, str]:
    """The first two cells of the table whose heading begins so."""
    table = TEXT.split(f"\n| {heading} |")[1].split("\n\n")[0]
    return dict(re.findall(r"^\| (`.+?) \| (.*?) \|", table, flags=re.MULTILINE))


def blocks(language: str) -> Iterator[str]:
    yield from re.findall(rf"^```{language}\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)


def problems(text: str) -> tuple[str, ...]:
    return parse("docs", text, {"logs": LogMetrics(lambda *_: None)}).problems


def test_every_key_of_a_definition_is_documented_and_no_other() -> None:
    assert set(rows("key | default")) == {f"`{name}`" for name in (*Form.model_fields, "from")}


def test_defaults_are_those_of_the_code() -> None:
    told = rows("key | default")
    assert told["`series_limit`"] == f"`{SERIES_LIMIT}`"
    assert told["`label_limits`"] == f"`{LABEL_LIMIT}` for each"
    assert told["`buckets`"] == f"`{BUCKETS[0]:g}` to `{BUCKETS[-1]:g}`"
    assert told["`scale`"] == f"`{Form.model_fields['scale'].default:g}`"


def test_every_example_can_be_used_as_it_is() -> None:
    examples = [*blocks("yaml"), EXAMPLE.read_text()]
    assert len(examples) == 2
    for example in examples:
        assert problems(example) == ()


def test_what_every_line_has_is_told() -> None:
    source, what = next(row for row in rows("source").items() if row[0].startswith("`service`"))
    assert tuple(re.findall(r"`(\w+)`", source)) == OF_LINE
    assert tuple(re.findall(r"`(\w+)`", what)) == LEVELS


def test_metrics_are_named_as_they_are_and_all_are_named() -> None:
    exceptions = Exceptions(Database("nowhere", SecretStr("")), Telemetry(CollectorRegistry(), "0"))
    own = names_on_page([LogMetrics(lambda *_: None), *exceptions.collectors])
    telemetry = CollectorRegistry()
    Telemetry(telemetry, "0")
    others = names_on_page([telemetry, *Definitions([], []).collectors])
    named = set(re.findall(r"`((?:nearfield|log)_[a-z_]+[a-z])(?:\{|`)", TEXT))
    assert named <= own | others
    assert {n for n in own if f"{n}_total" not in own and not n.endswith("_created")} <= named


def test_reasons_are_those_of_the_code() -> None:
    told = TEXT.split("were not counted: ")[1].split("\n")[0]
    assert tuple(re.findall(r"`(\w+)` \(", told)) == REASONS


def test_figures_are_those_of_the_code() -> None:
    for told in (
        f"first {LONGEST} characters", f"more than {LONGEST_LABEL} characters",
        f"longer than {SLOWEST:g} s", f"every {INTERVAL:g} seconds", f"{TYPES} types",
        f"{PER_SERVICE} fingerprints of a service and {CAPACITY} in all",
        f"the {KEPT} fingerprints",
    ):  # fmt: skip
        assert told in PLAIN


def test_columns_of_the_ledger_are_told() -> None:
    told = {name for cell in rows("column") for name in re.findall(r"`(\w+)`", cell)}
    counted = {field.name for field in fields(ExceptionCount)}
    assert told == counted - {"image_version"} | {"first_version"}


def test_signs_in_messages_are_told() -> None:
    told = set(re.findall(r"`<(\w+)>`", TEXT))
    assert told == set(masking._VARIES.groupindex) - {"word", "hex"} | {"n", "data"}


@pytest.mark.parametrize("block", list(blocks("sql")))
async def test_the_sql_runs_on_the_ledger(block: str, database: str) -> None:
    async with Database("the ledger", SecretStr(database)) as ledger:
        await migrate(ledger)
        assert await ledger.fetch(as_sql(block), deadline=10) == []


def test_the_example_explains_itself() -> None:
    lines = EXAMPLE.read_text().splitlines()
    assert sum(line.startswith("#") for line in lines) >= 4
