"""Writes the tables of settings and metrics in README.md from the code; `--check` only compares."""

import sys
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from exporters import app, docker, loki, slack
from exporters.core.database import Database
from exporters.core.exposition import Family
from exporters.core.gate import Gate
from exporters.core.quantities import BYTES, SECONDS, Duration, Size
from exporters.core.settings.model import secret_names, subsections
from exporters.core.telemetry import Telemetry
from exporters.fastly.derived import CdnMetrics
from exporters.logs.derived import LogMetrics

README = Path(__file__).parents[1] / "README.md"
_SUFFIX = {"counter": "_total", "info": "_info"}


def settings_table() -> str:
    """Return one row a setting: its path, its default, what it is."""
    rows = [f"| `{path}` | {default} | {text} |" for path, default, text in _settings(app.Settings)]
    return "\n".join(["| setting | default | what it is |", "| --- | --- | --- |", *rows])


def _settings(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, str, str]]:
    sections = subsections(model)
    for name, field in model.model_fields.items():
        if name not in sections:
            secret = name in secret_names(model)
            yield (
                f"{path}{name}{'_file' if secret else ''}",
                _default(field),
                field.description or "",
            )
    for name, section in sections.items():
        yield from _settings(section, f"{path}{name}.")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None or value == () or value == {} or isinstance(value, SecretStr):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    text = str(value)
    if field.metadata == list(Duration.__metadata__):  # type: ignore[attr-defined]
        text = _in_units(value, SECONDS)
    if field.metadata == list(Size.__metadata__):  # type: ignore[attr-defined]
        text = _in_units(value, {unit: n for unit, n in BYTES.items() if unit.endswith("iB")})
    return f"`{text}`"


def _in_units(value: float, units: dict[str, float]) -> str:
    for unit, size in sorted(units.items(), key=lambda each: -each[1]):
        if value >= size and value % size == 0:
            return f"{value / size:g}{unit}"
    return str(value)


def metrics_table() -> str:
    """Return one row a family: its name, its labels, its type, its help sentence."""
    rows = [
        f"| `{metric.name}{_SUFFIX.get(metric.type, '')}` | {', '.join(_labels(metric))} |"
        f" {'untyped' if metric.type == 'unknown' else metric.type} | {metric.documentation} |"
        for metric in _metrics()
    ]
    return "\n".join(
        ["| metric | labels | type | what it is |", "| --- | --- | --- | --- |", *rows]
    )


def _metrics() -> Iterator[Metric]:
    """Every family that the exporters can serve; nothing is opened to ask them."""
    registry = CollectorRegistry()
    telemetry = Telemetry(registry, "0")
    nowhere = Database("nowhere", SecretStr(""))
    telemetry.introduce("", "")
    telemetry.dropped("", 0)
    with telemetry.poll("", ""):
        pass  # so that every family has a series, and its labels are known
    settings = app.Settings.model_validate(_EVERYTHING)
    shared = app.Shared(
        settings,
        telemetry,
        nowhere,
        Gate(),
        docker.build(docker.DockerSettings(), telemetry),
        slack.build(settings.slack),
        loki.build(settings.logs, Path(), ""),
        LogMetrics(telemetry.dropped),
        CdnMetrics(telemetry.dropped),
        app.KINDS,
        tuple,
    )
    yield from registry.collect()
    exporters = [kind.build(shared) for kind in app.KINDS.values()]
    for exporter in (*exporters, *app.neighbours(shared, app.KINDS)):
        for collector in exporter.collectors:
            yield from collector.describe() if hasattr(collector, "describe") else ()


_EVERYTHING = {
    "downloads": {"app_dsn": "dbname=nowhere"},
    "fastly": {"token": "none"},
    "slack": {"webhook_url": "https://slack.invalid/", "prometheus_url": "http://nowhere"},
    "logs": {"loki_url": "http://nowhere"},
    "containers": {"deploys": {"registries": ["registry.invalid"]}},
}


def _labels(metric: Metric) -> tuple[str, ...]:
    if isinstance(metric, Family):
        return metric.labelnames
    return tuple(
        dict.fromkeys(label for s in metric.samples for label in s.labels if label != "le")
    )


def with_tables(text: str) -> str:
    """Return the README's text with both tables as the code has them now."""
    for name, table in (("settings", settings_table()), ("metrics", metrics_table())):
        before, start, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        text = f"{before}{start}{table}\n{end}{after}"
    return text


def main() -> int:
    """Write the tables, or with `--check` return 1 where they are not as the code has them."""
    written = README.read_text()
    wanted = with_tables(written)
    if "--check" in sys.argv[1:]:
        if written != wanted:
            sys.stderr.write("README.md: the tables are not as the code has them: make format\n")
        return int(written != wanted)
    README.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
