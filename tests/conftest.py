"""What tests of every room may ask for: a real PostgreSQL, one server for the session."""

import os

from hypothesis import settings

from tests.embedded.fixtures import database, embedded_server, new_database

__all__ = ["database", "embedded_server", "new_database"]

# No deadlines: how long an example takes is the machine's affair. In CI the same examples each
# time, so that a change is judged by what it changes; at home and in the soak, new ones.
settings.register_profile("nearfield", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "nearfield")
