"""What the numbers out of lines add to the exporter that follows them."""

from dataclasses import replace

from exporters.core.exporter import Exporter
from exporters.logs.derived import LogMetrics
from exporters.logs.exceptions import Exceptions


def with_numbers(exporter: Exporter, exceptions: Exceptions, log_metrics: LogMetrics) -> Exporter:
    """Return the exporter with the parts of what reads its lines."""
    return replace(
        exporter,
        resources=(*exceptions.resources, *exporter.resources),
        services=(*exporter.services, *exceptions.services),
        sources=lambda: (*exporter.sources(), *exceptions.sources),
        collectors=(*exporter.collectors, *exceptions.collectors, log_metrics),
    )
