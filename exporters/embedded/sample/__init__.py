"""Twelve invented shows with two years of stats, in the app's own tables."""

from exporters.embedded.sample.catalogue import Entry, catalogue
from exporters.embedded.sample.episodes import SEED
from exporters.embedded.sample.loading import advance, create_tables, load, load_scaled, made_on

__all__ = [
    "SEED",
    "Entry",
    "advance",
    "catalogue",
    "create_tables",
    "load",
    "load_scaled",
    "made_on",
]
