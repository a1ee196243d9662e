"""An authority that signs what these tests need."""

import pytest

from tests.core.web.certificates import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create("house", tmp_path_factory.mktemp("house"))
