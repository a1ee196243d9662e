import asyncio
import gzip
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from exporters.core.exposition import compress, negotiate

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1"
    ";q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
    "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        (BROWSER, False),
        ("text/plain;version=0.0.4", False),
        ("text/plain;version=1.0.0;escaping=dots", False),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text;version=0.0.1", False),
        (PROMETHEUS_2, True),
        (PROMETHEUS_3, True),
    ],
)
def test_the_format_is_the_one_that_the_library_chooses(
    accept: str | None, openmetrics: bool
) -> None:
    encoding = negotiate(accept)
    write, content_type = choose_encoder(accept or "")
    assert encoding.content_type == content_type
    assert encoding.openmetrics is openmetrics
    assert encoding.write(CollectorRegistry()) == write(CollectorRegistry())
    assert encoding.write(CollectorRegistry()) == (b"# EOF\n" if openmetrics else b"")


@pytest.mark.parametrize("version", ["x", "1.x.0", "", "1..0"])
def test_a_version_that_is_no_number_gets_the_text_format(version: str) -> None:
    assert negotiate(f"text/plain;version={version}").content_type.startswith("text/plain")
    assert "html" not in negotiate(f"application/openmetrics-text;version={version}").content_type


pieces = st.sampled_from(
    ["application/openmetrics-text", "text/plain", ";", ",", "=", "version", "escaping", "1.0.0"]
)


@given(st.lists(pieces | st.text(), max_size=12).map("".join))
def test_no_accept_header_is_an_error(accept: str) -> None:
    assert negotiate(accept).content_type


async def test_compression_leaves_the_loop_to_others() -> None:
    body = os.urandom(1 << 20)
    work = asyncio.create_task(compress(body))
    turns = 0
    while not work.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 1
    assert gzip.decompress(await work) == body


async def test_a_compressed_body_bears_no_time() -> None:
    stamp = (await compress(b"a" * 100))[4:8]
    assert stamp == bytes(4)
