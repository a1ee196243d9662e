import pytest

from exporters.core.exposition import Encoding, negotiate


@pytest.fixture(params=["text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0"])
def encoding(request: pytest.FixtureRequest) -> Encoding:
    """Both formats, each in a run of its own."""
    return negotiate(request.param)
