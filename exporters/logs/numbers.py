"""What the numbers out of lines add to the exporter that follows them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from exporters.core.definitions import Definitions
from exporters.core.definitions.elsewhere import Elsewhere
from exporters.core.exporter import Exporter
from exporters.logs.derived import LogMetrics
from exporters.logs.exceptions import Exceptions

_SQL = "sql"


def with_numbers(exporter: Exporter, exceptions: Exceptions, log_metrics: LogMetrics) -> Exporter:
    """Return the exporter with the parts of what reads its lines."""
    return replace(
        exporter,
        resources=(*exceptions.resources, *exporter.resources),
        services=(*exporter.services, *exceptions.services),
        sources=lambda: (*exporter.sources(), *exceptions.sources),
        collectors=(*exporter.collectors, *exceptions.collectors, log_metrics),
    )


def with_files(
    exporter: Exporter,
    log_metrics: LogMetrics,
    patterns: Sequence[Path],
    reserved: Callable[[], Collection[str]],
) -> Exporter:
    """Return the exporter with the files of users' definitions, where nobody else here reads them.

    What is there by SQL is left to the process that asks databases.
    """
    if not patterns:
        return exporter
    definitions = Definitions(patterns, [Elsewhere(_SQL), log_metrics], reserved=reserved)
    return replace(
        exporter,
        services=(*exporter.services, definitions),
        sources=lambda: (*exporter.sources(), *definitions.sources()),
        collectors=(*exporter.collectors, *definitions.collectors),
        reload=definitions.reload,
    )
