"""The files of users' definitions for an exporter that does not read databases."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from exporters.core.definitions.model import Kind
from exporters.core.definitions.service import Definitions
from exporters.core.exporter import Exporter


def with_files(
    exporter: Exporter,
    kinds: Sequence[Kind[Any]],
    patterns: Sequence[Path],
    reserved: Callable[[], Collection[str]],
) -> Exporter:
    """Return the exporter with the parts that read and watch the files, where there are any."""
    if not patterns:
        return exporter
    definitions = Definitions(patterns, kinds, reserved=reserved)
    return replace(
        exporter,
        services=(*exporter.services, definitions),
        sources=lambda: (*exporter.sources(), *definitions.sources()),
        collectors=(*exporter.collectors, *definitions.collectors),
        reload=definitions.reload,
    )
