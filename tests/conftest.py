"""What tests of every room may ask for: a real PostgreSQL, one server for the session."""

from tests.embedded.fixtures import database, embedded_server, new_database

__all__ = ["database", "embedded_server", "new_database"]
