"""TLS as a web configuration asks for it, over real sockets."""

import asyncio
import shutil
import ssl
import tempfile
from pathlib import Path

import aiohttp
import pytest
import uvloop

from exporters.core.errors import SettingsError
from exporters.core.web.files import LARGEST
from exporters.core.web.live import LiveConfig
from exporters.core.web.tls import alternative_names
from tests.core.web.certificates import Authority, Issued
from tests.core.web.serving import serving, trusting

REFUSED = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, ssl.SSLError, OSError)


def written(path: Path, issued: Issued, more: str = "", top: str = "") -> Path:
    path.write_text(
        f"tls_server_config:\n  cert_file: {issued.cert}\n  key_file: {issued.key}\n"
        + "".join(f"  {line}\n" for line in more.splitlines())
        + top
    )
    return path


def inline(path: Path, issued: Issued) -> Path:
    cert, key = (file.read_text().replace("\n", "\n    ") for file in (issued.cert, issued.key))
    path.write_text(f"tls_server_config:\n  cert: |\n    {cert}\n  key: |\n    {key}")
    return path


def names_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def mutual(path: Path, authority: Authority, more: str = "") -> Path:
    asks = f"client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: {authority.cert}\n"
    return written(path, authority.issue(), asks + more)


async def status(url: str, context: ssl.SSLContext) -> int:
    async with aiohttp.ClientSession() as http, http.get(url, ssl=context) as response:
        await response.read()
        return int(response.status)


async def spoken(live: LiveConfig, context: ssl.SSLContext) -> tuple[str, str]:
    """Return the version and cipher that a handshake ends with."""
    async with serving(live) as url:
        _, writer = await asyncio.open_connection(
            "127.0.0.1", int(url.rpartition(":")[2]), ssl=context, server_hostname="localhost"
        )
        found: ssl.SSLObject = writer.get_extra_info("ssl_object")
        version, cipher = found.version(), found.cipher()
        writer.close()
        await writer.wait_closed()
        assert version
        assert cipher
        return version, cipher[0]


async def test_a_client_that_trusts_the_authority_is_served(
    authority: Authority, web_yml: Path
) -> None:
    live = LiveConfig.load(written(web_yml, authority.issue()))
    async with serving(live) as url:
        assert await status(url, trusting(authority.cert)) == 200


async def test_paths_start_at_the_folder_of_the_file(authority: Authority, web_yml: Path) -> None:
    issued = authority.issue(name="near")
    for file in (issued.cert, issued.key):
        shutil.copy(file, web_yml.parent)
    near = Issued(Path("near.pem"), Path("near.key"))
    async with serving(LiveConfig.load(written(web_yml, near))) as url:
        assert await status(url, trusting(authority.cert)) == 200


