"""Digests from a real registry: open, with a password, with tokens, over TLS."""

import base64
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from exporters.containers.deploys.credentials import Login, parse_credentials
from exporters.containers.deploys.registry import Registry
from exporters.core.errors import (
    SourceMalformed,
    SourceMismatch,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
)
from tests.containers.deploys import registries
from tests.containers.deploys.registries import PASSWORD, USER, Hub, basic, htpasswd, running_hub
from tests.core.web.certificates import Authority

LOGIN = Login(USER, PASSWORD)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with running_hub(tmp_path_factory.mktemp("registry")) as hub:
        yield hub


async def test_a_tag_has_the_digest_that_was_pushed_last(hub: Hub) -> None:
    async with Registry(hub.url) as registry:
        assert await registry.digest("shop/web", "1") is None
        first = await hub.push("shop/web", "1", "first")
        assert await registry.digest("shop/web", "1") == first
        second = await hub.push("shop/web", "1", "second")
        assert first != second
        assert await registry.digest("shop/web", "1") == second
        assert await registry.digest("shop/web", "2") is None


async def test_a_name_cannot_lead_elsewhere(hub: Hub) -> None:
    async with Registry(hub.url) as registry:
        for name in ("../../etc", "shop/web?x", "shop#x", "a b"):
            with suppress(SourceMismatch, SourceRejected):
                assert await registry.digest(name, "1") is None


async def test_a_password_is_used_where_the_registry_asks_for_one(tmp_path: Path) -> None:
    with running_hub(tmp_path, **htpasswd(tmp_path / "users")) as hub:
        pushed = await hub.push("web", "1", "x")
        async with Registry(hub.url) as registry:
            assert await registry.digest("web", "1", LOGIN) == pushed
            for login in (None, Login(USER, "wrong"), Login("nobody", PASSWORD)):
                with pytest.raises(SourceRejected) as refused:
                    await registry.digest("web", "1", login)
                assert "wrong" not in str(refused.value)
                assert "registry_credentials_file" in str(refused.value)


async def test_tls_is_checked_by_the_given_authority(tmp_path: Path) -> None:
    authority = Authority.create("registry", tmp_path)
    issued = authority.issue()
    tls = {"certificate": str(issued.cert), "key": str(issued.key)}
    with running_hub(tmp_path, tls=tls) as hub:
        pushed = await hub.push("web", "1", "x")
        async with Registry(hub.address, authority.cert) as registry:
            assert await registry.digest("web", "1") == pushed
        async with Registry(hub.address) as stranger:
            with pytest.raises(SourceRejected, match="certificate is not trusted"):
                await stranger.digest("web", "1")


class Tokens:
    """A token service, as the distribution's specification describes it."""

    def __init__(self, folder: Path) -> None:
        self.asked = 0
        self.status = 200
        self.expires_in: object = 300
        self._key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tokens")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.bundle = folder / "tokens.pem"
        self.bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self._der = certificate.public_bytes(serialization.Encoding.DER)
        self.port = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Tokens"]:
        app = web.Application()
        app.router.add_get("/token", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = site.port
        try:
            yield self
        finally:
            await runner.cleanup()

    @property
    def auth(self) -> dict[str, Any]:
        token = {
            "realm": f"http://127.0.0.1:{self.port}/token",
            "service": "tests",
            "issuer": "issuer",
            "rootcertbundle": str(self.bundle),
        }
        return {"auth": {"token": token}}

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        if request.headers.get("Authorization") != basic():
            return web.Response(status=401)
        assert request.query["service"] == "tests"
        name = request.query["scope"].removeprefix("repository:").removesuffix(":pull")
        answer = {"access_token": self.token(name, "pull"), "expires_in": self.expires_in}
        return web.json_response(answer, status=self.status)

    def token(self, repository: str, *actions: str) -> str:
        now = int(time.time())
        access = [{"type": "repository", "name": repository, "actions": actions}]
        claims = {"iss": "issuer", "aud": "tests", "exp": now + 300, "nbf": now - 10, "iat": now}
        header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(self._der).decode()]}
        signed = b".".join(_encoded(part) for part in (header, {**claims, "access": access}))
        signature = self._key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def _encoded(part: object) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")


