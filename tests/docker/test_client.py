import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from exporters.core.errors import (
    SettingsError,
    SourceError,
    SourceMalformed,
    SourceMismatch,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
    StartError,
)
from exporters.core.settings import Section, load
from exporters.docker import DockerClient, DockerSettings
from tests.core.web.certificates import Authority
from tests.docker.answering import Answering, details, serving, serving_tcp
from tests.docker.engine import Engine


async def test_the_version_is_the_newest_that_both_know(tmp_path: Path) -> None:
    fake = Answering()
    async with serving(fake.answer, tmp_path) as host:
        for version, prefix in (("1.41", "/v1.41/"), ("1.99", "/v1.47/")):
            fake.version = version
            async with DockerClient(DockerSettings(host=host)) as client:
                await client.get("/containers/json")
            assert fake.asked[-1].startswith(prefix)


@pytest.mark.parametrize(
    ("version", "error"),
    [("1.39", SourceMismatch), ("", SourceMalformed), ("new", SourceMalformed)],
)
async def test_an_engine_that_is_too_old_or_none_is_said_to_be_so(
    tmp_path: Path, version: str, error: type[SourceError]
) -> None:
    fake = Answering()
    fake.version = version
    async with serving(fake.answer, tmp_path) as host:
        async with DockerClient(DockerSettings(host=host)) as client:
            with pytest.raises(error):
                await client.get("/info")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, SourceRejected),
        (401, SourceRejected),
        (500, SourceUnavailable),
        (503, SourceUnavailable),
        (400, SourceMismatch),
        (301, SourceMismatch),
        (404, SourceMismatch),
    ],
)
async def test_a_refusal_is_typed_and_its_words_are_kept_back(
    tmp_path: Path, status: int, error: type[SourceError]
) -> None:
    fake = Answering()
    fake.status = status
    async with serving(fake.answer, tmp_path) as host:
        async with DockerClient(DockerSettings(host=host)) as client:
            with pytest.raises(error) as caught:
                await client.get("/info")
    assert "secret" not in str(caught.value)


async def test_what_went_away_is_found_to_be_nothing(tmp_path: Path) -> None:
    async with serving(Answering().answer, tmp_path) as host:
        async with DockerClient(DockerSettings(host=host)) as client:
            assert await client.find("/containers/none/json") is None


async def test_a_silent_engine_meets_the_deadline(tmp_path: Path) -> None:
    fake = Answering()
    fake.silent = True
    async with serving(fake.answer, tmp_path) as host:
        async with DockerClient(DockerSettings(host=host), deadline=0.1) as client:
            with pytest.raises(SourceTimeout):
                await client.get("/info")
            with pytest.raises(SourceTimeout):
                async with client.stream("/events"):
                    pass


async def test_a_stream_outlives_the_deadline_of_its_beginning(tmp_path: Path) -> None:
    fake = Answering()
    async with serving(fake.answer, tmp_path) as host:
        async with DockerClient(DockerSettings(host=host), deadline=0.2) as client:
            async with client.stream("/events") as body:
                await asyncio.sleep(0.4)
                fake.tell("start", "a")
                assert b"start" in await body.readline()


async def test_a_stream_that_is_not_chunked_comes_as_it_is(tmp_path: Path) -> None:
    versions = []

    async def answer(request: web.Request) -> web.StreamResponse:
        versions.append((request.version.major, request.version.minor))
        response = web.StreamResponse(headers={"Api-Version": "1.47"})
        await response.prepare(request)
        for part in (b"one", b"two"):
            await response.write(part)
        return response

    async with serving(answer, tmp_path) as host:
        async with DockerClient(DockerSettings(host=host), chunked=False) as client:
            async with client.stream("/containers/a/logs") as body:
                assert await body.read() == b"onetwo"
    assert versions == [(1, 0), (1, 0)]


async def test_no_engine_is_unavailable_and_a_closed_door_rejected(tmp_path: Path) -> None:
    async with DockerClient(DockerSettings(host=f"unix://{tmp_path}/none")) as client:
        with pytest.raises(SourceUnavailable):
            await client.get("/info")
    async with DockerClient(DockerSettings(host="tcp://127.0.0.1:1")) as client:
        with pytest.raises(SourceUnavailable):
            await client.get("/info")


async def test_nonsense_is_malformed(tmp_path: Path) -> None:
    async def nonsense(_: web.Request) -> web.StreamResponse:
        return web.Response(text="{", headers={"Api-Version": "1.41"})

    async with serving(nonsense, tmp_path) as host:
        async with DockerClient(DockerSettings(host=host)) as client:
            with pytest.raises(SourceMalformed):
                await client.get("/info")


async def test_tcp_without_tls_reaches_a_socket_proxy() -> None:
    fake = Answering()
    fake.containers["a"] = details("a", "web")
    async with serving_tcp(fake.answer, None) as host:
        async with DockerClient(DockerSettings(host=host)) as client:
            assert (await client.get("/containers/a/json"))["Name"] == "/web"


async def test_tls_checks_the_engine_and_shows_our_certificate(tmp_path: Path) -> None:
    authority = Authority.create("docker", tmp_path)
    server, ours = authority.issue(), authority.issue(client=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.cert)
    context.load_cert_chain(server.cert, server.key)
    context.verify_mode = ssl.CERT_REQUIRED
    fake = Answering()
    fake.containers["a"] = details("a", "web")
    async with serving_tcp(fake.answer, context) as host:
        known = DockerSettings(
            host=host, ca_file=authority.cert, cert_file=ours.cert, key_file=ours.key
        )
        async with DockerClient(known) as client:
            assert (await client.get("/containers/a/json"))["Name"] == "/web"
        other = Authority.create("another", tmp_path)
        async with DockerClient(DockerSettings(host=host, ca_file=other.cert)) as client:
            with pytest.raises(SourceRejected):
                await client.get("/info")


async def test_a_real_engine_answers(engine: Engine) -> None:
    async with DockerClient(DockerSettings(host=engine.host)) as client:
        assert (await client.get("/info"))["CgroupVersion"] in {"1", "2"}


async def test_tls_files_that_cannot_be_read_stop_the_start(tmp_path: Path) -> None:
    settings = DockerSettings(host="tcp://127.0.0.1:1", ca_file=tmp_path / "none.pem")
    with pytest.raises(StartError, match="ca_file"):
        async with DockerClient(settings):
            pass


class Settings(Section):
    docker: DockerSettings = DockerSettings()


Write = Callable[[str], Path]


@pytest.mark.parametrize(
    "text",
    [
        'host = "ftp://engine"',
        'host = "unix://relative"',
        'host = "tcp://user:password@engine:2376"',
        'host = "unix:///run/docker.sock"\nca_file = "ca.pem"',
        'host = "tcp://engine:2376"\ncert_file = "cert.pem"',
    ],
)
def test_a_host_that_cannot_be_is_a_problem_of_the_settings(tmp_path: Path, text: str) -> None:
    file = tmp_path / "nearfield.toml"
    file.write_text(f"[docker]\n{text}\n")
    with pytest.raises(SettingsError) as caught:
        load(Settings, file, {})
    assert len(caught.value.problems) == 1
    assert "password" not in str(caught.value)