async def test_a_certificate_and_key_in_the_file_itself_serve_and_leave_nothing_behind(
    authority: Authority, web_yml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = web_yml.parent / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    async with serving(LiveConfig.load(inline(web_yml, authority.issue()))) as url:
        assert await status(url, trusting(authority.cert)) == 200
    assert names_in(folder) == []


@pytest.mark.parametrize("wrong", ["unknown authority", "expired", "other host"])
async def test_a_client_can_tell_a_server_that_is_not_ours(
    authority: Authority, stranger: Authority, web_yml: Path, wrong: str
) -> None:
    issued = {
        "unknown authority": stranger.issue(),
        "expired": authority.issue(expired=True),
        "other host": authority.issue(["elsewhere.example"], name="elsewhere"),
    }[wrong]
    async with serving(LiveConfig.load(written(web_yml, issued))) as url:
        with pytest.raises(REFUSED):
            await status(url, trusting(authority.cert))


async def test_plain_text_is_not_answered(authority: Authority, web_yml: Path) -> None:
    async with serving(LiveConfig.load(written(web_yml, authority.issue()))) as url:
        with pytest.raises(REFUSED):
            await status(url.replace("https", "http"), trusting(authority.cert))


async def test_the_lowest_version_is_a_floor(authority: Authority, web_yml: Path) -> None:
    live = LiveConfig.load(written(web_yml, authority.issue(), "min_version: TLS13"))
    old = trusting(authority.cert)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(REFUSED):
        await spoken(live, old)
    assert (await spoken(live, trusting(authority.cert)))[0] == "TLSv1.3"


async def test_the_highest_version_is_a_ceiling(authority: Authority, web_yml: Path) -> None:
    live = LiveConfig.load(written(web_yml, authority.issue(), "max_version: TLS12"))
    assert (await spoken(live, trusting(authority.cert)))[0] == "TLSv1.2"


async def test_a_listed_cipher_is_the_one_that_is_spoken(
    authority: Authority, web_yml: Path
) -> None:
    more = "max_version: TLS12\ncipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA]"
    live = LiveConfig.load(written(web_yml, authority.issue(), more))
    client = trusting(authority.cert)
    client.set_ciphers("ALL:@SECLEVEL=1")
    assert (await spoken(live, client))[1] == "ECDHE-ECDSA-AES256-SHA"


@pytest.mark.parametrize(("servers", "spoken_first"), [("true", "256"), ("false", "128")])
async def test_whose_order_of_ciphers_counts_can_be_chosen(
    authority: Authority, web_yml: Path, servers: str, spoken_first: str
) -> None:
    suites = [f"TLS_ECDHE_ECDSA_WITH_AES_{n}" for n in ("256_GCM_SHA384", "128_GCM_SHA256")]
    more = (
        f"max_version: TLS12\ncipher_suites: [{', '.join(suites)}]\n"
        f"prefer_server_cipher_suites: {servers}"
    )
    client = trusting(authority.cert)
    client.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
    live = LiveConfig.load(written(web_yml, authority.issue(), more))
    assert spoken_first in (await spoken(live, client))[1]


async def test_a_listed_curve_is_the_only_one(authority: Authority, web_yml: Path) -> None:
    live = LiveConfig.load(written(web_yml, authority.issue(), "curve_preferences: [CurveP384]"))
    client = trusting(authority.cert)
    client.set_ecdh_curve("secp384r1")
    assert await spoken(live, client)
    client.set_ecdh_curve("prime256v1")
    with pytest.raises(REFUSED):
        await spoken(live, client)


async def test_a_client_with_a_certificate_is_let_in(authority: Authority, web_yml: Path) -> None:
    client = trusting(authority.cert, authority.issue(["prometheus"], client=True))
    async with serving(LiveConfig.load(mutual(web_yml, authority))) as url:
        assert await status(url, client) == 200


async def test_an_authority_below_another_is_trusted_by_itself_as_in_go(
    authority: Authority, web_yml: Path
) -> None:
    below = authority.delegate("below")
    asks = f"client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: {below.cert}\n"
    async with serving(LiveConfig.load(written(web_yml, authority.issue(), asks))) as url:
        client = trusting(authority.cert, below.issue(client=True, name="below-client"))
        assert await status(url, client) == 200
        client = trusting(authority.cert, authority.issue(client=True))
        with pytest.raises(REFUSED):
            await status(url, client)


@pytest.mark.parametrize("shown", ["none", "of a stranger", "expired", "for servers"])
async def test_a_client_without_a_good_certificate_is_refused(
    authority: Authority, stranger: Authority, web_yml: Path, shown: str
) -> None:
    issued = {
        "none": None,
        "of a stranger": stranger.issue(client=True),
        "expired": authority.issue(client=True, expired=True),
        "for servers": authority.issue(name="not-a-client"),
    }[shown]
    async with serving(LiveConfig.load(mutual(web_yml, authority))) as url:
        with pytest.raises(REFUSED):
            await status(url, trusting(authority.cert, issued))


async def test_a_certificate_may_be_left_out_where_it_is_verified_if_given(
    authority: Authority, stranger: Authority, web_yml: Path
) -> None:
    more = f"client_auth_type: VerifyClientCertIfGiven\nclient_ca_file: {authority.cert}"
    async with serving(LiveConfig.load(written(web_yml, authority.issue(), more))) as url:
        assert await status(url, trusting(authority.cert)) == 200
        with pytest.raises(REFUSED):
            await status(url, trusting(authority.cert, stranger.issue(client=True)))


@pytest.mark.parametrize(
    "name",
    [
        "prometheus.example",
        "10.1.2.3",
        "2001:db8::7",
        "spiffe://house/prometheus",
        "ops@example.org",
    ],
)
async def test_a_client_is_known_by_any_of_its_names(
    authority: Authority, web_yml: Path, name: str
) -> None:
    path = mutual(web_yml, authority, f"client_allowed_sans: ['other.example', '{name}']")
    right = authority.issue(["www.example", name], client=True, name="right")
    wrong = authority.issue(["www.example"], client=True, name="wrong")
    nameless = authority.issue([], client=True, name=name.rsplit("/", maxsplit=1)[-1])
    async with serving(LiveConfig.load(path)) as url:
        assert await status(url, trusting(authority.cert, right)) == 200
        assert await status(url, trusting(authority.cert, wrong)) == 403
        assert await status(url, trusting(authority.cert, nameless)) == 403


def test_only_names_count_as_names() -> None:
    directory = ("DirName", ((("commonName", "prometheus"),),))
    shown = {"subjectAltName": (directory, ("DNS", "a"), ("Registered ID", "b"))}
    assert alternative_names(shown) == {"a"}
    assert alternative_names({}) == frozenset()


def test_uvloop_is_served_by_the_newest_context_too(authority: Authority, web_yml: Path) -> None:
    async def ask() -> int:
        live = LiveConfig.load(written(web_yml, authority.issue()))
        async with serving(live) as url:
            return await status(url, trusting(authority.cert))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(ask()) == 200


def told(path: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        LiveConfig.load(path)
    return list(caught.value.problems)


def test_files_that_cannot_be_used_are_told_with_the_rest(
    authority: Authority, web_yml: Path, tmp_path: Path
) -> None:
    (tmp_path / "junk.pem").write_text("junk")
    issued = Issued(tmp_path / "absent.pem", tmp_path)
    more = f"client_auth_type: VerifyClientCertIfGiven\nclient_ca_file: {tmp_path}/junk.pem"
    assert told(written(web_yml, issued, more, "rate_limits: {}")) == [
        'web.yml: rate_limits: unknown setting; did you mean "rate_limit"?',
        "web.yml: tls_server_config.cert_file: cannot be read: no such file or directory",
        "web.yml: tls_server_config.key_file: cannot be read: not a file",
        "web.yml: tls_server_config.client_ca_file: has no line with CERTIFICATE in PEM",
    ]


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    assert told(tmp_path / "web.yml") == ["web.yml: cannot be read: no such file or directory"]


def test_a_file_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "web.yml"
    path.write_bytes(b"#" * (LARGEST + 1))
    assert told(path) == ["web.yml: cannot be read: too large"]


def test_a_key_of_another_certificate_is_told(authority: Authority, web_yml: Path) -> None:
    other = authority.issue(name="other")
    issued = Issued(authority.issue().cert, other.key)
    assert told(written(web_yml, issued)) == [
        "web.yml: tls_server_config.key_file: is not the key of cert_file"
    ]


def test_a_key_with_a_password_is_told_and_nobody_is_asked_for_it(
    authority: Authority, web_yml: Path, tmp_path: Path
) -> None:
    key = tmp_path / "locked.key"
    key.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    (problem,) = told(written(web_yml, Issued(authority.issue().cert, key)))
    assert problem.startswith("web.yml: tls_server_config.key_file: needs a password")


@pytest.mark.parametrize("which", ["cert", "key", "ca"])
def test_a_file_that_only_looks_like_pem_is_told(
    authority: Authority, web_yml: Path, tmp_path: Path, which: str
) -> None:
    marks = {"cert": "CERTIFICATE", "key": "PRIVATE KEY", "ca": "CERTIFICATE"}
    broken = tmp_path / "broken.pem"
    broken.write_text(f"-----BEGIN {marks[which]}-----\nAAAA\n-----END {marks[which]}-----\n")
    files = {"ca": authority.cert, "cert": authority.issue().cert, "key": authority.issue().key}
    files[which] = broken
    more = f"client_auth_type: VerifyClientCertIfGiven\nclient_ca_file: {files['ca']}"
    (problem,) = told(written(web_yml, Issued(files["cert"], files["key"]), more))
    assert problem.startswith("web.yml: tls_server_config.")
    assert "OpenSSL" in problem
