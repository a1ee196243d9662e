"""`nearfield demo`: everything at work on sample data, with what is found on PATH beside it."""

from exporters.demo.run import Orders, run
from exporters.embedded.traffic import Scenario

__all__ = ["Orders", "Scenario", "run"]
