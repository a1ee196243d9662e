"""The real ones agree: promtool about the format, Prometheus about who is let in."""

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import bcrypt
import pytest

from exporters.core.errors import SettingsError
from exporters.core.web.live import LiveConfig
from tests.core.web.certificates import Authority
from tests.core.web.serving import serving, until
from tests.programs import program

# Always the same, since it is in the names of the tests, on which all workers must agree.
HASH = bcrypt.hashpw(b"right", b"$2b$04$" + b"saltsaltsaltsaltsalt..").decode()
PAIR = "cert_file: server.pem, key_file: server.key"
CA = "client_ca_file: house-ca.pem"
ACCEPTED = (
    "",
    "tls_server_config: {}",
    f"tls_server_config: {{{PAIR}}}",
    f"tls_server_config: {{{PAIR}, min_version: TLS12, max_version: TLS13}}",
    f"tls_server_config: {{{PAIR}, {CA}, client_auth_type: RequireAndVerifyClientCert}}",
    f"tls_server_config: {{{PAIR}, {CA}, client_auth_type: VerifyClientCertIfGiven}}",
    f"tls_server_config: {{{PAIR}, client_auth_type: RequestClientCert}}",
    f"tls_server_config: {{{PAIR}, curve_preferences: [X25519]}}",
    f"tls_server_config: {{{PAIR}, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]}}",
    f"tls_server_config: {{{PAIR}, cipher_suites: [TLS_AES_128_GCM_SHA256]}}",
    f"tls_server_config: {{{PAIR}, prefer_server_cipher_suites: no}}",
    "http_server_config: {http2: false, headers: {X-Frame-Options: deny, X-XSS-Protection: ''}}",
    f"basic_auth_users: {{alice: {HASH}, 'bob': '{HASH}', yes: {HASH}}}",
)
REFUSED = (
    "rate_limits: {}",
    "tls_server_config: {cert_file: server.pem}",
    "tls_server_config: {cert_file: absent.pem, key_file: server.key}",
    "tls_server_config: {cert_file: server.pem, key_file: house-ca.pem}",
    f"tls_server_config: {{{PAIR}, {CA}}}",
    f"tls_server_config: {{{PAIR}, client_auth_type: Sometimes}}",
    f"tls_server_config: {{{PAIR}, min_version: TLS14}}",
    f"tls_server_config: {{{PAIR}, cipher_suites: [TLS_NULL_WITH_NULL_NULL]}}",
    f"tls_server_config: {{{PAIR}, curve_preferences: [P256]}}",
    f"tls_server_config: {{{PAIR}, cipher_suites: TLS_AES_128_GCM_SHA256, cert_fil: x}}",
    "http_server_config: {headers: {Set-Cookie: a}}",
    "http_server_config: {headers: {X-Frame-Options: allow}}",
    "basic_auth_users: {alice: password}",
    "basic_auth_users: {alice: a, alice: b}",
    "[]",
    "a: [",
)


def accepts(path: Path) -> bool:
    try:
        LiveConfig.load(path)
    except SettingsError:
        return False
    return True


@pytest.mark.parametrize("text", [*ACCEPTED, *REFUSED])
def test_promtool_takes_and_refuses_the_same_files(
    authority: Authority, web_yml: Path, text: str
) -> None:
    promtool = program("promtool", package="prometheus")
    issued = authority.issue()
    for file in (issued.cert, issued.key, authority.cert):
        shutil.copy(file, web_yml.parent)
    web_yml.write_text(text)
    answer = subprocess.run(
        [promtool, "check", "web-config", web_yml], capture_output=True, timeout=30, check=False
    )
    assert (answer.returncode == 0) is accepts(web_yml) is (text in ACCEPTED)


@asynccontextmanager
async def prometheus(folder: Path, jobs: list[dict[str, Any]]) -> AsyncIterator[str]:
    """Run a Prometheus with these scrape configurations; give its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    file = folder / "prometheus.json"
    file.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}))
    process = await asyncio.create_subprocess_exec(
        program("prometheus", package="prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={address}",
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        await process.wait()


async def scrapes(http: aiohttp.ClientSession, url: str) -> dict[str, str]:
    """Return what came of the newest scrape of each job: `up`, or the error."""
    try:
        async with http.get(f"{url}/api/v1/targets") as response:
            targets = (await response.json())["data"]["activeTargets"]
    except aiohttp.ClientError:
        return {}
    return {target["labels"]["job"]: target["lastError"] or target["health"] for target in targets}


def job(name: str, target: str, password: str, **tls: Path) -> dict[str, Any]:
    """Return a scrape configuration for one target."""
    return {
        "job_name": name,
        "scheme": "https",
        "static_configs": [{"targets": [target]}],
        "basic_auth": {"username": "alice", "password": password},
        "tls_config": {key: str(path) for key, path in tls.items()},
    }


def guarded(path: Path, authority: Authority) -> LiveConfig:
    """Ask for a certificate with a certain name, and for a password."""
    server = authority.issue()
    path.write_text(
        f"tls_server_config:\n  cert_file: {server.cert}\n  key_file: {server.key}\n"
        f"  client_ca_file: {authority.cert}\n  client_auth_type: RequireAndVerifyClientCert\n"
        f"  client_allowed_sans: [monitor.example]\nbasic_auth_users: {{alice: {HASH}}}\n"
    )
    return LiveConfig.load(path)


async def test_prometheus_scrapes_with_a_certificate_and_a_password_and_not_without(
    authority: Authority, web_yml: Path
) -> None:
    client = authority.issue(["monitor.example"], client=True)
    other = authority.issue(["other.example"], client=True, name="other")
    mine = {"ca_file": authority.cert, "cert_file": client.cert, "key_file": client.key}
    others = {"ca_file": authority.cert, "cert_file": other.cert, "key_file": other.key}
    async with serving(guarded(web_yml, authority)) as served, aiohttp.ClientSession() as http:
        target = served.removeprefix("https://")
        jobs = [
            job("allowed", target, "right", **mine),
            job("wrong password", target, "wrong", **mine),
            job("other name", target, "right", **others),
            job("no certificate", target, "right", ca_file=authority.cert),
        ]
        async with prometheus(web_yml.parent, jobs) as url:

            async def all_scraped() -> bool:
                found = await scrapes(http, url)
                return len(found) == len(jobs) and "unknown" not in found.values()

            await until(all_scraped, patience=30)
            found = await scrapes(http, url)
    assert found.pop("allowed") == "up"
    assert "401" in found["wrong password"]
    assert "403" in found["other name"]
    assert found["no certificate"].startswith('Get "https:')  # no answer, but the end
