"""What a push says of us, over which connection; and what never shows."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from exporters.core.errors import SourceError, SourceRejected, SourceUnavailable, StartError
from exporters.loki import LokiSettings
from exporters.loki.client import LokiClient
from tests.core.web.certificates import Authority
from tests.loki.door import Door, status

SECRETS = {"loki_username": "us-er", "loki_password": "pass-word"}


async def push(url: str, **settings: Any) -> int:
    async with LokiClient(LokiSettings(loki_url=url, **settings)) as client:
        return (await client.push(b"body", {"Content-Type": "application/x-protobuf"})).status


@pytest.mark.parametrize(
    ("settings", "header", "value"),
    [
        ({"loki_tenant": "studio"}, "X-Scope-OrgID", "studio"),
        ({"loki_token": "to-ken"}, "Authorization", "Bearer to-ken"),
        (SECRETS, "Authorization", "Basic dXMtZXI6cGFzcy13b3Jk"),
        ({}, "Content-Type", "application/x-protobuf"),
    ],
)
async def test_a_push_carries_what_the_settings_say(
    door: Door, settings: dict[str, str], header: str, value: str
) -> None:
    door.always = status(204)
    assert await push(door.url, **settings) == 204
    assert door.headers[0][header] == value


async def test_without_settings_a_push_says_nothing_of_us(door: Door) -> None:
    door.always = status(204)
    await push(door.url)
    assert not {"X-Scope-OrgID", "Authorization"} & set(door.headers[0])


async def test_a_redirect_is_not_followed(door: Door) -> None:
    door.always = status(307)
    assert await push(door.url, loki_token="to-ken") == 307
    assert door.asked == 1


async def test_no_error_shows_an_address_or_a_secret(tmp_path: Path) -> None:
    authority = Authority.create("own", tmp_path)
    async with Door("", server(authority)) as door:
        door.always = status(204)
        for url in (door.url, "http://127.0.0.1:1", "http://no-such-host.invalid"):
            with pytest.raises(SourceError) as found:
                await push(url, **SECRETS)
            text = f"{found.value!r} {found.value.__cause__} {found.value.__suppress_context__}"
            assert text.endswith("None True")
            assert not any(part in text for part in ("127.0.0.1", "invalid", "us-er", "pass-word"))
    client = LokiClient(LokiSettings(loki_url="http://10.9.8.7", **SECRETS))
    assert repr(client) == "LokiClient()"


def server(authority: Authority, clients: Authority | None = None) -> ssl.SSLContext:
    issued = authority.issue()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.cert, issued.key)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients.cert)
    return context


async def test_loki_is_trusted_by_the_authority_of_the_settings_only(tmp_path: Path) -> None:
    authority = Authority.create("own", tmp_path)
    async with Door("", server(authority)) as door:
        door.always = status(204)
        assert await push(door.url, loki_ca_file=authority.cert) == 204
        with pytest.raises(SourceRejected, match=r"see logs\.loki_ca_file"):
            await push(door.url)
        assert door.asked == 1


async def test_our_certificate_opens_a_loki_that_asks_for_one(tmp_path: Path) -> None:
    authority, ours = Authority.create("own", tmp_path), Authority.create("ours", tmp_path)
    issued = ours.issue(client=True)
    async with Door("", server(authority, ours)) as door:
        door.always = status(204)
        pair = {"loki_cert_file": issued.cert, "loki_key_file": issued.key}
        assert await push(door.url, loki_ca_file=authority.cert, **pair) == 204
        with pytest.raises((SourceUnavailable, SourceRejected)):
            await push(door.url, loki_ca_file=authority.cert)
        assert door.asked == 1


async def test_tls_files_that_cannot_be_used_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nonsense")
    with pytest.raises(StartError, match="see loki_ca_file"):
        await push("https://127.0.0.1:1", loki_ca_file=tmp_path / "ca.pem")