async def test_tokens_are_asked_for_kept_and_renewed(tmp_path: Path) -> None:
    now = [0.0]
    async with Tokens(tmp_path).running() as tokens:
        with running_hub(tmp_path, **tokens.auth) as hub:
            authorized = f"Bearer {tokens.token('shop/web', 'pull', 'push')}"
            pushed = await Hub(hub.address, "http", authorized).push("shop/web", "1", "x")
            async with Registry(hub.url, clock=lambda: now[0]) as registry:
                for _ in range(3):
                    assert await registry.digest("shop/web", "1", LOGIN) == pushed
                assert tokens.asked == 1
                now[0] = 295
                assert await registry.digest("shop/web", "1", LOGIN) == pushed
                assert tokens.asked == 2
                now[0] = 1000
                with pytest.raises(SourceRejected):
                    await registry.digest("shop/web", "1", Login(USER, "wrong"))
                tokens.expires_in = "soon"
                assert await registry.digest("shop/web", "1", LOGIN) == pushed


async def answering(status: int = 200, **headers: str) -> tuple[web.AppRunner, str]:
    async def handler(request: web.Request) -> web.Response:
        assert request.method == "HEAD"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, headers=named)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, f"http://127.0.0.1:{site.port}"


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (200, {}, SourceMalformed),
        (200, {"Docker_Content_Digest": "sha256:<b>"}, SourceMalformed),
        (302, {"Location": "http://169.254.169.254/"}, SourceMismatch),
        (400, {}, SourceMismatch),
        (401, {}, SourceRejected),
        (401, {"WWW_Authenticate": "Negotiate"}, SourceRejected),
        (401, {"WWW_Authenticate": "Bearer"}, SourceRejected),
        (401, {"WWW_Authenticate": 'Bearer realm="file:///etc/passwd"'}, SourceRejected),
        (403, {}, SourceRejected),
        (429, {}, SourceUnavailable),
        (500, {}, SourceUnavailable),
    ],
)
async def test_an_answer_that_is_none_is_an_error_of_ours(
    status: int, headers: dict[str, str], error: type[Exception]
) -> None:
    runner, url = await answering(status, **headers)
    try:
        async with Registry(url) as registry:
            with pytest.raises(error) as raised:
                await registry.digest("web", "1", LOGIN)
        assert PASSWORD not in str(raised.value)
    finally:
        await runner.cleanup()


async def test_nobody_there_is_an_error_of_ours() -> None:
    async with Registry("http://127.0.0.1:9") as registry:
        with pytest.raises((SourceUnavailable, SourceTimeout)):
            await registry.digest("web", "1")
    with pytest.raises(SourceUnavailable):
        await registry.digest("web", "1")


async def test_a_password_never_goes_to_a_realm_without_tls_from_one_with() -> None:
    registry = Registry("registry.example")
    async with registry:
        assert registry._session
        with pytest.raises(SourceRejected, match="without TLS"):
            await registry._ask_token(
                registry._session, {"realm": "http://evil.example/"}, "web", LOGIN
            )


def test_credentials_are_read_as_docker_writes_them() -> None:
    coded = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    text = json.dumps(
        {
            "auths": {
                "ghcr.io": {"auth": coded},
                "https://index.docker.io/v1/": {"auth": coded},
                "registry.example:5000": {"username": USER, "password": PASSWORD},
                "helper.example": {},
            },
            "credsStore": "desktop",
        }
    )
    found = parse_credentials(text)
    assert found == dict.fromkeys(("ghcr.io", "docker.io", "registry.example:5000"), LOGIN)
    assert PASSWORD not in repr(found)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"auths": 1}', '{"auths": {"x": {"auth": "?sesame"}}}', "\x00"]
)
def test_a_file_that_is_none_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(SourceRejected) as refused:
        parse_credentials(text)
    assert "sesame" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_the_hub_of_the_tests_digests_as_registries_do() -> None:
    assert registries.digest(b"") == (
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
