"""Definitions and lines for tests, from the text that a user would write."""

from collections.abc import Mapping

from prometheus_client.samples import Sample

from exporters.core.definitions import Parsed, parse
from exporters.logs.derived import Derived, LogMetrics
from exporters.logs.model import Line


def read(text: str) -> Parsed:
    return parse("logs.yml", text, {"logs": LogMetrics(lambda *_: None)})


def definitions(text: str) -> list[Derived]:
    parsed = read(text)
    assert parsed.problems == ()
    found = [placed.definition for placed in parsed.placed]
    assert all(isinstance(one, Derived) for one in found)
    return found  # type: ignore[return-value]


def kind(text: str) -> LogMetrics:
    """A kind that reads lines by these definitions."""
    metrics = LogMetrics(lambda *_: None)
    metrics.apply(definitions(text))
    return metrics


def line(
    text: str,
    fields: Mapping[str, str] | None = None,
    *,
    service: str = "web",
    stack: str = "shop",
    level: str = "info",
    stream: str = "stdout",
) -> Line:
    return Line(0, "shop_web_1", service, stack, stream, level, text, fields or {})


def samples(metrics: LogMetrics) -> dict[str, float]:
    """Every sample of the users' own families, as the page writes its name and labels."""
    return {
        _written(sample): sample.value
        for family in metrics.collect()
        for sample in family.samples
        if family.name != "log_metric_lines_rejected"
    }


def _written(sample: Sample) -> str:
    labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
    return f"{sample.name}{{{labels}}}"
