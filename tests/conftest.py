"""What tests of every room may ask for: a real PostgreSQL, a real Docker engine, one each."""

import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.docker.fixtures import docker_engine, engine
from tests.embedded.fixtures import database, embedded_server, new_database

__all__ = ["database", "docker_engine", "embedded_server", "engine", "new_database"]

# No deadlines: how long an example takes is the machine's affair. In CI the same examples each
# time, so that a change is judged by what it changes; at home and in the soak, new ones.
settings.register_profile("nearfield", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "nearfield")


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """Undo what a command that ran inside a test made of the log."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


# What shares a server that is slow to start, or an engine of which the machine has room for one.
_ENGINE = (
    *("tests/docker/", "tests/containers/", "tests/logs/live/"),
    *("tests/e2e/test_containers.py", "tests/stack/test_image.py"),
)
_TOGETHER = (*_ENGINE, "tests/e2e/", "tests/embedded/sample/")


@pytest.hookimpl(tryfirst=True)  # before the workers look at the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tell the workers which tests stay together: those of one file, or of one of these folders.

    The slow ones begin first, so that no worker is left with one at the end. Those that are long
    are for the soak.
    """
    if not os.environ.get("NEARFIELD_TEST_SOAK"):
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
    for item in items:
        file = item.nodeid.partition("::")[0]
        folder = next((each for each in _TOGETHER if file.startswith(each)), file)
        name = "engine" if folder in _ENGINE else folder
        item.add_marker(pytest.mark.xdist_group(name))
    items.sort(key=lambda item: not item.nodeid.startswith(_TOGETHER))
