"""An authority that signs what these tests need."""

import pytest

from exporters.fastly.receive import listener
from tests.core.web.certificates import Authority


@pytest.fixture(autouse=True)
def no_long_farewell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less for clients whose body was refused, and who will not send the rest of it."""
    monkeypatch.setattr(listener, "LINGERING", 0.3)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create("house", tmp_path_factory.mktemp("house"))
