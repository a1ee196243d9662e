"""What changes on disk is taken up under a running listener; what is broken is not."""

import asyncio
import logging
import shutil
import ssl
from contextlib import suppress
from pathlib import Path

import aiohttp
import bcrypt
import pytest

from exporters.core.web import live as module
from exporters.core.web.live import LiveConfig
from tests.core.web.certificates import Authority, Issued
from tests.core.web.serving import serving, trusting, until

HASHES = {
    password: bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    for password in ("one", "two")
}


@pytest.fixture
def issued(authority: Authority, tmp_path: Path) -> Issued:
    """A certificate in a place of its own, since the tests overwrite it."""
    own = Issued(tmp_path / "s.pem", tmp_path / "s.key")
    replace(own, authority.issue())
    return own


@pytest.fixture
def path(web_yml: Path, issued: Issued) -> Path:
    web_yml.write_text("tls_server_config: {cert_file: s.pem, key_file: s.key}\n")
    return web_yml


def replace(old: Issued, new: Issued) -> None:
    shutil.copyfile(new.cert, old.cert)
    shutil.copyfile(new.key, old.key)


def rewrite(path: Path, live: LiveConfig, text: str) -> None:
    path.write_text(text)
    live.look()


async def shown(url: str, ciphers: str = "") -> bytes:
    """Return the certificate that a new connection is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if ciphers:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
    port = int(url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    with suppress(ssl.SSLError, ConnectionError):
        await writer.wait_closed()
    return bytes(certificate)


def binary(issued: Issued) -> bytes:
    return ssl.PEM_cert_to_DER_cert(issued.cert.read_text())


async def test_a_renewed_certificate_is_shown_to_the_next_connection(
    authority: Authority, issued: Issued, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "INTERVAL", 0.01)
    live = LiveConfig.load(path)
    looking = asyncio.create_task(live.run())
    try:
        async with serving(live) as url:
            assert await shown(url) == binary(issued)
            replace(issued, authority.issue(name="renewed"))

            async def is_new() -> bool:
                return await shown(url) == binary(issued)

            await until(is_new)
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


async def test_a_connection_that_is_open_outlives_a_renewal(
    authority: Authority, issued: Issued, path: Path
) -> None:
    live = LiveConfig.load(path)
    context = trusting(authority.cert)
    async with serving(live) as url, aiohttp.ClientSession() as http:
        async with http.get(url, ssl=context) as response:
            assert await response.text() == "hello\n"
        replace(issued, authority.issue(name="renewed"))
        live.look()
        async with http.get(url, ssl=context) as response:
            assert await response.text() == "hello\n"


async def test_a_renewal_with_another_kind_of_key_leaves_nothing_of_the_old_one(
    authority: Authority, issued: Issued, path: Path
) -> None:
    replace(issued, authority.issue(name="with-rsa", with_rsa=True))
    live = LiveConfig.load(path)
    async with serving(live) as url:
        assert await shown(url, "ECDHE-RSA-AES128-GCM-SHA256") == binary(issued)
        replace(issued, authority.issue(name="with-curve"))
        live.look()
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await shown(url, "ECDHE-RSA-AES128-GCM-SHA256")
        assert await shown(url, "ECDHE-ECDSA-AES128-GCM-SHA256") == binary(issued)


async def test_a_certificate_before_its_key_keeps_the_old_pair_and_is_no_news(
    authority: Authority, issued: Issued, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveConfig.load(path)
    old, new = binary(issued), authority.issue(name="new")
    async with serving(live) as url:
        shutil.copyfile(new.cert, issued.cert)
        live.look()
        assert await shown(url) == old
        shutil.copyfile(new.key, issued.key)
        live.look()
        assert await shown(url) == binary(new)
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


def test_what_stays_broken_is_told_once_and_its_cure_is_taken_up(
    path: Path, issued: Issued, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    live = LiveConfig.load(path)
    before = live.config
    path.write_text("tls_server_config: {cert_file: later.pem, key_file: s.key}\n")
    for _ in range(5):
        live.look()
    assert live.config is before
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "web.yml: tls_server_config.cert_file: cannot be read" in record.getMessage()
    shutil.copyfile(issued.cert, path.parent / "later.pem")
    live.look()
    assert live.config.files[0].name == "later.pem"
    assert [r.levelno for r in caplog.records] == [logging.WARNING, logging.INFO]


def test_a_file_that_is_gone_for_a_while_changes_nothing(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveConfig.load(path)
    before = live.config
    text = path.read_text()
    path.unlink()
    live.look()
    assert live.config is before
    path.write_text(text)
    live.look()
    assert live.config == before


def test_without_a_change_nothing_is_read_again(path: Path) -> None:
    live = LiveConfig.load(path)
    before = live.config
    live.look()
    assert live.config is before


def test_users_are_exchanged(web_yml: Path) -> None:
    web_yml.write_text(f"basic_auth_users: {{alice: {HASHES['one']}}}")
    live = LiveConfig.load(web_yml)
    web_yml.write_text(f"basic_auth_users: {{bob: {HASHES['two']}}}")
    live.look()
    assert live.config.users == {b"bob": HASHES["two"].encode()}


async def test_client_certificates_can_be_asked_for_under_way(
    authority: Authority, path: Path, web_yml: Path
) -> None:
    live = LiveConfig.load(path)
    client = trusting(authority.cert, authority.issue(["prometheus"], client=True))
    nameless = trusting(authority.cert)
    async with serving(live) as url, aiohttp.ClientSession() as before:
        async with before.get(url, ssl=nameless) as response:
            assert response.status == 200
        more = f"client_auth_type: RequireAndVerifyClientCert, client_ca_file: {authority.cert}"
        rewrite(web_yml, live, f"tls_server_config: {{cert_file: s.pem, key_file: s.key, {more}}}")
        async with aiohttp.ClientSession() as http, http.get(url, ssl=client) as response:
            assert response.status == 200
        with pytest.raises((aiohttp.ClientConnectionError, ssl.SSLError)):
            async with aiohttp.ClientSession() as http:
                await http.get(url, ssl=nameless)
        # The connection from before the change has shown no certificate.
        async with before.get(url, ssl=nameless) as response:
            assert response.status == 403


@pytest.mark.parametrize("first", ["with TLS", "without"])
def test_tls_is_not_switched_under_way(
    path: Path, web_yml: Path, caplog: pytest.LogCaptureFixture, first: str
) -> None:
    texts = {"with TLS": path.read_text(), "without": "rate_limit: {}\n"}
    web_yml.write_text(texts.pop(first))
    live = LiveConfig.load(web_yml)
    before = live.config
    web_yml.write_text(*texts.values())
    live.look()
    live.look()
    assert live.config is before
    assert "TLS is switched on or off at a start only" in caplog.text


async def test_without_a_file_nothing_is_asked_and_nothing_followed() -> None:
    live = LiveConfig.load(None)
    await live.run()
    live.look()
    assert live.context is None
    async with serving(live) as url, aiohttp.ClientSession() as http, http.get(url) as response:
        assert response.status == 200


def test_no_secret_is_logged(path: Path, web_yml: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    live = LiveConfig.load(path)
    web_yml.write_text(
        "tls_server_config: {cert: hunter2, key: hunter2}\nbasic_auth_users: {alice: hunter2}"
    )
    for _ in range(3):
        live.look()
    assert caplog.records
    assert "hunter2" not in caplog.text
