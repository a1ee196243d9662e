"""An authority that signs what these tests need."""

from pathlib import Path

import pytest

from tests.core.web.certificates import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create("house", tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody here trusts."""
    return Authority.create("stranger", tmp_path_factory.mktemp("stranger"))


@pytest.fixture
def web_yml(tmp_path: Path) -> Path:
    return tmp_path / "web.yml"
