"""A store that speaks S3, on a port of this machine."""

import urllib.request
from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

from exporters.fastly.settings import S3Settings

NAME = "logs-of-a-house"


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def section(endpoint: str) -> S3Settings:
    return S3Settings.model_validate(
        {
            "url": f"s3://{NAME}/fastly/cdn-",
            "endpoint": endpoint,
            "access_key_id": "key",
            "secret_access_key": "secret",
            "interval": "20ms",
        }
    )


@pytest.fixture
def store(endpoint: str) -> S3Store:
    """The bucket, for whoever writes to it; empty."""
    for path, method in (("/moto-api/reset", "POST"), (f"/{NAME}", "PUT")):
        urllib.request.urlopen(urllib.request.Request(endpoint + path, method=method)).close()
    return S3Store(
        NAME,
        endpoint=endpoint,
        region="us-east-1",
        access_key_id="key",
        secret_access_key="secret",
        client_options={"allow_http": True},
    )
