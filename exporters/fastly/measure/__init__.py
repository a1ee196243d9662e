"""Measure lines: pure, given the lines, the rules, and what the ledger knows."""

from exporters.fastly.measure.measurer import Measurer
from exporters.fastly.measure.model import (
    REASONS,
    Histogram,
    Measured,
    Moment,
    Rules,
    Stream,
    Survey,
)
from exporters.fastly.measure.networks import BadNetworks, Networks, read_networks
from exporters.fastly.measure.patterns import pattern_problems
from exporters.fastly.measure.workspace import MeasureError

__all__ = [
    "REASONS",
    "BadNetworks",
    "Histogram",
    "MeasureError",
    "Measured",
    "Measurer",
    "Moment",
    "Networks",
    "Rules",
    "Stream",
    "Survey",
    "pattern_problems",
    "read_networks",
]
