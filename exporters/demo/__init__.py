"""`nearfield demo`: everything at work on sample data, with what is found on PATH beside it."""

from exporters.demo.run import run

__all__ = ["run"]
